//! Loki's push request as JSON: `{"streams": [{"stream": {..}, "values": [["<ns>", "line", {..}], ..]}, ..]}`, and the
//! older `{"streams": [{"labels": "{..}", "entries": [{"ts": "<RFC 3339>", "line": ".."}, ..]}, ..]}`.

use std::borrow::Cow;
use std::fmt;

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
/// because Go writes it for an empty list.
pub fn decode_json(body: &Bytes) -> Result<Vec<StreamEntries>, DecodeError> {
    let request: Option<RequestJson<'_>> = serde_json::from_slice(body).map_err(DecodeError::Json)?;
    let streams = request.and_then(|request| request.streams).unwrap_or_default();
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
    let request: Option<LegacyRequestJson<'_>> = serde_json::from_slice(body).map_err(DecodeError::Json)?;
    let streams = request.and_then(|request| request.streams).unwrap_or_default();
    let decode = |stream: LegacyStreamJson<'_>| {
        let labels = match stream.labels {
            Some(text) => parse_labels(&text).map_err(DecodeError::Labels)?,
            None => Labels::new(stream.stream.0),
        };
        let older = stream.entries.unwrap_or_default().into_iter();
        let older = older.map(|entry| EntryJson::from(entry).into_model(body));
        let entries = older.chain(entries(stream.values, body)).collect();
        Ok(StreamEntries { labels, entries })
    };
    streams.into_iter().map(decode).collect()
}

fn entries(values: Option<Vec<EntryJson<'_>>>, body: &Bytes) -> Vec<Entry> {
    let values = values.unwrap_or_default().into_iter();
    values.map(|entry| entry.into_model(body)).collect()
}

// Go finds a field in whatever case it is written; clients that are not written in Go begin it with a capital at most.
#[derive(Deserialize)]
struct RequestJson<'a> {
    #[serde(borrow, alias = "Streams")]
    streams: Option<Vec<StreamJson<'a>>>,
}

#[derive(Deserialize)]
struct StreamJson<'a> {
    #[serde(default)]
    stream: StreamLabels,
    #[serde(borrow)]
    values: Option<Vec<EntryJson<'a>>>,
}

#[derive(Deserialize)]
struct LegacyRequestJson<'a> {
    #[serde(borrow)]
    streams: Option<Vec<LegacyStreamJson<'a>>>,
}

#[derive(Deserialize)]
struct LegacyStreamJson<'a> {
    labels: Option<String>,
    #[serde(borrow)]
    entries: Option<Vec<LegacyEntryJson<'a>>>,
    #[serde(default)]
    stream: StreamLabels,
    #[serde(borrow)]
    values: Option<Vec<EntryJson<'a>>>,
}

#[derive(Deserialize)]
struct LegacyEntryJson<'a> {
    ts: Moment,
    #[serde(borrow)]
    line: Line<'a>,
}

impl<'a> From<LegacyEntryJson<'a>> for EntryJson<'a> {
    fn from(entry: LegacyEntryJson<'a>) -> Self {
        Self {
            timestamp: entry.ts.0,
            line: entry.line,
            metadata: Vec::new(),
        }
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
                let line = entry
                    .next_element()?
                    .ok_or_else(|| de::Error::invalid_length(1, &self))?;
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
