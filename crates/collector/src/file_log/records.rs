//! Records of files made into records of the model: resource, attributes, operators.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use longshore_config::otel::{FileLogSettings, OperatorKind, OperatorValue};
use longshore_model::otel::{Attributes, LogRecord, Resource, ResourceLogs, Value};
use longshore_wire::container::{OutputStream, PodFacts};

use super::joiner::Record;
use super::tailer::{Chunk, FileInfo};
use crate::exporters::chance;
use crate::limits::RESOURCE_CACHE_MAX;
use crate::metrics::Metrics;
use crate::operators::{Operator, Verdict};
use crate::processors::put;

/// What makes records.
#[derive(Debug)]
pub(crate) struct RecordMaker {
    component: String,
    operators: Vec<Operator>,
    settings: RecordSettings,
    /// By the address of the file's facts, which the value keeps alive.
    known: HashMap<usize, Known>,
    stream_key: Arc<str>,
    offset_key: Arc<str>,
    number_key: Arc<str>,
    metrics: Metrics,
}

#[derive(Debug)]
struct RecordSettings {
    resource: Attributes,
    attributes: Attributes,
    adds_metadata: bool,
    is_container: bool,
    trims_start: bool,
    trims_end: bool,
    with_name: bool,
    with_path: bool,
    with_name_resolved: bool,
    with_path_resolved: bool,
    with_record_number: bool,
    with_record_offset: bool,
}

/// What all records of a file share.
#[derive(Debug)]
struct Known {
    info: Arc<FileInfo>,
    resource: Arc<Resource>,
    attributes: Attributes,
    trims: bool,
    records: i64,
}

impl RecordMaker {
    /// Compiles the operators; the error is text for people.
    pub(crate) fn new(component: &str, settings: &FileLogSettings, metrics: Metrics) -> Result<Self, String> {
        let container = settings.operators.iter().find_map(|operator| match &operator.kind {
            OperatorKind::Container(container) => Some(container),
            _ => None,
        });
        Ok(Self {
            component: component.to_owned(),
            operators: Operator::compile_all(&settings.operators)?,
            settings: RecordSettings {
                resource: literals(&settings.resource)?,
                attributes: literals(&settings.attributes)?,
                adds_metadata: container.is_none_or(|container| container.add_metadata_from_filepath),
                is_container: container.is_some(),
                trims_start: !settings.preserve_leading_whitespaces,
                trims_end: !settings.preserve_trailing_whitespaces,
                with_name: settings.include_file_name,
                with_path: settings.include_file_path,
                with_name_resolved: settings.include_file_name_resolved,
                with_path_resolved: settings.include_file_path_resolved,
                with_record_number: settings.include_file_record_number,
                with_record_offset: settings.include_file_record_offset,
            },
            known: HashMap::new(),
            stream_key: "log.iostream".into(),
            offset_key: "log.file.record_offset".into(),
            number_key: "log.file.record_number".into(),
            metrics,
        })
    }

    /// The records of a chunk after the operators; dropped ones are counted.
    pub(crate) fn make(&mut self, chunk: Chunk) -> Vec<ResourceLogs> {
        if self.known.len() >= RESOURCE_CACHE_MAX {
            self.known.clear();
        }
        let address = Arc::as_ptr(&chunk.info).addr();
        let settings = &self.settings;
        let known = self
            .known
            .entry(address)
            .or_insert_with(|| Known::new(chunk.info, settings));
        let mut groups: Vec<ResourceLogs> = Vec::with_capacity(1);
        for record in chunk.records {
            let mut attributes = Vec::with_capacity(known.attributes.len() + 1);
            attributes.extend_from_slice(&known.attributes);
            if let Some(stream) = record.stream {
                attributes.push((self.stream_key.clone(), stream_value(stream)));
            }
            if settings.with_record_offset {
                attributes.push((self.offset_key.clone(), Value::Int(record.offset as i64)));
            }
            known.records += 1;
            if settings.with_record_number {
                attributes.push((self.number_key.clone(), Value::Int(known.records)));
            }
            let mut made = LogRecord {
                timestamp: record.timestamp,
                body: Value::String(known.body(record, settings)),
                attributes,
                ..LogRecord::default()
            };
            let mut resource = known.resource.clone();
            if self.operators.iter().all(|operator| {
                let verdict = operator.apply(&mut made, &mut resource, chance_for(operator));
                count(&self.metrics, &self.component, operator, verdict)
            }) {
                add(&mut groups, resource, made);
            }
        }
        groups
    }
}

