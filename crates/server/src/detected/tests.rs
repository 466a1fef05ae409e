//! Fields of hand-written lines.

use longshore_logql::ResultLabels;
use longshore_model::Labels;
use serde_json::{Value, json};

use super::field::{Fields, is_identifier};

fn labels(stream: &[(&str, &str)], metadata: &[(&str, &str)]) -> ResultLabels {
    ResultLabels {
        stream: Labels::new(stream.iter().copied()),
        structured_metadata: Labels::new(metadata.iter().copied()),
        ..ResultLabels::default()
    }
}

fn described(lines: &[&str]) -> Vec<Value> {
    let labels = labels(&[("level", "info")], &[("trace_id", "abc")]);
    let mut fields = Fields::default();
    lines.iter().for_each(|line| fields.add(&labels, line.as_bytes()));
    fields.iter().map(|(name, field)| field.describe(name)).collect()
}

#[test]
fn fields_of_json_lines() {
    let lines = [
        r#"{"status":200,"took":"12ms","size":"3kB","ok":true,"request":{"path":"/a","ids":[1]},"level":"warn"}"#,
        r#"{"status":404,"took":"8ms","ratio":0.5,"nothing":null}"#,
    ];
    let field = |label: &str, kind: &str, cardinality: u64, path: Value| json!({"label": label, "type": kind, "cardinality": cardinality, "parsers": ["json"], "jsonPath": path});
    assert_eq!(
        described(&lines),
        [
            field("level_extracted", "string", 1, json!(["level"])),
            field("ok", "boolean", 1, json!(["ok"])),
            field("ratio", "float", 1, json!(["ratio"])),
            field("request_path", "string", 1, json!(["request", "path"])),
            field("size", "bytes", 1, json!(["size"])),
            field("status", "int", 2, json!(["status"])),
            field("took", "duration", 2, json!(["took"])),
            json!({"label": "trace_id", "type": "string", "cardinality": 1, "parsers": null}),
        ]
    );
}

#[test]
fn fields_of_logfmt_lines() {
    let lines = [
        r#"ts=2026-01-01 msg="it said \"no\"" n=1 empty= http.code=5 url=/a?b=c"#,
        "n=1.5 GET /a?b=c HTTP",
    ];
    let found: Vec<(String, String)> = described(&lines)
        .iter()
        .map(|field| (field["label"].to_string(), field["type"].to_string()))
        .filter(|(label, _)| label != "\"trace_id\"")
        .collect();
    let expected = [
        ("http_code", "int"),
        ("msg", "string"),
        ("n", "float"),
        ("ts", "string"),
    ];
    assert_eq!(
        found,
        expected.map(|(label, kind)| (format!("{label:?}"), format!("{kind:?}")))
    );
}

#[test]
fn fields_that_both_parsers_find() {
    let expected =
        json!({"label": "n", "type": "int", "cardinality": 2, "parsers": ["json", "logfmt"], "jsonPath": ["n"]});
    for lines in [["n=1", r#"{"n":2}"#], [r#"{"n":2}"#, "n=1"]] {
        assert_eq!(described(&lines)[0], expected, "{lines:?}");
    }
}

#[test]
fn identifiers() {
    let cases = [
        ("17", true),
        ("0f8fad5b-d9cb-469f-a165-70867728950e", true),
        ("0f8fad5b-d9cb-469f-a165-7086772895zz", false),
        ("web-1", false),
        ("", false),
    ];
    for (value, expected) in cases {
        assert_eq!(is_identifier(value), expected, "{value}");
    }
}
