//! Printing a query and reading it again gives the same query.

use std::cell::Cell;
use std::fmt::{Display, Formatter};

use proptest::prelude::*;

use crate::parse;

/// A choice of texts.
fn one_of(texts: &'static [&'static str]) -> BoxedStrategy<String> {
    prop::sample::select(texts).prop_map(str::to_owned).boxed()
}

fn label_filters() -> BoxedStrategy<String> {
    let leaf = one_of(&[
        "level=\"error\"",
        "path=~\"/api/.*\"",
        "code!=\"\"",
        "status >= 500",
        "share = 0.25",
        "took > 1m30s",
        "took <= -1s",
        "size != 20kB",
        "addr = ip(\"10.0.0.0/8\")",
        "addr != ip(\"::1-::9\")",
    ]);
    leaf.prop_recursive(3, 8, 2, |inner| {
        (
            inner.clone(),
            one_of(&[" or ", " and ", ", ", " "]),
            inner,
            any::<bool>(),
        )
            .prop_map(|(left, op, right, wrap)| {
                if wrap {
                    format!("({left}{op}{right})")
                } else {
                    format!("{left}{op}{right}")
                }
            })
    })
    .boxed()
}

fn stages() -> BoxedStrategy<String> {
    let plain = one_of(&[
        "|= \"a\\\"b\\n\"",
        "!= `x` or \"y\"",
        "|~ \"(?i)err|wa{1,2}rn\"",
        "!~ \"\\\\d+\" or ip(\"1.2.3.4\")",
        "|> \"<_> x <_>\"",
        "!> \"a\" or \"b\"",
        "| json",
        "| json a, b=\"c.d[0]\"",
        "| logfmt --strict x=\"y\"",
        "| regexp `(?P<v>\\d+)`",
        "| pattern \"<a> [<_>]\"",
        "| unpack",
        "| line_format \"{{.a}} é\"",
        "| label_format a=b, c=\"{{.d}}\"",
        "| decolorize",
        "| drop a, b=~\"c.*\"",
        "| keep b, a!=\"x\"",
    ]);
    prop_oneof![3 => plain, 2 => label_filters().prop_map(|filter| format!("| {filter}"))].boxed()
}

fn logs() -> BoxedStrategy<String> {
    let selector = one_of(&["{a=\"b\"}", "{a=~\"x|y\", env!=\"dev\"}", "{ a = `q\\` , b!~\"z+\" }"]);
    (selector, prop::collection::vec(stages(), 0..4))
        .prop_map(|(selector, stages)| format!("{selector} {}", stages.join(" ")))
        .boxed()
}

