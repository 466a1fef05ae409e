//! Random pushes, repeated, mixed up in time, with entries that are refused, between flushes, restarts and crashes: a
//! query finds each entry that was acknowledged, once, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use longshore_server::{Limits, Server, ServerSettings};
use longshore_store::{Settings, Store};
use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::oneshot;

/// A line may have so many bytes.
const LINE_BYTES_MAX: usize = 20;
/// An hour ahead: longer than pushes may lie in the future.
const TOO_NEW_NS: i64 = 3600 * 1_000_000_000;
/// How long a server may take to let go of its store.
const ENDS_WITHIN: Duration = Duration::from_secs(20);

#[derive(Debug, Clone)]
struct Row {
    stream: u8,
    at: u8,
    line: u8,
    metadata: u8,
    refused: Refused,
}

/// What is wrong with an entry.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Refused {
    Nothing,
    TooLong,
    TooNew,
}

#[derive(Debug, Clone)]
enum Action {
    Push(Vec<Row>),
    /// The push before, again, as a client does that got no answer.
    Repeat,
    Flush,
    Restart {
        closed: bool,
    },
    Query {
        limit: usize,
        newest: bool,
    },
}

fn row() -> impl Strategy<Value = Row> {
    let refused = prop_oneof![
        6 => Just(Refused::Nothing),
        1 => Just(Refused::TooLong),
        1 => Just(Refused::TooNew),
    ];
    (0_u8..3, 0_u8..40, 0_u8..4, 0_u8..3, refused).prop_map(|(stream, at, line, metadata, refused)| Row {
        stream,
        at,
        line,
        metadata,
        refused,
    })
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        6 => proptest::collection::vec(row(), 1..20).prop_map(Action::Push),
        2 => Just(Action::Repeat),
        1 => Just(Action::Flush),
        1 => any::<bool>().prop_map(|closed| Action::Restart { closed }),
        3 => (1_usize..30, any::<bool>()).prop_map(|(limit, newest)| Action::Query { limit, newest }),
    ]
}

/// Stream, time and line, and the metadata it has: several only where the push that brought it had it with several.
type Model = BTreeMap<(u8, i64, String), BTreeSet<u8>>;

/// A server over a folder that outlives it.
struct Running {
    address: String,
    stop: oneshot::Sender<()>,
    served: tokio::task::JoinHandle<()>,
    store: Arc<Store>,
}

impl Running {
    async fn start(folder: &TempDir) -> Self {
        let limits = Limits {
            max_line_size: Some(LINE_BYTES_MAX),
            discover_log_levels: false,
            discover_service_name: Vec::new(),
            ..Limits::default()
        };
        let settings = ServerSettings {
            listen: "127.0.0.1:0".to_owned(),
            limits,
            ..ServerSettings::default()
        };
        let store = Store::open(Settings::new(folder.path())).unwrap();
        let server = Server::bind(settings, Arc::clone(&store), None).await.unwrap();
        let address = server.local_addr().to_string();
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(server.serve(async {
            drop(stopped.await);
        }));
        Self {
            address,
            stop,
            served,
            store,
        }
    }

    async fn end(self, closed: bool) {
        drop(self.stop);
        self.served.await.unwrap();
        // Connections that are just ending hold the store, and with it the lock of its folder.
        let since = Instant::now();
        while Arc::strong_count(&self.store) > 1 {
            assert!(since.elapsed() < ENDS_WITHIN, "the server still holds the store");
            tokio::task::yield_now().await;
        }
        if closed {
            self.store.close().unwrap();
        }
    }
}

struct Run {
    folder: TempDir,
    client: reqwest::Client,
    server: Running,
    model: Model,
    base: i64,
    last: Option<(Vec<Row>, String)>,
}

fn line(row: &Row) -> String {
    match row.refused {
        Refused::TooLong => "x".repeat(LINE_BYTES_MAX + 1),
        _ => ["", "a", "ünï", "something longer"][row.line as usize].to_owned(),
    }
}

impl Run {
    fn at(&self, row: &Row) -> i64 {
        let ahead = if row.refused == Refused::TooNew { TOO_NEW_NS } else { 0 };
        self.base + i64::from(row.at) * 1_000_000_000 + ahead
    }

    async fn push(&mut self, rows: Vec<Row>) {
        let mut streams: BTreeMap<u8, Vec<Value>> = BTreeMap::new();
        for row in &rows {
            let metadata = match row.metadata {
                0 => json!({}),
                number => json!({ "m": number.to_string() }),
            };
            let entry = json!([self.at(row).to_string(), line(row), metadata]);
            streams.entry(row.stream).or_default().push(entry);
        }
        let streams: Vec<Value> = streams
            .iter()
            .map(|(stream, values)| json!({"stream": {"s": stream.to_string()}, "values": values}))
            .collect();
        let body = json!({ "streams": streams }).to_string();
        self.send(&rows, &body).await;
        self.last = Some((rows, body));
    }

