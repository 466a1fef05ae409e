//! Fields of lines: what they are called, what they hold, and which parser gives them.
//!
//! Invariant: a line adds at most [`FIELDS_PER_LINE_MAX`] fields and a JSON document is followed to
//! [`DEPTH_MAX`] levels, so that no line makes an answer large.

use std::collections::{BTreeMap, BTreeSet};

use longshore_logql::ResultLabels;
use longshore_model::parse_go_duration;
use serde_json::{Map, Value, json};

/// Fields taken of one line.
const FIELDS_PER_LINE_MAX: usize = 256;
/// Levels of objects in objects.
const DEPTH_MAX: usize = 16;
/// Distinct values remembered of a field; its cardinality is told up to here.
const VALUES_MAX: usize = 1_000;

/// What a field takes beside its texts, and a value of it: boxes, and their places in trees.
const FIELD_BYTES: usize = 512;
const VALUE_BYTES: usize = 64;

/// What all values of a field are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Int,
    Float,
    Boolean,
    Duration,
    Bytes,
    String,
}

impl Kind {
    fn of(value: &str) -> Self {
        if value.parse::<i64>().is_ok() {
            Self::Int
        } else if value.parse::<f64>().is_ok() {
            Self::Float
        } else if matches!(value, "true" | "false" | "True" | "False" | "TRUE" | "FALSE") {
            Self::Boolean
        } else if parse_go_duration(value).is_ok() {
            Self::Duration
        } else if is_bytes(value) {
            Self::Bytes
        } else {
            Self::String
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Int => "int",
            Self::Float => "float",
            Self::Boolean => "boolean",
            Self::Duration => "duration",
            Self::Bytes => "bytes",
            Self::String => "string",
        }
    }
}

/// A number with a unit of bytes, as in `1.5 MB`.
fn is_bytes(value: &str) -> bool {
    let number = value.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = value.get(number.len()..).unwrap_or_default().to_ascii_lowercase();
    let units = ["b", "kb", "kib", "mb", "mib", "gb", "gib", "tb", "tib", "pb", "pib"];
    units.contains(&unit.as_str()) && number.trim_end().parse::<f64>().is_ok()
}

/// Values that name one thing, and so are no use for grouping: whole numbers and UUIDs.
pub(super) fn is_identifier(value: &str) -> bool {
    let is_uuid = || {
        let groups: Vec<usize> = value.split('-').map(str::len).collect();
        groups == [8, 4, 4, 4, 12] && value.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
    };
    value.parse::<f64>().is_ok() || is_uuid()
}

/// One field of the sample.
#[derive(Debug)]
pub(super) struct Field {
    kind: Kind,
    values: BTreeSet<Box<str>>,
    /// `json`, `logfmt`, or none for structured metadata.
    parsers: BTreeSet<&'static str>,
    path: Vec<String>,
}

impl Field {
    pub(super) fn values(&self) -> impl Iterator<Item = &str> {
        self.values.iter().map(|value| &**value)
    }

    pub(super) fn describe(&self, name: &str) -> Value {
        let mut object = Map::new();
        object.insert("label".to_owned(), name.into());
        object.insert("type".to_owned(), self.kind.name().into());
        object.insert("cardinality".to_owned(), self.values.len().into());
        let parsers = if self.parsers.is_empty() {
            Value::Null
        } else {
            json!(self.parsers)
        };
        object.insert("parsers".to_owned(), parsers);
        if !self.path.is_empty() {
            object.insert("jsonPath".to_owned(), json!(self.path));
        }
        Value::Object(object)
    }
}

/// All fields of the sample, by name.
#[derive(Debug, Default)]
pub(super) struct Fields {
    by_name: BTreeMap<String, Field>,
    size_bytes: usize,
}

impl Fields {
    /// Memory, estimated.
    pub(super) fn size_bytes(&self) -> usize {
        self.size_bytes
    }

    pub(super) fn get(&self, name: &str) -> Option<&Field> {
        self.by_name.get(name)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Field)> {
        self.by_name.iter().map(|(name, field)| (name.as_str(), field))
    }

