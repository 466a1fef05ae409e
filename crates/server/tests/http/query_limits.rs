//! Limits of queries, configured as users do. The texts were recorded from Loki 3.7.8.

use longshore_config::loki;
use longshore_server::ServerSettings;
use serde_json::json;

use crate::api::{Api, SECOND, a_minute_ago};

const BYTES: &str = "the query would read too many bytes (query: 5.0 KiB, limit: 100 B); consider adding more specific \
                     stream selectors or reduce the time range of the query";
const TIMED_OUT: &str = "request timed out, decrease the duration of the request or add more label matchers (prefer exact \
                         match over regex match) to reduce the amount of data processed";
const TEAM: &str = "stream selector is missing required matchers [team], labels present in the query were [app]";

const TOO_LONG: &str = "the query time range exceeds the limit (query length: 1h0m0s, limit: 10m)";
const BLOCKED: &str = "query blocked by policy";

/// Path, query, and with which text it is refused; empty when it is not.
type Asked = (&'static str, &'static str, &'static str);

/// Limits and what is asked of a server with them.
const CASES: &[(&str, &[Asked])] = &[
    (
        "max_query_range: 5m",
        &[
            ("query_range", r#"rate({app="web"}[5m])"#, ""),
            (
                "query",
                r#"rate({app="web"}[10m])"#,
                "[interval] value exceeds limit: [10m] > [5m]",
            ),
            ("query_range", r#"{app="web"}"#, ""),
        ],
    ),
    (
        "max_query_bytes_read: 100B",
        &[
            ("query_range", r#"{app="web"}"#, ""),
            ("query_range", r#"{app="web"} | json"#, ""),
            ("query_range", r#"{app="web"} |= "x""#, BYTES),
            ("query_range", r#"rate({app="web"}[1m])"#, BYTES),
            ("query", r#"rate({app="web"}[5m])"#, BYTES),
            ("query", r#"rate({app="db"}[5m])"#, ""),
            ("detected_fields", r#"{app="web"} |= "x""#, BYTES),
            ("labels", r#"{app="web"}"#, ""),
        ],
    ),
    (
        "required_labels: [app, team]",
        &[
            ("query_range", r#"{app="web"}"#, TEAM),
            ("query_range", r#"{app="web", team=~".*"}"#, ""),
            ("query_range", r#"rate({app="web"}[1m])"#, TEAM),
            ("query", r#"rate({app="web"}[1m])"#, ""),
            ("detected_fields", r#"{app="web"}"#, TEAM),
            ("patterns", r#"{app="web"}"#, TEAM),
            ("labels", r#"{app="web"}"#, ""),
            ("series", r#"{app="web"}"#, ""),
        ],
    ),
    (
        "blocked_queries: [{pattern: '{app=\"web\"} |= \"secret\"'}, {pattern: bad, regex: true, types: filter}, {types: metric}]",
        &[
            ("query_range", r#"{app="web"}"#, ""),
            ("query_range", r#"{app="web"}  |= "secret""#, BLOCKED),
            ("query_range", r#"{app="web"} |= "bad""#, BLOCKED),
            ("query", r#"sum(rate({app="web"}[1m]))"#, BLOCKED),
            ("detected_fields", r#"{app="web"} |= "secret""#, BLOCKED),
        ],
    ),
    (
        "max_query_length: 10m",
        &[
            ("query_range", r#"{app="web"}"#, TOO_LONG),
            ("labels", r#"{app="web"}"#, TOO_LONG),
            ("label/app/values", r#"{app="web"}"#, TOO_LONG),
            ("series", r#"{app="web"}"#, TOO_LONG),
            ("index/stats", r#"{app="web"}"#, TOO_LONG),
            ("index/volume", r#"{app="web"}"#, TOO_LONG),
            ("detected_labels", r#"{app="web"}"#, TOO_LONG),
            ("detected_fields", r#"{app="web"}"#, TOO_LONG),
            ("query", r#"rate({app="web"}[10m])"#, ""),
        ],
    ),
    ("query_timeout: 0s", &[("query_range", r#"{app="web"}"#, TIMED_OUT)]),
];

/// A server with these limits and 5 lines of 1024 bytes in `{app="web", team="x"}`, a second between them, the newest
/// a minute old.
async fn start(limits: &str) -> Api {
    let config =
        format!("auth_enabled: false\nquerier: {{per_request_limits_enabled: true}}\nlimits_config: {{{limits}}}\n");
    let loaded = loki::load(&config, "store.yaml", &|_| None).unwrap();
    let inert = loaded
        .warnings
        .iter()
        .find(|warning| warning.message.contains("without effect"));
    assert!(inert.is_none(), "{inert:?}");
    let api = Api::start_with(ServerSettings::from(&loaded.settings), None).await;
    let line = |index: i64| json!([(a_minute_ago() - index * SECOND).to_string(), "x".repeat(1024)]);
    let lines: Vec<_> = (0..5).map(line).collect();
    api.push(json!({"app": "web", "team": "x"}), json!(lines)).await;
    api
}

/// Asks, and checks that the answer is 200, or 400 (504) with this text.
async fn check(api: &Api, path: &str, query: &str, refusal: &str) {
    let params = [(if path == "series" { "match[]" } else { "query" }, query)];
    let (status, text) = api.try_get(&format!("/loki/api/v1/{path}"), &params, &[]).await;
    if refusal.is_empty() {
        assert_eq!(status, 200, "{path} {query}: {text}");
    } else {
        let expected = if refusal == TIMED_OUT { 504 } else { 400 };
        assert_eq!((status, text.as_str()), (expected, refusal), "{path} {query}");
    }
}

#[tokio::test]
async fn each_limit_refuses_what_loki_refuses() {
    for (limits, asked) in CASES {
        let api = start(limits).await;
        for (path, query, refusal) in *asked {
            check(&api, path, query, refusal).await;
        }
    }
}

#[tokio::test]
async fn nothing_before_the_lookback_is_seen() {
    let api = start("max_query_lookback: 62500ms").await;
    let visible = api.lines(r#"{app="web"}"#).await.len();
    assert!((1..=3).contains(&visible), "{visible}");
    let api = start("max_query_lookback: 5s").await;
    assert!(api.lines(r#"{app="web"}"#).await.is_empty());
    let empty = json!({"status": "success"});
    assert_eq!(api.get("/loki/api/v1/labels", &[]).await, empty);
    let before = [("start", "1"), ("end", "2"), ("query", r#"{app="web"}"#)];
    for path in ["labels", "series", "index/volume", "detected_labels"] {
        let (status, text) = api.try_get(&format!("/loki/api/v1/{path}"), &before, &[]).await;
        assert!(status == 200 && !text.contains("web"), "{path}: {status} {text}");
    }
    let stats = api
        .get("/loki/api/v1/index/stats", &[("query", r#"{app="web"}"#)])
        .await;
    assert_eq!(stats, json!({"streams": 0, "chunks": 0, "bytes": 0, "entries": 0}));
    let params = [("query", r#"count_over_time({app="web"}[1h])"#)];
    assert_eq!(
        api.get("/loki/api/v1/query", &params).await["data"]["result"],
        json!([])
    );
}

#[tokio::test]
async fn volumes_have_only_so_many_series() {
    let api = start("volume_max_series: 1").await;
    let at = a_minute_ago().to_string();
    api.push(json!({"app": "db", "team": "x"}), json!([[at, "small"]]))
        .await;
    let params = [("query", r#"{team="x"}"#), ("targetLabels", "app"), ("limit", "5")];
    let answer = api.get("/loki/api/v1/index/volume", &params).await;
    let series = answer["data"]["result"].as_array().unwrap();
    assert_eq!(series.len(), 1);
    assert_eq!(series[0]["metric"], json!({"app": "web"}));
}

#[tokio::test]
async fn a_request_may_limit_itself() {
    let api = start("max_entries_limit_per_query: 50").await;
    let check = async |header: &str, query: &str, status: u16, text: &str| {
        let params = [("query", query), ("limit", "20")];
        let headers = [("x-loki-query-limits", header)];
        let (got, answer) = api.try_get("/loki/api/v1/query_range", &params, &headers).await;
        assert_eq!(got, status, "{header}: {answer}");
        assert!(answer.contains(text), "{header}: {answer}");
    };
    let log = r#"{app="web"}"#;
    check(
        r#"{"maxEntriesLimitPerQuery": 5}"#,
        log,
        400,
        "limit > max_entries_limit_per_query (20 > 5)",
    )
    .await;
    check(r#"{"maxEntriesLimitPerQuery": 5000}"#, log, 200, "xxx").await;
    check(r#"{"requiredLabels": ["team"]}"#, log, 400, TEAM).await;
    check(
        r#"{"maxQueryLength": "1m"}"#,
        log,
        400,
        "(query length: 1h0m0s, limit: 1m)",
    )
    .await;
    check(
        r#"{"maxQueryInterval": "1m"}"#,
        r#"rate({app="web"}[5m])"#,
        400,
        "[5m] > [1m]",
    )
    .await;
    check(r#"{"maxQueryLookback": "1s"}"#, log, 200, r#""result":[]"#).await;
    check(
        r#"{"maxQueryBytesRead": "100B"}"#,
        r#"rate({app="web"}[5m])"#,
        400,
        BYTES,
    )
    .await;
    check("{nonsense", log, 200, "xxx").await;
}

#[tokio::test]
async fn a_request_limits_itself_only_where_that_is_switched_on() {
    let api = Api::start().await;
    let params = [("query", r#"{app="web"}"#), ("limit", "20")];
    let headers = [("x-loki-query-limits", r#"{"maxEntriesLimitPerQuery": 5}"#)];
    assert_eq!(api.try_get("/loki/api/v1/query_range", &params, &headers).await.0, 200);
}

/// A query with so many selectors that is nested a few times only.
fn either(count: usize) -> String {
    match count {
        1 => r#"sum(rate({app="web"}[1m]))"#.to_owned(),
        _ => format!("({} or {})", either(count / 2), either(count - count / 2)),
    }
}

#[tokio::test]
async fn only_so_many_selectors() {
    let api = Api::start().await;
    api.push(json!({"app": "web"}), json!([[a_minute_ago().to_string(), "x"]]))
        .await;
    let series = |count: usize| vec![("match[]", r#"{app="web"}"#); count];
    for (count, status) in [(256, 200), (257, 400)] {
        let text = either(count);
        for (path, params) in [("series", series(count)), ("query", vec![("query", text.as_str())])] {
            let path = format!("/loki/api/v1/{path}");
            let (given, text) = api.try_get(&path, &params, &[]).await;
            assert_eq!(given, status, "{path}: {text}");
            if status == 400 {
                let told = "the request has 257 stream selectors, and may have 256: use fewer, or regular expressions";
                assert!(text.starts_with(told), "{path}: {text}");
            }
        }
    }
}