/// Counts a dropped record; `true` when it is kept.
fn count(metrics: &Metrics, component: &str, operator: &Operator, verdict: Verdict) -> bool {
    let reason = match verdict {
        Verdict::Keep => return true,
        Verdict::Filtered => "filter",
        Verdict::Failed => "operator_error",
    };
    metrics.drop_records(&format!("{component} {}", operator.id), reason, 1);
    false
}

/// Only filters of a share need a number drawn.
fn chance_for(operator: &Operator) -> f64 {
    if operator.drops_share() { chance() } else { 0.0 }
}

fn add(groups: &mut Vec<ResourceLogs>, resource: Arc<Resource>, record: LogRecord) {
    let group = groups
        .iter_mut()
        .rev()
        .find(|group| Arc::ptr_eq(&group.resource, &resource) || group.resource == resource);
    match group {
        Some(group) => group.records.push(record),
        None => groups.push(ResourceLogs {
            resource,
            records: vec![record],
            ..ResourceLogs::default()
        }),
    }
}

fn stream_value(stream: OutputStream) -> Value {
    Value::String(stream.as_str().to_owned())
}

impl Known {
    fn new(info: Arc<FileInfo>, settings: &RecordSettings) -> Self {
        let mut resource = settings.resource.clone();
        if let Some(facts) = info.facts.as_ref().filter(|_| settings.adds_metadata) {
            put_facts(&mut resource, facts);
        } else if settings.adds_metadata {
            super::docker::add_facts(&mut resource, &info.target);
        }
        let mut attributes = settings.attributes.clone();
        let name = |path: &Path| Value::String(path.file_name().unwrap_or_default().to_string_lossy().into_owned());
        let whole = |path: &Path| Value::String(path.to_string_lossy().into_owned());
        if settings.with_name {
            put(&mut attributes, "log.file.name", name(&info.path));
        }
        if settings.with_path {
            put(&mut attributes, "log.file.path", whole(&info.path));
        }
        if settings.with_name_resolved {
            put(&mut attributes, "log.file.name_resolved", name(&info.target));
        }
        if settings.with_path_resolved {
            put(&mut attributes, "log.file.path_resolved", whole(&info.target));
        }
        let trims = !settings.is_container && info.facts.is_none();
        Self {
            resource: Arc::new(Resource { attributes: resource }),
            attributes,
            trims,
            records: 0,
            info,
        }
    }

    /// A container's line is what the program wrote; of other files' lines upstream trims the blanks.
    fn body(&self, record: Record, settings: &RecordSettings) -> String {
        debug_assert!(Arc::strong_count(&self.info) > 0, "the address must stay taken");
        if !self.trims {
            return record.body;
        }
        let body = record.body.as_str();
        let body = if settings.trims_start { body.trim_start() } else { body };
        let body = if settings.trims_end { body.trim_end() } else { body };
        if body.len() == record.body.len() {
            record.body
        } else {
            body.to_owned()
        }
    }
}

fn put_facts(resource: &mut Attributes, facts: &PodFacts) {
    let text = |text: &str| Value::String(text.to_owned());
    put(resource, "k8s.namespace.name", text(&facts.namespace));
    put(resource, "k8s.pod.name", text(&facts.pod));
    put(resource, "k8s.container.name", text(&facts.container));
    if let Some(uid) = &facts.uid {
        put(resource, "k8s.pod.uid", text(uid));
    }
    if let Some(count) = facts.restart_count {
        put(
            resource,
            "k8s.container.restart_count",
            Value::String(count.to_string()),
        );
    }
}

fn literals(values: &[(String, OperatorValue)]) -> Result<Attributes, String> {
    let literal = |(name, value): &(String, OperatorValue)| match value {
        OperatorValue::Literal(value) => Ok((name.as_str().into(), value.clone())),
        OperatorValue::Expression(_) => Err(format!(
            "EXPR(...) for '{name}' of all records is not supported; use an add operator"
        )),
    };
    values.iter().map(literal).collect()
}
