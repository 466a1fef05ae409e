//! Grafana as a client: its headers, its way to write parameters, its parsers.

use longshore_model::SECOND_NS;
use longshore_tests::clock::now;
use longshore_tests::halves::{Half, Halves, Via};
use longshore_tests::http::{Client, escape};
use serde_json::{Value, json};

use crate::program;

/// Headers that Grafana's backend adds to every request.
const COMMON: [(&str, &str); 3] = [
    ("User-Agent", "Grafana/12.0.2"),
    ("X-Grafana-User", "admin"),
    ("X-Datasource-Uid", "longshore"),
];
const CATEGORIZE: (&str, &str) = ("X-Loki-Response-Encoding-Flags", "categorize-labels");

/// Lines that were pushed: a second apart, the last one ten seconds ago.
pub(super) const LINES: i64 = 60;

pub(super) struct Grafana {
    client: Client,
    /// Of the first line, in nanoseconds.
    pub(super) first: i64,
    pub(super) halves: Halves,
    _folder: tempfile::TempDir,
}

impl Grafana {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut halves = Halves::new(program(), folder.path(), Via::Loki).unwrap();
        halves.start_ready(Half::Store).unwrap();
        let first = (now().0 / SECOND_NS - 10 - LINES) * SECOND_NS;
        let grafana = Self {
            client: Client::new(halves.address),
            first,
            halves,
            _folder: folder,
        };
        grafana.fill()
    }

    /// Every tenth line is an error, each has a trace id as structured metadata.
    fn fill(mut self) -> Self {
        let values: Vec<Value> = (0..LINES)
            .map(|index| {
                let (level, status) = if index % 10 == 9 { ("error", 500) } else { ("info", 200) };
                let line =
                    format!("level={level} msg=\"request served\" status={status} took={index}ms path=/cart/{index}");
                let trace = json!({"trace_id": format!("trace-{index}")});
                json!([(self.first + index * SECOND_NS).to_string(), line, trace])
            })
            .collect();
        let web = json!({"stream": {"service_name": "web", "namespace": "shop", "pod": "web-1"}, "values": values});
        let db = json!({"stream": {"service_name": "db", "namespace": "shop", "pod": "db-1"},
            "values": [[self.first.to_string(), "{\"msg\":\"checkpoint\",\"pages\":17}"]]});
        let body = json!({"streams": [web, db]}).to_string();
        let headers = [("Content-Type", "application/json")];
        let answer = self
            .client
            .post("/loki/api/v1/push", &headers, body.as_bytes())
            .unwrap();
        assert_eq!(answer.status, 204, "{}", answer.text());
        self
    }

    /// A GET as Grafana sends it; its JSON must have come as JSON.
    pub(super) fn get(&mut self, path: &str, params: &[(&str, &str)], headers: &[(&str, &str)]) -> Value {
        let (status, content_type, text) = self.try_get(path, params, headers);
        assert_eq!(status, 200, "{path} {params:?}: {text}");
        assert!(content_type.starts_with("application/json"), "{path}: {content_type}");
        serde_json::from_str(&text).unwrap()
    }

    pub(super) fn try_get(
        &mut self,
        path: &str,
        params: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> (u16, String, String) {
        let pairs: Vec<String> = params
            .iter()
            .map(|(name, value)| format!("{}={}", escape(name), escape(value)))
            .collect();
        let headers: Vec<(&str, &str)> = COMMON.iter().chain(headers).copied().collect();
        let answer = self
            .client
            .send("GET", &format!("{path}?{}", pairs.join("&")), &headers, &[])
            .unwrap();
        let content_type = answer.header("content-type").unwrap_or_default().to_owned();
        (answer.status, content_type, answer.text())
    }

    pub(super) fn start(&self) -> String {
        self.first.to_string()
    }

    pub(super) fn end(&self) -> String {
        (self.first + LINES * SECOND_NS).to_string()
    }

    /// A range query of Explore or of a panel, with the step in milliseconds as Grafana writes it.
    pub(super) fn query_range(&mut self, query: &str, more: &[(&str, &str)], tags: &str) -> Value {
        let (start, end) = (self.start(), self.end());
        let mut params = vec![
            ("direction", "backward"),
            ("end", &*end),
            ("query", query),
            ("start", &*start),
            ("step", "15000ms"),
        ];
        params.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
        params.extend(more);
        let answer = self.get(
            "/loki/api/v1/query_range",
            &params,
            &[("X-Query-Tags", tags), CATEGORIZE],
        );
        check_stats(&answer["data"]["stats"]);
        answer
    }
}

