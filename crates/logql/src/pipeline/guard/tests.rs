//! Guards change no answer, and search for what they should.

use longshore_model::{Entry, Labels, TimestampNs};
use proptest::prelude::*;

use super::*;
use crate::parse;
use crate::pipeline::Pipeline;

const CONDITIONS: &[&str] = &[
    "| json | level=\"error\"",
    "| json | status >= 500",
    "| json | a_b=~\"x.*\"",
    "| json | level=\"error\" or status=\"200\"",
    "| json | level!=\"\", status!=\"500\"",
    "| json | level!=\"error\"",
    "| json | __error__!=\"\"",
    "| json | status_extracted=\"200\"",
    "| json | line_format \"{{.level}}\" | level=\"error\"",
    "| json | label_format level=\"error\" | level=\"error\"",
    "| label_format level=\"error\" | json | level=\"error\"",
    "| json | drop level | level=\"error\"",
    "| json | logfmt | level=\"error\"",
    "| logfmt | level=\"error\"",
    "| logfmt | status > 500",
    "| logfmt --strict | status >= 200 | level=~\"e.+\"",
];

const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    ",",
    "\"level\":",
    "\"lev\\u0065l\":",
    "\"status\":",
    "\"a\":{\"b\":",
    "\"a.b\":",
    "\"error\"",
    "\"\\u0065rror\"",
    "500",
    "\"200\"",
    "\"x\\\"y\"",
    "level=",
    "status=",
    "error",
    "\"err\\u006fr\"",
    " ",
    "\\",
    "\"",
];

/// The pipeline with and without its guard.
fn check(condition: &str, stream: &Labels, line: &str) -> Result<(), TestCaseError> {
    let query = format!("{{app=\"web\"}} {condition}");
    let crate::Expr::Log(expr) = parse(&query).expect("a query") else {
        panic!("{query} is no log query");
    };
    let guarded = Pipeline::new(&expr).expect("a pipeline");
    let unguarded = Pipeline {
        guard: None,
        ..Pipeline::new(&expr).expect("a pipeline")
    };
    let entry = Entry {
        timestamp: TimestampNs(1),
        line: line.to_owned().into(),
        structured_metadata: Labels::empty(),
    };
    prop_assert_eq!(
        guarded.process(stream, &entry),
        unguarded.process(stream, &entry),
        "{} of {}",
        query,
        line
    );
    Ok(())
}

proptest! {
    #[test]
    fn a_guard_changes_no_answer(
        pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..12),
        in_stream in any::<bool>(),
    ) {
        let level = if in_stream { [("app", "web"), ("level", "error")].as_slice() } else { &[("app", "web")] };
        let stream = level.iter().copied().collect();
        for condition in CONDITIONS {
            check(condition, &stream, &pieces.concat())?;
        }
    }
}

#[test]
fn searches_for_what_a_condition_needs() {
    let check = |query: &str, expected: &[&str]| {
        let crate::Expr::Log(expr) = parse(query).unwrap() else {
            panic!("{query} is no log query");
        };
        let guard = Guard::of(&expr.stages);
        let needles: Vec<&[u8]> = guard
            .iter()
            .flat_map(|guard| &guard.needles)
            .map(|n| n.finder.needle())
            .collect();
        let expected: Vec<&[u8]> = expected.iter().map(|text| text.as_bytes()).collect();
        assert_eq!(needles, expected, "{query}");
    };
    check("{a=\"b\"} | json | status >= 500", &["status"]);
    check(
        "{a=\"b\"} | json | http_status_code = 500 | level=\"error\"",
        &["status", "error"],
    );
    check("{a=\"b\"} | logfmt | a=\"b c-def\", took > 5s", &["def", "took"]);
    check("{a=\"b\"} | json | level!=\"error\"", &[]);
    check("{a=\"b\"} | json | level=\"error\" or level=\"warn\"", &[]);
    check("{a=\"b\"} | json level=\"x\" | level=\"error\"", &[]);
    check("{a=\"b\"} | json | label_format x=level | level=\"error\"", &[]);
}
