//! What all HTTP exporters share: client, retry, queue.

use std::time::Duration;

use super::ComponentId;
use super::components::{EXTENSIONS, parse_id};
use crate::Secret;
use crate::decode::{Section, join_path};
use crate::yaml::{Kind, Node};

/// A client of HTTP.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpClientSettings {
    /// `http://host:port/path`.
    pub endpoint: String,
    /// Headers of each request, in the order of the file.
    pub headers: Vec<(String, Secret)>,
    /// Default: gzip for `otlp_http`; none for `loki`, whose protocol has its own (snappy), and to which this is added.
    pub compression: Compression,
    /// zlib's or zstd's level; `None` for the usual one.
    pub compression_level: Option<i32>,
    /// For a request as a whole. Default: 30 s.
    pub timeout: Duration,
    /// Certificates and checks.
    pub tls: TlsSettings,
    /// The extension that signs requests.
    pub auth: Option<ComponentId>,
    /// The proxy; `None` for the environment's.
    pub proxy_url: Option<String>,
    /// Connections kept open while idle. Default: 100.
    pub max_idle_conns: u64,
    /// How long they are kept. Default: 90 s.
    pub idle_conn_timeout: Duration,
}

/// How a request's body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
    /// Snappy's framing format.
    Snappy,
}

/// Transport security of a client.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TlsSettings {
    /// Without encryption, where the endpoint does not say which.
    pub insecure: bool,
    /// Any certificate is good.
    pub insecure_skip_verify: bool,
    /// A file of certificate authorities, PEM.
    pub ca_file: Option<String>,
    /// The same in place.
    pub ca_pem: Option<String>,
    /// The client's certificate, PEM.
    pub cert_file: Option<String>,
    /// The same in place.
    pub cert_pem: Option<String>,
    /// The client's key, PEM.
    pub key_file: Option<String>,
    /// The same in place.
    pub key_pem: Option<Secret>,
    /// Name the server's certificate is checked for, instead of the endpoint's.
    pub server_name_override: Option<String>,
    /// The machine's authorities count besides `ca_file`. Default: false.
    pub include_system_ca_certs_pool: bool,
}

/// What happens after a failure that may pass.
#[derive(Debug, Clone, PartialEq)]
pub struct RetrySettings {
    /// Default: true.
    pub enabled: bool,
    /// Wait before the second try. Default: 5 s.
    pub initial_interval: Duration,
    /// Longest wait between two tries. Default: 30 s.
    pub max_interval: Duration,
    /// Each wait is so many times the one before. Default: 1.5.
    pub multiplier: f64,
    /// Each wait is so much shorter or longer by chance, 0 to 1. Default: 0.5.
    pub randomization_factor: f64,
    /// Gives up and drops after so long; `None` never. Default: never.
    pub max_elapsed_time: Option<Duration>,
}

/// Between pipeline and exporter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendingQueueSettings {
    /// Default: true.
    pub enabled: bool,
    /// Requests on the way at a time. Default: 10.
    pub num_consumers: u64,
    /// How much may wait, in `sizer`. Default: 1000.
    pub queue_size: u64,
    /// What sizes count. Default: requests.
    pub sizer: QueueSizer,
    /// The extension the queue is kept in; of no need with files, which are read again.
    pub storage: Option<ComponentId>,
    /// Requests are made of so much; `None`: as they come.
    pub batch: Option<QueueBatchSettings>,
}

/// What a queue's sizes count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueSizer {
    /// Batches.
    Requests,
    /// Records.
    Items,
    /// Bytes before compression.
    Bytes,
}

/// The `sending_queue.batch` section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueBatchSettings {
    /// A request leaves when its first record is so old. Default: 200 ms.
    pub flush_timeout: Duration,
    /// A request leaves when it is so large, in `sizer`. Default: 8192.
    pub min_size: u64,
    /// A request is never larger, in `sizer`; 0 for no limit. Default: 0.
    pub max_size: u64,
    /// Default: items.
    pub sizer: QueueSizer,
}

