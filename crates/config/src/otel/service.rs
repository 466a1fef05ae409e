//! The collector's configuration as a whole: components by id, pipelines, telemetry.

use std::collections::BTreeMap;
use std::fmt;

use super::{ExporterSettings, ExtensionSettings, ProcessorSettings, ReceiverSettings};

/// Everything a collector needs to know.
#[derive(Debug, Clone, PartialEq)]
pub struct CollectorSettings {
    /// Where records come from.
    pub receivers: BTreeMap<ComponentId, ReceiverSettings>,
    /// What is done to them; the order is the pipeline's.
    pub processors: BTreeMap<ComponentId, ProcessorSettings>,
    /// Where they go.
    pub exporters: BTreeMap<ComponentId, ExporterSettings>,
    /// Everything besides pipelines: storage, health check, authentication.
    pub extensions: BTreeMap<ComponentId, ExtensionSettings>,
    /// Which of these run, and how they are joined.
    pub service: ServiceSettings,
}

/// `type` or `type/name`, with the type in its present spelling (`file_log`, never `filelog`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ComponentId {
    /// The component's type.
    pub kind: String,
    /// What follows the slash; empty when there is none.
    pub name: String,
}

impl ComponentId {
    /// An id without a name.
    pub fn of_kind(kind: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            name: String::new(),
        }
    }
}

impl fmt::Display for ComponentId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.kind)?;
        if !self.name.is_empty() {
            write!(formatter, "/{}", self.name)?;
        }
        Ok(())
    }
}

/// The `service` section.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceSettings {
    /// Extensions to start, in this order. Each is defined.
    pub extensions: Vec<ComponentId>,
    /// The pipelines, all of logs; at least one.
    pub pipelines: Vec<PipelineSettings>,
    /// The collector's own logs and metrics.
    pub telemetry: TelemetrySettings,
}

/// One pipeline; every id in it is defined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipelineSettings {
    /// `logs` or `logs/<name>`.
    pub id: ComponentId,
    /// At least one.
    pub receivers: Vec<ComponentId>,
    /// In the order in which they act.
    pub processors: Vec<ComponentId>,
    /// At least one; each gets every record.
    pub exporters: Vec<ComponentId>,
}

/// The `service.telemetry` section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TelemetrySettings {
    /// `logs.level`. Default: info.
    pub log_level: LogLevel,
    /// `logs.encoding`. Default: console.
    pub log_encoding: LogEncoding,
    /// Where Prometheus may read the collector's metrics, `host:port`; `None` with `metrics.level: none`.
    /// Default: `localhost:8888`.
    pub metrics_address: Option<String>,
}

/// How much the program says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Everything.
    Debug,
    /// Start, stop and what happens in between.
    Info,
    /// What went wrong and was set right.
    Warn,
    /// What needs somebody.
    Error,
}

/// Form of the program's own log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogEncoding {
    /// For people.
    Console,
    /// One JSON object a line.
    Json,
}
