//! Both ways in, in every encoding.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use longshore_model::otel::{LogRecord, Resource, ResourceLogs, Value};
use longshore_model::{Entry, Labels, StreamEntries, TimestampNs};
use longshore_server::{Limits, ServerSettings};
use longshore_wire::loki_push::Encoder;
use longshore_wire::otlp;
use serde_json::json;

use crate::api::{Api, SECOND, a_minute_ago};

const JSON: &str = "application/json";
const PROTOBUF: &str = "application/x-protobuf";

pub(crate) fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn deflate(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn lz4(body: &[u8]) -> Vec<u8> {
    let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn compressed(body: &[u8], encoding: &str) -> Vec<u8> {
    match encoding {
        "gzip" => gzip(body),
        "deflate" => deflate(body),
        "lz4" => lz4(body),
        "zstd" => zstd::encode_all(body, 1).unwrap(),
        _ => body.to_vec(),
    }
}

fn snappy_block(line: &str, at: i64) -> Vec<u8> {
    let stream = StreamEntries {
        labels: Labels::new([("app", "web")]),
        entries: vec![Entry {
            timestamp: TimestampNs(at),
            line: Bytes::copy_from_slice(line.as_bytes()),
            structured_metadata: Labels::empty(),
        }],
    };
    Encoder::new().encode(&[stream]).to_vec()
}

fn json_push(line: &str, at: i64) -> Vec<u8> {
    json!({"streams": [{"stream": {"app": "web"}, "values": [[at.to_string(), line]]}]})
        .to_string()
        .into_bytes()
}

#[tokio::test]
async fn pushes_in_every_encoding_are_found() {
    let api = Api::start().await;
    let cases = [
        (JSON, ""),
        ("application/json; charset=utf-8", ""),
        (JSON, "gzip"),
        (JSON, "deflate"),
        (JSON, "snappy"),
        (PROTOBUF, ""),
        (PROTOBUF, "snappy"),
        (PROTOBUF, "gzip"),
        (PROTOBUF, "deflate"),
    ];
    let mut expected = Vec::new();
    for (index, (content_type, encoding)) in (0..).zip(cases) {
        let line = format!("{content_type} {encoding} with \"quotes\", \\ and ünïcode");
        let at = a_minute_ago() - 600 * SECOND + index * SECOND;
        let plain = if content_type == PROTOBUF {
            snappy_block(&line, at)
        } else {
            json_push(&line, at)
        };
        let body = compressed(&plain, encoding);
        let mut headers = vec![("content-type", content_type)];
        if !encoding.is_empty() {
            headers.push(("content-encoding", encoding));
        }
        let path = if index % 2 == 0 {
            "/loki/api/v1/push"
        } else {
            "/api/prom/push"
        };
        assert_eq!(
            api.send("POST", path, &headers, body).await,
            (204, String::new()),
            "{line}"
        );
        expected.push(line);
    }
    assert_eq!(api.lines(r#"{app="web"}"#).await, expected);
}

#[tokio::test]
async fn the_older_path_takes_the_older_form() {
    let api = Api::start().await;
    let at = TimestampNs(a_minute_ago()).to_string();
    let push = |path: &'static str, body: serde_json::Value| {
        let body = body.to_string().into_bytes();
        api.send("POST", path, &[("content-type", "APPLICATION/json")], body)
    };
    let older = json!({"streams": [{"labels": "{app='web'}", "entries": [{"ts": at, "line": "older"}]}]});
    assert_eq!(push("/api/prom/push", older.clone()).await.0, 204);
    assert_eq!(api.lines(r#"{app="web"}"#).await, ["older"]);
    // To the newer path these are members that it does not know.
    assert_eq!(push("/loki/api/v1/push", older).await.0, 204);
    assert_eq!(push("/loki/api/v1/push", json!({"streams": null})).await.0, 422);
    assert_eq!(api.lines(r#"{app="web"}"#).await, ["older"]);
}

fn otlp_logs(line: &str, at: i64) -> ResourceLogs {
    ResourceLogs {
        resource: std::sync::Arc::new(Resource {
            attributes: vec![
                ("service.name".into(), "checkout".into()),
                ("k8s.pod.name".into(), "checkout-1".into()),
                ("host.name".into(), "node".into()),
            ],
        }),
        scope: Default::default(),
        records: vec![LogRecord {
            timestamp: TimestampNs(at),
            severity_number: 17,
            body: line.into(),
            attributes: vec![("log.iostream".into(), "stderr".into()), ("n".into(), Value::Int(3))],
            trace_id: vec![0xab; 16],
            ..LogRecord::default()
        }],
    }
}

fn otlp_json(line: &str, at: i64) -> Vec<u8> {
    json!({"resourceLogs": [{
        "resource": {"attributes": [
            {"key": "service.name", "value": {"stringValue": "checkout"}},
            {"key": "k8s.pod.name", "value": {"stringValue": "checkout-1"}},
            {"key": "host.name", "value": {"stringValue": "node"}},
        ]},
        "scopeLogs": [{"logRecords": [{
            "timeUnixNano": at.to_string(),
            "severityNumber": 17,
            "body": {"stringValue": line},
            "attributes": [
                {"key": "log.iostream", "value": {"stringValue": "stderr"}},
                {"key": "n", "value": {"intValue": "3"}},
            ],
            "traceId": "ab".repeat(16),
        }]}],
    }]})
    .to_string()
    .into_bytes()
}

#[tokio::test]
async fn otlp_in_every_encoding_gets_the_same_labels() {
    let api = Api::start().await;
    let mut expected = Vec::new();
    let cases = [JSON, PROTOBUF]
        .into_iter()
        .flat_map(|format| ["", "gzip", "zstd", "lz4"].map(|e| (format, e)));
    for (index, (content_type, encoding)) in (0..).zip(cases) {
        let line = format!("{content_type} {encoding}");
        let at = a_minute_ago() - 600 * SECOND + index * SECOND;
        let mut plain = Vec::new();
        if content_type == JSON {
            plain = otlp_json(&line, at);
        } else {
            otlp::encode_protobuf(&[otlp_logs(&line, at)], &mut plain);
        }
        let headers = [("content-type", content_type), ("content-encoding", encoding)];
        let headers = if encoding.is_empty() {
            &headers[..1]
        } else {
            &headers[..]
        };
        let answer = api
            .send("POST", "/otlp/v1/logs", headers, compressed(&plain, encoding))
            .await;
        assert_eq!(answer, (204, String::new()), "{line}");
        expected.push(line);
    }
    assert_eq!(
        api.lines(r#"{service_name="checkout", k8s_pod_name="checkout-1"}"#)
            .await,
        expected
    );
    let params = [("query", r#"{service_name="checkout"}"#), ("limit", "1")];
    let flags = [("x-loki-response-encoding-flags", "categorize-labels")];
    let (_, text) = api.try_get("/loki/api/v1/query_range", &params, &flags).await;
    let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        answer["data"]["result"][0]["stream"],
        json!({"k8s_pod_name": "checkout-1", "service_name": "checkout"})
    );
    assert_eq!(
        answer["data"]["result"][0]["values"][0][2]["structuredMetadata"],
        json!({
            "detected_level": "error", "host_name": "node", "log_iostream": "stderr", "n": "3",
            "severity_number": "17", "trace_id": "ab".repeat(16),
        })
    );
}

#[tokio::test]
async fn a_repeated_push_is_stored_once() {
    let api = Api::start().await;
    let at = a_minute_ago().to_string();
    let later = (a_minute_ago() + SECOND).to_string();
    let first = json!([[at, "one"], [at, "two"]]);
    api.push(json!({"app": "web"}), first.clone()).await;
    api.push(json!({"app": "web"}), first).await;
    api.push(json!({"app": "web"}), json!([[at, "two"], [later, "three"]]))
        .await;
    assert_eq!(api.lines(r#"{app="web"}"#).await, ["one", "two", "three"]);
}

#[tokio::test]
async fn good_entries_are_stored_and_bad_ones_named() {
    let limits = Limits {
        max_line_size: Some(20),
        ..Limits::default()
    };
    let settings = ServerSettings {
        limits,
        ..ServerSettings::default()
    };
    let api = Api::start_with(settings, None).await;
    let at = a_minute_ago();
    let body = json!({"streams": [{"stream": {"app": "web"}, "values": [
        [at.to_string(), "good"], [(at + 1).to_string(), "x".repeat(21)], [(at + 2).to_string(), "also good"],
    ]}]});
    let text = "max entry size '20' bytes exceeded for stream '{app=\"web\", service_name=\"web\"}' while adding an \
                entry with length '21' bytes\n";
    assert_eq!(api.push_json(&body.to_string()).await, (400, text.to_owned()));
    assert_eq!(api.lines(r#"{app="web"}"#).await, ["good", "also good"]);
    let (_, metrics) = api.send("GET", "/metrics", &[], "").await;
    assert!(
        metrics.contains("longshore_store_discarded_lines_total{reason=\"line_too_long\"} 1\n"),
        "{metrics}"
    );
}

#[tokio::test]
async fn a_body_that_inflates_too_much_is_refused() {
    let settings = ServerSettings {
        push_body_bytes_max: 10_000,
        push_inflated_bytes_max: 100_000,
        ..ServerSettings::default()
    };
    let api = Api::start_with(settings, None).await;
    let check = async |content_type: &str, encoding: &str, body: Vec<u8>| {
        let mut headers = vec![("content-type", content_type)];
        if !encoding.is_empty() {
            headers.push(("content-encoding", encoding));
        }
        let (status, text) = api.send("POST", "/loki/api/v1/push", &headers, body).await;
        assert_eq!(status, 413, "{content_type} {encoding}: {text}");
    };
    check(JSON, "", vec![b' '; 10_001]).await;
    check(JSON, "gzip", gzip(&vec![b' '; 100_001])).await;
    check(JSON, "deflate", deflate(&vec![b' '; 100_001])).await;
    check(
        PROTOBUF,
        "",
        snap::raw::Encoder::new().compress_vec(&vec![b' '; 100_001]).unwrap(),
    )
    .await;
}

#[tokio::test]
async fn lines_from_json_keep_every_character_and_odd_ones_are_replaced() {
    let api = Api::start().await;
    let at = a_minute_ago();
    let body = format!(
        r#"{{"streams":[{{"stream":{{"app":"web","n":5}},"values":[["{at}","tab\t nul\u0000 😀\ud83d\ude00"],["{}","lone \ud800 surrogate"]]}}]}}"#,
        at + 1
    );
    assert_eq!(api.push_json(&body).await, (204, String::new()));
    let lines = api.lines(r#"{app="web", n="5"}"#).await;
    assert_eq!(lines[0], "tab\t nul\u{0} 😀😀");
    assert!(
        lines[1].starts_with("lone \u{fffd}") && lines[1].ends_with(" surrogate"),
        "{}",
        lines[1]
    );
}
