//! The requests of Grafana's Loki data source and of its Drilldown app, replayed to the letter against the program,
//! and the answers read as Grafana's parsers read them.
//!
//! The requests: Grafana 12's `pkg/tsdb/loki` for queries and health, the data source's resource calls for the query
//! builder and the label browser, `grafana-lokiexplore-app` for Drilldown, the alerting UI for rules.

#[path = "grafana/data_source.rs"]
mod data_source;

use std::net::SocketAddr;

use futures_util::StreamExt as _;
use longshore_model::SECOND_NS;
use longshore_tests::clock::now;
use longshore_tests::http::{Client, escape};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::PATIENCE;
use data_source::{Grafana, LINES, labels, rows, series, sum};

const DRILLDOWN: (&str, &str) = ("X-Query-Tags", "Source=grafana-lokiexplore-app");

#[test]
fn save_and_test_and_what_it_can_do() {
    let mut grafana = Grafana::new();
    let time = now().0.to_string();
    let params = [
        ("direction", "backward"),
        ("query", "vector(1)+vector(1)"),
        ("time", &*time),
    ];
    let answer = grafana.get("/loki/api/v1/query", &params, &[]);
    let found = series(&answer, "vector", "value");
    assert_eq!((found.len(), sum(&found[0].1)), (1, 2.0));
    let info = grafana.get("/loki/api/v1/status/buildinfo", &[], &[]);
    let version: Vec<u32> = info["version"]
        .as_str()
        .unwrap()
        .split('.')
        .map(|part| part.parse().unwrap())
        .collect();
    assert!(version[0] >= 3, "Drilldown asks for Loki 3: {info}");
}