/// Reads the client's keys, which stand among the exporter's own. `compression` is the default.
pub(super) fn client(section: &mut Section<'_>, endpoint: String, compression: Compression) -> HttpClientSettings {
    let compressions = [
        ("gzip", Compression::Gzip),
        ("none", Compression::None),
        ("", Compression::None),
        ("zstd", Compression::Zstd),
        ("x-snappy-framed", Compression::Snappy),
    ];
    let level = section.optional_child("compression_params", |params| params.signed("level", 0));
    let client = HttpClientSettings {
        endpoint,
        headers: headers(section),
        compression: section.choice("compression", compression, &compressions),
        compression_level: level.and_then(|level| i32::try_from(level).ok()),
        timeout: section.duration("timeout", Duration::from_secs(30)),
        tls: section.child("tls", tls),
        auth: section
            .optional_child("auth", |auth| reference(auth, "authenticator"))
            .flatten(),
        proxy_url: section.text("proxy_url").filter(|url| !url.is_empty()),
        max_idle_conns: section.unsigned("max_idle_conns", 100),
        idle_conn_timeout: section.duration("idle_conn_timeout", Duration::from_secs(90)),
    };
    section.not_supported(&["cookies", "middlewares"]);
    section.without_effect(&[
        "disable_keep_alives",
        "force_attempt_http2",
        "http2_ping_timeout",
        "http2_read_idle_timeout",
        "max_conns_per_host",
        "max_idle_conns",
        "max_idle_conns_per_host",
        "read_buffer_size",
        "write_buffer_size",
    ]);
    client
}

/// Says what is wrong with an address, or nothing.
pub(super) fn check_url(section: &Section<'_>, key: &str, url: &str, example: &str) {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let host = rest.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    let problem = match host {
        None if url.contains("://") => "is of no kind that can be spoken here",
        None => "does not begin with http:// or https://",
        Some("") => "names no host",
        Some(host) if host.contains(char::is_whitespace) => "has a blank in its host",
        Some(_) => return,
    };
    section.wrong(
        key,
        format!("the address '{url}' {problem}"),
        format!("write {key}: {example}"),
    );
}

/// A map of names and values, or upstream's newer list of `{name, value}`.
fn headers(section: &mut Section<'_>) -> Vec<(String, Secret)> {
    let is_list = section
        .value("headers")
        .is_some_and(|node| matches!(node.kind, Kind::List(_)));
    if is_list {
        let pairs = section.children("headers", |header| {
            let (name, value) = (header.text("name"), header.secret("value"));
            Some((name?, value.unwrap_or_default()))
        });
        return pairs;
    }
    let pairs = section.optional_child("headers", |headers| {
        let mut pairs = Vec::new();
        for pair in headers.all() {
            let Kind::Scalar(scalar) = &pair.value.kind else {
                let path = join_path(&headers.path, &pair.key);
                headers
                    .report
                    .error(pair.line, &path, "a header is one text", "write Name: value");
                continue;
            };
            headers.show(&pair.key, shown_header(&pair.key, &scalar.text));
            pairs.push((pair.key.clone(), Secret::new(scalar.text.clone())));
        }
        pairs
    });
    pairs.unwrap_or_default()
}

/// The tenant is no secret, and the one header that people look for.
fn shown_header(name: &str, value: &str) -> Node {
    let is_open = ["x-scope-orgid", "content-type", "user-agent"].contains(&name.to_ascii_lowercase().as_str());
    Node::text(if is_open { value } else { "[REDACTED]" })
}

fn tls(section: &mut Section<'_>) -> TlsSettings {
    section.not_supported(&[
        "tpm",
        "cipher_suites",
        "curve_preferences",
        "min_version",
        "max_version",
    ]);
    section.without_effect(&["reload_interval"]);
    let settings = TlsSettings {
        insecure: section.boolean("insecure", false),
        insecure_skip_verify: section.boolean("insecure_skip_verify", false),
        ca_file: section.text("ca_file").filter(|file| !file.is_empty()),
        ca_pem: section.text("ca_pem").filter(|pem| !pem.is_empty()),
        cert_file: section.text("cert_file").filter(|file| !file.is_empty()),
        cert_pem: section.text("cert_pem").filter(|pem| !pem.is_empty()),
        key_file: section.text("key_file").filter(|file| !file.is_empty()),
        key_pem: section.secret("key_pem"),
        server_name_override: section.text("server_name_override").filter(|name| !name.is_empty()),
        include_system_ca_certs_pool: section.boolean("include_system_ca_certs_pool", false),
    };
    let both = [
        ("ca_pem", settings.ca_file.is_some() && settings.ca_pem.is_some()),
        ("cert_pem", settings.cert_file.is_some() && settings.cert_pem.is_some()),
        ("key_pem", settings.key_file.is_some() && settings.key_pem.is_some()),
    ];
    for (key, _) in both.iter().filter(|(_, both)| *both) {
        section.wrong(
            key,
            format!("{key} and its _file are both given"),
            "keep one of the two",
        );
    }
    let has_certificate = settings.cert_file.is_some() || settings.cert_pem.is_some();
    let has_key = settings.key_file.is_some() || settings.key_pem.is_some();
    if has_certificate != has_key {
        let message = "a client's certificate and its key come together";
        section.wrong(
            if has_key { "key_file" } else { "cert_file" },
            message,
            "give cert_file and key_file",
        );
    }
    settings
}

