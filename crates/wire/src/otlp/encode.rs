//! The model to protobuf `ExportLogsServiceRequest`.
//!
//! Sizes are computed before the bytes are written, bottom up and again for each level; values nest so little that
//! this costs less than keeping the sizes.

use std::sync::Arc;

use longshore_model::otel::{Attributes, LogRecord, Resource, ResourceLogs, Scope, Value};

use crate::protobuf::{
    bytes_field_size, put_bytes, put_fixed32, put_fixed64, put_length, put_varint_field, varint_field_size,
};

/// Bytes of a 64-bit field with its tag.
const FIXED64_FIELD_BYTES: usize = 9;
/// Bytes of a 32-bit field with its tag.
const FIXED32_FIELD_BYTES: usize = 5;

/// Appends the export request to `message`. Neighbours that share their resource are written under one.
pub fn encode_protobuf(logs: &[ResourceLogs], message: &mut Vec<u8>) {
    for group in logs.chunk_by(|a, b| Arc::ptr_eq(&a.resource, &b.resource) || a.resource == b.resource) {
        let Some(first) = group.first() else { continue };
        let resource_size = attributes_size(&first.resource.attributes);
        let scopes: usize = group.iter().map(|logs| bytes_field_size(scope_logs_size(logs))).sum();
        put_length(message, 1, bytes_field_size(resource_size) + scopes);
        put_resource(message, &first.resource, resource_size);
        for logs in group {
            put_scope_logs(message, logs);
        }
    }
}

fn put_resource(message: &mut Vec<u8>, resource: &Resource, size: usize) {
    put_length(message, 1, size);
    put_attributes(message, 1, &resource.attributes);
}

fn scope_logs_size(logs: &ResourceLogs) -> usize {
    let records: usize = logs
        .records
        .iter()
        .map(|record| bytes_field_size(record_size(record)))
        .sum();
    bytes_field_size(scope_size(&logs.scope)) + records
}

fn put_scope_logs(message: &mut Vec<u8>, logs: &ResourceLogs) {
    put_length(message, 2, scope_logs_size(logs));
    put_length(message, 1, scope_size(&logs.scope));
    put_text(message, 1, &logs.scope.name);
    put_text(message, 2, &logs.scope.version);
    put_attributes(message, 3, &logs.scope.attributes);
    for record in &logs.records {
        put_length(message, 2, record_size(record));
        put_record(message, record);
    }
}

fn scope_size(scope: &Scope) -> usize {
    text_size(&scope.name) + text_size(&scope.version) + attributes_size(&scope.attributes)
}

fn record_size(record: &LogRecord) -> usize {
    let fixed64 = |value: i64| if value == 0 { 0 } else { FIXED64_FIELD_BYTES };
    let varint = |value: u64| if value == 0 { 0 } else { varint_field_size(value) };
    fixed64(record.timestamp.0)
        + fixed64(record.observed_timestamp.0)
        + varint(record.severity_number as u64)
        + text_size(&record.severity_text)
        + if record.body == Value::Empty {
            0
        } else {
            bytes_field_size(value_size(&record.body))
        }
        + attributes_size(&record.attributes)
        + varint(u64::from(record.dropped_attributes_count))
        + if record.flags == 0 { 0 } else { FIXED32_FIELD_BYTES }
        + slice_size(&record.trace_id)
        + slice_size(&record.span_id)
        + text_size(&record.event_name)
}

fn put_record(message: &mut Vec<u8>, record: &LogRecord) {
    if record.timestamp.0 != 0 {
        put_fixed64(message, 1, record.timestamp.0.max(0) as u64);
    }
    if record.severity_number != 0 {
        put_varint_field(message, 2, record.severity_number as u64);
    }
    put_text(message, 3, &record.severity_text);
    if record.body != Value::Empty {
        put_length(message, 5, value_size(&record.body));
        put_value(message, &record.body);
    }
    put_attributes(message, 6, &record.attributes);
    if record.dropped_attributes_count != 0 {
        put_varint_field(message, 7, u64::from(record.dropped_attributes_count));
    }
    if record.flags != 0 {
        put_fixed32(message, 8, record.flags);
    }
    put_slice(message, 9, &record.trace_id);
    put_slice(message, 10, &record.span_id);
    if record.observed_timestamp.0 != 0 {
        put_fixed64(message, 11, record.observed_timestamp.0.max(0) as u64);
    }
    put_text(message, 12, &record.event_name);
}

fn attributes_size(attributes: &Attributes) -> usize {
    attributes
        .iter()
        .map(|(name, value)| bytes_field_size(attribute_size(name, value)))
        .sum()
}

fn attribute_size(name: &str, value: &Value) -> usize {
    text_size(name) + bytes_field_size(value_size(value))
}

fn put_attributes(message: &mut Vec<u8>, field: u32, attributes: &Attributes) {
    for (name, value) in attributes {
        put_length(message, field, attribute_size(name, value));
        put_text(message, 1, name);
        put_length(message, 2, value_size(value));
        put_value(message, value);
    }
}

/// Members of a `oneof` are written also when they hold their type's default.
fn value_size(value: &Value) -> usize {
    match value {
        Value::Empty => 0,
        Value::String(text) => bytes_field_size(text.len()),
        Value::Bool(truth) => varint_field_size(u64::from(*truth)),
        Value::Int(number) => varint_field_size(*number as u64),
        Value::Double(_) => FIXED64_FIELD_BYTES,
        Value::Bytes(bytes) => bytes_field_size(bytes.len()),
        Value::Array(items) => bytes_field_size(items_size(items)),
        Value::Map(entries) => bytes_field_size(attributes_size(entries)),
    }
}

fn items_size(items: &[Value]) -> usize {
    items.iter().map(|item| bytes_field_size(value_size(item))).sum()
}

fn put_value(message: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Empty => {}
        Value::String(text) => put_bytes(message, 1, text.as_bytes()),
        Value::Bool(truth) => put_varint_field(message, 2, u64::from(*truth)),
        Value::Int(number) => put_varint_field(message, 3, *number as u64),
        Value::Double(number) => put_fixed64(message, 4, number.to_bits()),
        Value::Bytes(bytes) => put_bytes(message, 7, bytes),
        Value::Array(items) => {
            put_length(message, 5, items_size(items));
            for item in items {
                put_length(message, 1, value_size(item));
                put_value(message, item);
            }
        }
        Value::Map(entries) => {
            put_length(message, 6, attributes_size(entries));
            put_attributes(message, 1, entries);
        }
    }
}

fn text_size(text: &str) -> usize {
    slice_size(text.as_bytes())
}

fn slice_size(bytes: &[u8]) -> usize {
    if bytes.is_empty() {
        0
    } else {
        bytes_field_size(bytes.len())
    }
}

fn put_text(message: &mut Vec<u8>, field: u32, text: &str) {
    put_slice(message, field, text.as_bytes());
}

fn put_slice(message: &mut Vec<u8>, field: u32, bytes: &[u8]) {
    if !bytes.is_empty() {
        put_bytes(message, field, bytes);
    }
}
