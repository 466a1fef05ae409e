//! One request over HTTP, and what its answer means.

use std::time::Duration;

use longshore_config::otel::{HttpClientSettings, TlsSettings};
use longshore_wire::otlp;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Certificate, Identity, Proxy, StatusCode};

use super::Request;
use crate::limits::{
    CONNECT_TIMEOUT, ERROR_TEXT_BYTES_MAX, KEEPALIVE_INTERVAL, KEEPALIVE_RETRIES, SILENT_PEER_TIMEOUT,
};

/// Sends requests to one address.
#[derive(Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    endpoint: reqwest::Url,
    headers: HeaderMap,
    is_otlp: bool,
}

/// How requests are signed.
#[derive(Clone)]
pub(crate) struct Authentication {
    pub(crate) header: String,
    pub(crate) value: String,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The server has the records for good, but for those it rejected.
    Accepted { rejected: u64, text: String },
    /// A repetition would be refused again. `rejected` when the server says how many of the records it means.
    Refused {
        status: u16,
        text: String,
        rejected: Option<u64>,
    },
    /// May go well another time.
    Failed {
        text: String,
        retry_after: Option<Duration>,
        /// Nobody answered: trying again soon costs the server nothing.
        is_unreachable: bool,
    },
}

impl Client {
    /// Checks the settings and reads certificate files; the error is text for people.
    pub(crate) fn new(
        settings: &HttpClientSettings,
        authentication: Option<&Authentication>,
        is_otlp: bool,
    ) -> Result<Self, String> {
        let endpoint: reqwest::Url = settings
            .endpoint
            .parse()
            .map_err(|error| format!("endpoint '{}': {error}", settings.endpoint))?;
        if !matches!(endpoint.scheme(), "http" | "https") || endpoint.host_str().is_none() {
            return Err(format!("endpoint '{endpoint}' is no http:// or https:// address"));
        }
        let mut headers = HeaderMap::new();
        let own = settings
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.reveal()));
        let signed = authentication.map(|signed| (signed.header.as_str(), signed.value.as_str()));
        for (name, value) in own.chain(signed) {
            let name_bytes =
                HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("'{name}' is no header name"))?;
            let mut value =
                HeaderValue::from_str(value).map_err(|_| format!("the value of header {name} is not allowed"))?;
            value.set_sensitive(true);
            headers.insert(name_bytes, value);
        }
        let builder = reqwest::Client::builder()
            .timeout(settings.timeout)
            .connect_timeout(settings.timeout.min(CONNECT_TIMEOUT))
            // A server whose machine or pod is gone says nothing any more.
            .tcp_user_timeout(SILENT_PEER_TIMEOUT)
            .tcp_keepalive(KEEPALIVE_INTERVAL)
            .tcp_keepalive_interval(KEEPALIVE_INTERVAL)
            .tcp_keepalive_retries(KEEPALIVE_RETRIES)
            // A redirected POST becomes a GET, whose 200 would count as an acknowledgement.
            .redirect(reqwest::redirect::Policy::none())
            .pool_idle_timeout(settings.idle_conn_timeout)
            .pool_max_idle_per_host(1)
            .user_agent(concat!("longshore/", env!("CARGO_PKG_VERSION")));
        let builder = match &settings.proxy_url {
            Some(url) => builder.proxy(Proxy::all(url).map_err(|error| format!("proxy_url '{url}': {error}"))?),
            None => builder,
        };
        let mut builder = with_tls(builder, &settings.tls)?;
        let names_authorities = settings.tls.ca_file.is_some() || settings.tls.ca_pem.is_some();
        if endpoint.scheme() == "http" && settings.proxy_url.is_none() && !names_authorities {
            // Without TLS there is no need for the system's certificates, which a bare container may not have.
            builder = builder.tls_certs_only([]);
        }
        let http = builder
            .build()
            .map_err(|error| format!("cannot make a client: {error:?}"))?;
        Ok(Self {
            http,
            endpoint,
            headers,
            is_otlp,
        })
    }

    pub(crate) async fn send(&self, request: &Request) -> Outcome {
        let mut builder = self
            .http
            .post(self.endpoint.clone())
            .headers(self.headers.clone())
            .header(CONTENT_TYPE, request.content_type)
            .body(request.body.clone());
        if let Some(encoding) = request.content_encoding {
            builder = builder.header(CONTENT_ENCODING, encoding);
        }
        let mut response = match builder.send().await {
            Ok(response) => response,
            Err(error) => {
                return Outcome::Failed {
                    text: chain(&error),
                    retry_after: None,
                    is_unreachable: error.is_connect(),
                };
            }
        };
        let status = response.status();
        let retry_after = response.headers().get(RETRY_AFTER).and_then(seconds);
        let mut body = Vec::new();
        // The rest of a longer answer is of no interest, but an answer that breaks off is no acknowledgement lost:
        // its status came first.
        while body.len() < ERROR_TEXT_BYTES_MAX {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) | Err(_) => break,
            }
        }
        body.truncate(ERROR_TEXT_BYTES_MAX);
        judge(status, retry_after, &body, self.is_otlp)
    }
}