    async fn send(&mut self, rows: &[Row], body: &str) {
        let url = format!("http://{}/loki/api/v1/push", self.server.address);
        let request = self.client.post(url).header("content-type", "application/json");
        let status = request.body(body.to_owned()).send().await.unwrap().status().as_u16();
        let is_whole = rows.iter().all(|row| row.refused == Refused::Nothing);
        assert_eq!(status, if is_whole { 204 } else { 400 });
        let mut new = Model::new();
        for row in rows.iter().filter(|row| row.refused == Refused::Nothing) {
            let key = (row.stream, self.at(row), line(row));
            if !self.model.contains_key(&key) {
                new.entry(key).or_default().insert(row.metadata);
            }
        }
        self.model.append(&mut new);
    }

    /// Stream, time, line and metadata, in the order in which each stream gives them.
    async fn query(&self, limit: usize, newest: bool) -> Vec<(u8, i64, String, u8)> {
        let direction = if newest { "backward" } else { "forward" };
        let parameters = [
            ("query", r#"{s=~".+"}"#.to_owned()),
            ("start", self.base.to_string()),
            ("end", (self.base + 3 * TOO_NEW_NS).to_string()),
            ("limit", limit.to_string()),
            ("direction", direction.to_owned()),
        ];
        let url = format!("http://{}/loki/api/v1/query_range", self.server.address);
        let url = reqwest::Url::parse_with_params(&url, parameters).unwrap();
        let request = self
            .client
            .get(url)
            .header("x-loki-response-encoding-flags", "categorize-labels");
        let answer: Value = serde_json::from_str(&request.send().await.unwrap().text().await.unwrap()).unwrap();
        let mut rows = Vec::new();
        for stream in answer["data"]["result"].as_array().unwrap() {
            let name = stream["stream"]["s"].as_str().unwrap().parse().unwrap();
            let entries = stream["values"].as_array().unwrap().iter().map(|value| {
                let at: i64 = value[0].as_str().unwrap().parse().unwrap();
                let metadata = value[2]["structuredMetadata"]["m"].as_str().unwrap_or("0");
                (
                    name,
                    at,
                    value[1].as_str().unwrap().to_owned(),
                    metadata.parse().unwrap(),
                )
            });
            let entries: Vec<(u8, i64, String, u8)> = entries.collect();
            let in_order = |pair: &[(u8, i64, String, u8)]| match newest {
                true => pair[0].1 >= pair[1].1,
                false => pair[0].1 <= pair[1].1,
            };
            assert!(entries.windows(2).all(in_order), "{entries:?}");
            rows.extend(entries);
        }
        rows
    }

    async fn check(&self, limit: usize, newest: bool) {
        let mut found = self.query(limit, newest).await;
        let mut wanted: Vec<(u8, i64, String, u8)> = (self.model.iter())
            .flat_map(|((stream, at, line), metadata)| {
                let row = |metadata: &u8| (*stream, *at, line.clone(), *metadata);
                metadata.iter().map(row).collect::<Vec<_>>()
            })
            .collect();
        found.sort();
        if wanted.len() <= limit {
            wanted.sort();
            assert_eq!(found, wanted);
            return;
        }
        // Of lines with the time at the edge any may be given, but each of them is one that was stored.
        let times = |rows: &[(u8, i64, String, u8)]| {
            let mut times: Vec<i64> = rows.iter().map(|row| row.1).collect();
            times.sort_unstable();
            times
        };
        let all = times(&wanted);
        let edge = if newest {
            &all[all.len() - limit..]
        } else {
            &all[..limit]
        };
        assert_eq!(times(&found), edge);
        found.dedup();
        assert_eq!(found.len(), limit, "a line is given twice");
        assert!(found.iter().all(|row| wanted.contains(row)));
    }
}

async fn run(actions: Vec<Action>) {
    // Another test may have installed it already.
    drop(rustls::crypto::ring::default_provider().install_default());
    let folder = TempDir::new().unwrap();
    let mut run = Run {
        server: Running::start(&folder).await,
        folder,
        client: reqwest::Client::new(),
        model: Model::new(),
        base: crate::api::a_minute_ago(),
        last: None,
    };
    for action in actions {
        match action {
            Action::Push(rows) => run.push(rows).await,
            Action::Repeat => {
                if let Some((rows, body)) = run.last.take() {
                    run.send(&rows, &body).await;
                }
            }
            Action::Flush => {
                let url = format!("http://{}/flush", run.server.address);
                assert_eq!(run.client.post(url).send().await.unwrap().status().as_u16(), 204);
            }
            Action::Restart { closed } => {
                run.server.end(closed).await;
                run.server = Running::start(&run.folder).await;
            }
            Action::Query { limit, newest } => run.check(limit, newest).await,
        }
    }
    run.check(5000, true).await;
    run.check(5000, false).await;
    run.server.end(true).await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn a_query_finds_what_was_acknowledged_once(actions in proptest::collection::vec(action(), 1..20)) {
        tokio::runtime::Runtime::new().unwrap().block_on(run(actions));
    }
}
