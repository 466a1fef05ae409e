//! The `service` section: which components run, and that everything they name is there.

use super::components::{EXPORTERS, EXTENSIONS, Family, PROCESSORS, RECEIVERS, parse_id};
use super::{
    CollectorSettings, ComponentId, ExporterSettings, PipelineSettings, ReceiverSettings, ServiceSettings, telemetry,
};
use crate::decode::{Report, Section, join_path, nearest};
use crate::yaml::Node;

/// Ids of all components in the file, with their lines; also of those that we do not have.
pub(super) struct Written {
    receivers: Vec<(ComponentId, usize)>,
    processors: Vec<(ComponentId, usize)>,
    exporters: Vec<(ComponentId, usize)>,
    extensions: Vec<(ComponentId, usize)>,
}

impl Written {
    pub(super) fn new(top: &Section<'_>) -> Self {
        let ids = |family: &Family| -> Vec<(ComponentId, usize)> {
            let pairs = top.peek(family.section).and_then(Node::pairs).unwrap_or_default();
            let id = |key: &str| parse_id(key, family).ok();
            pairs
                .iter()
                .filter_map(|pair| Some((id(&pair.key)?, pair.line)))
                .collect()
        };
        Self {
            receivers: ids(&RECEIVERS),
            processors: ids(&PROCESSORS),
            exporters: ids(&EXPORTERS),
            extensions: ids(&EXTENSIONS),
        }
    }

    /// Says what is defined and never used, and what is used and never started.
    pub(super) fn check_use(&self, report: &Report, settings: &CollectorSettings) {
        let pipelines = &settings.service.pipelines;
        let in_pipeline = |of: fn(&PipelineSettings) -> &[ComponentId]| {
            move |id: &ComponentId| pipelines.iter().any(|pipeline| of(pipeline).contains(id))
        };
        if !pipelines.is_empty() {
            let place = "in no pipeline";
            warn_unused(
                report,
                &RECEIVERS,
                &self.receivers,
                in_pipeline(|pipeline| &pipeline.receivers),
                place,
            );
            warn_unused(
                report,
                &PROCESSORS,
                &self.processors,
                in_pipeline(|pipeline| &pipeline.processors),
                place,
            );
            warn_unused(
                report,
                &EXPORTERS,
                &self.exporters,
                in_pipeline(|pipeline| &pipeline.exporters),
                place,
            );
        }
        let started = &settings.service.extensions;
        let needed = extensions_needed(settings);
        let is_used = |id: &ComponentId| started.contains(id) || needed.iter().any(|(_, needed)| needed == id);
        warn_unused(
            report,
            &EXTENSIONS,
            &self.extensions,
            is_used,
            "not in service.extensions",
        );
        for (path, id) in &needed {
            let component = path.split('.').nth(1).unwrap_or_default();
            let line = self.line_of(component);
            if !self.extensions.iter().any(|(written, _)| written == id) {
                let fix = format!("define it under extensions, and add it to service.extensions: [{id}]");
                report.error(line, path, format!("the extension '{id}' is not defined"), fix);
            } else if !started.contains(id) {
                let fix = format!("add it to service.extensions: [{id}]");
                report.error(
                    line,
                    path,
                    format!("the extension '{id}' is defined, but not started"),
                    fix,
                );
            }
        }
    }

    fn line_of(&self, component: &str) -> usize {
        let mut all = self.receivers.iter().chain(&self.exporters);
        all.find(|(id, _)| id.to_string() == component)
            .map_or(0, |(_, line)| *line)
    }
}

fn warn_unused(
    report: &Report,
    family: &Family,
    written: &[(ComponentId, usize)],
    is_used: impl Fn(&ComponentId) -> bool,
    place: &str,
) {
    let supported = |id: &ComponentId| family.supported.contains(&id.kind.as_str());
    for (id, line) in written.iter().filter(|(id, _)| supported(id) && !is_used(id)) {
        let message = format!("the {} is defined, but {place}, and does nothing", family.singular);
        report.warn(
            *line,
            &format!("{}.{id}", family.section),
            message,
            "add it there, or remove it",
        );
    }
}

/// Extensions that components name, with the place.
fn extensions_needed(settings: &CollectorSettings) -> Vec<(String, ComponentId)> {
    let mut needed = Vec::new();
    for (id, receiver) in &settings.receivers {
        let ReceiverSettings::FileLog(file_log) = receiver;
        needed.extend(
            file_log
                .storage
                .clone()
                .map(|storage| (format!("receivers.{id}.storage"), storage)),
        );
    }
    for (id, exporter) in &settings.exporters {
        let (client, queue) = match exporter {
            ExporterSettings::Loki(loki) => (&loki.client, &loki.queue),
            ExporterSettings::OtlpHttp(otlp) => (&otlp.client, &otlp.queue),
            ExporterSettings::Debug(_) => continue,
        };
        needed.extend(client.auth.clone().map(|auth| (format!("exporters.{id}.auth"), auth)));
        let storage = queue.storage.clone();
        needed.extend(storage.map(|storage| (format!("exporters.{id}.sending_queue.storage"), storage)));
    }
    needed
}

/// Reads `service`.
pub(super) fn decode_service(section: &mut Section<'_>, written: &Written) -> ServiceSettings {
    let extensions = references(section, "extensions", &EXTENSIONS, &written.extensions);
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
                pipeline(section, id, written)
            });
            section.show(&pair.key, effective);
            pipelines.push(pipeline);
        }
        pipelines
    });
    let telemetry = section.child("telemetry", telemetry::decode);
    ServiceSettings {
        extensions,
        pipelines,
        telemetry,
    }
}

fn pipeline(section: &mut Section<'_>, id: ComponentId, written: &Written) -> PipelineSettings {
    let receivers = references(section, "receivers", &RECEIVERS, &written.receivers);
    let processors = references(section, "processors", &PROCESSORS, &written.processors);
    let exporters = references(section, "exporters", &EXPORTERS, &written.exporters);
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
fn references(
    section: &mut Section<'_>,
    key: &str,
    family: &Family,
    written: &[(ComponentId, usize)],
) -> Vec<ComponentId> {
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
        if !written.iter().any(|(written, _)| *written == id) {
            let names: Vec<String> = written.iter().map(|(id, _)| id.to_string()).collect();
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
