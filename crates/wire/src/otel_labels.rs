//! OpenTelemetry's names made into Loki's: which resource attributes become index labels and which structured
//! metadata. One place for every path, so that a query finds the same logs whichever way they came.
//!
//! Invariant: the same record gives the same stream and the same line every time, as a retry must; and each stream
//! has a `service_name`, unless own rules say what becomes of attributes.
//!
//! Source: Loki, "Ingesting logs to Loki using OpenTelemetry Collector", section on format considerations.

mod body;
mod rules;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use bytes::Bytes;
use longshore_model::otel::{Attributes, LogRecord, Resource, ResourceLogs, Scope, Value};
use longshore_model::{Entry, Labels, StreamEntries, TimestampNs};

pub use body::{body_text, value_text};
pub use rules::{Action, Names, Rule, Rules};

use crate::service_name::{DISCOVERY_LABELS, SERVICE_NAME, discover};
use crate::text::hex;

/// Resource attributes that become index labels: Loki's defaults.
pub const INDEX_ATTRIBUTES: [&str; 18] = [
    "service.name",
    "service.namespace",
    "service.instance.id",
    "deployment.environment",
    "deployment.environment.name",
    "cloud.region",
    "cloud.availability_zone",
    "k8s.cluster.name",
    "k8s.namespace.name",
    "k8s.pod.name",
    "k8s.container.name",
    "k8s.replicaset.name",
    "k8s.deployment.name",
    "k8s.statefulset.name",
    "k8s.daemonset.name",
    "k8s.cronjob.name",
    "k8s.job.name",
    "container.name",
];

/// The severity's text, as metadata and, where that is wished, as a label.
const SEVERITY_TEXT: &str = "severity_text";

/// What Loki does unless it is told otherwise; made once, as every batch of a collector asks for it.
static USUAL_RULES: LazyLock<Rules> = LazyLock::new(Rules::default);

/// A name and its value, both as Loki spells them.
type Pair = (Box<str>, Box<str>);

/// What a resource becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceLabels {
    /// Labels of the stream, always with a `service_name`.
    pub index: Labels,
    /// Structured metadata of every entry, in order of name.
    pub metadata: Labels,
}

/// A name of `[a-zA-Z0-9_]` only: each run of other characters and underscores becomes one `_`, and a name that begins
/// with a digit gets `key_` in front. Names such as `__x__`, which are reserved, stay; no name at all becomes `_`.
pub fn sanitize_name(name: &str) -> Cow<'_, str> {
    if name.is_empty() {
        return Cow::Borrowed("_");
    }
    let bytes = name.as_bytes();
    let is_good = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let starts_with_digit = bytes.first().is_some_and(u8::is_ascii_digit);
    let is_reserved = name.len() > 4 && name.starts_with("__") && name.ends_with("__");
    let has_run = bytes.windows(2).any(|pair| pair == b"__");
    if bytes.iter().all(is_good) && !starts_with_digit && (is_reserved || !has_run) {
        return Cow::Borrowed(name);
    }
    let mut sanitized = String::with_capacity(name.len() + 4);
    if starts_with_digit {
        sanitized.push_str("key_");
    }
    for character in name.chars() {
        if character.is_ascii_alphanumeric() {
            sanitized.push(character);
        } else if !sanitized.ends_with('_') {
            sanitized.push('_');
        }
    }
    Cow::Owned(sanitized)
}

/// Splits a resource's attributes into index labels and structured metadata, as Loki does unless it is told otherwise.
pub fn resource_labels(resource: &Resource) -> ResourceLabels {
    let (mut index, metadata) = split_resource(resource, &USUAL_RULES);
    put_service_name(&mut index);
    ResourceLabels {
        index: Labels::new(index),
        metadata: Labels::new(metadata),
    }
}

fn split_resource(resource: &Resource, rules: &Rules) -> (Vec<Pair>, Vec<Pair>) {
    let (mut index, mut metadata) = (Vec::new(), Vec::new());
    for (name, value) in &resource.attributes {
        match rules::action(&rules.resource, name) {
            Action::Label => put_attribute(name, value, &mut index),
            Action::Metadata => put_attribute(name, value, &mut metadata),
            Action::Drop => {}
        }
    }
    (index, metadata)
}

fn put_service_name(index: &mut Vec<Pair>) {
    if !index.iter().any(|(name, _)| &**name == SERVICE_NAME) {
        let named = |wanted: &str| {
            let found = index.iter().find(|(name, _)| &**name == wanted);
            found.map(|(_, value)| &**value)
        };
        let service: Box<str> = discover(&DISCOVERY_LABELS, named).into();
        index.push((SERVICE_NAME.into(), service));
    }
}

/// Makes one stream of the records of a resource, as Loki does unless it is told otherwise. `now` stands in for the
/// time of records that have none.
pub fn stream_entries(logs: ResourceLogs, now: TimestampNs) -> StreamEntries {
    let mut entries = Vec::with_capacity(logs.records.len());
    let mut index = each_entry(logs, &USUAL_RULES, now, |_, entry| entries.push(entry));
    put_service_name(&mut index);
    StreamEntries {
        labels: Labels::new(index),
        entries,
    }
}

