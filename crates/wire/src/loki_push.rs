//! Loki's push request: protobuf in a snappy block, and JSON; both ways.
//!
//! ```text
//! PushRequest { 1: repeated Stream { 1: labels string, 2: repeated Entry { 1: Timestamp { 1: seconds, 2: nanos },
//!               2: line, 3: repeated LabelPair { 1: name, 2: value }, 4: parsed }, 3: hash } }
//! ```
//!
//! Invariant: a decoded line is valid UTF-8 and shares one buffer with all lines of its request.
//!
//! Source: Loki, `pkg/push/push.proto` and "Ingest logs" of its HTTP API reference.

mod encode;
mod json;
mod labels;

use std::collections::HashMap;

use bytes::Bytes;
use foldhash::fast::RandomState;
use longshore_model::{Entry, Labels, StreamEntries, TimestampNs};
use thiserror::Error;

pub use encode::Encoder;
pub use json::{decode_json, decode_legacy_json};
pub use labels::{LabelsError, is_label_name, parse_labels};

use crate::protobuf::{ProtobufError, Reader};
use crate::text::{owned_text, shared_text};

/// Content type of a protobuf push.
pub const PROTOBUF_CONTENT_TYPE: &str = "application/x-protobuf";

/// Why a push request cannot be read. The client is at fault, and a repetition would fail the same way.
#[derive(Debug, Error)]
pub enum DecodeError {
    /// Not a snappy block.
    #[error("snappy: corrupt input")]
    Snappy(#[source] snap::Error),
    /// The block says that it is larger than allowed once decompressed.
    #[error("request of {size} bytes decompressed is larger than the limit of {limit}")]
    TooLarge {
        /// Decompressed bytes.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// Not the protobuf message.
    #[error(transparent)]
    Protobuf(#[from] ProtobufError),
    /// Not the JSON document.
    #[error("cannot read the JSON of the push request")]
    Json(#[source] serde_json::Error),
    /// Labels of a stream that are no labels.
    #[error("couldn't parse labels: {0}")]
    Labels(LabelsError),
}

/// Decodes a protobuf push in its snappy block; `decompressed_bytes_max` bounds what the block may inflate to.
pub fn decode_protobuf(block: &[u8], decompressed_bytes_max: usize) -> Result<Vec<StreamEntries>, DecodeError> {
    if block.is_empty() {
        return Err(DecodeError::Snappy(snap::Error::Empty));
    }
    let size = snap::raw::decompress_len(block).map_err(DecodeError::Snappy)?;
    if size > decompressed_bytes_max {
        return Err(DecodeError::TooLarge {
            size,
            limit: decompressed_bytes_max,
        });
    }
    let message = snap::raw::Decoder::new()
        .decompress_vec(block)
        .map_err(DecodeError::Snappy)?;
    decode_message(&message.into())
}

/// What a snappy block says that it inflates to, in bytes; 0 when it is none, which decoding tells.
pub fn decompressed_bytes(block: &[u8]) -> usize {
    snap::raw::decompress_len(block).unwrap_or(0)
}

fn decode_message(message: &Bytes) -> Result<Vec<StreamEntries>, DecodeError> {
    let mut interner = MetadataInterner::default();
    let mut streams = Vec::new();
    let mut reader = Reader::new(message);
    while let Some(field) = reader.next_field()? {
        if field.number == 1 {
            streams.push(decode_stream(message, field.bytes()?, &mut interner)?);
        }
    }
    Ok(streams)
}

fn decode_stream<'a>(
    message: &'a Bytes,
    stream: &'a [u8],
    interner: &mut MetadataInterner<'a>,
) -> Result<StreamEntries, DecodeError> {
    let mut labels = Labels::empty();
    let mut entries = Vec::new();
    let mut reader = Reader::new(stream);
    while let Some(field) = reader.next_field()? {
        match field.number {
            1 => labels = parse_labels(&String::from_utf8_lossy(field.bytes()?)).map_err(DecodeError::Labels)?,
            2 => entries.push(decode_entry(message, field.bytes()?, interner)?),
            _ => {}
        }
    }
    Ok(StreamEntries { labels, entries })
}

fn decode_entry<'a>(
    message: &Bytes,
    entry: &'a [u8],
    interner: &mut MetadataInterner<'a>,
) -> Result<Entry, ProtobufError> {
    let mut timestamp = TimestampNs(0);
    let mut line = Bytes::new();
    // Metadata fields follow each other in all encoders; the span from the first to the last is the key.
    interner.begin();
    let mut reader = Reader::new(entry);
    while let Some(field) = reader.next_field()? {
        match field.number {
            1 => timestamp = decode_timestamp(field.bytes()?)?,
            2 => line = shared_text(message, field.bytes()?),
            3 => interner.add(field.bytes()?),
            _ => {}
        }
    }
    Ok(Entry {
        timestamp,
        line,
        structured_metadata: interner.finish()?,
    })
}

fn decode_timestamp(message: &[u8]) -> Result<TimestampNs, ProtobufError> {
    let (mut seconds, mut nanos) = (0_i64, 0_i64);
    let mut reader = Reader::new(message);
    while let Some(field) = reader.next_field()? {
        match field.number {
            1 => seconds = field.varint()? as i64,
            2 => nanos = field.varint()? as i64,
            _ => {}
        }
    }
    Ok(TimestampNs(seconds.saturating_mul(1_000_000_000).saturating_add(nanos)))
}

/// Gives entries with the same structured metadata the same `Labels`: most lines of a request have one of few sets.
#[derive(Default)]
struct MetadataInterner<'a> {
    known: HashMap<Vec<&'a [u8]>, Labels, RandomState>,
    /// Pairs of the entry being read, as encoded.
    pairs: Vec<&'a [u8]>,
    last: Option<(Vec<&'a [u8]>, Labels)>,
}

impl<'a> MetadataInterner<'a> {
    fn begin(&mut self) {
        self.pairs.clear();
    }

    fn add(&mut self, pair: &'a [u8]) {
        self.pairs.push(pair);
    }

    fn finish(&mut self) -> Result<Labels, ProtobufError> {
        if self.pairs.is_empty() {
            return Ok(Labels::empty());
        }
        if let Some((pairs, labels)) = &self.last
            && *pairs == self.pairs
        {
            return Ok(labels.clone());
        }
        let labels = match self.known.get(&self.pairs) {
            Some(labels) => labels.clone(),
            None => {
                let labels = decode_pairs(&self.pairs)?;
                self.known.insert(self.pairs.clone(), labels.clone());
                labels
            }
        };
        self.last = Some((self.pairs.clone(), labels.clone()));
        Ok(labels)
    }
}

fn decode_pairs(pairs: &[&[u8]]) -> Result<Labels, ProtobufError> {
    let mut decoded = Vec::with_capacity(pairs.len());
    for pair in pairs {
        let (mut name, mut value) = (String::new(), String::new());
        let mut reader = Reader::new(pair);
        while let Some(field) = reader.next_field()? {
            match field.number {
                1 => name = owned_text(field.bytes()?),
                2 => value = owned_text(field.bytes()?),
                _ => {}
            }
        }
        if !value.is_empty() {
            decoded.push((crate::otel_labels::sanitize_name(&name).into_owned(), value));
        }
    }
    Ok(Labels::new(decoded))
}

#[cfg(test)]
mod tests;
