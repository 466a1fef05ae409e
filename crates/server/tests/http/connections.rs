//! How long clients are waited for, configured as users do.

use std::time::Duration;

use longshore_config::loki;
use longshore_server::ServerSettings;
use longshore_store::Settings;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::api::{Api, SECOND, a_minute_ago};
use crate::bounds::{fill, long_query, wait_for};
use crate::tail;

/// Far longer than anything here may take.
const ENDS_WITHIN: Duration = Duration::from_secs(20);

fn settings(config: &str) -> ServerSettings {
    let config = format!("auth_enabled: false\n{config}");
    ServerSettings::from(&loki::load(&config, "store.yaml", &|_| None).unwrap().settings)
}

/// Sends bytes and gives what comes back until the server closes the connection.
async fn answer_to(api: &Api, sent: &[u8]) -> String {
    let mut stream = TcpStream::connect(&api.address).await.unwrap();
    stream.write_all(sent).await.unwrap();
    let mut answer = Vec::new();
    timeout(ENDS_WITHIN, stream.read_to_end(&mut answer))
        .await
        .expect("the server keeps the connection")
        .unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

const PUSH: &str = "POST /loki/api/v1/push HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";

#[tokio::test]
async fn silent_clients_are_let_go() {
    let config = "server: {http_server_read_timeout: 300ms, http_server_idle_timeout: 300ms}";
    let api = Api::start_with(settings(config), None).await;
    let http2 = b"PRI * HTTP/2.0\r\n";
    for sent in [&b""[..], b"P", b"GET /ready HTTP/1.1\r\nHost: x\r\n", http2] {
        assert_eq!(answer_to(&api, sent).await, "", "{sent:?}");
    }
    let answer = answer_to(&api, b"GET /ready HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(
        answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("ready\n"),
        "{answer}"
    );
    let answer = answer_to(
        &api,
        format!("{PUSH}Content-Length: 100\r\n\r\n{{\"streams\":").as_bytes(),
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 503 Service Unavailable"), "{answer}");
    assert!(
        answer.ends_with("the request body did not arrive in time\n"),
        "{answer}"
    );
    let settings = b"\0\0\0\x04\0\0\0\0\0";
    let http2 = [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], settings].concat();
    let answer = answer_to(&api, &http2).await;
    assert!(!answer.is_empty(), "the server's settings");
    api.stop().await;
}

/// It holds memory that pushes share, but not all of it.
#[tokio::test]
async fn a_push_that_stops_in_the_middle_keeps_nobody_waiting() {
    let api = Api::start_with(settings("server: {http_server_read_timeout: 1h}"), None).await;
    let mut stalled = TcpStream::connect(&api.address).await.unwrap();
    let begun = format!("{PUSH}Transfer-Encoding: chunked\r\n\r\n5\r\n{{\"str\r\n");
    stalled.write_all(begun.as_bytes()).await.unwrap();
    let other = api.push(json!({"app": "web"}), json!([[a_minute_ago().to_string(), "x"]]));
    timeout(ENDS_WITHIN, other).await.expect("it waits for the stalled one");
    assert_eq!(api.lines(r#"{app="web"}"#).await, ["x"]);
    // The server lets go of it by itself.
    let mut answer = String::new();
    timeout(ENDS_WITHIN, stalled.read_to_string(&mut answer))
        .await
        .expect("it is kept")
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 Service Unavailable"), "{answer}");
}

#[tokio::test]
async fn connections_wait_for_their_place() {
    let api = Api::start_with(settings("server: {http_listen_conn_limit: 1}"), None).await;
    let waits_for = async |first: Box<dyn Send>| {
        let second = answer_to(&api, b"GET /ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        tokio::pin!(second);
        assert!(timeout(Duration::from_millis(100), &mut second).await.is_err());
        drop(first);
        assert!(second.await.starts_with("HTTP/1.1 200 OK"));
    };
    waits_for(Box::new(TcpStream::connect(&api.address).await.unwrap())).await;
    waits_for(Box::new(tail::open(&api, &[("query", r#"{app="web"}"#)]).await)).await;
}

#[tokio::test]
async fn more_connections_than_can_be_counted_are_as_good_as_any() {
    let config = format!("server: {{http_listen_conn_limit: {}}}", i64::MAX);
    let api = Api::start_with(settings(&config), None).await;
    assert_eq!(api.send("GET", "/ready", &[], "").await.0, 200);
}

#[tokio::test]
async fn a_disk_above_its_threshold_takes_nothing_in() {
    let change = |settings| Settings {
        disk_full_threshold: Some(0.0),
        ..settings
    };
    let api = Api::start_over(change).await;
    let body = json!({"streams": [{"stream": {"app": "web"}, "values": [[a_minute_ago().to_string(), "x"]]}]});
    let (status, text) = api.push_json(&body.to_string()).await;
    assert_eq!(status, 503, "{text}");
    assert!(
        text.contains("more than the 0.0 % of ingester.wal.disk_full_threshold"),
        "{text}"
    );
    assert!(api.lines(r#"{app="web"}"#).await.is_empty());
    let (_, metrics) = api.send("GET", "/metrics", &[], "").await;
    assert!(metrics.contains("longshore_store_ready 0"), "{metrics}");
}

#[tokio::test]
async fn a_client_that_does_not_read_is_let_go() {
    let mut settings = settings("server: {graceful_shutdown_timeout: 1h}");
    settings.connections.write_timeout = Duration::from_millis(300);
    let api = Api::start_with(settings, None).await;
    let first = a_minute_ago();
    // More than the system takes over for a client.
    let line = "x".repeat(8 << 10);
    for push in 0..10_i64 {
        let values: Vec<_> = (0..200)
            .map(|index| json!([(first + push * SECOND + index).to_string(), line]))
            .collect();
        api.push(json!({"app": "web"}), json!(values)).await;
    }
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4 << 10).unwrap();
    let mut stream = socket.connect(api.address.parse().unwrap()).await.unwrap();
    let request = format!(
        "GET /loki/api/v1/query_range?query=%7Bapp%3D%22web%22%7D&limit=5000&start={first} HTTP/1.1\r\nHost: x\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = [0; 15];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200 OK");
    // It ends only when this connection has.
    timeout(ENDS_WITHIN, api.stop()).await.expect("the connection stays");
}

#[tokio::test]
async fn an_answer_that_takes_too_long_is_given_up() {
    let api = Api::start_with(settings("server: {http_server_write_timeout: 300ms}"), None).await;
    fill(&api).await;
    let (status, text) = api.send("GET", &long_query(), &[], "").await;
    assert_eq!(
        (status, text.as_str()),
        (
            504,
            "the answer took longer than the 300ms of server.http_server_write_timeout; ask for less"
        )
    );
    wait_for(&api, false).await;
}

#[tokio::test]
async fn the_end_does_not_wait_for_who_asks_nothing() {
    let api = Api::start_with(settings("server: {graceful_shutdown_timeout: 1h}"), None).await;
    let mut streams = Vec::new();
    let whole = "GET /ready HTTP/1.1\r\nHost: x\r\n\r\n";
    for sent in ["", "P", "GET /ready HTTP/1.1\r\nHost", whole] {
        let mut stream = TcpStream::connect(&api.address).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        streams.push(stream);
    }
    // The last one is answered, so the server has seen all of them.
    streams[3].read_exact(&mut [0; 15]).await.unwrap();
    timeout(ENDS_WITHIN, api.stop()).await.expect("it waits");
}

#[tokio::test]
async fn the_end_does_not_wait_for_ever() {
    let api = Api::start_with(settings("server: {graceful_shutdown_timeout: 100ms}"), None).await;
    fill(&api).await;
    let url = format!("http://{}{}", api.address, long_query());
    let request = tokio::spawn(async move { reqwest::get(url).await });
    wait_for(&api, true).await;
    timeout(ENDS_WITHIN, api.stop()).await.expect("it waits for the query");
    request.abort();
}

#[tokio::test]
async fn only_so_many_queries_wait() {
    let config = "querier: {max_concurrent: 1}\nfrontend: {max_outstanding_per_tenant: 0}";
    let api = Api::start_with(settings(config), None).await;
    fill(&api).await;
    let url = format!("http://{}{}", api.address, long_query());
    let request = tokio::spawn(async move { reqwest::get(url).await });
    wait_for(&api, true).await;
    let (status, text) = api.try_get("/loki/api/v1/labels", &[], &[]).await;
    assert_eq!((status, text.as_str()), (429, "too many outstanding requests"));
    request.abort();
    wait_for(&api, false).await;
    api.get("/loki/api/v1/labels", &[]).await;
}

#[tokio::test]
async fn long_queries_are_refused() {
    let api = Api::start_with(settings("frontend: {max_body_size: 100}"), None).await;
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let (status, _) = api
        .send("POST", "/loki/api/v1/labels", &form, "query=%7Ba%3D%22b%22%7D")
        .await;
    assert_eq!(status, 200);
    let (status, text) = api
        .send(
            "POST",
            "/loki/api/v1/labels",
            &form,
            format!("query={}", "x".repeat(100)),
        )
        .await;
    assert_eq!(
        (status, text.as_str()),
        (413, "request body too large, the limit is 100 bytes")
    );
}

/// Recorded from Loki 3.7.8: with `align_queries_with_step` both ends move down.
#[tokio::test]
async fn queries_may_be_aligned_with_their_step() {
    let api = Api::start_with(settings("query_range: {align_queries_with_step: true}"), None).await;
    let second = a_minute_ago() / SECOND / 60 * 60;
    api.push(json!({"app": "web"}), json!([[(second * SECOND).to_string(), "x"]]))
        .await;
    let (start, end) = ((second - 55).to_string(), (second + 119).to_string());
    let params = [
        ("query", r#"count_over_time({app="web"}[5m])"#),
        ("start", &start),
        ("end", &end),
        ("step", "60"),
    ];
    let answer = api.get("/loki/api/v1/query_range", &params).await;
    assert_eq!(
        answer["data"]["result"][0]["values"],
        json!([[second, "1"], [second + 60, "1"]])
    );
}
