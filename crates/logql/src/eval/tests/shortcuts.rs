//! Short cuts give what the long way gives: searches in the store, columns left out, fields that are not extracted.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn json_line() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just("1".to_owned()),
        Just("\"x\"".to_owned()),
        Just("\"a\\\"b\"".to_owned()),
        Just("null".to_owned()),
        Just("[1,{\"a\":2}]".to_owned()),
        Just("{\"a\":\"deep\",\"c\":true}".to_owned()),
    ];
    let key = prop::sample::select(vec!["a", "b", "c", "b_a", "app", "b-a", "2"]);
    proptest::collection::vec((key, value), 0..6).prop_map(|pairs| {
        let pairs: Vec<String> = pairs.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
        format!("{{{}}}", pairs.join(","))
    })
}

fn logfmt_line() -> impl Strategy<Value = String> {
    let pair = prop::sample::select(vec![
        "a=1",
        "a=2",
        "b=x",
        "c=\"q r\"",
        "c=",
        "b_a=deep",
        "app=inner",
        "2=3",
        "word",
        "b.a=y",
        "a=\"es\\\"c\"",
    ]);
    proptest::collection::vec(pair, 0..7).prop_map(|pairs| pairs.join(" "))
}

fn fixture(lines: &[String], gives_all: bool) -> Fixture {
    let entries = lines.iter().enumerate();
    Fixture {
        streams: vec![StreamEntries {
            labels: Labels::new([("app", "web")]),
            entries: entries
                .map(|(second, line)| {
                    entry(
                        second as i64,
                        line,
                        &[("m", if second % 2 == 0 { "even" } else { "odd" })],
                    )
                })
                .collect(),
        }],
        gives_all,
        ..Fixture::default()
    }
}

/// Counts of an instant query by the text of their labels; the text of its mistake.
fn counts(store: &Fixture, query: &str) -> Result<BTreeMap<String, f64>, String> {
    let Ok(Expr::Sample(expr)) = parse(query) else {
        panic!("{query} is no metric query");
    };
    let at = TimestampNs(100 * SECOND);
    let result = with_context(store, |context| instant_query(&expr, InstantParams { at }, context));
    match result.map_err(|error| error.to_string())?.value {
        Value::Vector { samples, .. } => Ok(samples
            .into_iter()
            .map(|sample| (sample.labels.to_string(), sample.value))
            .collect()),
        other => panic!("{other:?}"),
    }
}

/// The same counted over the lines that the log query gives, all labels extracted; `None` when one has failed.
fn counted_by_hand(store: &Fixture, query: &str, names: &[&str]) -> Option<BTreeMap<String, f64>> {
    let Ok(Expr::Log(expr)) = parse(query) else {
        panic!("{query} is no log query");
    };
    let params = LogParams {
        time: TimeRange::ALL,
        limit: 1000,
        direction: Direction::Forward,
    };
    let result = with_context(store, |context| log_query(&expr, params, context)).unwrap();
    let mut counts = BTreeMap::new();
    for stream in result.streams {
        let labels = stream.labels.merged();
        if labels.get("__error__").is_some() {
            return None;
        }
        let kept = labels.iter().filter(|(name, _)| names.contains(name));
        let kept: Labels = kept.filter(|(_, value)| !value.is_empty()).collect();
        *counts.entry(kept.to_string()).or_insert(0.0) += stream.entries.len() as f64;
    }
    Some(counts)
}

proptest! {
    #[test]
    fn extracting_what_is_needed_is_as_good_as_everything(
        (parser, lines) in prop_oneof![
            (Just("json"), proptest::collection::vec(json_line(), 1..8)),
            (Just("logfmt"), proptest::collection::vec(logfmt_line(), 1..8)),
        ],
        filter in prop::sample::select(vec![
            "", "| a=\"1\"", "| b_a=~\"d.+|y\"", "| app_extracted!=\"\"", "| c=\"\" or a!=\"2\"",
            "| label_format d=a", "| drop b, m", "| line_format \"{{.a}}\" | c!=\"x\"", "| keep a, m",
        ]),
        names in prop::sample::subsequence(vec!["a", "b", "b_a", "app_extracted", "m", "d", "app"], 1..3),
    ) {
        let query = format!("{{app=\"web\"}} | {parser} {filter}");
        let store = fixture(&lines, false);
        if let Some(wanted) = counted_by_hand(&store, &query, &names) {
            let query = format!("sum by ({}) (count_over_time({query} [200s]))", names.join(","));
            prop_assert_eq!(counts(&store, &query), Ok(wanted), "{}", query);
        }
    }

    #[test]
    fn what_the_store_may_leave_out_changes_nothing(
        lines in proptest::collection::vec("[aA b1.\n\"é]{0,12}", 1..10),
        filters in proptest::collection::vec(prop::sample::select(vec![
            "|= \"a\"", "|= \"ab\" or \"1\"", "!= \"b\"", "|~ \"a.*1\"", "|~ \"(?i)AB\" or \"é\"", "!~ \"^a\"", "|~ \"^a|b$\"",
            "|~ \"a{2}|b+1?\"", "|> \"a<_>1\"", "!> \"<_>b\"", "|= \"\"", "|~ \"\\\\bb\\\\b\"", "| line_format \"{{.app}}\"",
            "| decolorize", "| m=\"even\"", "|~ \"[^a]b\" or \"A\"",
        ]), 0..4),
    ) {
        let query = format!("{{app=\"web\"}} {}", filters.join(" "));
        let (less, all) = (fixture(&lines, false), fixture(&lines, true));
        for direction in [Direction::Forward, Direction::Backward] {
            for limit in [2, 100] {
                prop_assert_eq!(
                    super::lines(&less, &query, limit, direction),
                    super::lines(&all, &query, limit, direction),
                    "{}", query
                );
            }
        }
        for function in ["count_over_time", "bytes_over_time"] {
            for query in [
                format!("{function}({query} [200s])"),
                format!("sum({function}({query} [200s]))"),
                format!("sum by (m) ({function}({query} [200s]))"),
                format!("sum by (app) ({function}({query} [200s]))"),
            ] {
                prop_assert_eq!(counts(&less, &query), counts(&all, &query), "{}", query);
            }
        }
    }
}