#[test]
fn explore_shows_lines_their_volume_and_samples() {
    let mut grafana = Grafana::new();
    let query = r#"{service_name="web"} |= `request` | logfmt"#;
    let answer = grafana.query_range(query, &[("limit", "1000")], "Source=grafana");
    let found = rows(&answer);
    assert_eq!(found.len(), LINES as usize);
    let newest = found.iter().max_by_key(|(at, ..)| *at).unwrap();
    assert_eq!(newest.0, grafana.first + (LINES - 1) * SECOND_NS);
    assert_eq!(
        newest.2["structuredMetadata"],
        json!({"detected_level": "error", "trace_id": "trace-59"})
    );
    assert_eq!(newest.2["parsed"]["status"], "500");

    let volume = r#"sum by (level, detected_level) (count_over_time({service_name="web"} |= `request` | logfmt | drop __error__[15s]))"#;
    let answer = grafana.query_range(volume, &[], "Source=logvolhist");
    let found = series(&answer, "matrix", "values");
    let of = |level: &str| {
        let of_level = |metric: &Value| metric["detected_level"] == level && metric["level"] == level;
        let points = found
            .iter()
            .find(|(metric, _)| of_level(metric))
            .map(|(_, points)| points);
        sum(points.unwrap_or_else(|| panic!("no {level} in {found:?}")))
    };
    // Start and end are moved to whole steps, so that the buckets at the edges may count a line of their own.
    assert_eq!((of("info"), of("error")), (54.0, 6.0));

    for tags in ["Source=logsample", "Source=datasample"] {
        let answer = grafana.query_range(r#"{service_name="web"}"#, &[("limit", "10")], tags);
        assert_eq!(rows(&answer).len(), 10);
    }

    // The context of a line: what came before it and from it on.
    let at = (grafana.first + 30 * SECOND_NS).to_string();
    let before = [("direction", "backward"), ("end", &*at), ("limit", "5")];
    let found = rows(&grafana.query_range(
        r#"{service_name="web", namespace="shop"}"#,
        &before,
        "Source=logcontext",
    ));
    let indices: Vec<i64> = found.iter().map(|(at, ..)| (at - grafana.first) / SECOND_NS).collect();
    assert_eq!(indices, [29, 28, 27, 26, 25]);
    let after = [("direction", "forward"), ("start", &*at), ("limit", "5")];
    let found = rows(&grafana.query_range(r#"{service_name="web", namespace="shop"}"#, &after, "Source=logcontext"));
    let indices: Vec<i64> = found.iter().map(|(at, ..)| (at - grafana.first) / SECOND_NS).collect();
    assert_eq!(indices, [30, 31, 32, 33, 34]);

    // What is wrong stands in the answer's text.
    let (status, content_type, text) = grafana.try_get("/loki/api/v1/query_range", &[("query", "{")], &[]);
    assert_eq!((status, content_type.as_str()), (400, "text/plain; charset=utf-8"));
    assert!(
        text.starts_with("parse error at line 1, col 2: syntax error: "),
        "{text}"
    );
}

#[test]
fn the_query_builder_and_the_label_browser_find_labels_and_fields() {
    let mut grafana = Grafana::new();
    let (start, end) = (grafana.start(), grafana.end());
    let range = [("start", &*start), ("end", &*end)];
    let with = |more: &[(&'static str, &'static str)]| -> Vec<(&str, &str)> {
        range.iter().copied().chain(more.iter().copied()).collect()
    };
    let answer = grafana.get("/loki/api/v1/labels", &range, &[]);
    assert_eq!(
        answer,
        json!({"status": "success", "data": ["namespace", "pod", "service_name"]})
    );
    let shop = with(&[("query", r#"{namespace="shop"}"#)]);
    let answer = grafana.get("/loki/api/v1/label/service_name/values", &shop, &[]);
    assert_eq!(answer, json!({"status": "success", "data": ["db", "web"]}));
    let answer = grafana.get(
        "/loki/api/v1/series",
        &with(&[("match[]", r#"{service_name="db"}"#)]),
        &[],
    );
    assert_eq!(
        answer,
        json!({"status": "success", "data": [{"service_name": "db", "namespace": "shop", "pod": "db-1"}]})
    );
    let answer = grafana.get(
        "/loki/api/v1/index/stats",
        &with(&[("query", r#"{service_name="web"}"#)]),
        &[],
    );
    for (name, value) in [("streams", 1), ("entries", LINES)] {
        assert_eq!(answer[name], value, "{answer}");
    }
    assert!(
        answer["bytes"].as_u64().unwrap() > 1_000 && answer["chunks"].is_u64(),
        "{answer}"
    );
    let answer = grafana.get("/loki/api/v1/format_query", &[("query", r#"{a="b"}|="c""#)], &[]);
    assert_eq!(answer, json!({"status": "success", "data": r#"{a="b"} |= "c""#}));
    let web = with(&[
        ("query", r#"{service_name="web"}"#),
        ("line_limit", "100"),
        ("limit", "100"),
    ]);
    let answer = grafana.get("/loki/api/v1/detected_fields", &web, &[]);
    let status = answer["fields"]
        .as_array()
        .unwrap()
        .iter()
        .find(|field| field["label"] == "status");
    assert_eq!(
        *status.unwrap(),
        json!({"label": "status", "type": "int", "cardinality": 2, "parsers": ["logfmt"]})
    );
    let answer = grafana.get("/loki/api/v1/detected_field/status/values", &web, &[]);
    assert_eq!(answer["values"], json!(["200", "500"]));
}

#[test]
fn drilldown_finds_services_labels_and_fields() {
    let mut grafana = Grafana::new();
    let (start, end) = (grafana.start(), grafana.end());
    let range = [("start", &*start), ("end", &*end)];
    let with = |more: &[(&'static str, &'static str)]| -> Vec<(&str, &str)> {
        range.iter().copied().chain(more.iter().copied()).collect()
    };
    let answer = grafana.get("/loki/api/v1/drilldown-limits", &[], &[DRILLDOWN]);
    assert_eq!(answer["pattern_ingester_enabled"], true);
    for name in [
        "volume_enabled",
        "discover_log_levels",
        "max_entries_limit_per_query",
        "query_timeout",
    ] {
        assert!(!answer["limits"][name].is_null(), "{name} in {answer}");
    }
    let services = with(&[
        ("query", r#"{service_name=~`.+`}"#),
        ("limit", "5000"),
        ("targetLabels", "service_name"),
    ]);
    let answer = grafana.get("/loki/api/v1/index/volume", &services, &[DRILLDOWN]);
    let found = series(&answer, "vector", "value");
    let names: Vec<&str> = found
        .iter()
        .map(|(metric, _)| metric["service_name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["web", "db"], "the largest first");
    let answer = grafana.get(
        "/loki/api/v1/detected_labels",
        &with(&[("query", r#"{service_name="web"}"#)]),
        &[DRILLDOWN],
    );
    let offered: Vec<&str> = answer["detectedLabels"]
        .as_array()
        .unwrap()
        .iter()
        .map(|label| {
            assert!(label["cardinality"].is_u64());
            label["label"].as_str().unwrap()
        })
        .collect();
    assert_eq!(offered, ["namespace", "pod", "service_name"]);
    // The fields' panels, by many queries of this kind.
    let by_status = r#"sum by (status) (count_over_time({service_name="web"} | logfmt | drop __error__, __error_details__ | status!="" [15s]))"#;
    let found = series(
        &grafana.query_range(by_status, &[], "Source=grafana-lokiexplore-app"),
        "matrix",
        "values",
    );
    assert_eq!(found.len(), 2);
}

#[test]
fn drilldown_shows_patterns_and_the_lines_of_one() {
    let mut grafana = Grafana::new();
    let (start, end) = (grafana.start(), grafana.end());
    let web = [
        ("query", r#"{service_name="web"}"#),
        ("start", &*start),
        ("end", &*end),
        ("step", "10s"),
    ];
    let answer = grafana.get("/loki/api/v1/patterns", &web, &[DRILLDOWN]);
    let patterns = answer["data"].as_array().unwrap();
    let mut lines = 0;
    for pattern in patterns {
        let (text, level) = (pattern["pattern"].as_str().unwrap(), pattern["level"].as_str().unwrap());
        assert_eq!(
            text,
            format!(
                "level={level} msg=\"request served\" status={} took=<_> path=<_>",
                if level == "info" { "200" } else { "500" }
            )
        );
        for sample in pattern["samples"].as_array().unwrap() {
            assert!(sample[0].as_i64().unwrap() * SECOND_NS >= grafana.first - 10 * SECOND_NS);
            lines += sample[1].as_i64().unwrap();
        }
        // What a click on a pattern asks.
        let query = format!("{{service_name=\"web\"}} |> `{text}`");
        let count = sum(&series(
            &grafana.query_range(
                &format!("sum(count_over_time({query}[15s]))"),
                &[],
                "Source=grafana-lokiexplore-app",
            ),
            "matrix",
            "values",
        )[0]
        .1);
        assert_eq!(count, if level == "info" { 54.0 } else { 6.0 });
    }
    assert_eq!((patterns.len(), lines), (2, LINES));
}

#[test]
fn alerting_sees_a_data_source_without_rules() {
    let mut grafana = Grafana::new();
    let answer = grafana.get("/prometheus/api/v1/rules", &[("type", "alert")], &[]);
    assert_eq!(answer["data"]["groups"], json!([]));
    let answer = grafana.get("/prometheus/api/v1/alerts", &[], &[]);
    assert_eq!(answer["data"]["alerts"], json!([]));
    for path in ["/loki/api/v1/rules", "/api/prom/rules"] {
        let (status, _, text) = grafana.try_get(path, &[], &[]);
        assert_eq!((status, text.as_str()), (404, "no rule groups found\n"));
        // By this text Grafana knows that rules cannot be stored here, and does not offer it.
        let (_, _, text) = grafana.try_get(&format!("{path}/test/test"), &[], &[]);
        assert!(text.contains("GetRuleGroup unsupported in rule local store"), "{text}");
    }
}

#[test]
fn live_follows() {
    let grafana = Grafana::new();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(follow(grafana.halves.address, grafana.first));
}

async fn follow(address: SocketAddr, first: i64) {
    let query = escape(r#"{service_name="web"}"#);
    let url = format!("ws://{address}/loki/api/v1/tail?query={query}&limit=5&start={first}");
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    let mut seen = Vec::new();
    let mut pushed = false;
    while seen.len() < 6 {
        let message = tokio::time::timeout(PATIENCE, socket.next())
            .await
            .expect("a frame in time");
        let Some(Ok(Message::Text(text))) = message else {
            continue;
        };
        let frame: Value = serde_json::from_str(&text).unwrap();
        for stream in frame["streams"].as_array().unwrap() {
            labels(&stream["stream"]);
            for value in stream["values"].as_array().unwrap() {
                seen.push((
                    value[0].as_str().unwrap().parse::<i64>().unwrap(),
                    value[1].as_str().unwrap().to_owned(),
                ));
            }
        }
        if !pushed && seen.len() == 5 {
            pushed = true;
            let body = json!({"streams": [{"stream": {"service_name": "web"}, "values":
                [[(first + LINES * SECOND_NS).to_string(), "live"]]}]})
            .to_string();
            let headers = [("Content-Type", "application/json")];
            let push = move || Client::new(address).post("/loki/api/v1/push", &headers, body.as_bytes());
            assert_eq!(tokio::task::spawn_blocking(push).await.unwrap().unwrap().status, 204);
        }
    }
    // Lines of one frame come by stream; Grafana sorts them.
    seen.sort();
    let indices: Vec<i64> = seen.iter().map(|(at, _)| (at - first) / SECOND_NS).collect();
    assert_eq!(indices, [55, 56, 57, 58, 59, 60]);
    assert_eq!(seen[5].1, "live");
}
