//! OpenTelemetry's log data model: what the collector carries and what OTLP brings.
//!
//! Source: OpenTelemetry specification, "Logs Data Model"; opentelemetry-proto `logs/v1/logs.proto`.

use std::sync::Arc;

use crate::TimestampNs;

/// Any value of an attribute or a body (`AnyValue` of the protocol).
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// No value.
    #[default]
    Empty,
    /// Text.
    String(String),
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A floating-point number.
    Double(f64),
    /// Raw bytes.
    Bytes(Vec<u8>),
    /// A list.
    Array(Vec<Value>),
    /// A map, in the order in which it came.
    Map(Attributes),
}

/// Names and values, in the order in which they came; names do not repeat.
pub type Attributes = Vec<(Arc<str>, Value)>;

/// The first attribute of that name.
pub fn attribute<'a>(attributes: &'a Attributes, name: &str) -> Option<&'a Value> {
    attributes
        .iter()
        .find(|(key, _)| &**key == name)
        .map(|(_, value)| value)
}

impl Value {
    /// The text of a `String` value.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

/// What a log comes from; shared by all its records.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Resource {
    /// `k8s.pod.name` and the like.
    pub attributes: Attributes,
}

/// The library or file that made the records.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scope {
    /// Its name, may be empty.
    pub name: String,
    /// Its version, may be empty.
    pub version: String,
    /// More about it.
    pub attributes: Attributes,
}

/// One log record.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LogRecord {
    /// When it happened; 0 when not known.
    pub timestamp: TimestampNs,
    /// When the collector saw it; 0 when not known.
    pub observed_timestamp: TimestampNs,
    /// 0 (unset) to 24.
    pub severity_number: i32,
    /// The level's own name, may be empty.
    pub severity_text: String,
    /// The line, or a structured body.
    pub body: Value,
    /// Attributes of this record.
    pub attributes: Attributes,
    /// Attributes that a limit dropped before it came here.
    pub dropped_attributes_count: u32,
    /// W3C trace flags.
    pub flags: u32,
    /// 16 bytes, or empty.
    pub trace_id: Vec<u8>,
    /// 8 bytes, or empty.
    pub span_id: Vec<u8>,
    /// Name of the event, may be empty.
    pub event_name: String,
}

/// Records of one resource and scope.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResourceLogs {
    /// What they come from.
    pub resource: Arc<Resource>,
    /// The scope, default when there is none.
    pub scope: Scope,
    /// The records.
    pub records: Vec<LogRecord>,
}
