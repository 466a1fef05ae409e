//! Live tail over a WebSocket.

use std::time::Duration;

use futures_util::StreamExt;
use longshore_server::{Limits, ServerSettings};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::api::{Api, SECOND, a_minute_ago};

pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

fn address(api: &Api, params: &[(&str, &str)]) -> String {
    let base = format!("ws://{}/loki/api/v1/tail", api.address);
    reqwest::Url::parse_with_params(&base, params).unwrap().to_string()
}

pub(crate) async fn open(api: &Api, params: &[(&str, &str)]) -> Socket {
    connect_async(address(api, params)).await.unwrap().0
}

/// The next message that is no ping.
pub(crate) async fn next(socket: &mut Socket) -> Option<Message> {
    loop {
        let message = tokio::time::timeout(Duration::from_secs(20), socket.next());
        match message.await.expect("a message comes in time") {
            Some(Ok(Message::Ping(_))) => {}
            Some(Ok(message)) => return Some(message),
            Some(Err(_)) | None => return None,
        }
    }
}

/// The lines of the next frames, until there are so many.
pub(crate) async fn lines(socket: &mut Socket, count: usize) -> Vec<String> {
    let mut lines = Vec::new();
    while lines.len() < count {
        let Some(Message::Text(text)) = next(socket).await else {
            panic!("the tail ended after {lines:?}")
        };
        let frame: Value = serde_json::from_str(&text).unwrap();
        for stream in frame["streams"].as_array().unwrap() {
            for value in stream["values"].as_array().unwrap() {
                lines.push(value[1].as_str().unwrap().to_owned());
            }
        }
    }
    lines
}

