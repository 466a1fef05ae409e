//! Protobuf `ExportLogsServiceRequest` to the model.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;
use longshore_model::TimestampNs;
use longshore_model::otel::{Attributes, LogRecord, Resource, ResourceLogs, Scope, Value};

use super::DecodeError;
use crate::limits::OTLP_VALUE_DEPTH_MAX;
use crate::protobuf::{ProtobufError, Reader};
use crate::text::owned_text;

/// Decodes an export request.
///
/// Of an attribute that stands twice the last counts, as the protocol wants names to be unique.
pub fn decode_protobuf(message: &[u8]) -> Result<Vec<ResourceLogs>, DecodeError> {
    let mut decoder = Decoder::default();
    let mut all = Vec::new();
    let mut reader = Reader::new(message);
    while let Some(field) = reader.next_field()? {
        if field.number == 1 {
            decoder.resource_logs(field.bytes()?, &mut all)?;
        }
    }
    Ok(all)
}

/// Keeps one copy of each attribute's name for the request.
#[derive(Default)]
struct Decoder<'a> {
    names: HashMap<&'a [u8], Arc<str>, RandomState>,
}

impl<'a> Decoder<'a> {
    fn resource_logs(&mut self, message: &'a [u8], all: &mut Vec<ResourceLogs>) -> Result<(), ProtobufError> {
        let mut resource = Resource::default();
        let mut scopes = Vec::new();
        let mut reader = Reader::new(message);
        while let Some(field) = reader.next_field()? {
            match field.number {
                1 => resource = self.resource(field.bytes()?)?,
                2 => scopes.push(field.bytes()?),
                _ => {}
            }
        }
        let resource = Arc::new(resource);
        for scope in scopes {
            let logs = self.scope_logs(scope, &resource)?;
            all.push(logs);
        }
        Ok(())
    }

    fn resource(&mut self, message: &'a [u8]) -> Result<Resource, ProtobufError> {
        let mut attributes = Attributes::new();
        let mut reader = Reader::new(message);
        while let Some(field) = reader.next_field()? {
            if field.number == 1 {
                self.attribute(field.bytes()?, &mut attributes, 0)?;
            }
        }
        Ok(Resource { attributes })
    }

    fn scope_logs(&mut self, message: &'a [u8], resource: &Arc<Resource>) -> Result<ResourceLogs, ProtobufError> {
        let mut scope = Scope::default();
        let mut records = Vec::new();
        let mut reader = Reader::new(message);
        while let Some(field) = reader.next_field()? {
            match field.number {
                1 => scope = self.scope(field.bytes()?)?,
                2 => records.push(self.record(field.bytes()?)?),
                _ => {}
            }
        }
        Ok(ResourceLogs {
            resource: resource.clone(),
            scope,
            records,
        })
    }

    fn scope(&mut self, message: &'a [u8]) -> Result<Scope, ProtobufError> {
        let mut scope = Scope::default();
        let mut reader = Reader::new(message);
        while let Some(field) = reader.next_field()? {
            match field.number {
                1 => scope.name = owned_text(field.bytes()?),
                2 => scope.version = owned_text(field.bytes()?),
                3 => self.attribute(field.bytes()?, &mut scope.attributes, 0)?,
                _ => {}
            }
        }
        Ok(scope)
    }

    fn record(&mut self, message: &'a [u8]) -> Result<LogRecord, ProtobufError> {
        let mut record = LogRecord::default();
        let mut reader = Reader::new(message);
        while let Some(field) = reader.next_field()? {
            match field.number {
                1 => record.timestamp = timestamp(field.fixed64()?),
                2 => record.severity_number = field.varint()? as i32,
                3 => record.severity_text = owned_text(field.bytes()?),
                5 => record.body = self.value(field.bytes()?, 0)?,
                6 => self.attribute(field.bytes()?, &mut record.attributes, 0)?,
                7 => record.dropped_attributes_count = field.varint()? as u32,
                8 => record.flags = field.fixed32()?,
                9 => record.trace_id = field.bytes()?.to_vec(),
                10 => record.span_id = field.bytes()?.to_vec(),
                11 => record.observed_timestamp = timestamp(field.fixed64()?),
                12 => record.event_name = owned_text(field.bytes()?),
                _ => {}
            }
        }
        Ok(record)
    }

    fn attribute(&mut self, message: &'a [u8], attributes: &mut Attributes, depth: usize) -> Result<(), ProtobufError> {
        let mut name: &[u8] = &[];
        let mut value = Value::Empty;
        let mut reader = Reader::new(message);
        while let Some(field) = reader.next_field()? {
            match field.number {
                1 => name = field.bytes()?,
                2 => value = self.value(field.bytes()?, depth)?,
                _ => {}
            }
        }
        let name = self
            .names
            .entry(name)
            .or_insert_with(|| owned_text(name).into())
            .clone();
        put_unique(attributes, name, value);
        Ok(())
    }

    fn value(&mut self, message: &'a [u8], depth: usize) -> Result<Value, ProtobufError> {
        if depth >= OTLP_VALUE_DEPTH_MAX {
            return Err(ProtobufError::TooDeep(OTLP_VALUE_DEPTH_MAX));
        }
        let mut value = Value::Empty;
        let mut reader = Reader::new(message);
        while let Some(field) = reader.next_field()? {
            value = match field.number {
                1 => Value::String(owned_text(field.bytes()?)),
                2 => Value::Bool(field.varint()? != 0),
                3 => Value::Int(field.varint()? as i64),
                4 => Value::Double(f64::from_bits(field.fixed64()?)),
                5 => self.array(field.bytes()?, depth)?,
                6 => self.map(field.bytes()?, depth)?,
                7 => Value::Bytes(field.bytes()?.to_vec()),
                _ => continue,
            };
        }
        Ok(value)
    }

    fn array(&mut self, message: &'a [u8], depth: usize) -> Result<Value, ProtobufError> {
        let mut items = Vec::new();
        let mut reader = Reader::new(message);
        while let Some(field) = reader.next_field()? {
            if field.number == 1 {
                items.push(self.value(field.bytes()?, depth + 1)?);
            }
        }
        Ok(Value::Array(items))
    }

    fn map(&mut self, message: &'a [u8], depth: usize) -> Result<Value, ProtobufError> {
        let mut entries = Attributes::new();
        let mut reader = Reader::new(message);
        while let Some(field) = reader.next_field()? {
            if field.number == 1 {
                self.attribute(field.bytes()?, &mut entries, depth + 1)?;
            }
        }
        Ok(Value::Map(entries))
    }
}

/// Sets an attribute, replacing one of the same name.
pub(super) fn put_unique(attributes: &mut Attributes, name: Arc<str>, value: Value) {
    match attributes.iter_mut().find(|(known, _)| *known == name) {
        Some((_, known)) => *known = value,
        None => attributes.push((name, value)),
    }
}

/// A moment of the protocol, unsigned there; beyond the year 2262 it becomes the last moment there is here.
pub(super) fn timestamp(ns: u64) -> TimestampNs {
    TimestampNs(i64::try_from(ns).unwrap_or(i64::MAX))
}
