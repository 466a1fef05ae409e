//! Loki's push request as JSON: `{"streams": [{"stream": {..}, "values": [["<ns>", "line", {..}], ..]}, ..]}`, and the
//! older `{"streams": [{"labels": "{..}", "entries": [{"ts": "<RFC 3339>", "line": ".."}, ..]}, ..]}`.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use bytes::Bytes;
use longshore_model::{Entry, Labels, StreamEntries, TimestampNs};
use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{DecodeError, parse_labels};
use crate::otel_labels::sanitize_name;
use crate::text::shared_text;

/// Decodes a JSON push. Lines without escapes share `body`.
///
/// Label values that are no strings become their JSON text, as in Loki; empty values are dropped. `null` is nothing,
/// because Go writes it for an empty list. An entry without a line is an empty line.
pub fn decode_json(body: &Bytes) -> Result<Vec<StreamEntries>, DecodeError> {
    let streams: Vec<StreamJson<'_>> = streams(body)?;
    Ok(streams
        .into_iter()
        .map(|stream| StreamEntries {
            labels: Labels::new(stream.stream.0),
            entries: entries(stream.values, body),
        })
        .collect())
}

/// Decodes a JSON push of the older form; streams of the newer one may stand among the others.
pub fn decode_legacy_json(body: &Bytes) -> Result<Vec<StreamEntries>, DecodeError> {
    let streams: Vec<Option<AnyCase<LegacyStreamJson<'_>>>> = streams(body)?;
    let decode = |AnyCase(stream): AnyCase<LegacyStreamJson<'_>>| {
        let labels = match stream.labels {
            Some(text) => parse_labels(&text).map_err(DecodeError::Labels)?,
            None => Labels::new(stream.stream.0),
        };
        let older = stream.entries.unwrap_or_default().into_iter();
        let older = older.map(|AnyCase(entry)| Ok(entry.into_entry()?.into_model(body)));
        let newer = entries(stream.values, body).into_iter().map(Ok);
        let entries = older.chain(newer).collect::<Result<_, DecodeError>>()?;
        Ok(StreamEntries { labels, entries })
    };
    streams.into_iter().flatten().map(decode).collect()
}

fn streams<'a, S: Deserialize<'a>>(body: &'a Bytes) -> Result<Vec<S>, DecodeError> {
    let request: Option<AnyCase<RequestJson<S>>> = serde_json::from_slice(body).map_err(DecodeError::Json)?;
    Ok(request.and_then(|request| request.0.streams).unwrap_or_default())
}

fn entries(values: Option<Vec<Option<EntryJson<'_>>>>, body: &Bytes) -> Vec<Entry> {
    let values = values.unwrap_or_default().into_iter().flatten();
    values.map(|entry| entry.into_model(body)).collect()
}

/// What is read from an object as Go reads it: a field is found in whatever case its name is written, and of one that
/// stands twice the last counts.
trait Fields<'de>: Default {
    /// Takes the value of the field, whose name is given in small letters.
    fn take<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error>;
}

struct AnyCase<T>(T);

impl<'de, T: Fields<'de>> Deserialize<'de> for AnyCase<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor<T>(PhantomData<T>);
        impl<'de, T: Fields<'de>> Visitor<'de> for FieldsVisitor<T> {
            type Value = AnyCase<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<AnyCase<T>, A::Error> {
                let mut fields = T::default();
                while let Some(mut name) = map.next_key::<String>()? {
                    name.make_ascii_lowercase();
                    fields.take(&name, &mut map)?;
                }
                Ok(AnyCase(fields))
            }
        }
        deserializer.deserialize_map(FieldsVisitor(PhantomData))
    }
}

/// A request of either form; `S` is a stream.
struct RequestJson<S> {
    streams: Option<Vec<S>>,
}

impl<S> Default for RequestJson<S> {
    fn default() -> Self {
        Self { streams: None }
    }
}

impl<'de, S: Deserialize<'de>> Fields<'de> for RequestJson<S> {
    fn take<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "streams" => self.streams = map.next_value()?,
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct StreamJson<'a> {
    #[serde(default)]
    stream: StreamLabels,
    #[serde(borrow)]
    values: Option<Vec<Option<EntryJson<'a>>>>,
}

#[derive(Default)]
struct LegacyStreamJson<'a> {
    labels: Option<String>,
    entries: Option<Vec<AnyCase<LegacyEntryJson<'a>>>>,
    stream: StreamLabels,
    values: Option<Vec<Option<EntryJson<'a>>>>,
}

impl<'de: 'a, 'a> Fields<'de> for LegacyStreamJson<'a> {
    fn take<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "labels" => self.labels = map.next_value()?,
            "entries" => self.entries = map.next_value()?,
            "stream" => self.stream = map.next_value()?,
            "values" => self.values = map.next_value()?,
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

/// An entry without a line is an empty line; one without a timestamp is refused.
#[derive(Default)]
struct LegacyEntryJson<'a> {
    ts: Option<Moment>,
    line: Option<Line<'a>>,
    metadata: Option<Metadata>,
}

