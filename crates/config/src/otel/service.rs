//! The collector's configuration as a whole: components by id, pipelines, telemetry.

use std::collections::BTreeMap;
use std::fmt;

use super::components::{EXPORTERS, EXTENSIONS, Family, PROCESSORS, RECEIVERS, parse_id, unsupported};
use super::{
    ExporterSettings, ExtensionSettings, ProcessorSettings, ReceiverSettings, exporters, extensions, file_log,
    processors,
};
use crate::Env;
use crate::decode::{Section, join_path, nearest};
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
    let defined = Defined {
        receivers: receivers.keys().cloned().collect(),
        processors: processors.keys().cloned().collect(),
        exporters: exporters.keys().cloned().collect(),
        extensions: extensions.keys().cloned().collect(),
    };
    let service = top.child("service", |section| service(section, &defined));
    let settings = CollectorSettings {
        receivers,
        processors,
        exporters,
        extensions,
        service,
    };
    defined.check_use(top, &settings);
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

/// Ids of what is defined.
struct Defined {
    receivers: Vec<ComponentId>,
    processors: Vec<ComponentId>,
    exporters: Vec<ComponentId>,
    extensions: Vec<ComponentId>,
}

impl Defined {
    /// Says what is defined and never used.
    fn check_use(&self, top: &Section<'_>, settings: &CollectorSettings) {
        let pipelines = &settings.service.pipelines;
        let unused = |family: &Family, defined: &[ComponentId], used: &dyn Fn(&ComponentId) -> bool, place: &str| {
            for id in defined.iter().filter(|id| !used(id)) {
                let message = format!(
                    "the {} is defined, but in no {place}, and does nothing",
                    family.singular
                );
                top.report.warn(
                    0,
                    &format!("{}.{id}", family.section),
                    message,
                    format!("add it to a {place}, or remove it"),
                );
            }
        };
        if pipelines.is_empty() {
            return;
        }
        unused(
            &RECEIVERS,
            &self.receivers,
            &|id| pipelines.iter().any(|pipeline| pipeline.receivers.contains(id)),
            "pipeline",
        );
        unused(
            &PROCESSORS,
            &self.processors,
            &|id| pipelines.iter().any(|pipeline| pipeline.processors.contains(id)),
            "pipeline",
        );
        unused(
            &EXPORTERS,
            &self.exporters,
            &|id| pipelines.iter().any(|pipeline| pipeline.exporters.contains(id)),
            "pipeline",
        );
        let started = &settings.service.extensions;
        unused(
            &EXTENSIONS,
            &self.extensions,
            &|id| started.contains(id),
            "list service.extensions",
        );
    }
}

fn service(section: &mut Section<'_>, defined: &Defined) -> ServiceSettings {
    let extensions = references(section, "extensions", &EXTENSIONS, &defined.extensions);
    let pipelines = section.child("pipelines", |section| {
        let mut pipelines = Vec::new();
        for pair in section.all() {
            let path = join_path(&section.path, &pair.key);
            let (signal, name) = pair.key.split_once('/').unwrap_or((&pair.key, ""));
            if signal != "logs" {
                let message = match signal {
                    "metrics" | "traces" | "profiles" => {
                        format!("a pipeline of {signal} is known upstream, but only logs are carried here")
                    }
                    _ => format!("'{signal}' is no kind of pipeline"),
                };
                section
                    .report
                    .error(pair.line, &path, message, "name pipelines logs or logs/<name>");
                continue;
            }
            let id = ComponentId {
                kind: signal.to_owned(),
                name: name.to_owned(),
            };
            let node = pair.value.clone();
            let (pipeline, effective) = Section::read(section.report, &path, Some(&node), |section| {
                pipeline(section, id, defined)
            });
            section.show(&pair.key, effective);
            pipelines.push(pipeline);
        }
        pipelines
    });
    let telemetry = section.child("telemetry", telemetry);
    ServiceSettings {
        extensions,
        pipelines,
        telemetry,
    }
}

fn pipeline(section: &mut Section<'_>, id: ComponentId, defined: &Defined) -> PipelineSettings {
    let receivers = references(section, "receivers", &RECEIVERS, &defined.receivers);
    let processors = references(section, "processors", &PROCESSORS, &defined.processors);
    let exporters = references(section, "exporters", &EXPORTERS, &defined.exporters);
    for (key, is_missing) in [
        ("receivers", !section.has("receivers")),
        ("exporters", !section.has("exporters")),
    ] {
        if is_missing {
            section.wrong(
                key,
                format!("a pipeline needs {key}"),
                format!("add {key}: [...] with what is defined under {key}"),
            );
        }
    }
    PipelineSettings {
        id,
        receivers,
        processors,
        exporters,
    }
}

