//! Pieces of answers, as text.

use super::*;

fn text(put: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    put(&mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn entries_with_and_without_categories() {
    let metadata = Labels::new([("detected_level", "info")]);
    let empty = Labels::empty();
    let check = |categories: Option<(&Labels, &Labels)>, expected: &str| {
        let entry = EntryJson {
            timestamp: TimestampNs(5),
            line: b"a \"b\"\n",
            categories,
        };
        assert_eq!(text(|out| put_entry(out, &entry)), expected);
    };
    check(None, r#"["5","a \"b\"\n"]"#);
    check(Some((&empty, &empty)), r#"["5","a \"b\"\n",{}]"#);
    check(
        Some((&metadata, &empty)),
        r#"["5","a \"b\"\n",{"structuredMetadata":{"detected_level":"info"}}]"#,
    );
    check(
        Some((&metadata, &metadata)),
        r#"["5","a \"b\"\n",{"structuredMetadata":{"detected_level":"info"},"parsed":{"detected_level":"info"}}]"#,
    );
}

#[test]
fn seconds_have_the_decimals_they_need() {
    let check = |ns: i64, expected: &str| assert_eq!(text(|out| put_seconds(out, TimestampNs(ns))), expected);
    check(1_767_225_600_000_000_000, "1767225600");
    check(1_767_225_659_999_000_000, "1767225659.999");
    check(1_767_225_600_500_000_001, "1767225600.5");
}

#[test]
fn answers_are_json_with_every_field_that_grafana_reads() {
    let stats = QueryStats::default();
    let stats: serde_json::Value = serde_json::from_str(&text(|out| stats.put(out))).unwrap();
    for field in ["totalBytesProcessed", "bytesProcessedPerSecond", "execTime"] {
        assert!(stats["summary"].get(field).is_some(), "{field}");
    }
}
