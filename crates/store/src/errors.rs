//! Errors of the store, one enum per family of operations.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

/// Why a store could not be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another process has the folder.
    #[error(
        "the data folder {directory} is in use by another Longshore process{}; stop it, or choose another folder",
        .holder.map_or_else(String::new, |pid| format!(" (pid {pid})"))
    )]
    Locked {
        /// The folder.
        directory: PathBuf,
        /// The process that holds it, where its id could be read.
        holder: Option<u32>,
    },
    /// The folder or a file in it cannot be made, read or written.
    #[error("cannot {action} {path}; check that the folder exists and that this user may write to it")]
    Io {
        /// What was tried, as a verb: `create`, `read`.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The write-ahead log was written by a newer version.
    #[error("{path} has format version {version}, this program reads up to version {supported}; use a newer version")]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u32,
        /// The newest version known here.
        supported: u32,
    },
    /// Flushing replayed entries to a segment failed.
    #[error("cannot flush entries of the write-ahead log to segments")]
    Flush(#[source] FlushError),
}

/// Why entries were not accepted. See [`PushError::is_retryable`].
#[derive(Debug, Clone, Error)]
pub enum PushError {
    /// An earlier write or fsync failed: what is on disk is unknown, so nothing is acknowledged until a restart.
    #[error("the write-ahead log failed and the store accepts no more entries until it is restarted")]
    Poisoned(#[source] Arc<io::Error>),
    /// No space left; pushes are accepted again when there is.
    #[error("the disk is full; free some space, pushes resume by themselves")]
    DiskFull(#[source] Arc<io::Error>),
    /// More of the disk is used than may be; pushes are accepted again when it is less.
    #[error(
        "the disk is {used_percent:.1} % full, more than the {threshold_percent:.1} % of \
         ingester.wal.disk_full_threshold; free some space or raise it, pushes resume by themselves"
    )]
    DiskAboveThreshold {
        /// The part that is used.
        used_percent: f64,
        /// The part that may be.
        threshold_percent: f64,
    },
    /// The disk does not keep up.
    #[error("the store is busy flushing, try again")]
    Overloaded,
    /// More than one record of the write-ahead log may hold.
    #[error("the push has {size_bytes} bytes, more than the {limit_bytes} that one push may have")]
    TooLarge {
        /// Its size.
        size_bytes: usize,
        /// The limit.
        limit_bytes: usize,
    },
    /// Older data could not be read to find out whether an entry is a duplicate.
    #[error("cannot compare entries with stored ones: {what}")]
    Compare {
        /// What was being read.
        what: String,
        /// The cause.
        #[source]
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// The store was closed.
    #[error("the store is shutting down")]
    Closed,
}

impl PushError {
    /// Whether the same push may succeed later.
    pub fn is_retryable(&self) -> bool {
        !matches!(self, Self::TooLarge { .. })
    }
}

/// Why a head could not be written to segments; its entries stay in the head and in the write-ahead log.
#[derive(Debug, Error)]
pub enum FlushError {
    /// A file operation failed.
    #[error("cannot {action} {path}")]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The segment could not be encoded.
    #[error("cannot write segment {path}")]
    Encode {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The store is closing; what was being rewritten stays as it is.
    #[error("the store is shutting down")]
    Stopped,
    /// The write-ahead log failed earlier, so its file stays.
    #[error("the write-ahead log failed earlier, its files are kept")]
    Wal(#[source] Box<PushError>),
}

/// Why a delete request was not taken.
#[derive(Debug, Error)]
pub enum DeleteError {
    /// The query cannot be read.
    #[error("{0}")]
    Query(String),
    /// The store was opened without a compiler of queries.
    #[error("this store knows no query language")]
    NoLanguage,
    /// Each pending request costs every query.
    #[error("there are {0} delete requests that are not processed yet, which is the limit")]
    TooMany(usize),
    /// It could not be written; nothing is hidden or removed.
    #[error("cannot write the delete request")]
    Io(#[source] io::Error),
}

/// Why a delete request was not taken back.
#[derive(Debug, Error)]
pub enum CancelError {
    /// The tenant has none of this name.
    #[error("there is no such delete request")]
    Unknown,
    /// The time in which it could be taken back is over.
    #[error("a delete request can be taken back within {0:?} only")]
    TooLate(Duration),
    /// Its lines are gone.
    #[error("the delete request was processed")]
    Processed,
    /// Its file could not be removed; it stays in force.
    #[error("cannot remove the delete request")]
    Io(#[source] io::Error),
}