/// A list of ids, each of which must be defined.
fn references(section: &mut Section<'_>, key: &str, family: &Family, defined: &[ComponentId]) -> Vec<ComponentId> {
    let mut ids: Vec<ComponentId> = Vec::new();
    section.items(key, |item| {
        let text = item.text()?;
        let id = match parse_id(&text, family) {
            Ok(id) => id,
            Err(message) => {
                item.wrong(message, "write type or type/name");
                return None;
            }
        };
        // A type we do not have was an error where it is defined.
        if !defined.contains(&id) && family.supported.contains(&id.kind.as_str()) {
            let names: Vec<String> = defined.iter().map(ToString::to_string).collect();
            let hint = nearest(&text, names.iter().map(String::as_str)).map(|near| format!("did you mean '{near}'? "));
            let fix = format!("{}define it under {}", hint.unwrap_or_default(), family.section);
            item.wrong(format!("the {} '{text}' is not defined", family.singular), fix);
        }
        if ids.contains(&id) {
            item.wrong(format!("'{text}' stands here twice"), "remove one");
            return None;
        }
        ids.push(id.clone());
        Some((id.clone(), Node::text(id.to_string())))
    })
}

fn telemetry(section: &mut Section<'_>) -> TelemetrySettings {
    let (log_level, log_encoding) = section.child("logs", |logs| {
        let levels = [
            ("debug", LogLevel::Debug),
            ("info", LogLevel::Info),
            ("warn", LogLevel::Warn),
            ("error", LogLevel::Error),
            ("DEBUG", LogLevel::Debug),
            ("INFO", LogLevel::Info),
            ("WARN", LogLevel::Warn),
            ("ERROR", LogLevel::Error),
        ];
        let level = logs.choice("level", LogLevel::Info, &levels);
        let encodings = [("console", LogEncoding::Console), ("json", LogEncoding::Json)];
        let encoding = logs.choice("encoding", LogEncoding::Console, &encodings);
        let others = [
            "development",
            "disable_caller",
            "disable_stacktrace",
            "sampling",
            "output_paths",
            "error_output_paths",
        ];
        logs.without_effect(&others);
        logs.without_effect(&["initial_fields", "processors"]);
        (level, encoding)
    });
    let metrics_address = section.child("metrics", metrics);
    section.without_effect(&["traces", "resource"]);
    TelemetrySettings {
        log_level,
        log_encoding,
        metrics_address,
    }
}

/// Where metrics can be read. Upstream's way to say it is five levels deep; the old `address` was removed there.
fn metrics(section: &mut Section<'_>) -> Option<String> {
    const DEFAULT_HOST: &str = "localhost";
    const DEFAULT_PORT: u64 = 8888;
    let levels = [("none", false), ("basic", true), ("normal", true), ("detailed", true)];
    let level_is_given = section.has("level");
    let enabled = !level_is_given || section.choice("level", true, &levels);
    section.without_effect(&["views"]);
    let mut address = format!("{DEFAULT_HOST}:{DEFAULT_PORT}");
    if section.has("address") {
        let given = section.text_or("address", &address);
        let (host, port) = given.rsplit_once(':').unwrap_or((&given, "8888"));
        let fix = format!("write\nreaders:\n  - pull: {{exporter: {{prometheus: {{host: '{host}', port: {port}}}}}}}");
        section.warn("address", "upstream has removed this key and refuses it", fix);
        address = given;
    }
    let readers = section.children("readers", |reader| {
        reader.not_supported(&["periodic"]);
        let pulled = reader.optional_child("pull", |pull| {
            pull.optional_child("exporter", |exporter| {
                exporter.optional_child("prometheus", |prometheus| {
                    let host = prometheus.text_or("host", DEFAULT_HOST);
                    let port = prometheus.unsigned("port", DEFAULT_PORT);
                    let others = [
                        "without_scope_info",
                        "without_type_suffix",
                        "without_units",
                        "with_resource_constant_labels",
                    ];
                    prometheus.without_effect(&others);
                    prometheus.without_effect(&["translation_strategy"]);
                    format!("{host}:{port}")
                })
            })
        });
        pulled.flatten().flatten()
    });
    if readers.len() > 1 {
        section.wrong(
            "readers",
            "metrics can be read at one address only",
            "keep one pull reader",
        );
    }
    let is_default = readers.is_empty() && !section.has("address");
    if enabled && is_default {
        let prometheus = Node::map(vec![
            ("host".to_owned(), Node::text(DEFAULT_HOST)),
            ("port".to_owned(), Node::plain(DEFAULT_PORT.to_string())),
        ]);
        let exporter = Node::map(vec![("prometheus".to_owned(), prometheus)]);
        let pull = Node::map(vec![("exporter".to_owned(), exporter)]);
        section.show("readers", Node::list(vec![Node::map(vec![("pull".to_owned(), pull)])]));
    }
    enabled.then(|| readers.into_iter().next().unwrap_or(address))
}
