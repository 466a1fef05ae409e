//! Structured metadata that is found under several names: `limits_config.discover_generic_fields` of Loki.
//!
//! For each field the names are looked for in this order: labels of the stream, structured metadata, then a JSON or logfmt
//! line. A name may lead into JSON objects, `request.trace_id`. Texts of JSON are taken as they are written.
//!
//! Source: Loki's configuration reference; how values are written was seen with Loki 3.7.8.

use std::collections::HashMap;

use longshore_model::Labels;
use serde_json::value::RawValue;

use crate::level::{logfmt_pairs, looks_like_json};

/// Which fields are looked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GenericFields {
    fields: Vec<Field>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Field {
    name: String,
    /// Where its value may be; the first that is there wins.
    found_as: Vec<String>,
}

/// The fields of a JSON object, as they are written.
type Object<'a> = HashMap<String, &'a RawValue>;

impl GenericFields {
    /// Fields by name, each with the names it is found as.
    pub fn new(fields: impl IntoIterator<Item = (String, Vec<String>)>) -> Self {
        let fields = fields.into_iter().map(|(name, found_as)| Field { name, found_as });
        Self {
            fields: fields.collect(),
        }
    }

    /// Whether nothing is looked for.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The metadata of an entry with the fields that are found added to it.
    pub fn added_to(&self, stream: &Labels, metadata: &Labels, line: &[u8]) -> Labels {
        let mut parsed: Option<Line<'_>> = None;
        let mut found: Vec<(&str, String)> = Vec::new();
        for field in &self.fields {
            let labelled = [stream, metadata]
                .iter()
                .find_map(|labels| field.found_as.iter().find_map(|name| labels.get(name)));
            let value = match labelled {
                Some(value) => Some(value.to_owned()),
                None => {
                    let parsed = parsed.get_or_insert_with(|| Line::parse(line));
                    field.found_as.iter().find_map(|name| parsed.get(name))
                }
            };
            found.extend(
                value
                    .filter(|value| !value.is_empty())
                    .map(|value| (&*field.name, value)),
            );
        }
        if found.is_empty() {
            return metadata.clone();
        }
        metadata.merged(&Labels::new(found))
    }
}

/// A line as far as its fields can be read.
enum Line<'a> {
    Json(Object<'a>),
    Logfmt(&'a [u8]),
}

impl<'a> Line<'a> {
    fn parse(line: &'a [u8]) -> Self {
        if looks_like_json(line) {
            Self::Json(serde_json::from_slice(line).unwrap_or_default())
        } else {
            Self::Logfmt(line)
        }
    }

    fn get(&self, name: &str) -> Option<String> {
        match self {
            Self::Json(object) => in_object(object, name),
            Self::Logfmt(line) => {
                let (_, value) = logfmt_pairs(line).find(|(key, _)| *key == name.as_bytes())?;
                Some(String::from_utf8_lossy(value).into_owned())
            }
        }
    }
}

fn in_object(object: &Object<'_>, name: &str) -> Option<String> {
    if let Some((outer, rest)) = name.split_once('.') {
        return in_object(&serde_json::from_str(object.get(outer)?.get()).ok()?, rest);
    }
    let written = object.get(name)?.get();
    let text = written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    Some(text.unwrap_or(written).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        Labels::new(pairs.iter().copied())
    }

    /// Seen with Loki 3.7.8.
    #[test]
    fn fields_are_found() {
        let names = |names: &str| names.split(' ').map(str::to_owned).collect();
        let fields = GenericFields::new([
            ("trace".to_owned(), names("trace_id traceID ctx.trace")),
            ("who".to_owned(), names("user nested.user")),
        ]);
        let check = |stream: &[(&str, &str)], metadata: &[(&str, &str)], line: &str, expected: &[(&str, &str)]| {
            let found = fields.added_to(&labels(stream), &labels(metadata), line.as_bytes());
            assert_eq!(found, labels(expected), "{line}");
        };
        for (line, expected) in [
            (r#"{"trace_id":"abc"}"#, &[("trace", "abc")][..]),
            (r#"{"traceID":"abc2","user":7}"#, &[("trace", "abc2"), ("who", "7")]),
            ("trace_id=lf user=me", &[("trace", "lf"), ("who", "me")]),
            (r#"{"ctx":{"trace":"deep"}}"#, &[("trace", "deep")]),
            (r#"{"nested":{"user":"nu"}}"#, &[("who", "nu")]),
            (r#"{"user":{"x":1}}"#, &[("who", r#"{"x":1}"#)]),
            (r#"{"user":null,"nested":{"user":"second"}}"#, &[("who", "null")]),
            (r#"{"user":1.50}"#, &[("who", "1.50")]),
            (r#"{"user":"with \"q\""}"#, &[("who", r#"with \"q\""#)]),
            (r#"user="quo ted" x=1"#, &[("who", "quo ted")]),
            ("trace_id=a trace_id=b", &[("trace", "a")]),
            (r#"{"trace_id":""}"#, &[]),
            (r#"{"TRACE_ID":"up"}"#, &[]),
            (r#"{"ctx.trace":"flat"}"#, &[]),
            ("ctx.trace=lf", &[("trace", "lf")]),
            ("plain", &[]),
            (r#"{"trace_id":"#, &[]),
            (r#"["trace_id"]"#, &[]),
        ] {
            check(&[], &[], line, expected);
        }
        let metadata = &[("trace_id", "sm")];
        check(&[], metadata, "plain", &[("trace", "sm"), ("trace_id", "sm")]);
        check(
            &[("trace_id", "stream")],
            metadata,
            r#"{"trace_id":"line"}"#,
            &[("trace", "stream"), ("trace_id", "sm")],
        );
        check(
            &[],
            &[("trace", "own"), ("trace_id", "sm")],
            "",
            &[("trace", "sm"), ("trace_id", "sm")],
        );
    }
}
