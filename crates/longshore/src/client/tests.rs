//! Requests and answers, against a server of a few lines.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode as Code, header};
use axum::response::{IntoResponse as _, Response as Answer};
use clap::Parser;
use longshore_model::SECOND_NS;

use super::*;

#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// What the server heard: path with query, and the headers of interest.
type Heard = Arc<Mutex<Vec<String>>>;

async fn answer(State((heard, status, body)): State<(Heard, Code, &'static str)>, request: Request) -> Answer {
    let named = |name: &str| {
        request
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    let mut line = request.uri().to_string();
    for name in ["authorization", "x-scope-orgid", "x-extra"] {
        if let Some(value) = named(name) {
            line.push_str(&format!(" {name}={value}"));
        }
    }
    heard.lock().unwrap().push(line);
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// Starts a server that always answers the same, and a client with these flags.
async fn server(status: Code, body: &'static str, flags: &[&str]) -> (Client, Heard) {
    let heard = Heard::default();
    let router = Router::new()
        .fallback(answer)
        .with_state((Arc::clone(&heard), status, body));
    let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))
        .await
        .unwrap();
    let address = format!("http://{}/prefix", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, router).into_future());
    let mut arguments = vec!["test", "--addr", &address];
    arguments.extend(flags);
    (Arguments::parse_from(arguments).connection.client().unwrap(), heard)
}

const RANGE: TimeRange = TimeRange {
    start: TimestampNs(SECOND_NS),
    end: TimestampNs(2 * SECOND_NS),
};

#[tokio::test]
async fn a_range_query_sends_everything() {
    let body = r#"{"status":"success","data":{"resultType":"streams","result":[
        {"stream":{"app":"a"},"values":[["1500000000","x"]]}],"stats":{"summary":1}}}"#;
    let flags = [
        "--org-id",
        "t",
        "--username",
        "u",
        "--password",
        "p",
        "--header",
        "X-Extra: 1",
    ];
    let (client, heard) = server(Code::OK, body, &flags).await;
    let query = RangeQuery {
        query: "{a=\"b\"} |= \"c d\"".to_owned(),
        range: RANGE,
        limit: 7,
        forward: true,
        step: Some("30s".to_owned()),
        interval: None,
    };
    let result = client.query_range(&query).await.unwrap();
    let entry = LogEntry {
        labels: Labels::new([("app", "a")]),
        at: TimestampNs(1_500_000_000),
        line: "x".to_owned(),
    };
    assert_eq!(result.data, QueryData::Streams(vec![entry]));
    assert_eq!(
        *heard.lock().unwrap(),
        [
            "/prefix/loki/api/v1/query_range?query=%7Ba%3D%22b%22%7D+%7C%3D+%22c+d%22&limit=7&start=1000000000\
          &end=2000000000&direction=forward&step=30s authorization=Basic dTpw x-scope-orgid=t x-extra=1"
        ]
    );
}

#[tokio::test]
async fn labels_and_series_have_their_paths() {
    let (client, heard) = server(
        Code::OK,
        r#"{"status":"success","data":["a","b"]}"#,
        &["--bearer-token", "s"],
    )
    .await;
    assert_eq!(client.labels(None, RANGE).await.unwrap(), ["a", "b"]);
    assert_eq!(client.labels(Some("app"), RANGE).await.unwrap(), ["a", "b"]);
    assert!(client.series(&["{a=\"b\"}".to_owned()], RANGE).await.is_err());
    let range = "start=1000000000&end=2000000000";
    let expected = [
        format!("/prefix/loki/api/v1/labels?{range} authorization=Bearer s"),
        format!("/prefix/loki/api/v1/label/app/values?{range} authorization=Bearer s"),
        format!("/prefix/loki/api/v1/series?{range}&match%5B%5D=%7Ba%3D%22b%22%7D authorization=Bearer s"),
    ];
    assert_eq!(*heard.lock().unwrap(), expected);
}

