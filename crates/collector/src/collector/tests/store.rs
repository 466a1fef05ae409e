//! A server that takes Loki's push, answers as it was told, and remembers what it took.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::post;
use longshore_model::StreamEntries;
use longshore_wire::loki_push;
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// What is not there after so long will never be.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Default)]
struct State {
    answers: VecDeque<(u16, String)>,
    bodies: Vec<Bytes>,
    taken: Vec<Vec<StreamEntries>>,
}

pub(super) struct Store {
    pub(super) address: SocketAddr,
    state: Arc<Mutex<State>>,
    changed: Arc<Notify>,
}

impl Store {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (state, changed) = (Arc::new(Mutex::new(State::default())), Arc::new(Notify::new()));
        let (mine, notify) = (state.clone(), changed.clone());
        let push = async move |body: Bytes| {
            let answer = take(&mut mine.lock().unwrap(), &body);
            notify.notify_waiters();
            answer
        };
        let router = Router::new().route("/loki/api/v1/push", post(push));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            address,
            state,
            changed,
        }
    }

    /// Answers to the next requests; after them all are taken.
    pub(super) fn answer(&self, answers: &[(u16, &str)]) {
        let answers = answers.iter().map(|(status, text)| (*status, (*text).to_owned()));
        self.state.lock().unwrap().answers = answers.collect();
    }

    /// Waits until exactly these lines were taken, in this order.
    pub(super) async fn has(&self, lines: &[&str]) {
        self.wait(|state| {
            let taken = entries(state).map(|entry| String::from_utf8_lossy(&entry.line).into_owned());
            let taken: Vec<String> = taken.collect();
            if taken == lines {
                Ok(())
            } else {
                Err(format!("{taken:?}"))
            }
        })
        .await;
    }

    pub(super) async fn has_requests(&self, count: usize) {
        let found = |state: &State| state.bodies.len();
        self.wait(|state| {
            if found(state) >= count {
                Ok(())
            } else {
                Err(found(state).to_string())
            }
        })
        .await;
    }

    async fn wait(&self, condition: impl Fn(&State) -> Result<(), String>) {
        let condition = |state: &Mutex<State>| condition(&state.lock().unwrap());
        let waiting = async {
            loop {
                let changed = self.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if condition(&self.state).is_ok() {
                    return;
                }
                changed.await;
            }
        };
        if tokio::time::timeout(PATIENCE, waiting).await.is_err() {
            panic!("the store has {}", condition(&self.state).unwrap_err());
        }
    }

    pub(super) fn bodies(&self) -> Vec<Bytes> {
        self.state.lock().unwrap().bodies.clone()
    }

    /// Records of each request.
    pub(super) fn sizes(&self) -> Vec<usize> {
        let state = self.state.lock().unwrap();
        state
            .taken
            .iter()
            .map(|streams| streams.iter().map(|stream| stream.entries.len()).sum())
            .collect()
    }

    pub(super) fn labels(&self) -> Vec<String> {
        let state = self.state.lock().unwrap();
        unique(state.taken.iter().flatten().map(|stream| stream.labels.to_string()))
    }

    pub(super) fn metadata(&self) -> Vec<String> {
        let state = self.state.lock().unwrap();
        unique(entries(&state).map(|entry| entry.structured_metadata.to_string()))
    }
}

fn entries(state: &State) -> impl Iterator<Item = &longshore_model::Entry> {
    state.taken.iter().flatten().flat_map(|stream| &stream.entries)
}

fn unique(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut texts: Vec<String> = texts.collect();
    texts.sort();
    texts.dedup();
    texts
}

fn take(state: &mut State, body: &Bytes) -> (StatusCode, String) {
    state.bodies.push(body.clone());
    let (status, text) = state.answers.pop_front().unwrap_or((204, String::new()));
    let status = StatusCode::from_u16(status).unwrap();
    if status.is_success() {
        state.taken.push(loki_push::decode_protobuf(body, 64 << 20).unwrap());
    }
    (status, text)
}