fn samples() -> BoxedStrategy<String> {
    let window = one_of(&["[5m]", "[90s]", "[1d12h]", "[2w] offset 1h", "[7s] offset -250ms"]);
    let counts = (
        one_of(&["rate", "count_over_time", "bytes_rate", "absent_over_time"]),
        logs(),
        window.clone(),
    )
        .prop_map(|(function, log, window)| format!("{function}({log} {window})"));
    let unwrap = one_of(&[
        "| unwrap x",
        "| unwrap duration(x) | __error__=\"\"",
        "| unwrap bytes(x) | y > 1 | z < 2",
    ]);
    let function = one_of(&["sum_over_time(", "rate(", "quantile_over_time(0.95, ", "rate_counter("]);
    let unwrapped = (function, logs(), unwrap, window)
        .prop_map(|(function, log, unwrap, window)| format!("{function}{log} {unwrap} {window})"));
    let leaf = prop_oneof![4 => counts, 2 => unwrapped, 1 => one_of(&["1", "-2.5", "vector(3)"])];
    leaf.prop_recursive(3, 8, 2, |inner| {
        let aggregated = (
            one_of(&[
                "sum",
                "avg by (a, b)",
                "max without (c)",
                "stddev by ()",
                "count without ()",
            ]),
            inner.clone(),
        )
            .prop_map(|(function, inner)| format!("{function} ({inner})"));
        let picked = (one_of(&["topk(3, ", "bottomk(1,", "sort("]), inner.clone())
            .prop_map(|(function, inner)| format!("{function}{inner})"));
        let operator = one_of(&[
            " + ",
            " - ",
            " * ",
            " / on (a) group_left (b) ",
            " ^ ",
            " % ignoring (x) ",
            " > ",
            " == bool ",
            " <= bool on () group_right ",
        ]);
        let binary =
            (inner.clone(), operator, inner.clone()).prop_map(|(left, op, right)| format!("{left}{op}{right}"));
        let replaced = inner.prop_map(|inner| format!(r#"label_replace({inner}, "d", "$1-$$", "s", "(.+)")"#));
        prop_oneof![aggregated, picked, binary, replaced]
    })
    .boxed()
}

#[test]
fn whether_a_part_fits_a_line_is_told_by_printing_no_more_than_that() {
    struct Endless(Cell<usize>);
    impl Display for Endless {
        fn fmt(&self, out: &mut Formatter<'_>) -> std::fmt::Result {
            loop {
                self.0.set(self.0.get() + 1);
                out.write_str("1234567890")?;
            }
        }
    }
    let endless = Endless(Cell::new(0));
    assert_eq!(super::pretty::short(&endless), None);
    assert_eq!(endless.0.get(), 11);
}

/// The tree without places.
fn tree(query: &str) -> String {
    let text = format!("{:?}", parse(query).unwrap_or_else(|error| panic!("{query}: {error}")));
    text.split("span: Span {")
        .map(|part| part.split_once('}').map_or(part, |(_, rest)| rest))
        .skip(1)
        .collect()
}

proptest! {
    #[test]
    fn reading_what_was_printed_gives_the_same_tree(query in prop_oneof![logs(), samples()]) {
        // Negative operands chain instead of `or`, and constant folding may print what cannot be read.
        let printed = parse(&query).unwrap_or_else(|error| panic!("{query}: {error}")).to_string();
        prop_assume!(!printed.contains("NaN") && !printed.contains("Inf"));
        let again = parse(&printed).unwrap_or_else(|error| panic!("{printed}: {error}")).to_string();
        prop_assert_eq!(&again, &printed);
        let chained = printed.contains("!= ") || printed.contains("!~ ") || printed.contains("!> ");
        let folded = printed.contains("vector") || printed.contains('-');
        if !chained && !folded {
            prop_assert_eq!(tree(&query), tree(&printed));
        }
    }

    #[test]
    fn the_form_over_lines_is_the_same_query(query in prop_oneof![logs(), samples()]) {
        let expr = parse(&query).unwrap_or_else(|error| panic!("{query}: {error}"));
        let (printed, pretty) = (expr.to_string(), expr.pretty());
        // `on ()` is left out where a query is broken into lines, as Loki does, and rounding prints what cannot be read.
        prop_assume!(!printed.contains("NaN") && !printed.contains("Inf") && !printed.contains("on ()"));
        prop_assume!(!printed.contains("by ()") && !printed.contains("without ()"));
        let again = parse(&pretty).unwrap_or_else(|error| panic!("{pretty}: {error}"));
        // Without parentheses operators of one rank may chain in another order; the texts are then other queries in Loki too.
        if pretty.matches(['+', '-', '*', '/', '%', '^']).count() < 2 {
            prop_assert_eq!(again.to_string(), printed);
        }
    }

    #[test]
    fn no_text_panics(text in "[-{}()\\[\\]|=!~<>\"`#a-e0-9mskB.,_+*/%^ \né]{0,40}") {
        let _ = parse(&text);
    }

    #[test]
    fn no_cut_query_panics(query in samples(), cut in any::<prop::sample::Index>()) {
        let ends: Vec<usize> = query.char_indices().map(|(at, _)| at).collect();
        let _ = parse(&query[..ends[cut.index(ends.len())]]);
    }
}
