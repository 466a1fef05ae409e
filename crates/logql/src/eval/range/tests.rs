//! Which steps see a moment, against a look at each step.

use super::*;

/// Which steps see a moment, one by one.
fn seeing_one_by_one(steps: &Steps, at: i64, window: i64) -> Vec<bool> {
    let sees = |index| (steps.at(index).0 - window..steps.at(index).0).contains(&(at - 1));
    (0..steps.count).map(sees).collect()
}

#[test]
fn a_moment_is_seen_by_its_steps_and_so_are_its_neighbours() {
    for (step, window, count) in [(1, 1, 1), (1, 50, 1), (7, 5, 4), (5, 5, 3), (5, 12, 6), (3, 100, 2)] {
        let steps = Steps { start: 20, step, count };
        for at in -120..160 {
            let seen = steps.seeing(at, window);
            let expected = seeing_one_by_one(&steps, at, window);
            let case = format!("at {at}, step {step}, window {window}: {seen:?}");
            let found: Vec<bool> = (0..count)
                .map(|index| (seen.first..seen.end).contains(&index))
                .collect();
            assert_eq!(found, expected, "{case}");
            assert!(seen.from <= at && at < seen.to, "{case}");
            for other in (-120..160).filter(|other| (seen.from..seen.to).contains(other)) {
                assert_eq!(
                    seeing_one_by_one(&steps, other, window),
                    expected,
                    "{case}, other {other}"
                );
            }
        }
    }
    // Of an instant query all of a window is the same, and all before it.
    let instant = Steps {
        start: 1000,
        step: 1,
        count: 1,
    };
    assert_eq!(
        (instant.seeing(990, 100).from, instant.seeing(990, 100).to),
        (901, 1001)
    );
    assert_eq!(
        (instant.seeing(5, 100).from, instant.seeing(5, 100).to),
        (i64::MIN, 901)
    );
}