/// The id of an extension.
pub(super) fn reference(section: &mut Section<'_>, key: &str) -> Option<ComponentId> {
    let text = section.text(key)?;
    parse_id(&text, &EXTENSIONS)
        .map_err(|message| section.wrong(key, message, "name an extension: type or type/name"))
        .ok()
}

/// An exporter's retry: for ever unless a limit is given, since giving up loses lines.
pub(super) fn exporter_retry(section: &mut Section<'_>) -> RetrySettings {
    let settings = RetrySettings {
        enabled: section.boolean("enabled", true),
        initial_interval: section.duration("initial_interval", Duration::from_secs(5)),
        max_interval: section.duration("max_interval", Duration::from_secs(30)),
        multiplier: section.float("multiplier", 1.5),
        randomization_factor: section.float("randomization_factor", 0.5),
        max_elapsed_time: Some(section.duration("max_elapsed_time", Duration::ZERO)).filter(|time| !time.is_zero()),
    };
    if !(0.0..=1.0).contains(&settings.randomization_factor) {
        section.wrong("randomization_factor", "is a share from 0 to 1", "write 0.5");
    }
    if settings.multiplier < 1.0 {
        section.wrong("multiplier", "waits would become shorter", "write 1.5");
    }
    settings
}

/// The `sending_queue` section.
pub(super) fn queue(section: &mut Section<'_>) -> SendingQueueSettings {
    let sizers = [
        ("requests", QueueSizer::Requests),
        ("items", QueueSizer::Items),
        ("bytes", QueueSizer::Bytes),
    ];
    let never_drops = !section.boolean("block_on_overflow", true);
    if never_drops {
        let message = "a full queue drops nothing here: files are read on when there is room";
        section.warn("block_on_overflow", message, "write block_on_overflow: true");
    }
    // The files are the queue: what is not acknowledged is read again.
    section.without_effect(&[
        "enabled",
        "num_consumers",
        "queue_size",
        "sizer",
        "storage",
        "wait_for_result",
    ]);
    let settings = SendingQueueSettings {
        enabled: section.boolean("enabled", true),
        num_consumers: section.unsigned("num_consumers", 10),
        queue_size: section.unsigned("queue_size", 1000),
        sizer: section.choice("sizer", QueueSizer::Requests, &sizers),
        storage: reference(section, "storage"),
        batch: section.optional_child("batch", |batch| queue_batch(batch, &sizers)),
    };
    if settings.num_consumers == 0 || settings.queue_size == 0 {
        let key = if settings.queue_size == 0 {
            "queue_size"
        } else {
            "num_consumers"
        };
        section.wrong(
            key,
            "must be above 0",
            "remove the key for the usual value, or write enabled: false",
        );
    }
    settings
}

fn queue_batch(section: &mut Section<'_>, sizers: &[(&str, QueueSizer)]) -> QueueBatchSettings {
    section.not_supported(&["partition"]);
    let settings = QueueBatchSettings {
        flush_timeout: section.duration("flush_timeout", Duration::from_millis(200)),
        min_size: section.unsigned("min_size", 8192),
        max_size: section.unsigned("max_size", 0),
        sizer: section.choice("sizer", QueueSizer::Items, sizers),
    };
    if settings.max_size > 0 && settings.max_size < settings.min_size {
        section.wrong("max_size", "is below min_size", "raise max_size or lower min_size");
    }
    settings
}
