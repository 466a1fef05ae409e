//! Exporters.

use super::{Compression, HttpClientSettings, RetrySettings, SendingQueueSettings, http_client};
use crate::decode::Section;

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

pub(super) fn decode(kind: &str, section: &mut Section<'_>) -> ExporterSettings {
    match kind {
        "loki" => ExporterSettings::Loki(Box::new(loki(section))),
        "debug" => ExporterSettings::Debug(debug(section)),
        _ => ExporterSettings::OtlpHttp(Box::new(otlp_http(section))),
    }
}

fn loki(section: &mut Section<'_>) -> LokiExporterSettings {
    const PUSH_PATH: &str = "/loki/api/v1/push";
    let endpoint = section.text("endpoint").unwrap_or_default();
    http_client::check_url(section, "endpoint", &endpoint, "http://loki:3100/loki/api/v1/push");
    let base = endpoint.trim_end_matches('/').trim_end_matches(PUSH_PATH);
    let message = "upstream has removed this exporter (v0.131.0) and refuses it; here it pushes to Loki as it did";
    let fix = format!("write\notlp_http:\n  endpoint: {base}/otlp");
    section.report.warn(section.line, &section.path, message, fix);
    section.without_effect(&["default_labels_enabled"]);
    section.not_supported(&["tenant", "labels", "format"]);
    LokiExporterSettings {
        client: http_client::client(section, endpoint, Compression::None),
        retry: section.child("retry_on_failure", http_client::exporter_retry),
        queue: section.child("sending_queue", http_client::queue),
    }
}

fn otlp_http(section: &mut Section<'_>) -> OtlpHttpSettings {
    let base = section.text("endpoint").filter(|endpoint| !endpoint.is_empty());
    let for_logs = section.text("logs_endpoint").filter(|endpoint| !endpoint.is_empty());
    section.without_effect(&["metrics_endpoint", "traces_endpoint", "profiles_endpoint"]);
    let key = if for_logs.is_some() {
        "logs_endpoint"
    } else {
        "endpoint"
    };
    let endpoint = for_logs.or_else(|| base.map(|base| format!("{}/v1/logs", base.trim_end_matches('/'))));
    let example = if key == "endpoint" {
        "http://loki:3100/otlp"
    } else {
        "http://loki:3100/otlp/v1/logs"
    };
    match &endpoint {
        Some(endpoint) => http_client::check_url(section, key, endpoint, example),
        None if section.is_misspelt("endpoint") => {}
        None => section.wrong(
            "endpoint",
            "the exporter needs an address",
            format!("write endpoint: {example}"),
        ),
    }
    let encodings = [("proto", OtlpEncoding::Proto), ("json", OtlpEncoding::Json)];
    OtlpHttpSettings {
        encoding: section.choice("encoding", OtlpEncoding::Proto, &encodings),
        client: http_client::client(section, endpoint.unwrap_or_default(), Compression::Gzip),
        retry: section.child("retry_on_failure", http_client::exporter_retry),
        queue: section.child("sending_queue", http_client::queue),
    }
}

fn debug(section: &mut Section<'_>) -> DebugSettings {
    let levels = [
        ("basic", Verbosity::Basic),
        ("normal", Verbosity::Normal),
        ("detailed", Verbosity::Detailed),
    ];
    section.without_effect(&[
        "sampling_initial",
        "sampling_thereafter",
        "use_internal_logger",
        "output_paths",
        "sending_queue",
    ]);
    DebugSettings {
        verbosity: section.choice("verbosity", Verbosity::Basic, &levels),
    }
}