#[tokio::test]
async fn no_labels_are_no_error() {
    let (client, _) = server(Code::OK, r#"{"status":"success"}"#, &[]).await;
    assert_eq!(client.labels(None, RANGE).await.unwrap(), [""; 0]);
    assert_eq!(client.series(&[], RANGE).await.unwrap(), []);
}

#[tokio::test]
async fn vectors_and_scalars_are_series() {
    let body = r#"{"data":{"resultType":"vector","result":[{"metric":{"a":"b"},"value":[1.5,"2"]}]}}"#;
    let (client, _) = server(Code::OK, body, &[]).await;
    let QueryData::Series(series) = client.query_instant("q", TimestampNs(0)).await.unwrap().data else {
        panic!("a vector has series");
    };
    assert_eq!(
        (series[0].labels.to_string(), series[0].samples[0].at.0),
        ("{a=\"b\"}".to_owned(), 1_500_000_000)
    );
    let (client, _) = server(Code::OK, r#"{"data":{"resultType":"scalar","result":[1,"2"]}}"#, &[]).await;
    let QueryData::Series(series) = client.query_instant("q", TimestampNs(0)).await.unwrap().data else {
        panic!("a scalar is a series");
    };
    assert!(series[0].labels.is_empty());
}

#[tokio::test]
async fn the_servers_reason_is_shown() {
    let (client, heard) = server(Code::BAD_REQUEST, "parse error at line 1\n", &["--retries", "3"]).await;
    let error = client.labels(None, RANGE).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the server answered 400 Bad Request: parse error at line 1"
    );
    assert_eq!(
        heard.lock().unwrap().len(),
        1,
        "a wrong request is not worth another try"
    );
}

#[tokio::test]
async fn a_server_in_trouble_is_asked_again() {
    let (client, heard) = server(
        Code::SERVICE_UNAVAILABLE,
        "busy",
        &["--retries", "2", "--min-backoff", "1ms"],
    )
    .await;
    assert!(client.labels(None, RANGE).await.is_err());
    assert_eq!(heard.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn no_server_is_told_with_a_hint() {
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let address = format!("http://{free}");
    let client = Arguments::parse_from(["test", "--addr", &address])
        .connection
        .client()
        .unwrap();
    let error = client.labels(None, RANGE).await.unwrap_err();
    let text = anstream::adapter::strip_str(&crate::failure::render(&error)).to_string();
    assert!(text.starts_with(&format!("error: cannot reach {address}: ")), "{text}");
    assert!(
        text.contains("\nhint: is the server running (`longshore up`)?"),
        "{text}"
    );
}

/// Starts a server that reads something and answers with these bytes; gives its address.
async fn raw_server(answer: &'static [u8]) -> SocketAddr {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut heard = [0; 4096];
            let _read = stream.read(&mut heard).await;
            let _written = stream.write_all(answer).await;
        }
    });
    address
}

#[tokio::test]
async fn who_speaks_tls_to_a_server_without_it_is_told_and_the_other_way_round() {
    // The alert with which a server ends a handshake that makes no sense.
    let alert = b"\x15\x03\x03\x00\x02\x02\x32";
    let plain = b"HTTP/1.1 400 Bad Request\r\n\r\n";
    for (scheme, answer, other) in [("http", &alert[..], "https://"), ("https", &plain[..], "http://")] {
        let address = format!("{scheme}://{}", raw_server(answer).await);
        let arguments = ["test", "--addr", &address, "--tls-skip-verify"];
        let client = Arguments::parse_from(arguments).connection.client().unwrap();
        let error = client.labels(None, RANGE).await.unwrap_err();
        let text = anstream::adapter::strip_str(&crate::failure::render(&error)).to_string();
        let end = format!(", its address begins with {other}\n");
        assert!(text.ends_with(&end), "{text}");
    }
}

#[tokio::test]
async fn who_names_no_tenant_is_told_how() {
    let (client, _) = server(Code::UNAUTHORIZED, "no org id\n", &[]).await;
    let error = format!("{:#}", client.labels(None, RANGE).await.unwrap_err());
    assert!(
        error.ends_with("no org id (name the tenant with --org-id or LOKI_ORG_ID)"),
        "{error}"
    );
}

#[tokio::test]
async fn another_program_is_recognised() {
    let (client, _) = server(Code::OK, "<html>", &[]).await;
    let error = format!("{:#}", client.labels(None, RANGE).await.unwrap_err());
    assert!(
        error.starts_with("the server's answer is not JSON; is this the address of a Loki API?"),
        "{error}"
    );
    let error = client
        .tail(client.tail_url("{}", TimestampNs(0), 1, 0).unwrap())
        .await
        .err()
        .unwrap();
    assert_eq!(
        error.to_string(),
        "the server does not offer a live tail at this address"
    );
}
