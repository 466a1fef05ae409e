//! Address and credentials: logcli's flags and environment variables.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use reqwest::{Certificate, Identity, Proxy, Url};

use super::Client;
use crate::failure::Hinted;
use crate::limits::{CONNECT_TIMEOUT, QUERY_TIMEOUT};
use crate::time_range::duration;

/// How to reach the server; the same names as logcli's.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct ConnectionArgs {
    /// Address of the server
    #[arg(
        long,
        env = "LOKI_ADDR",
        hide_env_values = true,
        value_name = "URL",
        default_value = "http://localhost:3100"
    )]
    pub(crate) addr: String,
    /// User name for basic authentication
    #[arg(long, env = "LOKI_USERNAME", hide_env_values = true, value_name = "NAME")]
    username: Option<String>,
    /// Password for basic authentication
    #[arg(
        long,
        env = "LOKI_PASSWORD",
        hide_env_values = true,
        value_name = "PASSWORD",
        requires = "username"
    )]
    password: Option<String>,
    /// Token for the Authorization header
    #[arg(
        long,
        env = "LOKI_BEARER_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN",
        conflicts_with = "username"
    )]
    bearer_token: Option<String>,
    /// File that holds the token
    #[arg(long, env = "LOKI_BEARER_TOKEN_FILE", hide_env_values = true, value_name = "FILE", conflicts_with_all = ["username", "bearer_token"])]
    bearer_token_file: Option<PathBuf>,
    /// Tenant, sent as X-Scope-OrgID
    #[arg(long, env = "LOKI_ORG_ID", hide_env_values = true, value_name = "ID")]
    org_id: Option<String>,
    /// Sent as X-Query-Tags
    #[arg(long, env = "LOKI_QUERY_TAGS", hide_env_values = true, value_name = "TAGS")]
    query_tags: Option<String>,
    /// Another header, as in 'Name: value'; may be repeated
    #[arg(long = "header", value_name = "HEADER", value_parser = header)]
    headers: Vec<(String, String)>,
    /// Certificate authority of the server (PEM)
    #[arg(long, env = "LOKI_CA_CERT_PATH", hide_env_values = true, value_name = "FILE")]
    ca_cert: Option<PathBuf>,
    /// Client certificate (PEM)
    #[arg(
        long,
        env = "LOKI_CLIENT_CERT_PATH",
        hide_env_values = true,
        value_name = "FILE",
        requires = "key"
    )]
    cert: Option<PathBuf>,
    /// Key of the client certificate (PEM)
    #[arg(
        long,
        env = "LOKI_CLIENT_KEY_PATH",
        hide_env_values = true,
        value_name = "FILE",
        requires = "cert"
    )]
    key: Option<PathBuf>,
    /// Do not check the server's certificate
    #[arg(long, env = "LOKI_TLS_SKIP_VERIFY", hide_env_values = true)]
    tls_skip_verify: bool,
    /// Proxy for all requests
    #[arg(long, env = "LOKI_HTTP_PROXY_URL", hide_env_values = true, value_name = "URL")]
    proxy_url: Option<String>,
    /// Ask again so often when the server has trouble
    #[arg(
        long,
        env = "LOKI_CLIENT_RETRIES",
        hide_env_values = true,
        value_name = "N",
        default_value_t = 0
    )]
    retries: u32,
    /// Pause before the first of these attempts; it doubles with each
    #[arg(long, env = "LOKI_CLIENT_MIN_BACKOFF", hide_env_values = true, value_name = "DURATION", default_value = "500ms", value_parser = duration)]
    min_backoff: Duration,
    /// Longest of these pauses
    #[arg(long, env = "LOKI_CLIENT_MAX_BACKOFF", hide_env_values = true, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    max_backoff: Duration,
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("write 'Name: value'")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

