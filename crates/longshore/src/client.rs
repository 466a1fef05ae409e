//! Talks to any server with Loki's HTTP API.
//!
//! Invariant: nothing here knows our own server; what works with Loki works with ours and the other way round.

mod answer;
mod connection;
mod live;

pub(crate) use answer::{LogEntry, QueryData, QueryResult, Series};
pub(crate) use connection::ConnectionArgs;
pub(crate) use live::{LiveTail, Next};

use std::time::Duration;

use anyhow::Context as _;
use longshore_model::{Labels, TimeRange, TimestampNs};
use reqwest::{RequestBuilder, Response, StatusCode, Url};
use serde_json::Value;

use crate::failure::Hinted;
use crate::limits::{ANSWER_BYTES_MAX, ERROR_TEXT_BYTES_MAX};

/// One server, with everything a request to it needs.
pub(crate) struct Client {
    http: reqwest::Client,
    base: Url,
    headers: Vec<(String, String)>,
    basic: Option<(String, Option<String>)>,
    retries: u32,
    /// Pause before the second attempt; it doubles with each.
    pub(crate) pause: Duration,
    /// Longest of these pauses.
    pub(crate) pause_max: Duration,
}

/// What `query_range` is asked for.
#[derive(Debug, Clone)]
pub(crate) struct RangeQuery {
    /// LogQL.
    pub(crate) query: String,
    /// Half-open.
    pub(crate) range: TimeRange,
    /// At most so many entries.
    pub(crate) limit: u64,
    /// Oldest first.
    pub(crate) forward: bool,
    /// Resolution of a metric query, as the user wrote it.
    pub(crate) step: Option<String>,
    /// Least distance of two entries of a log query, as the user wrote it.
    pub(crate) interval: Option<String>,
}

impl Client {
    /// The address of an API path with its parameters.
    pub(crate) fn url(&self, path: &str, parameters: &[(&str, String)]) -> anyhow::Result<Url> {
        let mut url = self.base.clone();
        let joined = format!("{}/{path}", url.path().trim_end_matches('/'));
        url.set_path(&joined);
        if !parameters.is_empty() {
            url.query_pairs_mut().extend_pairs(parameters);
        }
        Ok(url)
    }

    /// The address of a range query, also to show it to the user.
    pub(crate) fn range_query_url(&self, query: &RangeQuery) -> anyhow::Result<Url> {
        let mut parameters = vec![
            ("query", query.query.clone()),
            ("limit", query.limit.to_string()),
            ("start", query.range.start.0.to_string()),
            ("end", query.range.end.0.to_string()),
            (
                "direction",
                if query.forward { "forward" } else { "backward" }.to_owned(),
            ),
        ];
        parameters.extend(query.step.clone().map(|step| ("step", step)));
        parameters.extend(query.interval.clone().map(|interval| ("interval", interval)));
        self.url("loki/api/v1/query_range", &parameters)
    }

    /// Runs a range query.
    pub(crate) async fn query_range(&self, query: &RangeQuery) -> anyhow::Result<QueryResult> {
        QueryResult::from_json(self.get(self.range_query_url(query)?).await?)
    }

    /// Runs a metric query at one moment.
    pub(crate) async fn query_instant(&self, query: &str, at: TimestampNs) -> anyhow::Result<QueryResult> {
        let parameters = [("query", query.to_owned()), ("time", at.0.to_string())];
        QueryResult::from_json(self.get(self.url("loki/api/v1/query", &parameters)?).await?)
    }

    /// Names of labels, or the values of one, sorted as the server sorts them.
    pub(crate) async fn labels(&self, name: Option<&str>, range: TimeRange) -> anyhow::Result<Vec<String>> {
        let path = match name {
            Some(name) => format!("loki/api/v1/label/{name}/values"),
            None => "loki/api/v1/labels".to_owned(),
        };
        let body = self.get(self.url(&path, &range_parameters(range))?).await?;
        answer::strings(&body)
    }

    /// The streams that match one of the selectors; all when there is none.
    pub(crate) async fn series(&self, matchers: &[String], range: TimeRange) -> anyhow::Result<Vec<Labels>> {
        let mut parameters = range_parameters(range).to_vec();
        parameters.extend(matchers.iter().map(|matcher| ("match[]", matcher.clone())));
        answer::label_sets(&self.get(self.url("loki/api/v1/series", &parameters)?).await?)
    }

