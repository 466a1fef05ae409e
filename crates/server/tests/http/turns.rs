//! Texts of queries are read on the threads of queries, in their turn.

use std::time::Duration;

use longshore_server::{Limits, ServerSettings};

use crate::api::Api;
use crate::bounds::{fill, long_query, wait_for};

#[tokio::test]
async fn no_query_is_read_before_its_turn() {
    let settings = ServerSettings {
        queries_at_once: 1,
        queries_waiting_max: 0,
        delete_max_interval: Duration::from_secs(3600),
        limits: Limits {
            query_timeout: Duration::from_secs(3600),
            ..Limits::default()
        },
        ..ServerSettings::default()
    };
    let api = Api::start_with(settings, None).await;
    fill(&api).await;
    let tail = [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    let rule = "name: a\nrules:\n  - alert: b\n    expr: \"{\"";
    let get = |path: &'static str| ("GET", path, &[][..], "");
    let requests = [
        get("/loki/api/v1/query_range?query=%7B"),
        get("/loki/api/v1/query?query=%7B"),
        get("/loki/api/v1/labels?query=%7B"),
        get("/loki/api/v1/label/app/values?query=%7B"),
        get("/loki/api/v1/series?match[]=%7B"),
        get("/loki/api/v1/index/stats?query=%7B"),
        get("/loki/api/v1/index/volume?query=%7B"),
        get("/loki/api/v1/index/volume_range?query=%7B"),
        get("/loki/api/v1/index/shards?query=%7B&targetBytesPerShard=1MB"),
        get("/loki/api/v1/detected_labels?query=%7B"),
        get("/loki/api/v1/detected_fields?query=%7B"),
        get("/loki/api/v1/detected_field/a/values?query=%7B"),
        get("/loki/api/v1/patterns?query=%7B"),
        get("/loki/api/v1/format_query?query=%7B"),
        get("/api/prom/query?query=%7B"),
        ("GET", "/loki/api/v1/tail?query=%7B", &tail, ""),
        ("POST", "/loki/api/v1/delete?query=%7B&start=0", &[], ""),
        ("POST", "/loki/api/v1/rules/a", &[], rule),
    ];
    // The answer of each is that of a text which cannot be read, once it is.
    for (method, path, headers, body) in requests {
        let (status, text) = api.send(method, path, headers, body).await;
        assert_eq!(status, 400, "{path}: {text}");
    }
    let url = format!("http://{}{}", api.address, long_query());
    let running = tokio::spawn(async move { reqwest::get(url).await });
    wait_for(&api, true).await;
    for (method, path, headers, body) in requests {
        let (status, text) = api.send(method, path, headers, body).await;
        assert_eq!(
            (status, text.trim_end()),
            (429, "too many outstanding requests"),
            "{path}"
        );
    }
    running.abort();
    wait_for(&api, false).await;
}
