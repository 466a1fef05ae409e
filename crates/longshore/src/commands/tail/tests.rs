//! A tail over a connection that breaks, against a server of a few lines.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{RawQuery, State};
use axum::response::Response;
use axum::routing::any;
use clap::Parser;

use super::*;

#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    tail: TailArgs,
}

/// What each connection sends, in order; then it ends with the close code, or is dropped without a word.
type Script = Vec<(Vec<&'static str>, Option<u16>)>;

#[derive(Clone, Default)]
struct Server {
    script: Arc<Mutex<Script>>,
    queries: Arc<Mutex<Vec<String>>>,
}

async fn tail(State(server): State<Server>, RawQuery(query): RawQuery, upgrade: WebSocketUpgrade) -> Response {
    server.queries.lock().unwrap().push(query.unwrap_or_default());
    upgrade.on_upgrade(|socket| play(server, socket))
}

async fn play(server: Server, mut socket: WebSocket) {
    let (frames, close) = server.script.lock().unwrap().remove(0);
    for frame in frames {
        socket.send(Message::Ping("x".into())).await.unwrap();
        socket.send(Message::Text(frame.into())).await.unwrap();
    }
    if let Some(code) = close {
        let close = CloseFrame {
            code,
            reason: "because".into(),
        };
        socket.send(Message::Close(Some(close))).await.unwrap();
    }
}

/// Tails the script to its end, which must be a refusal; gives what was printed, the error and the requests.
async fn follow_script(script: Script) -> (String, String, Vec<String>) {
    let server = Server {
        script: Arc::new(Mutex::new(script)),
        ..Server::default()
    };
    let router = Router::new()
        .route("/loki/api/v1/tail", any(tail))
        .with_state(server.clone());
    let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))
        .await
        .unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, router).into_future());
    let arguments = [
        "test",
        "{a=\"b\"}",
        "--addr",
        &address,
        "--output",
        "raw",
        "--min-backoff",
        "1ms",
    ];
    let arguments = Arguments::parse_from(arguments).tail;
    let client = arguments.connection.client().unwrap();
    let mut out = Vec::new();
    let error = follow(&arguments, &client, &mut out).await.unwrap_err();
    let queries = server.queries.lock().unwrap().clone();
    (String::from_utf8(out).unwrap(), error.to_string(), queries)
}

#[tokio::test]
async fn each_line_is_printed_once_over_reconnections() {
    let first =
        r#"{"streams":[{"stream":{"a":"b"},"values":[["9000000000000000002","two"],["9000000000000000001","one"]]}]}"#;
    let again =
        r#"{"streams":[{"stream":{"a":"b"},"values":[["9000000000000000002","two"],["9000000000000000002","too"]]}]}"#;
    let last =
        r#"{"streams":[{"stream":{"a":"b"},"values":[["9000000000000000003","three"]]}],"dropped_entries":[{}]}"#;
    let (printed, error, queries) = follow_script(vec![
        (vec![first], None),
        (vec![again], Some(1001)),
        (vec![last], Some(1011)),
    ])
    .await;
    assert_eq!(printed, "one\ntwo\ntoo\nthree\n");
    assert_eq!(error, "the server ended the tail: because");
    assert_eq!(queries.len(), 3);
    assert!(queries[0].contains("query=%7Ba%3D%22b%22%7D&start=") && queries[0].ends_with("&limit=30&delay_for=0"));
    assert!(queries[1].contains("start=9000000000000000002&"), "{}", queries[1]);
}

#[tokio::test]
async fn what_is_no_json_ends_the_tail() {
    let (printed, error, _) = follow_script(vec![(vec!["no"], None)]).await;
    assert_eq!(
        (printed.as_str(), error.as_str()),
        ("", "a message of the tail is not JSON")
    );
}