/// What an answer means.
///
/// A server that refuses the sender (401, 403, 404, 407) does not judge the records: they are kept and sent again,
/// because whoever runs the two will set it right.
fn judge(status: StatusCode, retry_after: Option<Duration>, body: &[u8], is_otlp: bool) -> Outcome {
    let text = String::from_utf8_lossy(body).trim().to_owned();
    if status.is_success() {
        let partial = if is_otlp {
            otlp::decode_partial_success(body).unwrap_or_default()
        } else {
            Default::default()
        };
        return Outcome::Accepted {
            rejected: u64::try_from(partial.rejected_log_records).unwrap_or(0),
            text: partial.error_message,
        };
    }
    let may_pass = status.is_server_error()
        || status.is_redirection()
        || matches!(status.as_u16(), 401 | 403 | 404 | 405 | 407 | 408 | 425 | 429);
    if may_pass {
        return Outcome::Failed {
            text: format!("{status}: {text}"),
            retry_after,
            is_unreachable: false,
        };
    }
    Outcome::Refused {
        status: status.as_u16(),
        rejected: ignored(&text),
        text,
    }
}

/// Loki stores the good entries of a push it answers with 400, and says how many were not:
/// `..., total ignored: 2 out of 30`.
fn ignored(text: &str) -> Option<u64> {
    let (_, after) = text.rsplit_once("total ignored: ")?;
    after.split(' ').next()?.parse().ok()
}

fn seconds(value: &HeaderValue) -> Option<Duration> {
    value.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

fn with_tls(mut builder: reqwest::ClientBuilder, tls: &TlsSettings) -> Result<reqwest::ClientBuilder, String> {
    let read = |path: &str| std::fs::read(path).map_err(|error| format!("cannot read {path}: {error}"));
    let pem = |file: &Option<String>, text: Option<&str>| match (file, text) {
        (Some(path), _) => read(path).map(Some),
        (None, Some(text)) => Ok(Some(text.as_bytes().to_vec())),
        (None, None) => Ok(None),
    };
    if tls.server_name_override.is_some() {
        return Err(
            "tls.server_name_override is not supported; use a name of the certificate in the endpoint".to_owned(),
        );
    }
    if let Some(authorities) = pem(&tls.ca_file, tls.ca_pem.as_deref())? {
        let certificates = Certificate::from_pem_bundle(&authorities).map_err(|error| format!("tls.ca: {error}"))?;
        builder = match tls.include_system_ca_certs_pool {
            true => builder.tls_certs_merge(certificates),
            false => builder.tls_certs_only(certificates),
        };
    }
    let certificate = pem(&tls.cert_file, tls.cert_pem.as_deref())?;
    let key = pem(&tls.key_file, tls.key_pem.as_ref().map(|key| key.reveal()))?;
    match (certificate, key) {
        (Some(mut certificate), Some(key)) => {
            certificate.push(b'\n');
            certificate.extend_from_slice(&key);
            let identity =
                Identity::from_pem(&certificate).map_err(|error| format!("tls.cert and tls.key: {error}"))?;
            builder = builder.identity(identity);
        }
        (None, None) => {}
        _ => return Err("tls.cert and tls.key belong together; set both".to_owned()),
    }
    if tls.insecure_skip_verify {
        builder = builder.tls_danger_accept_invalid_certs(true);
    }
    Ok(builder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_mean_what_they_should() {
        let check = |status: u16, body: &str, expected: &str| {
            let status = StatusCode::from_u16(status).expect("a status");
            let found = match judge(status, None, body.as_bytes(), false) {
                Outcome::Accepted { .. } => "accepted".to_owned(),
                Outcome::Refused { rejected, .. } => format!("refused {rejected:?}"),
                Outcome::Failed { .. } => "failed".to_owned(),
            };
            assert_eq!(found, expected, "{status} {body}");
        };
        check(204, "", "accepted");
        check(200, "{}", "accepted");
        check(400, "entry out of order", "refused None");
        check(
            400,
            "entry for stream '{}' too old, total ignored: 2 out of 30",
            "refused Some(2)",
        );
        check(413, "", "refused None");
        for passing in [401, 403, 404, 408, 429, 500, 502, 503, 504] {
            check(passing, "", "failed");
        }
    }

    #[test]
    fn partial_success_is_read() {
        let partial = otlp::PartialSuccess {
            rejected_log_records: 3,
            error_message: "too long".to_owned(),
        };
        let body = otlp::encode_partial_success(&partial);
        let expected = Outcome::Accepted {
            rejected: 3,
            text: "too long".to_owned(),
        };
        assert_eq!(judge(StatusCode::OK, None, &body, true), expected);
    }
}
