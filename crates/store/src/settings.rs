//! What the store is told when it is opened: plain values, already validated by `config`.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use longshore_model::{RowFilterCompiler, TenantId};

use crate::retention::Retention;

/// How the store works; see the fields for units and defaults.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Folder of all data; made when it is missing.
    pub directory: PathBuf,
    /// Compression of segments; zstd by default.
    pub chunk_encoding: ChunkEncoding,
    /// A stream without a new line for this long makes the head flush; 30 min by default, as in Loki.
    pub chunk_idle_period: Duration,
    /// No line stays longer in the head than this; 2 h by default, as in Loki.
    pub max_chunk_age: Duration,
    /// Most bytes of one stream in the head, compressed (estimated from the last flush); Loki's 1.5 MiB by default.
    pub chunk_target_size_bytes: u64,
    /// Most bytes of all entries in the head that is being filled; while one is flushed there are two.
    pub head_bytes_max: usize,
    /// Pushes are refused while more than this share of the disk is used, from 0 to 1; by default until it is full.
    pub disk_full_threshold: Option<f64>,
    /// How long a delete request may be taken back, and its lines stay on disk; 24 h by default, as in Loki.
    pub delete_request_cancel_period: Duration,
    /// Reads the queries of delete requests; without it none is taken.
    pub row_filters: Option<Arc<dyn RowFilterCompiler>>,
    /// What differs by tenant; by default everything is kept, and deleted on request.
    pub rules: Arc<dyn TenantRules>,
}

/// What the store asks about a tenant. It asks each time, so the answers may change while the store runs.
pub trait TenantRules: Send + Sync + fmt::Debug {
    /// What a delete request does.
    fn deletion_mode(&self, tenant: &TenantId) -> DeletionMode;

    /// How long its lines are kept.
    fn retention(&self, tenant: &TenantId) -> Arc<Retention>;
}

/// The same rules for every tenant.
#[derive(Debug, Clone, Default)]
pub struct SameForAll {
    /// What a delete request does.
    pub deletion_mode: DeletionMode,
    /// How long lines are kept; for ever by default.
    pub retention: Arc<Retention>,
}

impl TenantRules for SameForAll {
    fn deletion_mode(&self, _tenant: &TenantId) -> DeletionMode {
        self.deletion_mode
    }

    fn retention(&self, _tenant: &TenantId) -> Arc<Retention> {
        Arc::clone(&self.retention)
    }
}

/// What a delete request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeletionMode {
    /// Nothing.
    Disabled,
    /// Its lines are hidden.
    FilterOnly,
    /// Its lines are hidden, and removed from disk once it can no longer be taken back.
    #[default]
    FilterAndDelete,
}

impl Settings {
    /// The defaults for a folder.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            chunk_encoding: ChunkEncoding::default(),
            chunk_idle_period: Duration::from_secs(30 * 60),
            max_chunk_age: Duration::from_secs(2 * 3600),
            chunk_target_size_bytes: 1_572_864,
            head_bytes_max: crate::limits::HEAD_BYTES_DEFAULT,
            disk_full_threshold: None,
            delete_request_cancel_period: Duration::from_secs(24 * 3600),
            row_filters: None,
            rules: Arc::new(SameForAll::default()),
        }
    }
}

/// Compression of segments, by the names of Loki's `chunk_encoding`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ChunkEncoding {
    /// Small and quick: the default.
    #[default]
    Zstd,
    /// Loki's default; `flate` means this too, Parquet knows no bare deflate.
    Gzip,
    /// Quick to read, about twice the size.
    Snappy,
    /// Quicker to read, about twice the size; all of Loki's lz4 block sizes mean this.
    Lz4,
    /// No compression.
    None,
}

impl ChunkEncoding {
    /// Reads one of Loki's names: `none`, `gzip`, `lz4-64k`, `snappy`, `lz4-256k`, `lz4-1M`, `lz4`, `flate`, `zstd`.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "zstd" => Some(Self::Zstd),
            "gzip" | "flate" => Some(Self::Gzip),
            "snappy" => Some(Self::Snappy),
            "lz4" | "lz4-64k" | "lz4-256k" | "lz4-1M" => Some(Self::Lz4),
            "none" => Some(Self::None),
            _ => None,
        }
    }
}
