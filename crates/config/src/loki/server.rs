//! The `server` section.

use std::time::Duration;

use longshore_model::ByteSize;

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
    /// PEM; who may sign certificates of clients.
    pub http_tls_client_ca_file: Option<String>,
    /// Clients must show a certificate; without it they may. Default: false.
    pub http_tls_client_certificate_required: bool,
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
    let tls = tls(section);
    section.not_yet(&[
        "graceful_shutdown_timeout",
        "http_server_idle_timeout",
        "http_server_read_timeout",
        "http_server_write_timeout",
        "log_format",
        "log_level",
    ]);
    section.without_effect(&UPSTREAM_ONLY);
    ServerSettings {
        http_listen_address: section.text("http_listen_address").unwrap_or_default(),
        http_listen_port,
        http_path_prefix: prefix.trim_end_matches('/').to_owned(),
        http_server_read_timeout: section.duration("http_server_read_timeout", Duration::from_secs(30)),
        http_server_write_timeout: section.duration("http_server_write_timeout", Duration::from_secs(30)),
        http_server_idle_timeout: section.duration("http_server_idle_timeout", Duration::from_secs(120)),
        graceful_shutdown_timeout: section.duration("graceful_shutdown_timeout", Duration::from_secs(30)),
        http_tls_cert_file: tls.certificate,
        http_tls_key_file: tls.key,
        http_tls_client_ca_file: tls.client_ca,
        http_tls_client_certificate_required: tls.client_certificate_required,
        log_level: section.choice("log_level", LogLevel::Info, &levels),
        log_format: section.choice("log_format", LogEncoding::Console, &formats),
        push_size_max: distributor.push_size_max,
        push_decompressed_size_max: distributor.push_decompressed_size_max,
    }
}

/// `http_tls_config`, as far as it acts.
struct Tls {
    certificate: Option<String>,
    key: Option<String>,
    client_ca: Option<String>,
    client_certificate_required: bool,
}

fn tls(section: &mut Section<'_>) -> Tls {
    let read = section.child("http_tls_config", |tls| {
        // An error and not a warning: who configures TLS must not be served without it.
        let is_given = |key: &str| {
            tls.peek(key)
                .is_some_and(|node| !node.is_null() && !node.is_empty_text())
        };
        let inline: Vec<&str> = ["cert", "key", "client_ca"]
            .into_iter()
            .filter(|key| is_given(key))
            .collect();
        let has_auth_type = is_given("client_auth_type");
        tls.not_supported(&inline);
        // Loki prints them empty.
        for key in ["cert", "client_ca", "key", "client_auth_type"] {
            tls.node(key);
        }
        let required = match has_auth_type {
            true => tls.choice("client_auth_type", None, &CLIENT_AUTH_TYPES),
            false => None,
        };
        let mut text = |key: &str| tls.text(key).filter(|text| !text.is_empty());
        let files = (text("cert_file"), text("key_file"), text("client_ca_file"));
        if files.2.is_some() != required.is_some() {
            let message = "client_ca_file and client_auth_type come together";
            tls.wrong(
                "client_auth_type",
                message,
                "write client_auth_type: RequireAndVerifyClientCert",
            );
        }
        let (certificate, key, client_ca) = files;
        Tls {
            certificate,
            key,
            client_ca,
            client_certificate_required: required.unwrap_or(false),
        }
    });
    if read.certificate.is_some() != read.key.is_some() {
        section.wrong(
            "http_tls_config",
            "a certificate and its key come together",
            "give cert_file and key_file",
        );
    }
    read
}

/// Whether certificates of clients are verified, and whether they must have one. Loki's kinds that ask for one and do
/// not look at it are not there.
const CLIENT_AUTH_TYPES: [(&str, Option<bool>); 3] = [
    ("NoClientCert", None),
    ("VerifyClientCertIfGiven", Some(false)),
    ("RequireAndVerifyClientCert", Some(true)),
];

/// gRPC between Loki's own processes, and details of its web server.
const UPSTREAM_ONLY: [&str; 41] = [
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
    "http_listen_conn_limit",
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
