//! The corpus repeats itself from the seed, and counts what it says.

use std::collections::BTreeSet;

use super::*;

fn lines(seed: u64) -> (Vec<(usize, TimestampNs, String)>, Truth) {
    let mut corpus = Corpus::new(2_000_000, TimestampNs(20_000 * DAY_NS), seed);
    let mut lines = Vec::new();
    while corpus.each_of_next_run(|pod, at, line| lines.push((pod, at, line.to_owned()))) {}
    (lines, corpus.truth().clone())
}

#[test]
fn the_seed_says_it_all() {
    assert!(lines(1) == lines(1));
    assert!(lines(1) != lines(2));
}

#[test]
fn truth_is_what_a_plain_search_finds() {
    let (lines, truth) = lines(1);
    let count = |found: &dyn Fn(&str) -> bool| lines.iter().filter(|(_, _, line)| found(line)).count() as u64;
    assert_eq!(truth.lines, lines.len() as u64);
    assert_eq!(truth.error, count(&|line| line.contains("error")));
    assert_eq!(
        truth.error_any_case,
        count(&|line| line.to_lowercase().contains("error"))
    );
    assert_eq!((truth.trace, truth.trace), (3, count(&|line| line.contains(TRACE))));
    assert_eq!(count(&|line| line.contains(ABSENT)), 0);
    // Errors are neither the rule nor so rare that a count of them says nothing.
    let percent = truth.error as f64 / truth.lines as f64 * 100.0;
    assert!((1.0..15.0).contains(&percent), "{percent} % of the lines");
}

#[test]
fn moments_rise_and_lines_are_lines() {
    let (lines, _) = lines(3);
    assert!(lines.windows(2).all(|pair| pair[0].1 < pair[1].1));
    assert!(
        lines
            .iter()
            .all(|(_, _, line)| !line.is_empty() && !line.contains('\n'))
    );
    assert!(lines.last().unwrap().1.0 <= 20_000 * DAY_NS + 1_000_000_000);
    assert!(lines.iter().map(|(pod, ..)| pod).collect::<BTreeSet<_>>().len() > 150);
}