impl ConnectionArgs {
    /// Checks everything and makes the client; connects to nothing yet.
    pub(crate) fn client(&self) -> anyhow::Result<Client> {
        crate::choose_cryptography();
        let base = address(&self.addr)?;
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("longshore/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(QUERY_TIMEOUT)
            .http1_only();
        http = match &self.proxy_url {
            Some(url) => http.proxy(Proxy::all(url).context("--proxy-url is no address")?),
            None => http.no_proxy(),
        };
        Ok(Client {
            http: self
                .with_tls(http, base.scheme() == "https")?
                .build()
                .context("cannot set up the connection")?,
            base,
            headers: self.all_headers()?,
            basic: self
                .username
                .clone()
                .filter(|name| !name.is_empty())
                .map(|name| (name, self.password.clone())),
            retries: self.retries,
            pause: self.min_backoff,
            pause_max: self.max_backoff,
        })
    }

    fn with_tls(&self, http: reqwest::ClientBuilder, https: bool) -> anyhow::Result<reqwest::ClientBuilder> {
        if !https && self.proxy_url.is_none() {
            // Without TLS there is no need for the system's certificates, which a bare container does not have.
            return Ok(http.tls_certs_only([]));
        }
        let mut http = http.tls_danger_accept_invalid_certs(self.tls_skip_verify);
        if let Some(path) = &self.ca_cert {
            let certificates = Certificate::from_pem_bundle(&read(path)?)
                .with_context(|| format!("{} holds no PEM certificate", path.display()))?;
            http = http.tls_certs_only(certificates);
        }
        if let (Some(cert), Some(key)) = (&self.cert, &self.key) {
            let pem = [read(key)?, b"\n".to_vec(), read(cert)?].concat();
            let identity = Identity::from_pem(&pem).with_context(|| {
                format!(
                    "{} and {} are no PEM certificate with key",
                    cert.display(),
                    key.display()
                )
            })?;
            http = http.identity(identity);
        }
        Ok(http)
    }

    fn all_headers(&self) -> anyhow::Result<Vec<(String, String)>> {
        let token = match &self.bearer_token_file {
            Some(path) => Some(
                String::from_utf8(read(path)?)
                    .context("the token is not text")?
                    .trim()
                    .to_owned(),
            ),
            None => self.bearer_token.clone(),
        };
        let mut headers = self.headers.clone();
        let mut add = |name: &str, value: Option<String>| {
            headers.extend(
                value
                    .filter(|value| !value.is_empty())
                    .map(|value| (name.to_owned(), value)),
            );
        };
        add(
            "Authorization",
            token
                .filter(|token| !token.is_empty())
                .map(|token| format!("Bearer {token}")),
        );
        add("X-Scope-OrgID", self.org_id.clone());
        add("X-Query-Tags", self.query_tags.clone());
        Ok(headers)
    }
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Reads `--addr`; a forgotten scheme is `http`.
fn address(text: &str) -> anyhow::Result<Url> {
    let whole = match text {
        text if text.contains("://") => text.to_owned(),
        text if text.starts_with(':') => format!("http://localhost{text}"),
        text => format!("http://{text}"),
    };
    let wrong = || {
        Hinted::error(
            format!("'{text}' is no address"),
            "write it as in --addr http://localhost:3100",
        )
    };
    let url = Url::parse(&whole).map_err(|_| wrong())?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(wrong());
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_lack_its_scheme() {
        assert_eq!(
            address("localhost:3100").expect("fine").as_str(),
            "http://localhost:3100/"
        );
        assert_eq!(
            address("https://logs.example/prefix/").expect("fine").as_str(),
            "https://logs.example/prefix/"
        );
        assert_eq!(address(":3101").expect("fine").as_str(), "http://localhost:3101/");
        for bad in ["", "ftp://x", "http://", "unix:///x"] {
            let error = address(bad).expect_err(bad);
            assert_eq!(error.to_string(), format!("'{bad}' is no address"));
        }
    }

    #[test]
    fn headers_have_a_name_and_a_value() {
        assert_eq!(header("X-A: b: c"), Ok(("X-A".to_owned(), "b: c".to_owned())));
        assert!(header("X-A").is_err());
    }
}
