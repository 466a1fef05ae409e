//! The `ingester` section.

use std::time::Duration;

use longshore_model::ByteSize;

use crate::decode::Section;

/// How lines come from memory to disk.
#[derive(Debug, Clone, PartialEq)]
pub struct IngesterSettings {
    /// Compression of segments. Default: gzip, as Loki's.
    pub chunk_encoding: ChunkEncoding,
    /// A stream that got nothing for so long is flushed. Default: 30 min.
    pub chunk_idle_period: Duration,
    /// No line stays longer in memory only. Default: 2 h.
    pub max_chunk_age: Duration,
    /// A stream with so many bytes, compressed, is flushed. Default: 1.5 MiB.
    pub chunk_target_size: ByteSize,
    /// The share of the disk from which on no lines are taken in (`wal.disk_full_threshold`); `None` uses it up.
    /// Default: `None`.
    pub disk_full_threshold: Option<f64>,
}

/// Compression of stored lines, with Loki's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChunkEncoding {
    /// Stored as they are.
    None,
    /// DEFLATE with a header.
    Gzip,
    /// DEFLATE; stored as gzip here.
    Flate,
    /// Fast, weak.
    Snappy,
    /// Fast, weak; all of Loki's `lz4-64k`, `lz4-256k`, `lz4-1M` and `lz4`.
    Lz4,
    /// The best of both.
    Zstd,
}

pub(super) fn decode(section: &mut Section<'_>) -> IngesterSettings {
    let encodings = [
        ("gzip", ChunkEncoding::Gzip),
        ("none", ChunkEncoding::None),
        ("flate", ChunkEncoding::Flate),
        ("snappy", ChunkEncoding::Snappy),
        ("lz4", ChunkEncoding::Lz4),
        ("lz4-64k", ChunkEncoding::Lz4),
        ("lz4-256k", ChunkEncoding::Lz4),
        ("lz4-1M", ChunkEncoding::Lz4),
        ("zstd", ChunkEncoding::Zstd),
    ];
    let settings = IngesterSettings {
        chunk_encoding: section.choice("chunk_encoding", ChunkEncoding::Gzip, &encodings),
        chunk_idle_period: section.duration("chunk_idle_period", Duration::from_secs(30 * 60)),
        max_chunk_age: section.duration("max_chunk_age", Duration::from_secs(2 * 3600)),
        chunk_target_size: ByteSize(section.unsigned("chunk_target_size", 1_572_864)),
        disk_full_threshold: section.child("wal", wal),
    };
    for (key, period) in [
        ("chunk_idle_period", settings.chunk_idle_period),
        ("max_chunk_age", settings.max_chunk_age),
    ] {
        if period.is_zero() {
            section.wrong(key, "must be above 0", format!("write {key}: 30m"));
        }
    }
    if settings.chunk_target_size.0 == 0 {
        section.wrong(
            "chunk_target_size",
            "must be above 0",
            "write chunk_target_size: 1572864",
        );
    }
    // Segments are written whole, by pages of their own size and as soon as they are due.
    section.without_effect(&["chunk_block_size", "concurrent_flushes", "flush_check_period"]);
    section.without_effect(&[
        "autoforget_unhealthy",
        "chunk_retain_period",
        "delegate_stream_limits_enabled",
        "flush_op_backoff",
        "flush_op_timeout",
        "index_shards",
        "kafka_ingestion",
        "lifecycler",
        "max_dropped_streams",
        "max_returned_stream_errors",
        "owned_streams_check_interval",
        "query_store_max_look_back_period",
        "shutdown_marker_path",
        "sync_min_utilization",
        "sync_period",
    ]);
    settings
}

/// The log lies in the data folder, is cut after each flush and bounded by what is in memory; the end flushes.
/// Gives the share of the disk that may be full.
fn wal(section: &mut Section<'_>) -> Option<f64> {
    section.without_effect(&[
        "checkpoint_duration",
        "dir",
        "flush_on_shutdown",
        "replay_memory_ceiling",
    ]);
    if !section.boolean("enabled", true) {
        let message = "the write-ahead log stays on: without it a line could be lost after it was acknowledged";
        section.warn("enabled", message, "write enabled: true, or remove the key");
    }
    let threshold = section.float("disk_full_threshold", 0.0);
    if !(0.0..=1.0).contains(&threshold) {
        section.wrong(
            "disk_full_threshold",
            "is a share of the disk, from 0 to 1",
            "write 0.9",
        );
    }
    (threshold > 0.0).then_some(threshold)
}
