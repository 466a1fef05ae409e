//! Every limit of the store: unit, reason, and what happens when it is hit.

use std::time::Duration;

/// Bytes of entries in the active head before it is frozen and flushed. Two heads may be alive at once, so memory
/// is twice this plus the writer's buffers; larger heads make larger, better compressed segments.
pub(crate) const HEAD_BYTES_DEFAULT: usize = 32 << 20;

/// Bytes of text in one block of a stream in the head. A scan that runs while the stream grows makes the store
/// copy at most one block a stream.
pub(crate) const BLOCK_TEXT_BYTES: usize = 128 << 10;

/// Bytes of one record of the write-ahead log: one push, or the part of it that was new. A larger push is refused.
pub(crate) const RECORD_BYTES_MAX: usize = 64 << 20;

/// Bytes of records that wait for the committer. When more wait, pushes wait, then fail retryably.
pub(crate) const WAL_BUFFER_BYTES_MAX: usize = 8 << 20;

/// How long a push waits for room (in the log's buffer, or for a flush to end) before it fails retryably. Shorter
/// than the 10 s after which clients usually give up.
pub(crate) const PUSH_WAIT_MAX: Duration = Duration::from_secs(8);

/// Time between two attempts to write again after the disk was full.
pub(crate) const DISK_FULL_RETRY: Duration = Duration::from_secs(1);