impl Rules {
    /// Makes streams of the records of a resource: one, or one for each severity where its text is a label. A stream
    /// may be without labels.
    pub fn streams(&self, logs: ResourceLogs, now: TimestampNs) -> Vec<StreamEntries> {
        let mut by_severity: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
        let index = each_entry(logs, self, now, |severity, entry| {
            let severity = if self.severity_text_as_label { severity } else { "" };
            match by_severity.get_mut(severity) {
                Some(entries) => entries.push(entry),
                None => drop(by_severity.insert(severity.to_owned(), vec![entry])),
            }
        });
        let index = Labels::new(index);
        let labels = |severity: &str| match severity {
            "" => index.clone(),
            severity => index.merged(&Labels::new([(SEVERITY_TEXT, severity)])),
        };
        let streams = by_severity.into_iter().map(|(severity, entries)| StreamEntries {
            labels: labels(&severity),
            entries,
        });
        streams.collect()
    }
}

/// Gives each record as an entry, with its severity's text; returns the labels that the resource has.
fn each_entry(logs: ResourceLogs, rules: &Rules, now: TimestampNs, mut put: impl FnMut(&str, Entry)) -> Vec<Pair> {
    let ResourceLogs {
        resource,
        scope,
        records,
    } = logs;
    let (index, metadata) = split_resource(&resource, rules);
    // In order of name, and unique.
    let mut base: Vec<Pair> = Labels::new(metadata)
        .iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    put_scope(&scope, &rules.scope, &mut base);
    let base_labels = Labels::new(base.iter().cloned());
    let mut last: Option<(Vec<Pair>, Labels)> = None;
    for record in records {
        let timestamp = record_time(&record, now);
        let own = record_metadata(&record, &rules.record);
        let structured_metadata = match &last {
            _ if own.is_empty() => base_labels.clone(),
            Some((pairs, labels)) if *pairs == own => labels.clone(),
            _ => {
                let labels = Labels::new(base.iter().chain(&own).cloned());
                last = Some((own, labels.clone()));
                labels
            }
        };
        let entry = Entry {
            timestamp,
            line: body_line(record.body),
            structured_metadata,
        };
        put(&record.severity_text, entry);
    }
    index
}

fn record_time(record: &LogRecord, now: TimestampNs) -> TimestampNs {
    [record.timestamp, record.observed_timestamp]
        .into_iter()
        .find(|at| *at != TimestampNs(0))
        .unwrap_or(now)
}

fn body_line(body: Value) -> Bytes {
    match body {
        Value::String(text) => text.into(),
        other => body_text(&other).into_owned().into(),
    }
}

fn put_scope(scope: &Scope, rules: &[Rule], pairs: &mut Vec<Pair>) {
    put_text("scope_name", &scope.name, pairs);
    put_text("scope_version", &scope.version, pairs);
    put_attributes(&scope.attributes, rules, pairs);
}

/// Everything of a record that is neither time nor body.
fn record_metadata(record: &LogRecord, rules: &[Rule]) -> Vec<Pair> {
    let mut pairs = Vec::new();
    put_attributes(&record.attributes, rules, &mut pairs);
    put_number("observed_timestamp", record.observed_timestamp.0, &mut pairs);
    put_number("severity_number", record.severity_number, &mut pairs);
    put_text(SEVERITY_TEXT, &record.severity_text, &mut pairs);
    put_number("dropped_attributes_count", record.dropped_attributes_count, &mut pairs);
    put_number("flags", record.flags, &mut pairs);
    put_text("trace_id", &hex(&record.trace_id), &mut pairs);
    put_text("span_id", &hex(&record.span_id), &mut pairs);
    put_text("event_name", &record.event_name, &mut pairs);
    pairs
}

fn put_attributes(attributes: &Attributes, rules: &[Rule], pairs: &mut Vec<Pair>) {
    for (name, value) in attributes {
        if rules::action(rules, name) != Action::Drop {
            put_attribute(name, value, pairs);
        }
    }
}

/// Adds an attribute; the entries of a map become attributes of their own, joined to its name with `_`.
fn put_attribute(name: &str, value: &Value, pairs: &mut Vec<Pair>) {
    match value {
        Value::Map(entries) => {
            for (key, value) in entries {
                put_attribute(&format!("{name}_{key}"), value, pairs);
            }
        }
        other => put_text(&sanitize_name(name), &value_text(other), pairs),
    }
}

fn put_text(name: &str, text: &str, pairs: &mut Vec<Pair>) {
    if !text.is_empty() && !name.is_empty() {
        pairs.push((name.into(), text.into()));
    }
}

fn put_number<N: Into<i64>>(name: &str, number: N, pairs: &mut Vec<Pair>) {
    let number: i64 = number.into();
    if number != 0 {
        pairs.push((name.into(), number.to_string().into()));
    }
}

#[cfg(test)]
mod tests;
