//! Where query engine and store meet: what a query asks of the store and what it gets back.
//!
//! The engine (`logql`) is pure and the store knows no LogQL; both know only these traits.

use std::fmt;
use std::ops::AddAssign;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use thiserror::Error;

use crate::{Batch, Labels, TenantId, TimeRange, TimestampNs};

/// Something that can be scanned: the store, or a fixture in a test.
pub trait Storage: Send + Sync {
    /// Opens a scan. Must not read more than it needs to answer the first batch.
    fn scan<'a>(&'a self, request: ScanRequest<'a>) -> Result<Box<dyn BatchSource + 'a>, ScanError>;
}

/// A running scan.
pub trait BatchSource {
    /// The next batch, or `None` at the end.
    ///
    /// - Must return each wanted row exactly once over the whole scan, whether it lies in the head or a segment.
    /// - Must begin with the newest blocks for `Direction::Backward`, with the oldest for `Forward`; blocks may
    ///   overlap in time, so the order between batches is only rough. Rows in a batch ascend in time always.
    /// - May leave out rows outside `still_wanted`, which the caller narrows as it goes (a query for the newest
    ///   100 lines stops wanting what is older than the oldest of its 100), and may leave out lines that a
    ///   `LineSearch` ruled out. May return rows that do not match: the caller filters exactly.
    fn next_batch(&mut self, still_wanted: TimeRange) -> Result<Option<Batch>, ScanError>;

    /// What has been read so far.
    fn stats(&self) -> ScanStats;
}

/// What a query asks of the store.
pub struct ScanRequest<'a> {
    /// Whose logs.
    pub tenant: &'a TenantId,
    /// Which streams.
    pub selector: Arc<dyn StreamSelector + 'a>,
    /// Which time, half-open `[start, end)`.
    pub time: TimeRange,
    /// Which end of it first.
    pub direction: Direction,
    /// Searches that every wanted line passes; the store may use them to skip pages and lines.
    pub searches: Vec<Arc<dyn LineSearch>>,
    /// Which columns are read besides time.
    pub columns: Columns,
    /// Names of the structured metadata that anything looks at; `None` for all. The store may leave the column out
    /// of batches in which no row has any of these, though `columns` asks for it.
    pub metadata_names: Option<Vec<String>>,
    /// Says of two moments that rows from the one to the other, inclusive, are all the same to the caller. Of such
    /// rows the store may tell the number alone, in `Batch::alike`; who hides rows of a scan asks without. `None` when
    /// each row matters.
    pub alike: Option<&'a dyn Fn(TimestampNs, TimestampNs) -> bool>,
    /// Set by the caller to stop early: the scan then ends with `ScanError::Cancelled` before its next page.
    pub cancellation: Cancellation,
}

/// Decides which streams a query reads.
pub trait StreamSelector: Send + Sync {
    /// Whether the stream with these labels is wanted.
    fn matches(&self, labels: &Labels) -> bool;
}

impl<S: StreamSelector + ?Sized> StreamSelector for &S {
    fn matches(&self, labels: &Labels) -> bool {
        (**self).matches(labels)
    }
}

impl<S: StreamSelector + ?Sized> StreamSelector for Arc<S> {
    fn matches(&self, labels: &Labels) -> bool {
        (**self).matches(labels)
    }
}

/// Wants every stream.
#[derive(Debug, Clone, Copy, Default)]
pub struct AllStreams;

impl StreamSelector for AllStreams {
    fn matches(&self, _labels: &Labels) -> bool {
        true
    }
}

/// A necessary condition on a line that can be tested over many lines lying end to end in one buffer.
///
/// An implementation must not depend on where a line begins or ends (no `^`, `$`, `\b`): the buffer has no
/// separators, and a hit that spans two lines is only a false candidate, which the exact filter refuses.
pub trait LineSearch: Send + Sync {
    /// Start of the first possible hit at or after `from`, or `None`. Every matching line must contain a position
    /// that this returns when searched from any position up to it.
    fn find(&self, haystack: &[u8], from: usize) -> Option<usize>;

    /// Byte strings that each matching line contains, every one of them, in the same case; empty when there are
    /// none. The store looks them up in its gram index.
    fn required_literals(&self) -> &[Vec<u8>];
}

/// Decides row by row what a delete request is about.
///
/// The query engine makes it of the request's query; the store, which knows no query language, keeps the text.
pub trait RowFilter: Send + Sync {
    /// Whether any row of the stream with these labels can match.
    fn matches_stream(&self, labels: &Labels) -> bool;

    /// Whether every row of a stream that matches does, so that none has to be looked at.
    fn matches_every_row(&self) -> bool;

    /// Searches that every matching line passes, to skip pages by.
    fn searches(&self) -> &[Arc<dyn LineSearch>];

    /// Says for each row of a matching stream whether it matches, exactly. The batch has every column. Must answer the
    /// same for the same row for ever: a row is hidden first and removed later.
    fn matching_rows(&self, batch: &Batch) -> Vec<bool>;
}

/// Makes filters of queries.
pub trait RowFilterCompiler: Send + Sync + fmt::Debug {
    /// Reads a query.
    ///
    /// # Errors
    /// What is wrong with it.
    fn compile(&self, query: &str) -> Result<Arc<dyn RowFilter>, String>;
}

/// Which columns a scan fills in besides labels and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Columns {
    /// The text of the lines.
    pub lines: bool,
    /// Structured metadata.
    pub metadata: bool,
}

/// Order in which results are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// Oldest first.
    Forward,
    /// Newest first, the default as in Loki.
    #[default]
    Backward,
}

/// What a scan read, for the `stats` of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ScanStats {
    /// Segments opened.
    pub segments: u64,
    /// Pages of lines decompressed.
    pub pages_read: u64,
    /// Pages of lines that the index or the time range ruled out.
    pub pages_skipped: u64,
    /// Compressed bytes read from disk.
    pub compressed_bytes: u64,
    /// Bytes of lines looked at after decompression, from segments.
    pub decompressed_bytes: u64,
    /// Lines looked at, from segments.
    pub decompressed_lines: u64,
    /// Bytes of lines looked at in the head.
    pub head_bytes: u64,
    /// Lines looked at in the head.
    pub head_lines: u64,
    /// Blocks of lines looked at in the head.
    pub head_blocks: u64,
    /// Lines that passed every stage; counted by who runs the stages.
    pub passed_lines: u64,
}

impl AddAssign for ScanStats {
    fn add_assign(&mut self, other: Self) {
        self.segments += other.segments;
        self.pages_read += other.pages_read;
        self.pages_skipped += other.pages_skipped;
        self.compressed_bytes += other.compressed_bytes;
        self.decompressed_bytes += other.decompressed_bytes;
        self.decompressed_lines += other.decompressed_lines;
        self.head_bytes += other.head_bytes;
        self.head_lines += other.head_lines;
        self.head_blocks += other.head_blocks;
        self.passed_lines += other.passed_lines;
    }
}

/// A flag that stops a running scan; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Cancellation(Arc<AtomicBool>);

impl Cancellation {
    /// Asks the scan to stop.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was asked to.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Why a scan ended early.
#[derive(Debug, Error)]
pub enum ScanError {
    /// The caller cancelled it: client gone, or time-out.
    #[error("the query was cancelled")]
    Cancelled,
    /// Reading failed: the operating system's fault or a damaged file.
    #[error("cannot read the log store: {what}")]
    Read {
        /// What was being read, with its path.
        what: String,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
