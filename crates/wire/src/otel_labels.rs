//! OpenTelemetry's names made into Loki's: which resource attributes become index labels and which structured
//! metadata. One place for every path, so that a query finds the same logs whichever way they came.
//!
//! Invariant: the same record gives the same stream and the same line every time, as a retry must; and each stream
//! has a `service_name`.
//!
//! Source: Loki, "Ingesting logs to Loki using OpenTelemetry Collector", section on format considerations.

mod body;

use std::borrow::Cow;

use bytes::Bytes;
use longshore_model::otel::{Attributes, LogRecord, Resource, ResourceLogs, Scope, Value};
use longshore_model::{Entry, Labels, StreamEntries, TimestampNs};

pub use body::{body_text, value_text};

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
/// with a digit gets `key_` in front. Names such as `__x__`, which are reserved, stay.
pub fn sanitize_name(name: &str) -> Cow<'_, str> {
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

/// Splits a resource's attributes into index labels and structured metadata.
pub fn resource_labels(resource: &Resource) -> ResourceLabels {
    let mut index: Vec<Pair> = Vec::new();
    let mut metadata: Vec<Pair> = Vec::new();
    for (name, value) in &resource.attributes {
        if INDEX_ATTRIBUTES.contains(&&**name) {
            let text = value_text(value);
            if !text.is_empty() {
                index.push((sanitize_name(name).into(), text.into()));
            }
        } else {
            put_attribute(name, value, &mut metadata);
        }
    }
    if !index.iter().any(|(name, _)| &**name == SERVICE_NAME) {
        let named = |wanted: &str| {
            let found = index.iter().find(|(name, _)| &**name == wanted);
            found.map(|(_, value)| &**value)
        };
        let service: Box<str> = discover(&DISCOVERY_LABELS, named).into();
        index.push((SERVICE_NAME.into(), service));
    }
    ResourceLabels {
        index: Labels::new(index),
        metadata: Labels::new(metadata),
    }
}

/// Makes one stream of the records of a resource. `now` stands in for the time of records that have none.
pub fn stream_entries(logs: ResourceLogs, now: TimestampNs) -> StreamEntries {
    let ResourceLogs {
        resource,
        scope,
        records,
    } = logs;
    let ResourceLabels { index, metadata } = resource_labels(&resource);
    let mut base: Vec<Pair> = metadata
        .iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    put_scope(&scope, &mut base);
    let base_labels = Labels::new(base.iter().cloned());
    let mut last: Option<(Vec<Pair>, Labels)> = None;
    let entries = records
        .into_iter()
        .map(|record| {
            let timestamp = record_time(&record, now);
            let own = record_metadata(&record);
            let structured_metadata = match &last {
                _ if own.is_empty() => base_labels.clone(),
                Some((pairs, labels)) if *pairs == own => labels.clone(),
                _ => {
                    let labels = Labels::new(base.iter().chain(&own).cloned());
                    last = Some((own, labels.clone()));
                    labels
                }
            };
            Entry {
                timestamp,
                line: body_line(record.body),
                structured_metadata,
            }
        })
        .collect();
    StreamEntries { labels: index, entries }
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

fn put_scope(scope: &Scope, pairs: &mut Vec<Pair>) {
    put_text("scope_name", &scope.name, pairs);
    put_text("scope_version", &scope.version, pairs);
    put_attributes(&scope.attributes, pairs);
}

/// Everything of a record that is neither time nor body.
fn record_metadata(record: &LogRecord) -> Vec<Pair> {
    let mut pairs = Vec::new();
    put_attributes(&record.attributes, &mut pairs);
    put_number("observed_timestamp", record.observed_timestamp.0, &mut pairs);
    put_number("severity_number", record.severity_number, &mut pairs);
    put_text("severity_text", &record.severity_text, &mut pairs);
    put_number("dropped_attributes_count", record.dropped_attributes_count, &mut pairs);
    put_number("flags", record.flags, &mut pairs);
    put_text("trace_id", &hex(&record.trace_id), &mut pairs);
    put_text("span_id", &hex(&record.span_id), &mut pairs);
    put_text("event_name", &record.event_name, &mut pairs);
    pairs
}

fn put_attributes(attributes: &Attributes, pairs: &mut Vec<Pair>) {
    for (name, value) in attributes {
        put_attribute(name, value, pairs);
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
