//! What a template works with.

use std::collections::BTreeMap;
use std::fmt::{Result as Written, Write};
use std::ops::Deref;
use std::rc::Rc;

use super::Environment;
use super::float;
use super::go_time::GoTime;

/// A text: borrowed from the template or the line where that is possible, shared by its copies where not.
#[derive(Debug, Clone)]
pub(super) enum Text<'a> {
    Borrowed(&'a str),
    Shared(Rc<str>),
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Shared(text) => text,
        }
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self::Borrowed(text)
    }
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Self::Shared(text.into())
    }
}

/// What a value takes beside its text, about.
pub(super) const VALUE_BYTES: usize = 32;

/// A value. A copy of one costs nothing, whatever is in it.
#[derive(Debug, Clone)]
pub(super) enum Value<'a> {
    /// Nothing: `nil`, or what is not there.
    Nil,
    Bool(bool),
    /// Go's `int`.
    Int(i64),
    /// Go's `int64`, which is another type.
    Int64(i64),
    Float(f64),
    Text(Text<'a>),
    List(Rc<Vec<Value<'a>>>),
    Map(Rc<BTreeMap<Rc<str>, Value<'a>>>),
    /// All labels of the line.
    Labels,
    Time(GoTime),
}

impl<'a> Value<'a> {
    /// A text of its own.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into().into())
    }

    /// Bytes that working with it is counted as: of a text its length, of all labels theirs, of anything else its
    /// place.
    pub(super) fn size_bytes(&self, environment: &Environment<'_>) -> usize {
        let size = match self {
            Self::Text(text) => text.len(),
            Self::Labels => environment.fields.size_bytes(),
            _ => 0,
        };
        size + VALUE_BYTES
    }

    /// The name of its type in Go.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Nil => "nil",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Int64(_) => "int64",
            Self::Float(_) => "float64",
            Self::Text(_) => "string",
            Self::List(_) => "[]interface {}",
            Self::Map(_) => "map[string]interface {}",
            Self::Labels => "map[string]string",
            Self::Time(_) => "time.Time",
        }
    }

    /// Whether `if` takes it as true.
    pub(super) fn is_true(&self, environment: &Environment<'_>) -> bool {
        match self {
            Self::Nil => false,
            Self::Bool(value) => *value,
            Self::Int(value) | Self::Int64(value) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::List(items) => !items.is_empty(),
            Self::Map(map) => !map.is_empty(),
            Self::Labels => !environment.fields.all().is_empty(),
            Self::Time(_) => true,
        }
    }

    /// Appends it as Go's `%v`; nothing inside of something is `<nil>`.
    pub(super) fn print(&self, environment: &Environment<'_>, out: &mut dyn Write) -> Written {
        match self {
            Self::Nil => out.write_str("<nil>"),
            Self::Bool(value) => write!(out, "{value}"),
            Self::Int(value) | Self::Int64(value) => write!(out, "{value}"),
            Self::Float(value) => out.write_str(&float::general(*value, None)),
            Self::Text(text) => out.write_str(text),
            Self::List(items) => {
                out.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    out.write_str(if index == 0 { "" } else { " " })?;
                    item.print(environment, out)?;
                }
                out.write_str("]")
            }
            Self::Map(map) => {
                out.write_str("map[")?;
                for (index, (key, value)) in map.iter().enumerate() {
                    write!(out, "{}{key}:", if index == 0 { "" } else { " " })?;
                    value.print(environment, out)?;
                }
                out.write_str("]")
            }
            Self::Labels => {
                out.write_str("map[")?;
                for (index, (key, value)) in labels(environment).iter().enumerate() {
                    write!(out, "{}{key}:{value}", if index == 0 { "" } else { " " })?;
                }
                out.write_str("]")
            }
            Self::Time(time) => write!(out, "{time}"),
        }
    }
}

/// Labels of the line, sorted by name.
pub(super) fn labels<'a>(environment: &Environment<'a>) -> Vec<(&'a str, &'a str)> {
    let fields = environment.fields;
    let mut labels = fields.all();
    labels.sort_unstable();
    labels
}