    /// Asks for a path and reads the JSON, again if the server had trouble and retries were asked for.
    async fn get(&self, url: Url) -> anyhow::Result<Value> {
        let (mut attempt, mut pause) = (0, self.pause);
        loop {
            match self.get_once(url.clone()).await {
                Err(error) if attempt < self.retries && is_worth_another_try(&error) => {
                    attempt += 1;
                    tracing::warn!(attempt, error = format!("{error:#}"), "asking again");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(self.pause_max);
                }
                result => return result,
            }
        }
    }

    async fn get_once(&self, url: Url) -> anyhow::Result<Value> {
        let request = self.with_headers(self.http.get(url));
        let response = request.send().await.map_err(|error| self.unreachable(error))?;
        let body = checked(response).await?;
        serde_json::from_slice(&body).context("the server's answer is not JSON; is this the address of a Loki API?")
    }

    fn with_headers(&self, request: RequestBuilder) -> RequestBuilder {
        let request = self
            .headers
            .iter()
            .fold(request, |request, (name, value)| request.header(name, value));
        match &self.basic {
            Some((user, password)) => request.basic_auth(user, password.as_deref()),
            None => request,
        }
    }

    fn unreachable(&self, error: reqwest::Error) -> anyhow::Error {
        let address = self.base.as_str().trim_end_matches('/');
        let is_connect = error.is_connect();
        let error = anyhow::Error::new(error.without_url());
        if let Some(hint) = tls_hint(&error) {
            return Hinted::caused_by(error, format!("cannot talk to {address}"), hint);
        }
        if is_connect {
            return Hinted::caused_by(
                error,
                format!("cannot reach {address}"),
                "is the server running (`longshore up`)? another address goes into --addr or LOKI_ADDR",
            );
        }
        error.context(format!("asking {address} failed"))
    }
}

/// What to do when the two sides do not agree about TLS. The libraries tell it in their texts only.
fn tls_hint(error: &anyhow::Error) -> Option<&'static str> {
    let text = format!("{error:#}");
    let hints = [
        (
            "invalid peer certificate: UnknownIssuer",
            "--ca-cert or LOKI_CA_CERT_PATH names the file of the authority that signed the server's certificate",
        ),
        (
            "invalid peer certificate",
            "the server's certificate is not good for this address or this time; --tls-skip-verify takes any",
        ),
        (
            "CertificateRequired",
            "the server wants to see a certificate: --cert and --key, or LOKI_CLIENT_CERT_PATH and LOKI_CLIENT_KEY_PATH",
        ),
        (
            "InvalidContentType",
            "if the server speaks no TLS, its address begins with http://",
        ),
        (
            "invalid HTTP version parsed",
            "if the server speaks TLS, its address begins with https://",
        ),
    ];
    let fitting = hints.into_iter().find(|(part, _)| text.contains(part));
    fitting.map(|(_, hint)| hint)
}

fn range_parameters(range: TimeRange) -> [(&'static str, String); 2] {
    [("start", range.start.0.to_string()), ("end", range.end.0.to_string())]
}

/// The server said no.
#[derive(Debug)]
pub(crate) struct Refused {
    status: StatusCode,
    text: String,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "the server answered {}: {}", self.status, self.text)
    }
}

impl std::error::Error for Refused {}

impl Refused {
    /// Whether the same request would be refused again.
    pub(crate) fn is_final(&self) -> bool {
        !self.status.is_server_error() && self.status != StatusCode::TOO_MANY_REQUESTS
    }
}

fn is_worth_another_try(error: &anyhow::Error) -> bool {
    match error.downcast_ref::<Refused>() {
        Some(refused) => !refused.is_final(),
        None => error.chain().any(|cause| cause.is::<reqwest::Error>()),
    }
}

/// The body of a good answer, or the server's reason as an error.
async fn checked(response: Response) -> anyhow::Result<Vec<u8>> {
    let status = response.status();
    let body = read_bounded(response, ANSWER_BYTES_MAX).await?;
    if status.is_success() {
        return Ok(body);
    }
    let mut text = String::from_utf8_lossy(&body[..body.len().min(ERROR_TEXT_BYTES_MAX)])
        .trim()
        .to_owned();
    if status == StatusCode::UNAUTHORIZED && text == "no org id" {
        text.push_str(" (name the tenant with --org-id or LOKI_ORG_ID)");
    }
    Err(anyhow::Error::new(Refused { status, text }))
}

async fn read_bounded(mut response: Response, bytes_max: usize) -> anyhow::Result<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await.context("the answer broke off")? {
        anyhow::ensure!(
            body.len() + part.len() <= bytes_max,
            "the answer is larger than {bytes_max} bytes"
        );
        body.extend_from_slice(&part);
    }
    Ok(body)
}

#[cfg(test)]
mod tests;