    /// Takes the fields of one line: its structured metadata, and what a parser would find in its text.
    pub(super) fn add(&mut self, labels: &ResultLabels, line: &[u8]) {
        for (name, value) in labels.structured_metadata.iter() {
            self.put(name.to_owned(), value, None, &[]);
        }
        let Ok(text) = std::str::from_utf8(line) else { return };
        let mut found = Vec::new();
        let parser = match serde_json::from_str::<Value>(text) {
            Ok(Value::Object(object)) => {
                flatten(&object, &mut Vec::new(), &mut found);
                "json"
            }
            _ => {
                logfmt(text, &mut found);
                "logfmt"
            }
        };
        let mut names = BTreeSet::new();
        for (path, value) in found.into_iter().take(FIELDS_PER_LINE_MAX) {
            let mut name = label_name(&path.join("_"));
            // As in a pipeline: what the stream or the metadata has already keeps its name.
            let is_taken = labels.stream.get(&name).is_some() || labels.structured_metadata.get(&name).is_some();
            if is_taken {
                name.push_str("_extracted");
            }
            let path = if parser == "json" { path.as_slice() } else { &[] };
            if matches!(name.as_str(), "__error__" | "__error_details__") {
                continue;
            }
            // Also as in a pipeline: of a name that stands twice in a line the first value counts.
            if !names.insert(name.clone()) {
                continue;
            }
            self.put(name, &value, Some(parser), path);
        }
    }

    fn put(&mut self, name: String, value: &str, parser: Option<&'static str>, path: &[String]) {
        let kind = Kind::of(value);
        let size_bytes = &mut self.size_bytes;
        let field = self.by_name.entry(name).or_insert_with_key(|name| {
            *size_bytes += FIELD_BYTES + name.len();
            Field {
                kind,
                values: BTreeSet::new(),
                parsers: BTreeSet::new(),
                path: Vec::new(),
            }
        });
        field.kind = match (field.kind, kind) {
            (Kind::Int, Kind::Float) | (Kind::Float, Kind::Int) => Kind::Float,
            (one, other) if one == other => one,
            _ => Kind::String,
        };
        field.parsers.extend(parser);
        if field.path.is_empty() && !path.is_empty() {
            *size_bytes += path.iter().map(String::len).sum::<usize>();
            field.path = path.to_vec();
        }
        if field.values.len() < VALUES_MAX && field.values.insert(value.into()) {
            *size_bytes += VALUE_BYTES + value.len();
        }
    }
}

/// Members of an object with the path to each; arrays and nulls hold no field.
fn flatten(object: &Map<String, Value>, path: &mut Vec<String>, found: &mut Vec<(Vec<String>, String)>) {
    for (key, value) in object {
        path.push(key.clone());
        match value {
            Value::Object(inner) if path.len() < DEPTH_MAX => flatten(inner, path, found),
            Value::String(text) => found.push((path.clone(), text.clone())),
            Value::Bool(_) | Value::Number(_) => found.push((path.clone(), value.to_string())),
            Value::Object(_) | Value::Array(_) | Value::Null => {}
        }
        path.pop();
    }
}

/// Pairs of `key=value` and `key="quoted value"`; words without a value are text, not fields.
fn logfmt(text: &str, found: &mut Vec<(Vec<String>, String)>) {
    let mut rest = text;
    while let Some(equals) = rest.find('=') {
        let (before, after) = rest.split_at(equals);
        let after = &after[1..];
        let key = before.rsplit(char::is_whitespace).next().unwrap_or_default();
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => match quoted_end(quoted) {
                Some(end) => (quoted[..end].replace("\\\"", "\""), &quoted[end + 1..]),
                None => return,
            },
            None => {
                let end = after.find(char::is_whitespace).unwrap_or(after.len());
                (after[..end].to_owned(), &after[end..])
            }
        };
        let is_key = !key.is_empty() && !key.contains(['"', '\'', '(', ')', '{', '}', '[', ']', ',', '?', '&']);
        // `| logfmt` takes no such value either.
        let is_value = after.starts_with('"') || !value.contains(['=', '"']);
        if is_key && is_value && !value.is_empty() {
            found.push((vec![key.to_owned()], value));
        }
        rest = next;
    }
}

/// Where the closing quote is.
fn quoted_end(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices()
        .find(|(_, c)| {
            let ends = *c == '"' && !escaped;
            escaped = *c == '\\' && !escaped;
            ends
        })
        .map(|(at, _)| at)
}

/// A name that a label may have.
fn label_name(name: &str) -> String {
    let mut label: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' })
        .collect();
    if label.starts_with(|c: char| c.is_ascii_digit()) {
        label.insert(0, '_');
    }
    label
}
