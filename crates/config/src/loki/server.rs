//! The `server` section.

mod tls;

use std::time::Duration;

use longshore_model::ByteSize;

pub use self::tls::{ClientCertificates, Pem, TlsSettings};
use super::distributor::Distributor;
use crate::decode::Section;
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
    /// Connections at a time; `None` for any. More wait unaccepted. Default: any.
    pub http_listen_conn_limit: Option<u64>,
    /// Longest wait for a request's body. Default: 30 s.
    pub http_server_read_timeout: Duration,
    /// Longest time for an answer; `None` leaves it to `query_timeout`. Default: `None`.
    pub http_server_write_timeout: Option<Duration>,
    /// How long a connection stays without a whole header of a request. Default: 2 min.
    pub http_server_idle_timeout: Duration,
    /// How long open requests may take at the end. Default: 30 s.
    pub graceful_shutdown_timeout: Duration,
    /// With it, it listens by TLS.
    pub http_tls_config: Option<TlsSettings>,
    /// Default: info.
    pub log_level: LogLevel,
    /// `logfmt` is `Console`. Default: console.
    pub log_format: LogEncoding,
    /// Largest push request on the wire (`distributor.max_recv_msg_size`). Default: 100 MiB.
    pub push_size_max: ByteSize,
    /// Largest push request unpacked (`distributor.max_decompressed_size`). Default: 5000 MiB.
    pub push_decompressed_size_max: ByteSize,
}

/// Reads `server`; what bounds a push stands elsewhere.
pub(super) fn decode(section: &mut Section<'_>, distributor: &Distributor) -> ServerSettings {
    let levels = [
        ("debug", LogLevel::Debug),
        ("info", LogLevel::Info),
        ("warn", LogLevel::Warn),
        ("error", LogLevel::Error),
    ];
    let formats = [("logfmt", LogEncoding::Console), ("json", LogEncoding::Json)];
    let port = section.unsigned("http_listen_port", 3100);
    let http_listen_port = u16::try_from(port).unwrap_or_else(|_| {
        section.wrong(
            "http_listen_port",
            format!("{port} is no port"),
            "write a number from 0 to 65535",
        );
        0
    });
    let prefix = section.text("http_path_prefix").unwrap_or_default();
    if !prefix.is_empty() && !prefix.starts_with('/') {
        section.wrong(
            "http_path_prefix",
            "does not begin with '/'",
            format!("write http_path_prefix: /{prefix}"),
        );
    }
    section.without_effect(&UPSTREAM_ONLY);
    ServerSettings {
        http_listen_address: section.text("http_listen_address").unwrap_or_default(),
        http_listen_port,
        http_path_prefix: prefix.trim_end_matches('/').to_owned(),
        http_listen_conn_limit: Some(section.unsigned("http_listen_conn_limit", 0)).filter(|limit| *limit > 0),
        http_server_read_timeout: timeout(section, "http_server_read_timeout", 30),
        http_server_write_timeout: section
            .optional_duration("http_server_write_timeout")
            .filter(|timeout| !timeout.is_zero()),
        http_server_idle_timeout: timeout(section, "http_server_idle_timeout", 120),
        graceful_shutdown_timeout: section.duration("graceful_shutdown_timeout", Duration::from_secs(30)),
        http_tls_config: section.child("http_tls_config", tls::decode),
        log_level: section.choice("log_level", LogLevel::Info, &levels),
        log_format: section.choice("log_format", LogEncoding::Console, &formats),
        push_size_max: distributor.push_size_max,
        push_decompressed_size_max: distributor.push_decompressed_size_max,
    }
}

/// A wait that has an end; 0, which is none in Loki, is a day here.
fn timeout(section: &mut Section<'_>, key: &str, default_seconds: u64) -> Duration {
    let timeout = section.duration(key, Duration::from_secs(default_seconds));
    if timeout.is_zero() { FOR_EVER } else { timeout }
}

const FOR_EVER: Duration = Duration::from_secs(24 * 3600);

/// gRPC between Loki's own processes, and details of its web server.
const UPSTREAM_ONLY: [&str; 40] = [
    "cluster_validation",
    "create_new_traces",
    "grpc_collect_max_streams_by_conn",
    "grpc_listen_address",
    "grpc_listen_conn_limit",
    "grpc_listen_network",
    "grpc_listen_port",
    "grpc_server_keepalive_time",
    "grpc_server_keepalive_timeout",
    "grpc_server_max_concurrent_streams",
    "grpc_server_max_connection_age",
    "grpc_server_max_connection_age_grace",
    "grpc_server_max_connection_idle",
    "grpc_server_max_recv_msg_size",
    "grpc_server_max_send_msg_size",
    "grpc_server_min_time_between_pings",
    "grpc_server_num_workers",
    "grpc_server_ping_without_stream_allowed",
    "grpc_server_read_buffer_size",
    "grpc_server_recv_buffer_pools_enabled",
    "grpc_server_stats_tracking_enabled",
    "grpc_server_write_buffer_size",
    "grpc_tls_config",
    "http_listen_network",
    "http_log_closed_connections_without_response_enabled",
    "http_server_read_header_timeout",
    "log_request_at_info_level_enabled",
    "log_request_exclude_headers_list",
    "log_request_headers",
    "log_source_ips_enabled",
    "log_source_ips_full",
    "log_source_ips_header",
    "log_source_ips_regex",
    "proxy_protocol_enabled",
    "register_instrumentation",
    "report_grpc_codes_in_instrumentation_label_enabled",
    "tls_cipher_suites",
    "tls_min_version",
    "trace_request_exclude_headers_list",
    "trace_request_headers",
];