/// Strings by name, as Grafana reads labels.
pub(super) fn labels(value: &Value) -> Vec<(&str, &str)> {
    let object = value.as_object().expect("labels are an object");
    object
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str().expect("values of labels are strings")))
        .collect()
}

/// Rows of an answer with streams: nanoseconds, line, what the line alone has.
pub(super) fn rows(answer: &Value) -> Vec<(i64, String, Value)> {
    assert_eq!(answer["status"], "success");
    assert_eq!(answer["data"]["resultType"], "streams");
    assert_eq!(answer["data"]["encodingFlags"], json!(["categorize-labels"]));
    let mut rows = Vec::new();
    for stream in answer["data"]["result"].as_array().unwrap() {
        assert!(!labels(&stream["stream"]).is_empty());
        for value in stream["values"].as_array().unwrap() {
            let value = value.as_array().unwrap();
            assert_eq!(value.len(), 3, "time, line and categories: {value:?}");
            for (name, _) in value[2].as_object().unwrap() {
                assert!(["structuredMetadata", "parsed"].contains(&name.as_str()), "{name}");
                labels(&value[2][name]);
            }
            let at = value[0].as_str().unwrap().parse().unwrap();
            rows.push((at, value[1].as_str().unwrap().to_owned(), value[2].clone()));
        }
    }
    rows
}

/// Series of an answer: labels and points.
pub(super) fn series(answer: &Value, result_type: &str, field: &str) -> Vec<(Value, Vec<(f64, f64)>)> {
    assert_eq!(answer["status"], "success");
    assert_eq!(answer["data"]["resultType"], result_type);
    let point = |point: &Value| {
        let value = point[1].as_str().expect("a value is a string").parse::<f64>().unwrap();
        (point[0].as_f64().expect("a time is a number of seconds"), value)
    };
    let result = answer["data"]["result"].as_array().unwrap();
    result
        .iter()
        .map(|series| {
            labels(&series["metric"]);
            let points = match field {
                "value" => vec![point(&series["value"])],
                _ => series["values"].as_array().unwrap().iter().map(point).collect(),
            };
            (series["metric"].clone(), points)
        })
        .collect()
}

pub(super) fn sum(points: &[(f64, f64)]) -> f64 {
    points.iter().map(|(_, value)| value).sum()
}

/// What the query inspector and the line below a panel show.
pub(super) fn check_stats(stats: &Value) {
    for name in [
        "bytesProcessedPerSecond",
        "linesProcessedPerSecond",
        "totalBytesProcessed",
        "totalLinesProcessed",
        "execTime",
        "queueTime",
        "subqueries",
        "totalEntriesReturned",
    ] {
        assert!(stats["summary"][name].is_number(), "summary.{name} in {stats}");
    }
    for object in ["querier", "ingester"] {
        let store = &stats[object]["store"];
        for name in ["totalChunksRef", "totalChunksDownloaded", "chunksDownloadTime"] {
            assert!(store[name].is_number(), "{object}.store.{name} in {stats}");
        }
        for name in [
            "headChunkBytes",
            "decompressedBytes",
            "compressedBytes",
            "totalDuplicates",
        ] {
            assert!(
                store["chunk"][name].is_number(),
                "{object}.store.chunk.{name} in {stats}"
            );
        }
    }
    for name in ["totalReached", "totalChunksMatched", "totalBatches", "totalLinesSent"] {
        assert!(stats["ingester"][name].is_number(), "ingester.{name} in {stats}");
    }
}
