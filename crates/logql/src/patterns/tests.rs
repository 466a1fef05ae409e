//! Lines in, patterns out.

use longshore_model::{Entry, Labels, TimestampNs};
use proptest::prelude::*;

use super::Pattern;
use super::cluster::Clusters;
use crate::limits::{PATTERN_LINE_BYTES_MAX, PATTERN_WORDS_MAX, PATTERNS_MAX, PATTERNS_SHOWN_MAX};
use crate::pattern::check_filter;
use crate::{Expr, Pipeline, parse};

fn patterns<'l>(lines: impl IntoIterator<Item = &'l str>) -> Vec<Pattern> {
    let mut clusters = Clusters::default();
    for line in lines {
        clusters.add("info", line.as_bytes(), 0);
    }
    clusters.finish()
}

fn check(lines: &[&str], expected: &[(&str, u64)]) {
    let found = patterns(lines.iter().copied());
    let found: Vec<(&str, u64)> = found
        .iter()
        .map(|pattern| (pattern.text.as_str(), pattern.samples[0].1))
        .collect();
    assert_eq!(found, expected);
}

/// Whether the filter `|> "pattern"` lets the line pass.
fn passes(pattern: &str, line: &str) -> bool {
    let Ok(Expr::Log(expr)) = parse(&format!("{{a=\"b\"}} |> {pattern:?}")) else {
        panic!("{pattern:?} is no filter")
    };
    let entry = Entry {
        timestamp: TimestampNs(0),
        line: line.to_owned().into(),
        structured_metadata: Labels::empty(),
    };
    let pipeline = Pipeline::new(&expr).unwrap();
    pipeline.process(&Labels::new([("a", "b")]), &entry).is_some()
}

#[test]
fn words_that_differ_become_holes() {
    check(
        &[
            "level=info msg=\"order placed\" order=1001 user=ann took=5ms",
            "level=info msg=\"order placed\" order=1002 user=bob took=7ms",
            "level=info msg=\"cache warm\" order=1 user=ann took=7ms",
        ],
        &[
            ("level=info msg=\"order placed\" order=<_> user=<_> took=<_>", 2),
            ("level=info msg=\"cache warm\" order=1 user=ann took=7ms", 1),
        ],
    );
    check(
        &[
            r#"{"msg":"paid","amount":12,"id":"a1"}"#,
            r#"{"msg":"paid","amount":7,"id":"b2"}"#,
            r#"{"msg":"refused","amount":7,"id":"b3"}"#,
        ],
        &[
            (r#"{"msg":"paid","amount":<_>,"id":"<_>"}"#, 2),
            (r#"{"msg":"refused","amount":7,"id":"b3"}"#, 1),
        ],
    );
    check(
        &[
            "10.0.0.1 - - [27/Nov/2026:20:33:19 +0000] \"GET /api/cart HTTP/1.1\" 200 17",
            "10.0.0.2 - - [27/Nov/2026:20:33:20 +0000] \"GET /api/user/7 HTTP/1.1\" 404 19",
        ],
        &[("<_> - - [<_> +0000] \"GET <_> HTTP/1.1\" <_> <_>", 2)],
    );
    check(&["started", "stopped", "started"], &[("started", 2), ("stopped", 1)]);
    check(&["error: no route", "error: no route", ""], &[("error: no route", 2)]);
    check(&["====", "größer 1", "größer 2"], &[("größer <_>", 2), ("====", 1)]);
}

#[test]
fn names_in_angle_brackets_are_holes_for_a_filter() {
    check(&["in <module> at <lambda>"], &[("in <_> at <_>", 1)]);
    check(&["<a><b> 1", "<a><b> 2"], &[("<_> <_>", 2)]);
}

#[test]
fn levels_and_steps_are_kept_apart_and_equal_patterns_put_together() {
    let mut clusters = Clusters::default();
    for (level, line, step) in [
        ("info", "took 1ms", 0),
        ("error", "took 2ms", 0),
        ("info", "took 3ms", 10),
        ("info", "took 4ms", 10),
    ] {
        clusters.add(level, line.as_bytes(), step);
    }
    let pattern = |text: &str, level: &str, samples: &[(i64, u64)]| Pattern {
        text: text.to_owned(),
        level: level.to_owned(),
        samples: samples.to_vec(),
    };
    let expected = [
        pattern("took <_>", "info", &[(0, 1), (10, 2)]),
        pattern("took 2ms", "error", &[(0, 1)]),
    ];
    assert_eq!(clusters.finish(), expected);
}

#[test]
fn memory_is_bounded_and_the_frequent_pattern_stays() {
    let rare: Vec<String> = (0..5 * PATTERNS_MAX)
        .map(|number| {
            let letters: String = number
                .to_string()
                .bytes()
                .map(|digit| char::from(digit - b'0' + b'a'))
                .collect();
            format!("{letters}{letters}")
        })
        .collect();
    let mut clusters = Clusters::default();
    for line in rare.iter().flat_map(|line| [line.as_str(), "again and again"]) {
        clusters.add("info", line.as_bytes(), 0);
    }
    let bytes = clusters.size_bytes();
    assert!((PATTERNS_MAX * 100..PATTERNS_MAX * 1_000).contains(&bytes), "{bytes}");
    let found = clusters.finish();
    assert_eq!(found.len(), PATTERNS_SHOWN_MAX);
    assert_eq!(
        (found[0].text.as_str(), found[0].samples[0].1),
        ("again and again", rare.len() as u64)
    );
}

#[test]
fn each_step_of_a_pattern_takes_memory() {
    let mut clusters = Clusters::default();
    let mut sizes = Vec::new();
    for step in 0..3 {
        clusters.add("info", b"again", step);
        clusters.add("info", b"again", step);
        sizes.push(clusters.size_bytes());
    }
    assert!(sizes.is_sorted_by(|a, b| a < b), "{sizes:?}");
}

#[test]
fn long_lines_end_in_a_hole() {
    let many = |last: &str| format!("{}{last}", "word ".repeat(PATTERN_WORDS_MAX));
    check(
        &[&many("one"), &many("two")],
        &[(&format!("{}<_>", "word ".repeat(PATTERN_WORDS_MAX)), 2)],
    );
    let long = "ü".repeat(PATTERN_LINE_BYTES_MAX);
    let found = patterns([long.as_str()]);
    assert_eq!(found[0].text, format!("{}<_>", "ü".repeat(PATTERN_LINE_BYTES_MAX / 2)));
    assert!(passes(&found[0].text, &long));
}

proptest! {
    #[test]
    fn each_line_is_counted_once_and_passes_its_pattern(
        lines in proptest::collection::vec("(user|order|[ab]{1,2}|[0-9]{1,3}|é|[ =:,\"{}\\[\\]./-]{1,2}){1,12}", 1..60),
    ) {
        let found = patterns(lines.iter().map(String::as_str));
        let counted: u64 = found.iter().flat_map(|pattern| &pattern.samples).map(|(_, count)| count).sum();
        prop_assert_eq!(counted, lines.len() as u64);
        for pattern in &found {
            prop_assert!(check_filter(&pattern.text).is_ok(), "{:?}", pattern.text);
        }
        for line in &lines {
            prop_assert!(found.iter().any(|pattern| passes(&pattern.text, line)), "{line:?} follows none of {found:?}");
        }
    }
}
