//! The live tail: a WebSocket over the same HTTP client, so that TLS, proxy and credentials are the same.

use anyhow::Context as _;
use futures_util::StreamExt as _;
use longshore_model::TimestampNs;
use reqwest::{StatusCode, Upgraded, Url};
use serde_json::Value;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use super::answer::{LogEntry, streams};
use super::{Client, checked};
use crate::limits::TAIL_SILENCE_MAX;

/// A running tail.
pub(crate) struct LiveTail {
    socket: WebSocketStream<Upgraded>,
}

/// What one message holds.
#[derive(Debug, PartialEq)]
pub(crate) struct Frame {
    /// New lines.
    pub(crate) entries: Vec<LogEntry>,
    /// Lines the server left out because we were too slow.
    pub(crate) dropped: usize,
}

impl Client {
    /// The address of a tail from a moment on.
    pub(crate) fn tail_url(&self, query: &str, start: TimestampNs, limit: u64, delay: u64) -> anyhow::Result<Url> {
        self.url(
            "loki/api/v1/tail",
            &[
                ("query", query.to_owned()),
                ("start", start.0.to_string()),
                ("limit", limit.to_string()),
                ("delay_for", delay.to_string()),
            ],
        )
    }

    /// Opens a tail. A refusal by the server is a [`super::Refused`].
    pub(crate) async fn tail(&self, url: Url) -> anyhow::Result<LiveTail> {
        let key = generate_key();
        let request = self
            .with_headers(self.http.get(url))
            .header("Connection", "Upgrade")
            .header("Upgrade", "websocket")
            .header("Sec-WebSocket-Version", "13")
            .header("Sec-WebSocket-Key", &key);
        let response = request.send().await.map_err(|error| self.unreachable(error))?;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            checked(response).await?;
            anyhow::bail!("the server does not offer a live tail at this address");
        }
        let accepted = response
            .headers()
            .get("Sec-WebSocket-Accept")
            .and_then(|value| value.to_str().ok());
        anyhow::ensure!(
            accepted == Some(derive_accept_key(key.as_bytes()).as_str()),
            "the server speaks no WebSocket"
        );
        let connection = response.upgrade().await.context("the server closed the connection")?;
        Ok(LiveTail {
            socket: WebSocketStream::from_raw_socket(connection, Role::Client, None).await,
        })
    }
}

/// What a tail gave.
#[derive(Debug, PartialEq)]
pub(crate) enum Next {
    /// Lines.
    Frame(Frame),
    /// The connection is gone, for this reason; a new one may succeed.
    Lost(String),
}

impl LiveTail {
    /// Waits for the next lines. An error is the server's refusal to go on: another try would end the same way.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Next> {
        let lost = |why: &str| Ok(Next::Lost(why.to_owned()));
        loop {
            let Ok(message) = tokio::time::timeout(TAIL_SILENCE_MAX, self.socket.next()).await else {
                return lost("the server is silent");
            };
            match message {
                Some(Ok(Message::Text(text))) => return Frame::from_json(&text).map(Next::Frame),
                Some(Ok(Message::Close(Some(close)))) if is_refusal(close.code) => {
                    anyhow::bail!("the server ended the tail: {}", close.reason)
                }
                Some(Ok(Message::Close(_))) | None => return lost("the server closed the connection"),
                // Pings are answered by the library when it is polled the next time.
                Some(Ok(_)) => {}
                Some(Err(error)) => return Ok(Next::Lost(error.to_string())),
            }
        }
    }
}

/// Whether a close code says that the request itself is at fault. Loki closes with 1011 when the query is no log query.
fn is_refusal(code: CloseCode) -> bool {
    !matches!(
        code,
        CloseCode::Normal | CloseCode::Away | CloseCode::Restart | CloseCode::Again | CloseCode::Status
    )
}

impl Frame {
    fn from_json(text: &Utf8Bytes) -> anyhow::Result<Self> {
        let frame: Value = serde_json::from_str(text).context("a message of the tail is not JSON")?;
        let dropped = frame
            .get("dropped_entries")
            .and_then(Value::as_array)
            .map_or(0, Vec::len);
        Ok(Self {
            entries: streams(frame.get("streams").unwrap_or(&Value::Null))?,
            dropped,
        })
    }
}