#[tokio::test]
async fn the_past_comes_first_and_then_what_is_new_each_once() {
    let api = Api::start().await;
    let start = a_minute_ago();
    let at = |index: i64| (start + index * SECOND).to_string();
    api.push(
        json!({"app": "web"}),
        json!([[at(0), "too old"], [at(1), "past 1"], [at(2), "past 2"]]),
    )
    .await;
    let mut socket = open(&api, &[("query", r#"{app="web"}"#), ("limit", "2")]).await;
    assert_eq!(lines(&mut socket, 2).await, ["past 1", "past 2"]);
    api.push(json!({"app": "other"}), json!([[at(3), "not wanted"]])).await;
    // A retry of the past is no news.
    api.push(json!({"app": "web"}), json!([[at(2), "past 2"], [at(3), "new 1"]]))
        .await;
    api.push(json!({"app": "web"}), json!([[at(4), "new 2"]])).await;
    assert_eq!(lines(&mut socket, 2).await, ["new 1", "new 2"]);
}

#[tokio::test]
async fn the_pipeline_runs_and_categories_are_told() {
    let api = Api::start().await;
    let start = (a_minute_ago() + 50 * SECOND).to_string();
    let query = r#"{app="web"} |= "x" | logfmt"#;
    let request = address(&api, &[("query", query), ("start", &start)]);
    let mut request = tokio_tungstenite::tungstenite::client::IntoClientRequest::into_client_request(request).unwrap();
    request
        .headers_mut()
        .insert("x-loki-response-encoding-flags", "categorize-labels".parse().unwrap());
    let mut socket = connect_async(request).await.unwrap().0;
    let at = (a_minute_ago() + 55 * SECOND).to_string();
    api.push(json!({"app": "web"}), json!([[at, "a=1"], [at, "level=warn x=2"]]))
        .await;
    let Some(Message::Text(text)) = next(&mut socket).await else {
        panic!("no frame")
    };
    let frame: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        frame,
        json!({
            "streams": [{"stream": {"app": "web", "service_name": "web"}, "values": [[at, "level=warn x=2", {
                "structuredMetadata": {"detected_level": "warn"}, "parsed": {"level": "warn", "x": "2"},
            }]]}],
            "encodingFlags": ["categorize-labels"],
        })
    );
}

#[tokio::test]
async fn a_metric_query_is_closed_and_others_are_refused() {
    let api = Api::start().await;
    let mut socket = open(&api, &[("query", r#"rate({app="web"}[1m])"#)]).await;
    match next(&mut socket).await {
        Some(Message::Close(Some(frame))) => assert_eq!(u16::from(frame.code), 1011),
        other => panic!("not closed but {other:?}"),
    }
    for params in [
        [("query", "{"), ("limit", "1")],
        [("query", r#"{app="web"}"#), ("delay_for", "6")],
        [("query", r#"{app="web"}"#), ("limit", "0")],
    ] {
        let error = connect_async(address(&api, &params)).await.unwrap_err();
        match error {
            tokio_tungstenite::tungstenite::Error::Http(response) => assert_eq!(response.status(), 400, "{params:?}"),
            other => panic!("{params:?}: {other}"),
        }
    }
}

#[tokio::test]
async fn a_delayed_tail_gets_everything_later() {
    let api = Api::start().await;
    let mut socket = open(&api, &[("query", r#"{app="web"}"#), ("delay_for", "1")]).await;
    let at = a_minute_ago().to_string();
    api.push(json!({"app": "web"}), json!([[at, "late"]])).await;
    assert_eq!(lines(&mut socket, 1).await, ["late"]);
}

#[tokio::test]
async fn a_server_that_stops_says_goodbye() {
    let api = Api::start().await;
    let mut socket = open(&api, &[("query", r#"{app="web"}"#)]).await;
    let stopped = tokio::time::timeout(Duration::from_secs(20), api.stop());
    let (message, stopped) = tokio::join!(next(&mut socket), stopped);
    match message {
        Some(Message::Close(Some(frame))) => assert_eq!(u16::from(frame.code), 1001),
        other => panic!("not closed but {other:?}"),
    }
    stopped.expect("the server stops although a tail was open");
}

#[tokio::test]
async fn only_so_many_tails_are_open_and_a_closed_one_makes_room() {
    let settings = ServerSettings {
        limits: Limits {
            max_concurrent_tail_requests: 1,
            ..Limits::default()
        },
        ..ServerSettings::default()
    };
    let api = Api::start_with(settings, None).await;
    let query = [("query", r#"{app="web"}"#)];
    let first = open(&api, &query).await;
    let refused = || async {
        let at = a_minute_ago().to_string();
        let mut second = open(&api, &query).await;
        // A tail that is let in has something to say.
        api.push(json!({"app": "web"}), json!([[at, "line"]])).await;
        match next(&mut second).await {
            Some(Message::Close(Some(frame))) => Some((u16::from(frame.code), frame.reason.to_string())),
            _ => None,
        }
    };
    let reason = "max concurrent tail requests limit exceeded, count > limit (2 > 1)".to_owned();
    assert_eq!(refused().await, Some((1011, reason)));
    drop(first);
    let opened = tokio::time::timeout(Duration::from_secs(20), async { while refused().await.is_some() {} });
    opened.await.expect("the place of the closed tail becomes free");
}

#[tokio::test]
async fn the_old_path_has_its_own_frames() {
    let api = Api::start().await;
    let url = address(&api, &[("query", r#"{app="web"}"#)]).replace("/loki/api/v1/tail", "/api/prom/tail");
    let mut socket = connect_async(url).await.unwrap().0;
    let at = a_minute_ago();
    api.push(json!({"app": "web"}), json!([[at.to_string(), "new"]])).await;
    let Some(Message::Text(text)) = next(&mut socket).await else {
        panic!("no frame")
    };
    let frame: Value = serde_json::from_str(&text).unwrap();
    let ts = longshore_model::TimestampNs(at).to_string();
    let labels = r#"{app="web", detected_level="unknown", service_name="web"}"#;
    assert_eq!(
        frame,
        json!({"streams": [{"labels": labels, "entries": [{"ts": ts, "line": "new"}]}], "dropped_entries": null})
    );
}

#[tokio::test]
async fn a_tail_ends_after_its_longest_time() {
    let settings = ServerSettings {
        tail_duration_max: Duration::from_millis(50),
        ..ServerSettings::default()
    };
    let api = Api::start_with(settings, None).await;
    let mut socket = open(&api, &[("query", r#"{app="web"}"#)]).await;
    match next(&mut socket).await {
        Some(Message::Close(Some(frame))) => assert_eq!(u16::from(frame.code), 1000),
        other => panic!("not closed but {other:?}"),
    }
}

#[tokio::test]
async fn lines_of_a_frame_stay_in_their_order() {
    let api = Api::start().await;
    let start = a_minute_ago();
    let at = |index: i64| (start + index * SECOND).to_string();
    api.push(
        json!({"app": "web"}),
        json!([
            [at(0), "info 0"],
            [at(1), "error 1"],
            [at(2), "info 2"],
            [at(3), "info 3"]
        ]),
    )
    .await;
    let mut socket = open(&api, &[("query", r#"{app="web"}"#)]).await;
    let Some(Message::Text(text)) = next(&mut socket).await else {
        panic!("no frame")
    };
    let frame: Value = serde_json::from_str(&text).unwrap();
    let streams = frame["streams"].as_array().unwrap();
    assert_eq!(streams.len(), 3, "the level names the stream: {frame}");
    let lines = streams.iter().flat_map(|stream| stream["values"].as_array().unwrap());
    let lines: Vec<_> = lines.map(|value| value[1].clone()).collect();
    assert_eq!(lines, ["info 0", "error 1", "info 2", "info 3"]);
}

/// Lines of a frame, and entries that it says were dropped.
fn counts(frame: &str) -> (usize, usize) {
    let frame: Value = serde_json::from_str(frame).unwrap();
    let streams = frame["streams"].as_array().unwrap();
    let lines = streams.iter().map(|stream| stream["values"].as_array().unwrap().len());
    let dropped = frame["dropped_entries"].as_array().map_or(0, |entries| {
        for entry in entries {
            assert!(entry["timestamp"].as_str().unwrap().parse::<i64>().is_ok(), "{entry}");
            assert_eq!(entry["labels"]["app"], "web", "{entry}");
        }
        entries.len()
    });
    (lines.sum(), dropped)
}

/// A client that does not read loses lines, and is told of each.
#[tokio::test]
async fn a_slow_reader_is_told_what_it_lost() {
    let api = Api::start().await;
    let mut socket = open(&api, &[("query", r#"{app="web"}"#)]).await;
    let start = a_minute_ago();
    let mut pushed = 0;
    let text = "x".repeat(100_000);
    // Far more than the queue and the buffers of both sockets hold.
    for _ in 0..60 {
        let values: Vec<Value> = (pushed..pushed + 8)
            .map(|index| json!([(start + index).to_string(), format!("{index} {text}")]))
            .collect();
        pushed += 8;
        api.push(json!({"app": "web"}), json!(values)).await;
    }
    let (mut lines, mut dropped) = (0, 0);
    let told = async {
        while i64::try_from(lines + dropped).unwrap() < pushed {
            match tokio::time::timeout(Duration::from_millis(500), socket.next()).await {
                Ok(Some(Ok(Message::Text(text)))) => {
                    let (more, lost) = counts(&text);
                    lines += more;
                    dropped += lost;
                }
                Ok(Some(Ok(_))) => {}
                Ok(other) => panic!("the tail ended: {other:?}"),
                // What was dropped last is told with the next line.
                Err(_) => {
                    let line = json!([[(start + pushed).to_string(), "next"]]);
                    pushed += 1;
                    api.push(json!({"app": "web"}), line).await;
                }
            }
        }
    };
    let told = tokio::time::timeout(Duration::from_secs(60), told).await;
    assert!(told.is_ok(), "{lines} lines and {dropped} dropped of {pushed}");
    assert!(
        lines > 0 && dropped > 0,
        "{lines} lines and {dropped} dropped of {pushed}"
    );
}
