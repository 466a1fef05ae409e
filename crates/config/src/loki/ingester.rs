//! The `ingester` section.

use std::time::Duration;

use longshore_model::ByteSize;

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
