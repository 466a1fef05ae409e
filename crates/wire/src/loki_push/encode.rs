//! Writes a protobuf push request and its snappy block into buffers that are used again and again.

use longshore_model::{Entry, Labels, StreamEntries, TimestampNs};

use crate::protobuf::{bytes_field_size, put_bytes, put_length, put_varint_field, varint_field_size};

/// Nanoseconds in a second.
const SECOND_NS: i64 = 1_000_000_000;

/// Encodes push requests; keep one per sender, its buffers grow to the largest request and stay.
#[derive(Debug)]
pub struct Encoder {
    message: Vec<u8>,
    block: Vec<u8>,
    snappy: snap::raw::Encoder,
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Encoder {
    /// An encoder with empty buffers.
    pub fn new() -> Self {
        Self {
            message: Vec::new(),
            block: Vec::new(),
            snappy: snap::raw::Encoder::new(),
        }
    }

    /// The snappy block of the request, valid until the next call.
    ///
    /// # Panics
    /// When the request is larger than the 4 GiB that a snappy block can hold; callers bound their batches far below.
    pub fn encode(&mut self, streams: &[StreamEntries]) -> &[u8] {
        self.message.clear();
        for stream in streams {
            put_stream(&mut self.message, stream);
        }
        self.block.resize(snap::raw::max_compress_len(self.message.len()), 0);
        let length = self
            .snappy
            .compress(&self.message, &mut self.block)
            .expect("the buffer has the largest possible length and batches are far below 4 GiB");
        &self.block[..length]
    }

    /// Bytes of the last request before compression.
    pub fn message_bytes(&self) -> usize {
        self.message.len()
    }
}

fn put_stream(message: &mut Vec<u8>, stream: &StreamEntries) {
    let labels = stream.labels.to_string();
    let entries: usize = stream
        .entries
        .iter()
        .map(|entry| bytes_field_size(entry_size(entry)))
        .sum();
    put_length(message, 1, bytes_field_size(labels.len()) + entries);
    put_bytes(message, 1, labels.as_bytes());
    for entry in &stream.entries {
        put_length(message, 2, entry_size(entry));
        put_entry(message, entry);
    }
}

fn put_entry(message: &mut Vec<u8>, entry: &Entry) {
    let (seconds, nanos) = split(entry.timestamp);
    put_length(message, 1, timestamp_size(entry.timestamp));
    put_varint_field(message, 1, seconds as u64);
    put_varint_field(message, 2, nanos);
    put_bytes(message, 2, &entry.line);
    for (name, value) in entry.structured_metadata.iter() {
        put_length(message, 3, pair_size(name, value));
        put_bytes(message, 1, name.as_bytes());
        put_bytes(message, 2, value.as_bytes());
    }
}

fn entry_size(entry: &Entry) -> usize {
    bytes_field_size(timestamp_size(entry.timestamp))
        + bytes_field_size(entry.line.len())
        + metadata_size(&entry.structured_metadata)
}

fn metadata_size(metadata: &Labels) -> usize {
    metadata
        .iter()
        .map(|(name, value)| bytes_field_size(pair_size(name, value)))
        .sum()
}

fn pair_size(name: &str, value: &str) -> usize {
    bytes_field_size(name.len()) + bytes_field_size(value.len())
}

fn timestamp_size(timestamp: TimestampNs) -> usize {
    let (seconds, nanos) = split(timestamp);
    varint_field_size(seconds as u64) + varint_field_size(nanos)
}

/// Seconds, rounded down, and the nanoseconds after them.
fn split(timestamp: TimestampNs) -> (i64, u64) {
    (
        timestamp.0.div_euclid(SECOND_NS),
        timestamp.0.rem_euclid(SECOND_NS) as u64,
    )
}
