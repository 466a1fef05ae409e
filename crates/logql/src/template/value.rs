//! What a template works with.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::Environment;
use super::float;
use super::go_time::GoTime;

/// A value; texts are borrowed from the template or the line wherever that is possible.
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
    Text(Cow<'a, str>),
    List(Rc<Vec<Value<'a>>>),
    Map(Rc<BTreeMap<String, Value<'a>>>),
    /// All labels of the line.
    Labels,
    Time(GoTime),
}

impl<'a> Value<'a> {
    /// A text of its own.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(Cow::Owned(text.into()))
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
    pub(super) fn print(&self, environment: &Environment<'_>, out: &mut String) {
        match self {
            Self::Nil => out.push_str("<nil>"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Int(value) | Self::Int64(value) => out.push_str(&value.to_string()),
            Self::Float(value) => out.push_str(&float::general(*value, None)),
            Self::Text(text) => out.push_str(text),
            Self::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { " " });
                    item.print(environment, out);
                }
                out.push(']');
            }
            Self::Map(map) => {
                out.push_str("map[");
                for (index, (key, value)) in map.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { " " });
                    out.push_str(key);
                    out.push(':');
                    value.print(environment, out);
                }
                out.push(']');
            }
            Self::Labels => {
                out.push_str("map[");
                for (index, (key, value)) in labels(environment).iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { " " });
                    out.push_str(&format!("{key}:{value}"));
                }
                out.push(']');
            }
            Self::Time(time) => out.push_str(&time.to_string()),
        }
    }

    /// It as a text, as Go's `%v`.
    pub(super) fn to_text(&self, environment: &Environment<'_>) -> Cow<'a, str> {
        if let Self::Text(text) = self {
            return text.clone();
        }
        let mut out = String::new();
        self.print(environment, &mut out);
        out.into()
    }
}

/// Labels of the line, sorted by name.
pub(super) fn labels<'a>(environment: &Environment<'a>) -> Vec<(&'a str, &'a str)> {
    let fields = environment.fields;
    let mut labels = fields.all();
    labels.sort_unstable();
    labels
}
