//! Exporters.

use super::{HttpClientSettings, RetrySettings, SendingQueueSettings};

/// An exporter of any type.
#[derive(Debug, Clone, PartialEq)]
pub enum ExporterSettings {
    /// Loki's push protocol.
    Loki(Box<LokiExporterSettings>),
    /// OTLP over HTTP.
    OtlpHttp(Box<OtlpHttpSettings>),
    /// To standard output.
    Debug(DebugSettings),
}

/// Settings of `loki`.
#[derive(Debug, Clone, PartialEq)]
pub struct LokiExporterSettings {
    /// Its endpoint is the whole address, `http://loki:3100/loki/api/v1/push`.
    pub client: HttpClientSettings,
    /// What happens after a failure.
    pub retry: RetrySettings,
    /// What waits.
    pub queue: SendingQueueSettings,
}

/// Settings of `otlp_http`.
#[derive(Debug, Clone, PartialEq)]
pub struct OtlpHttpSettings {
    /// Its endpoint is the whole address for logs, `http://loki:3100/otlp/v1/logs`: `logs_endpoint`, or `endpoint`
    /// with `/v1/logs` added.
    pub client: HttpClientSettings,
    /// Default: protobuf.
    pub encoding: OtlpEncoding,
    /// What happens after a failure.
    pub retry: RetrySettings,
    /// What waits.
    pub queue: SendingQueueSettings,
}

/// Form of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtlpEncoding {
    /// Protobuf.
    Proto,
    /// JSON.
    Json,
}

/// Settings of `debug`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DebugSettings {
    /// Default: basic.
    pub verbosity: Verbosity,
}

/// How much `debug` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verbosity {
    /// A line a batch.
    Basic,
    /// A line a record.
    Normal,
    /// Every field.
    Detailed,
}
