//! What all HTTP exporters share: client, retry, queue.

use std::time::Duration;

use super::ComponentId;
use crate::Secret;

/// A client of HTTP.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpClientSettings {
    /// `http://host:port/path`.
    pub endpoint: String,
    /// Headers of each request, in the order of the file.
    pub headers: Vec<(String, Secret)>,
    /// Default: gzip for `otlp_http`; the Loki protocol has its own (snappy) and this is added to it.
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
    /// Wait before the second try. Default: 5 s (receivers: 1 s).
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
