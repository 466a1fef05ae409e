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
    /// Uncompressed bytes of a block. Default: 256 KiB.
    pub chunk_block_size: ByteSize,
    /// How often the head is looked at. Default: 30 s.
    pub flush_check_period: Duration,
    /// Flushes at a time. Default: 32.
    pub concurrent_flushes: u64,
    /// The write-ahead log.
    pub wal: WalSettings,
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

/// The `wal` section.
#[derive(Debug, Clone, PartialEq)]
pub struct WalSettings {
    /// Default: true. Without it an acknowledged line can be lost, so it stays on and a warning says so.
    pub enabled: bool,
    /// The folder; `None`: `wal` in the data folder.
    pub directory: Option<String>,
    /// How often the log is cut short. Default: 5 min.
    pub checkpoint_duration: Duration,
    /// Writes everything to segments at the end. Default: false.
    pub flush_on_shutdown: bool,
    /// Memory that replay may use before it flushes. Default: 4 GiB.
    pub replay_memory_ceiling: ByteSize,
    /// Refuses pushes when the disk is so full, 0 to 1; 0 for never. Default: 0.9.
    pub disk_full_threshold: f64,
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
        chunk_block_size: ByteSize(section.unsigned("chunk_block_size", 262_144)),
        flush_check_period: section.duration("flush_check_period", Duration::from_secs(30)),
        concurrent_flushes: section.unsigned("concurrent_flushes", 32),
        wal: section.child("wal", wal),
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

fn wal(section: &mut Section<'_>) -> WalSettings {
    let settings = WalSettings {
        enabled: section.boolean("enabled", true),
        directory: section.text("dir").filter(|directory| !directory.is_empty()),
        checkpoint_duration: section.duration("checkpoint_duration", Duration::from_secs(300)),
        flush_on_shutdown: section.boolean("flush_on_shutdown", false),
        replay_memory_ceiling: section.binary_size("replay_memory_ceiling", ByteSize(4 << 30)),
        disk_full_threshold: section.float("disk_full_threshold", 0.9),
    };
    if !settings.enabled {
        let message = "the write-ahead log stays on: without it a line could be lost after it was acknowledged";
        section.warn("enabled", message, "write enabled: true, or remove the key");
    }
    if !(0.0..=1.0).contains(&settings.disk_full_threshold) {
        section.wrong(
            "disk_full_threshold",
            "is a share of the disk, from 0 to 1",
            "write 0.9",
        );
    }
    settings
}
