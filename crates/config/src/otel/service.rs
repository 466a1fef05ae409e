//! The collector's configuration as a whole: components by id, pipelines, telemetry.

use std::collections::BTreeMap;
use std::fmt;

use super::components::{EXPORTERS, EXTENSIONS, Family, PROCESSORS, RECEIVERS, parse_id, unsupported};
use super::pipelines::{self, Written};
use super::{
    ExporterSettings, ExtensionSettings, ProcessorSettings, ReceiverSettings, exporters, extensions, file_log,
    processors,
};
use crate::Env;
use crate::decode::{Section, join_path};
use crate::yaml::Node;

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

/// Reads the whole configuration.
pub(super) fn decode(top: &mut Section<'_>, env: &Env<'_>) -> CollectorSettings {
    let receivers = components(top, &RECEIVERS, |_, section| {
        ReceiverSettings::FileLog(Box::new(file_log::decode(section)))
    });
    let processors = components(top, &PROCESSORS, |kind, section| processors::decode(kind, section, env));
    let exporters = components(top, &EXPORTERS, exporters::decode);
    let extensions = components(top, &EXTENSIONS, extensions::decode);
    top.not_supported(&["connectors"]);
    let written = Written::new(top);
    let service = top.child("service", |section| pipelines::decode_service(section, &written));
    let settings = CollectorSettings {
        receivers,
        processors,
        exporters,
        extensions,
        service,
    };
    written.check_use(top.report, &settings);
    settings
}

/// Reads one of the four maps of components.
fn components<T>(
    top: &mut Section<'_>,
    family: &Family,
    mut decode: impl FnMut(&str, &mut Section<'_>) -> T,
) -> BTreeMap<ComponentId, T> {
    let section_key = family.section;
    top.child(section_key, |section| {
        let mut found = BTreeMap::new();
        for pair in section.all() {
            let path = join_path(section_key, &pair.key);
            let id = match parse_id(&pair.key, family) {
                Ok(id) => id,
                Err(message) => {
                    section.report.error(
                        pair.line,
                        &path,
                        message,
                        "write type or type/name, as in file_log/apps",
                    );
                    continue;
                }
            };
            if !family.supported.contains(&id.kind.as_str()) {
                let (message, fix) = unsupported(&id.kind, family);
                section.report.error(pair.line, &path, message, fix);
                continue;
            }
            let written = pair.key.split('/').next().unwrap_or_default().trim();
            if written != id.kind {
                let message = format!("'{written}' is an old name of '{}'", id.kind);
                section.report.warn(pair.line, &path, message, format!("write {id}:"));
            }
            // A null component has its section's line, so that messages have one.
            let node = if pair.value.is_null() {
                Node::map(Vec::new()).at_line(pair.line)
            } else {
                pair.value.clone()
            };
            let (settings, effective) =
                Section::read(section.report, &path, Some(&node), |section| decode(&id.kind, section));
            section.show(&id.to_string(), effective);
            if found.insert(id.clone(), settings).is_some() {
                section.report.error(
                    pair.line,
                    &path,
                    format!("'{id}' is defined twice"),
                    "give one of them a name: type/name",
                );
            }
        }
        found
    })
}
