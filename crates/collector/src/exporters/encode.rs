//! Batches to request bodies.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression as Level;
use flate2::write::GzEncoder;
use longshore_config::otel::{Compression, Verbosity};
use longshore_model::TimestampNs;
use longshore_model::otel::ResourceLogs;
use longshore_wire::otel_labels::{body_text, resource_labels, stream_entries};
use longshore_wire::{loki_push, otlp};

use super::Request;
use crate::batch::Batch;

/// Makes requests; its buffers are used again.
#[derive(Debug)]
pub(crate) enum Encoder {
    /// Loki's push: protobuf in a snappy block.
    Loki(Box<loki_push::Encoder>),
    /// OTLP: protobuf.
    Otlp {
        compression: Compression,
        level: Option<i32>,
        message: Vec<u8>,
    },
}

impl Encoder {
    pub(crate) fn encode(&mut self, groups: Vec<ResourceLogs>) -> Request {
        match self {
            Self::Loki(encoder) => {
                // Every record has a time, so the moment that would stand in for it does not matter.
                let streams: Vec<_> = groups
                    .into_iter()
                    .map(|logs| stream_entries(logs, TimestampNs(0)))
                    .collect();
                Request {
                    body: Bytes::copy_from_slice(encoder.encode(&streams)),
                    content_type: loki_push::PROTOBUF_CONTENT_TYPE,
                    content_encoding: None,
                }
            }
            Self::Otlp {
                compression,
                level,
                message,
            } => {
                message.clear();
                otlp::encode_protobuf(&groups, message);
                let (body, content_encoding) = compress(*compression, *level, message);
                Request {
                    body,
                    content_type: otlp::PROTOBUF_CONTENT_TYPE,
                    content_encoding,
                }
            }
        }
    }
}

fn compress(compression: Compression, level: Option<i32>, message: &[u8]) -> (Bytes, Option<&'static str>) {
    match compression {
        Compression::None => (Bytes::copy_from_slice(message), None),
        Compression::Gzip => {
            // Level 1 costs a third of the usual level and saves nearly as much on text like logs.
            let level = level
                .and_then(|level| u32::try_from(level).ok())
                .map_or(Level::fast(), Level::new);
            let mut encoder = GzEncoder::new(Vec::with_capacity(message.len() / 4), level);
            let written = encoder.write_all(message).and_then(|()| encoder.finish());
            (written.expect("writing into memory never fails").into(), Some("gzip"))
        }
        Compression::Zstd => {
            let level = level.unwrap_or(zstd::DEFAULT_COMPRESSION_LEVEL);
            let written = zstd::bulk::compress(message, level);
            (
                written
                    .expect("a buffer of the largest possible length is given")
                    .into(),
                Some("zstd"),
            )
        }
        Compression::Snappy => {
            let mut encoder = snap::write::FrameEncoder::new(Vec::with_capacity(message.len() / 2));
            encoder.write_all(message).expect("writing into memory never fails");
            let body = encoder.into_inner().expect("flushing into memory never fails");
            (body.into(), Some("x-snappy-framed"))
        }
    }
}

/// Prints a batch to standard output.
pub(crate) fn print(verbosity: Verbosity, batch: &Batch) {
    let mut text = format!("{} records, {} bytes\n", batch.records, batch.bytes);
    if verbosity != Verbosity::Basic {
        for logs in &batch.groups {
            let labels = resource_labels(&logs.resource);
            for record in &logs.records {
                text.push_str(&format!(
                    "{} {} {}",
                    record.timestamp,
                    labels.index,
                    body_text(&record.body)
                ));
                if verbosity == Verbosity::Detailed {
                    text.push_str(&format!(" {:?}", record.attributes));
                }
                text.push('\n');
            }
        }
    }
    let mut output = std::io::stdout().lock();
    if let Err(error) = output.write_all(text.as_bytes()) {
        tracing::debug!(%error, "cannot write to standard output");
    }
}
