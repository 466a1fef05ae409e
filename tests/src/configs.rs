//! Configuration files of the two halves, as the tests write them.

use std::net::SocketAddr;
use std::path::Path;

/// How the collector's file differs from test to test.
#[derive(Debug, Clone)]
pub struct CollectorFile<'a> {
    /// Folder with `pods/` and `containers/`.
    pub logs: &'a Path,
    /// Folder for offsets.
    pub state: &'a Path,
    /// Address for `/ready` of its health check.
    pub health: SocketAddr,
    /// Address for its own metrics.
    pub metrics: SocketAddr,
    /// The exporter's type and settings, as lines of YAML indented by four blanks below `exporters:`.
    pub exporter: String,
    /// Lines in a batch.
    pub batch_lines: usize,
    /// Longest time a batch waits for more.
    pub batch_timeout: &'a str,
}

/// Loki push to `address`, retried for ever.
pub fn loki_exporter(address: SocketAddr) -> String {
    format!(
        "  loki:
    endpoint: http://{address}/loki/api/v1/push
    retry_on_failure: {{initial_interval: 100ms, max_interval: 1s, max_elapsed_time: 0s}}
"
    )
}

/// OTLP over HTTP to `endpoint` (without `/v1/logs`), retried for ever.
pub fn otlp_exporter(endpoint: &str) -> String {
    format!(
        "  otlp_http:
    endpoint: {endpoint}
    retry_on_failure: {{initial_interval: 100ms, max_interval: 1s, max_elapsed_time: 0s}}
"
    )
}

impl CollectorFile<'_> {
    /// The text of the file, in the OpenTelemetry Collector's dialect.
    pub fn text(&self) -> String {
        let Self {
            logs,
            state,
            health,
            metrics,
            exporter,
            batch_lines,
            batch_timeout,
        } = self;
        let (logs, state) = (logs.display(), state.display());
        let name = exporter.trim_start().split(':').next().unwrap_or_default();
        let (host, port) = (metrics.ip(), metrics.port());
        format!(
            "extensions:
  health_check: {{endpoint: \"{health}\"}}
  file_storage: {{directory: \"{state}\", create_directory: true}}
receivers:
  file_log:
    include: [\"{logs}/pods/*/*/*.log\"]
    start_at: beginning
    include_file_path: true
    storage: file_storage
    operators:
      - type: container
processors:
  batch: {{timeout: {batch_timeout}, send_batch_size: {batch_lines}}}
exporters:
{exporter}service:
  extensions: [health_check, file_storage]
  pipelines:
    logs: {{receivers: [file_log], processors: [batch], exporters: [{name}]}}
  telemetry:
    metrics:
      readers:
        - pull: {{exporter: {{prometheus: {{host: {host}, port: {port}}}}}}}
"
        )
    }
}

/// How the store's file differs from test to test.
#[derive(Debug, Clone)]
pub struct StoreFile<'a> {
    /// Folder of everything it keeps.
    pub data: &'a Path,
    /// Where it listens.
    pub address: SocketAddr,
    /// `chunk_encoding`.
    pub encoding: &'a str,
    /// `chunk_idle_period`.
    pub idle: &'a str,
    /// `max_chunk_age`.
    pub age: &'a str,
    /// `chunk_target_size` in bytes.
    pub target_bytes: usize,
    /// More limits, as lines of YAML indented by two blanks below `limits_config:`.
    pub limits: &'a str,
}

impl<'a> StoreFile<'a> {
    /// Flushing so often that a run of seconds sees every stage of a line's life.
    pub fn hasty(data: &'a Path, address: SocketAddr) -> Self {
        Self {
            data,
            address,
            encoding: "zstd",
            idle: "2s",
            age: "5s",
            target_bytes: 256 << 10,
            limits: "  max_query_series: 100000\n",
        }
    }

    /// The text of the file, in Loki's dialect; Loki itself takes it too. Limits are far away, so that no line is
    /// refused.
    pub fn text(&self) -> String {
        let Self {
            data,
            address,
            encoding,
            idle,
            age,
            target_bytes,
            limits,
        } = self;
        let (host, port, data) = (address.ip(), address.port(), data.display());
        format!(
            "auth_enabled: false
server: {{http_listen_address: {host}, http_listen_port: {port}, grpc_listen_port: 0, log_level: info, http_server_write_timeout: 10m}}
common:
  instance_addr: 127.0.0.1
  path_prefix: \"{data}\"
  replication_factor: 1
  ring: {{kvstore: {{store: inmemory}}}}
  storage: {{filesystem: {{chunks_directory: \"{data}/chunks\", rules_directory: \"{data}/rules\"}}}}
schema_config:
  configs:
    - {{from: 2024-01-01, store: tsdb, object_store: filesystem, schema: v13, index: {{prefix: index_, period: 24h}}}}
ingester:
  chunk_encoding: {encoding}
  chunk_idle_period: {idle}
  max_chunk_age: {age}
  chunk_target_size: {target_bytes}
  wal: {{enabled: true, dir: \"{data}/wal\", flush_on_shutdown: true}}
query_range: {{cache_results: false}}
limits_config:
  retention_period: 168h
  ingestion_rate_mb: 1000
  ingestion_burst_size_mb: 1000
  per_stream_rate_limit: 1GB
  per_stream_rate_limit_burst: 1GB
  query_timeout: 10m
{limits}analytics: {{reporting_enabled: false}}
"
        )
    }
}