impl<'de: 'a, 'a> Fields<'de> for LegacyEntryJson<'a> {
    fn take<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "ts" => self.ts = map.next_value()?,
            "line" => self.line = map.next_value()?,
            "structuredmetadata" => self.metadata = map.next_value()?,
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

impl<'a> LegacyEntryJson<'a> {
    fn into_entry(self) -> Result<EntryJson<'a>, DecodeError> {
        let missing = || DecodeError::Json(de::Error::missing_field("ts"));
        Ok(EntryJson {
            timestamp: self.ts.ok_or_else(missing)?.0,
            line: self.line.unwrap_or_default(),
            metadata: self.metadata.map(|metadata| metadata.0).unwrap_or_default(),
        })
    }
}

/// Labels whose values may be anything.
#[derive(Default)]
struct StreamLabels(Vec<(String, String)>);

impl<'de> Deserialize<'de> for StreamLabels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LabelsVisitor;
        impl<'de> Visitor<'de> for LabelsVisitor {
            type Value = StreamLabels;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object of labels")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<StreamLabels, A::Error> {
                let mut pairs = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, serde_json::Value>()? {
                    let value = match value {
                        serde_json::Value::String(text) => text,
                        other => other.to_string(),
                    };
                    if !value.is_empty() {
                        pairs.push((name, value));
                    }
                }
                Ok(StreamLabels(pairs))
            }
        }
        deserializer.deserialize_map(LabelsVisitor)
    }
}

/// Structured metadata: strings only.
struct Metadata(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MetadataVisitor;
        impl<'de> Visitor<'de> for MetadataVisitor {
            type Value = Metadata;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("structured metadata, a flat object of strings")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Metadata, A::Error> {
                let mut pairs = Vec::new();
                while let Some((name, value)) = map.next_entry::<Cow<'_, str>, String>()? {
                    if !value.is_empty() {
                        pairs.push((sanitize_name(&name).into_owned(), value));
                    }
                }
                Ok(Metadata(pairs))
            }
        }
        deserializer.deserialize_map(MetadataVisitor)
    }
}

/// The text of a line. Read as bytes, because serde_json's text refuses lone surrogates, and one odd character
/// must not cost the request.
#[derive(Default)]
struct Line<'a>(Cow<'a, [u8]>);

impl<'de: 'a, 'a> Deserialize<'de> for Line<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LineVisitor;
        impl<'de> Visitor<'de> for LineVisitor {
            type Value = Cow<'de, [u8]>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a log line, a string")
            }

            fn visit_borrowed_bytes<E: de::Error>(self, bytes: &'de [u8]) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(bytes))
            }

            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
                Ok(Cow::Owned(bytes.to_vec()))
            }
        }
        deserializer.deserialize_bytes(LineVisitor).map(Line)
    }
}

/// A timestamp, which must be a string: JSON numbers lose nanoseconds in many clients.
struct Nanoseconds(TimestampNs);

impl<'de> Deserialize<'de> for Nanoseconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NanosecondsVisitor;
        impl Visitor<'_> for NanosecondsVisitor {
            type Value = Nanoseconds;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("nanoseconds since the epoch in a string")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Nanoseconds, E> {
                let error = |_| de::Error::invalid_value(de::Unexpected::Str(text), &self);
                text.parse().map(|ns| Nanoseconds(TimestampNs(ns))).map_err(error)
            }
        }
        deserializer.deserialize_str(NanosecondsVisitor)
    }
}

/// A moment as RFC 3339 has it.
struct Moment(TimestampNs);

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let moment = TimestampNs::parse_rfc3339(text.as_bytes());
        moment.map(Moment).map_err(de::Error::custom)
    }
}

struct EntryJson<'a> {
    timestamp: TimestampNs,
    line: Line<'a>,
    metadata: Vec<(String, String)>,
}

impl EntryJson<'_> {
    fn into_model(self, body: &Bytes) -> Entry {
        let line = match self.line.0 {
            Cow::Borrowed(bytes) => shared_text(body, bytes),
            Cow::Owned(bytes) => {
                let bytes = Bytes::from(bytes);
                shared_text(&bytes, &bytes)
            }
        };
        Entry {
            timestamp: self.timestamp,
            line,
            structured_metadata: if self.metadata.is_empty() {
                Labels::empty()
            } else {
                Labels::new(self.metadata)
            },
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for EntryJson<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntryVisitor;
        impl<'de> Visitor<'de> for EntryVisitor {
            type Value = EntryJson<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an entry, [\"<nanoseconds>\", \"<line>\", {<structured metadata>}]")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut entry: A) -> Result<Self::Value, A::Error> {
                let Nanoseconds(timestamp) = entry
                    .next_element()?
                    .ok_or_else(|| de::Error::invalid_length(0, &self))?;
                let line = entry.next_element()?.unwrap_or_default();
                let metadata = entry.next_element::<Option<Metadata>>()?.flatten();
                while entry.next_element::<IgnoredAny>()?.is_some() {}
                Ok(EntryJson {
                    timestamp,
                    line,
                    metadata: metadata.map(|metadata| metadata.0).unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_seq(EntryVisitor)
    }
}
