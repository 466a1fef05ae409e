//! Pushes that are larger than what is stored or inflated at a time.

use std::time::{Duration, Instant};

use longshore_model::{Entry, Labels, StreamEntries, TimestampNs};
use longshore_server::ServerSettings;
use longshore_wire::loki_push::Encoder;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::api::{Api, SECOND, a_minute_ago};
use crate::push::gzip;

#[tokio::test]
async fn a_large_push_is_one_push() {
    let api = Api::start().await;
    let at = |seconds: i64| (a_minute_ago() + seconds * SECOND).to_string();
    let mut values = vec![json!([at(0), "same", {"pod": "a"}])];
    values.extend((1..10).map(|second| json!([at(second), "x".repeat(1 << 20)])));
    values.push(json!([at(0), "same", {"pod": "b"}]));
    let values = json!(values);
    for _ in 0..2 {
        api.push(json!({"app": "web"}), values.clone()).await;
        assert_eq!(api.lines(r#"{app="web"} |= "same""#).await, ["same", "same"]);
        assert_eq!(api.lines(r#"{app="web"} != "same""#).await.len(), 9);
    }
}

async fn start_with_memory(push_memory_bytes: usize) -> Api {
    let settings = ServerSettings {
        push_memory_bytes,
        ..ServerSettings::default()
    };
    Api::start_with(settings, None).await
}

/// Says that a body of so many bytes follows, and sends none; returns once the server waits for it.
async fn announce(api: &Api, bytes: usize) -> TcpStream {
    let (stream, status) = answer_to(api, bytes).await;
    assert_eq!(status, "100");
    stream
}

/// As [`announce`], with the first status that the server answers.
async fn answer_to(api: &Api, bytes: usize) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(&api.address).await.unwrap();
    let head = format!(
        "POST /loki/api/v1/push HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {bytes}\r\n\
         expect: 100-continue\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    let status = std::str::from_utf8(&answer[9..]).unwrap();
    (stream, status.to_owned())
}

#[tokio::test]
async fn who_promises_much_and_sends_little_keeps_nobody_waiting() {
    let api = start_with_memory(8 << 20).await;
    let _other = announce(&api, 90 << 20).await;
    api.push(json!({"app": "web"}), json!([[a_minute_ago().to_string(), "x"]]))
        .await;
    assert_eq!(api.lines(r#"{app="web"}"#).await, ["x"]);
    let (_, status) = answer_to(&api, 900 << 20).await;
    assert_eq!(status, "413");
}

#[tokio::test]
async fn a_body_that_inflates_to_more_than_is_free_is_sent_again_later() {
    let api = start_with_memory(8 << 20).await;
    // Half of the memory for pushes: a body is expected to inflate to four times its length.
    let other = announce(&api, 1 << 20).await;
    let value = json!([a_minute_ago().to_string(), "x".repeat(8 << 20)]);
    let body = json!({"streams": [{"stream": {"app": "web"}, "values": [value]}]}).to_string();
    let line = Entry {
        timestamp: TimestampNs(a_minute_ago()),
        line: "x".repeat(8 << 20).into(),
        structured_metadata: Labels::empty(),
    };
    let stream = StreamEntries {
        labels: Labels::new([("app", "web")]),
        entries: vec![line],
    };
    let requests = [
        ("application/json", "gzip", gzip(body.as_bytes())),
        ("application/x-protobuf", "", Encoder::new().encode(&[stream]).to_vec()),
    ];
    let push = async |(content_type, encoding, body): &(&str, &str, Vec<u8>)| {
        let headers = [("content-type", *content_type), ("content-encoding", *encoding)];
        api.send("POST", "/loki/api/v1/push", &headers, body.clone()).await
    };
    for request in &requests {
        let refused = (503, "too many pushes at once, try again\n".to_owned());
        assert_eq!(push(request).await, refused);
    }
    drop(other);
    let since = Instant::now();
    for request in &requests {
        while push(request).await.0 != 204 {
            assert!(since.elapsed() < Duration::from_secs(20), "the memory is still held");
        }
    }
}
