//! What is wrong, by status and text.

use std::time::Duration;

use longshore_server::{Limits, ServerSettings};
use serde_json::json;

use crate::api::Api;

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];
const PROTOBUF: &[(&str, &str)] = &[("content-type", "application/x-protobuf")];

#[tokio::test]
async fn pushes_that_cannot_be_read() {
    let api = Api::start().await;
    let check = async |headers: &[(&str, &str)], body: &[u8], status: u16, text: &str| {
        let (got, answer) = api.send("POST", "/loki/api/v1/push", headers, body).await;
        assert_eq!(got, status, "{answer}");
        assert!(answer.starts_with(text), "{answer:?} does not begin with {text:?}");
    };
    let at_least = "error at least one valid stream is required for ingestion\n";
    check(&[], b"{}", 400, "mime: no media type\n").await;
    check(PROTOBUF, b"\xff\xff\xff\xff\xff\xff", 400, "snappy: corrupt input\n").await;
    check(PROTOBUF, b"\x0a", 400, "snappy: corrupt input\n").await;
    check(PROTOBUF, &[2, 4, 0x0a, 5], 400, "unexpected EOF\n").await;
    check(JSON, b"{", 400, "cannot read the JSON of the push request: ").await;
    check(JSON, b"", 400, "cannot read the JSON of the push request: ").await;
    check(JSON, b"{}", 422, at_least).await;
    check(JSON, br#"{"streams":[]}"#, 422, at_least).await;
    check(
        JSON,
        br#"{"streams":[{"stream":{"a":"b"},"values":[["x","y"]]}]}"#,
        400,
        "cannot read",
    )
    .await;
    check(
        JSON,
        br#"{"streams":[{"stream":{"a":"b"},"values":[[1,"y"]]}]}"#,
        400,
        "cannot read",
    )
    .await;
    check(
        JSON,
        br#"{"streams":[{"stream":{"a":"b"},"values":[["1","y",{"a":{}}]]}]}"#,
        400,
        "cannot read",
    )
    .await;
    check(
        JSON,
        br#"{"streams":[{"stream":{"a b":"b"},"values":[["1","y"]]}]}"#,
        400,
        "couldn't parse labels: ",
    )
    .await;
    let brotli = [("content-type", "application/json"), ("content-encoding", "br")];
    check(&brotli, b"", 400, "Content-Encoding \"br\" not supported\n").await;
    let gzip = [("content-type", "application/json"), ("content-encoding", "gzip")];
    check(&gzip, b"not gzip", 400, "cannot decompress the request body").await;
}

#[tokio::test]
async fn otlp_that_cannot_be_read() {
    let api = Api::start().await;
    let check = async |headers: &[(&str, &str)], body: &[u8], text: &str| {
        let (status, answer) = api.send("POST", "/otlp/v1/logs", headers, body).await;
        assert_eq!(status, 400, "{answer}");
        // A `google.rpc.Status` with a message only.
        assert!(answer.starts_with("\u{12}"), "{answer:?}");
        assert!(answer.contains(text), "{answer:?} does not contain {text:?}");
    };
    check(PROTOBUF, b"\x0a\x05", "unexpected EOF").await;
    check(JSON, b"{", "cannot read the JSON of the export request").await;
    let charset = [("content-type", "application/json; charset=utf-8")];
    check(
        &charset,
        b"{}",
        "content type: application/json; charset=utf-8 is not supported",
    )
    .await;
    let deflate = [("content-type", "application/json"), ("content-encoding", "deflate")];
    check(
        &deflate,
        b"{}",
        "unsupported content encoding deflate: only gzip, lz4 and zstd are supported",
    )
    .await;
}

/// A read that must be refused with a text that begins like this.
async fn check_refused(api: &Api, path: &str, params: &[(&str, &str)], text: &str) {
    let (status, answer) = api.try_get(&format!("/loki/api/v1/{path}"), params, &[]).await;
    assert_eq!(status, 400, "{path} {params:?}: {answer}");
    assert!(
        answer.starts_with(text),
        "{path} {params:?}: {answer:?} does not begin with {text:?}"
    );
}

#[tokio::test]
async fn queries_that_cannot_be_answered() {
    let api = Api::start().await;
    let cases = [
        (
            "query_range",
            "query",
            "{",
            "parse error at line 1, col 2: syntax error: ",
        ),
        (
            "query_range",
            "query",
            "{}",
            "parse error : queries require at least one regexp or equality matcher",
        ),
        (
            "query",
            "query",
            r#"{app="web"}"#,
            "log queries are not supported as an instant query type",
        ),
        ("labels", "query", "{", "parse error at line 1, col 2: "),
        ("query", "time", "x", "strconv.ParseInt: parsing \"x\": invalid syntax"),
        ("series", "match[]", "x", "parse error"),
        (
            "labels",
            "query",
            r#"{app="web"} |= "x""#,
            "only label matchers are supported",
        ),
        ("tail", "query", "{", "parse error at line 1, col 2: "),
    ];
    for (path, name, value, text) in cases {
        check_refused(&api, path, &[(name, value)], text).await;
    }
}

#[tokio::test]
async fn parameters_that_are_wrong() {
    let api = Api::start().await;
    let good = ("query", r#"{app="web"}"#);
    let cases = [
        (
            "start",
            "x",
            "could not parse 'start' parameter: strconv.ParseInt: parsing \"x\": invalid syntax",
        ),
        ("limit", "-1", "limit must be a positive value"),
        ("direction", "sideways", "invalid direction 'sideways'"),
        ("step", "0", "zero or negative query resolution step widths"),
        ("step", "1ms", "exceeded maximum resolution of 11,000 points"),
        ("interval", "-1", "interval must be >= 0"),
        (
            "limit",
            "5001",
            "max entries limit per query exceeded, limit > max_entries_limit_per_query (5001 > 5000)",
        ),
        (
            "since",
            "960h",
            "the query time range exceeds the limit (query length: 960h0m0s, limit: 30d1h)",
        ),
    ];
    for (name, value, text) in cases {
        check_refused(&api, "query_range", &[good, (name, value)], text).await;
    }
    let backwards = [good, ("start", "20"), ("end", "10")];
    let text = "end timestamp must not be before or equal to start time";
    check_refused(&api, "query_range", &backwards, text).await;
    check_refused(
        &api,
        "index/volume",
        &[good, ("aggregateBy", "x")],
        "invalid aggregation option",
    )
    .await;
}

#[tokio::test]
async fn routes_and_methods() {
    let api = Api::start().await;
    let check = async |method: &str, path: &str, status: u16, text: &str| {
        assert_eq!(
            api.send(method, path, &[], "").await,
            (status, text.to_owned()),
            "{method} {path}"
        );
    };
    check("GET", "/nowhere", 404, "404 page not found\n").await;
    check("POST", "/nowhere", 404, "404 page not found\n").await;
    check("GET", "/loki/api/v1/push", 405, "").await;
    check("DELETE", "/loki/api/v1/query_range", 405, "").await;
    check("GET", "/ready", 200, "ready\n").await;
}

#[tokio::test]
async fn a_prefix_stands_before_every_path() {
    let settings = ServerSettings {
        path_prefix: "/logs".to_owned(),
        ..ServerSettings::default()
    };
    let api = Api::start_with(settings, None).await;
    assert_eq!(
        api.send("GET", "/logs/ready", &[], "").await,
        (200, "ready\n".to_owned())
    );
    assert_eq!(api.send("GET", "/logs/nowhere", &[], "").await.0, 404);
    assert_eq!(api.send("GET", "/ready", &[], "").await.0, 404);
}

#[tokio::test]
async fn a_query_that_takes_too_long_is_told_so() {
    let limits = Limits {
        query_timeout: Duration::ZERO,
        ..Limits::default()
    };
    let settings = ServerSettings {
        limits,
        ..ServerSettings::default()
    };
    let api = Api::start_with(settings, None).await;
    let (status, text) = api
        .try_get("/loki/api/v1/query_range", &[("query", r#"{app="web"}"#)], &[])
        .await;
    assert_eq!(status, 504);
    assert!(
        text.starts_with("request timed out, decrease the duration of the request"),
        "{text}"
    );
}

#[tokio::test]
async fn tenants_are_asked_for_and_kept_apart() {
    let settings = ServerSettings {
        auth_enabled: true,
        ..ServerSettings::default()
    };
    let api = Api::start_with(settings, None).await;
    let check = async |tenant: Option<&str>, status: u16, text: &str| {
        let headers: Vec<_> = tenant.map(|tenant| ("x-scope-orgid", tenant)).into_iter().collect();
        let (got, answer) = api.try_get("/loki/api/v1/labels", &[], &headers).await;
        assert_eq!((got, answer.as_str()), (status, text), "{tenant:?}");
    };
    check(None, 401, "no org id\n").await;
    check(Some(""), 401, "no org id\n").await;
    check(Some("a/b"), 400, "tenant ID 'a/b' contains unsupported character '/'").await;
    let body = json!({"streams": [{"stream": {"app": "web"}, "values":
        [[crate::api::a_minute_ago().to_string(), "x"]]}]});
    let headers = [("content-type", "application/json"), ("x-scope-orgid", "a")];
    assert_eq!(
        api.send("POST", "/loki/api/v1/push", &headers, body.to_string())
            .await
            .0,
        204
    );
    check(Some("a"), 200, r#"{"status":"success","data":["app","service_name"]}"#).await;
    check(Some("b"), 200, r#"{"status":"success"}"#).await;
}

#[tokio::test]
async fn a_query_that_would_hold_too_much_is_told_so() {
    let settings = ServerSettings {
        query_memory_bytes: 100_000,
        ..ServerSettings::default()
    };
    let api = Api::start_with(settings, None).await;
    let now = crate::api::a_minute_ago();
    let line = "x".repeat(1000);
    let values: Vec<_> = (0..100).map(|index| json!([(now + index).to_string(), line])).collect();
    api.push(json!({"app": "web"}), json!(values)).await;
    let query = ("query", r#"{app="web"}"#);
    let (status, text) = api.try_get("/loki/api/v1/query_range", &[query], &[]).await;
    assert_eq!(status, 400, "{text}");
    let told = "the query needs more memory than one query may hold (50000B): shorten its time range";
    assert!(text.starts_with(told), "{text}");
    // What it held is free again.
    let (_, metrics) = api.send("GET", "/metrics", &[], "").await;
    assert!(metrics.contains("longshore_server_query_memory_bytes 0\n"), "{metrics}");
    for _ in 0..5 {
        let (status, text) = api
            .try_get("/loki/api/v1/query_range", &[query, ("limit", "5")], &[])
            .await;
        assert_eq!(status, 200, "{text}");
    }
}

/// The older path writes its answer within the same memory.
#[tokio::test]
async fn an_answer_that_would_take_too_much_is_refused_on_the_older_path_too() {
    let settings = ServerSettings {
        query_memory_bytes: 100_000,
        ..ServerSettings::default()
    };
    let api = Api::start_with(settings, None).await;
    let now = crate::api::a_minute_ago();
    let values: Vec<_> = (0..30)
        .map(|index| json!([(now + index).to_string(), "x".repeat(1000)]))
        .collect();
    api.push(json!({"app": "web"}), json!(values)).await;
    let query = ("query", r#"{app="web"}"#);
    // Lines fit alone, lines and answer do not.
    for path in ["/loki/api/v1/query_range", "/api/prom/query"] {
        let (status, text) = api.try_get(path, &[query], &[]).await;
        assert_eq!(status, 400, "{path}: {text}");
        assert!(
            text.starts_with("the query needs more memory than one query may hold"),
            "{text}"
        );
        assert_eq!(api.try_get(path, &[query, ("limit", "5")], &[]).await.0, 200, "{path}");
    }
}
