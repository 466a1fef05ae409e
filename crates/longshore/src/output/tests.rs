//! The three modes, as text.

use longshore_model::{Labels, TimestampNs};
use serde_json::json;

use super::*;
use crate::client::{LogEntry, QueryData, QueryResult};

fn arguments(output: Mode) -> OutputArgs {
    OutputArgs {
        output,
        timezone: Timezone::Utc,
        quiet: false,
        no_labels: false,
        exclude_label: Vec::new(),
        include_label: Vec::new(),
        include_common_labels: false,
    }
}

fn entries() -> Vec<LogEntry> {
    let entry = |second: i64, pod: &str, line: &str| LogEntry {
        labels: Labels::new([("app", "shop"), ("pod", pod)]),
        at: TimestampNs(1_795_370_400_000_000_000 + second * 1_500_000_000),
        line: line.to_owned(),
    };
    vec![entry(0, "a", "first"), entry(1, "bcd", "second \"line\"")]
}

fn printed(arguments: &OutputArgs) -> (String, String) {
    let mut printer = EntryPrinter::new(arguments);
    let common = printer.study(&entries());
    let mut out = Vec::new();
    for entry in entries() {
        printer.print(&entry, &mut out).expect("memory takes it");
    }
    let text = String::from_utf8(out).expect("text");
    (common.to_string(), anstream::adapter::strip_str(&text).to_string())
}

#[test]
fn by_default_time_labels_and_line() {
    let (common, text) = printed(&arguments(Mode::Default));
    assert_eq!(common, r#"{app="shop"}"#);
    assert_eq!(
        text,
        "2026-11-22T18:00:00Z {pod=\"a\"}   first\n2026-11-22T18:00:01Z {pod=\"bcd\"} second \"line\"\n"
    );
}

#[test]
fn labels_can_be_chosen() {
    let mut chosen = arguments(Mode::Default);
    chosen.include_label = vec!["app".to_owned()];
    assert!(
        printed(&chosen)
            .1
            .starts_with("2026-11-22T18:00:00Z {app=\"shop\"} first\n")
    );
    chosen.include_label.clear();
    chosen.include_common_labels = true;
    chosen.exclude_label = vec!["pod".to_owned()];
    assert!(
        printed(&chosen)
            .1
            .starts_with("2026-11-22T18:00:00Z {app=\"shop\"} first\n")
    );
    chosen.no_labels = true;
    assert!(printed(&chosen).1.starts_with("2026-11-22T18:00:00Z first\n"));
}

#[test]
fn raw_is_the_line_alone() {
    assert_eq!(
        printed(&arguments(Mode::Raw)),
        ("{}".to_owned(), "first\nsecond \"line\"\n".to_owned())
    );
}

#[test]
fn jsonl_is_an_object_a_line() {
    let (_, text) = printed(&arguments(Mode::Jsonl));
    assert_eq!(
        text.lines().last(),
        Some(r#"{"labels":{"app":"shop","pod":"bcd"},"line":"second \"line\"","timestamp":"2026-11-22T18:00:01.5Z"}"#)
    );
}

fn metric(output: Mode) -> String {
    let body = json!({ "status": "success", "data": { "resultType": "matrix", "result": [
        { "metric": { "app": "shop" }, "values": [[1_795_370_400, "3"], [1_795_370_460.5, "12.5"]] },
    ], "stats": {} } });
    let result = QueryResult::from_json(body).expect("a good answer");
    let QueryData::Series(series) = &result.data else {
        panic!("a matrix has series")
    };
    let mut out = Vec::new();
    print_series(&result, series, &arguments(output), &mut out).expect("memory takes it");
    String::from_utf8(out).expect("text")
}

#[test]
fn metrics_are_a_table() {
    assert_eq!(
        metric(Mode::Default),
        "2026-11-22T18:00:00Z     3  {app=\"shop\"}\n2026-11-22T18:01:00Z  12.5  {app=\"shop\"}\n"
    );
}

#[test]
fn metrics_are_json_if_wanted() {
    assert_eq!(
        metric(Mode::Jsonl),
        "{\"labels\":{\"app\":\"shop\"},\"values\":[[\"2026-11-22T18:00:00Z\",\"3\"],[\"2026-11-22T18:01:00.5Z\",\"12.5\"]]}\n"
    );
    assert!(metric(Mode::Raw).starts_with("[\n  {\n    \"metric\": {\n      \"app\": \"shop\"\n    },\n"));
}
