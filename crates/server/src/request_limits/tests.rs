//! Limits that a request brings itself.

use serde_json::json;

use super::*;

#[test]
fn each_limit_of_a_header() {
    let limits = read(&json!({
        "maxQueryLength": "1h", "maxQueryInterval": "5m", "maxQueryLookback": "2d", "maxQueryTime": "3s",
        "maxEntriesLimitPerQuery": 7, "minimumLabelsNumber": 2, "requiredLabels": ["app"], "maxQueryBytesRead": "1KB",
        "unknown": 1,
    }))
    .unwrap();
    let seconds = |seconds: u64| Some(Duration::from_secs(seconds));
    assert_eq!(limits.max_query_length, seconds(3600));
    assert_eq!(limits.max_query_range, seconds(300));
    assert_eq!(limits.max_query_lookback, seconds(2 * 86_400));
    assert_eq!(limits.query_timeout, Duration::from_secs(3));
    assert_eq!(
        (limits.max_entries_limit_per_query, limits.minimum_labels_number),
        (7, 2)
    );
    assert_eq!(limits.required_labels, ["app"]);
    assert_eq!(limits.max_query_bytes_read, Some(1024));
}

#[test]
fn what_cannot_be_read_is_passed_over() {
    for bad in [
        json!([]),
        json!({"maxQueryLength": 5}),
        json!({"maxQueryTime": "soon"}),
        json!({"requiredLabels": [1]}),
        json!({"maxEntriesLimitPerQuery": -1}),
        json!({"maxQueryBytesRead": 1}),
    ] {
        assert_eq!(read(&bad), None, "{bad}");
    }
}

#[test]
fn limits_of_a_request_are_never_wider() {
    let mut limits = Limits::default();
    limits.tighten(
        &read(&json!({"maxEntriesLimitPerQuery": 50_000, "maxQueryLength": "90d", "maxQueryTime": "1h"})).unwrap(),
    );
    assert_eq!(limits, Limits::default());
    limits.tighten(&read(&json!({"maxEntriesLimitPerQuery": 5, "requiredLabels": ["app"]})).unwrap());
    limits.tighten(&read(&json!({"maxEntriesLimitPerQuery": 9, "requiredLabels": ["app", "env"]})).unwrap());
    assert_eq!(limits.max_entries_limit_per_query, 5);
    assert_eq!(limits.required_labels, ["app", "env"]);
}
