//! The `server` section.

use std::time::Duration;

use longshore_model::ByteSize;

use crate::otel::{LogEncoding, LogLevel};

/// Where and how the store listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSettings {
    /// Empty for every address of the machine. Default: empty.
    pub http_listen_address: String,
    /// Default: 3100; 0 for any free port.
    pub http_listen_port: u16,
    /// Stands before every path, `/loki-a`; empty for none.
    pub http_path_prefix: String,
    /// Longest wait for a request's whole. Default: 30 s.
    pub http_server_read_timeout: Duration,
    /// Longest time for an answer. Default: 30 s.
    pub http_server_write_timeout: Duration,
    /// How long an idle connection stays. Default: 2 min.
    pub http_server_idle_timeout: Duration,
    /// How long open requests may take at the end. Default: 30 s.
    pub graceful_shutdown_timeout: Duration,
    /// PEM; with the key, it listens by TLS.
    pub http_tls_cert_file: Option<String>,
    /// PEM.
    pub http_tls_key_file: Option<String>,
    /// PEM; with it, clients must show a certificate.
    pub http_tls_client_ca_file: Option<String>,
    /// Default: info.
    pub log_level: LogLevel,
    /// `logfmt` is `Console`. Default: console.
    pub log_format: LogEncoding,
    /// Largest push request on the wire (`distributor.max_recv_msg_size`). Default: 100 MiB.
    pub push_size_max: ByteSize,
    /// Largest push request unpacked (`distributor.max_decompressed_size`). Default: 5000 MiB.
    pub push_decompressed_size_max: ByteSize,
}
