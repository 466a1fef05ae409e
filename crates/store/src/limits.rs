//! Every limit of the store: unit, reason, and what happens when it is hit.

use std::time::Duration;

/// Bytes of entries in the active head before it is frozen and flushed. Two heads may be alive at once, so memory
/// is twice this plus the writer's buffers; larger heads make larger, better compressed segments.
pub(crate) const HEAD_BYTES_DEFAULT: usize = 32 << 20;

/// Bytes of text in one block of a stream in the head. A scan that runs while the stream grows makes the store
/// copy at most one block a stream.
pub(crate) const BLOCK_TEXT_BYTES: usize = 128 << 10;

/// Bytes of one record of the write-ahead log: what was new in one part of a push. A push of which more cannot be told apart
/// (one line at one moment, with ever other metadata) is refused.
pub(crate) const RECORD_BYTES_MAX: usize = 64 << 20;

/// Bytes of a push above which it is stored in parts: few beside a head, and each part waits until there is room for it.
/// Entries that must stay together may make a part larger, up to a record.
pub(crate) const PUSH_PART_BYTES: usize = 8 << 20;

/// Bytes of records that wait for the committer. When more wait, pushes wait, then fail retryably.
pub(crate) const WAL_BUFFER_BYTES_MAX: usize = 8 << 20;

/// How long a push waits for room (in the log's buffer, or for a flush to end) before it fails retryably. Shorter
/// than the 10 s after which clients usually give up.
pub(crate) const PUSH_WAIT_MAX: Duration = Duration::from_secs(8);

/// Time between two attempts to write again after the disk was full.
pub(crate) const DISK_FULL_RETRY: Duration = Duration::from_secs(1);

/// Bytes of lines in one page of a segment: large enough that search and compression work on long runs, small
/// enough that a scan holds little. A longer line gets a page of its own.
pub(crate) const PAGE_TEXT_BYTES: usize = 1 << 20;

/// Memory that a scan keeps from page to page. A page of one longer line gives its memory back at once.
pub(crate) const SPARE_BUFFER_BYTES_MAX: usize = 2 * PAGE_TEXT_BYTES;

/// Bytes of distinct structured metadata after which a page ends: a merge holds a page of each segment, a scan one. That
/// of the last row may go above it.
pub(crate) const PAGE_METADATA_BYTES: usize = 1 << 20;

/// Rows in one page, so that pages of very short lines stay small in the columns of numbers too.
pub(crate) const PAGE_ROWS_MAX: usize = 32 << 10;

/// Pages in one row group: the compressed columns of a group are held in memory until it is complete.
pub(crate) const PAGES_PER_GROUP: usize = 32;

/// Bytes of distinct structured metadata after which a row group ends: with rows that each have an id of their own,
/// pages bounded by their lines alone would let these columns grow without end.
pub(crate) const GROUP_METADATA_BYTES_MAX: usize = 8 << 20;

/// Grams of one literal that are looked up; more would cost reads and rule out next to nothing.
pub(crate) const LITERAL_GRAMS_MAX: usize = 32;

/// Bytes of the decompressed stream table of a segment; a table that claims more is damaged.
pub(crate) const TABLE_BYTES_MAX: usize = 256 << 20;

/// Time between two attempts to flush after one failed.
pub(crate) const FLUSH_RETRY: Duration = Duration::from_secs(1);

/// Time between two looks at the age of the head and of days.
pub(crate) const MAINTENANCE_INTERVAL: Duration = Duration::from_secs(15);

/// Times a push starts anew because a flush moved rows while it compared entries with segments; then it compares
/// with the lock held.
pub(crate) const COMPARE_ATTEMPTS_MAX: usize = 3;

/// Raw to compressed bytes of logs before the first flush has shown it, for the estimate of a stream's chunk size.
pub(crate) const COMPRESSION_RATIO_ASSUMED: f64 = 8.0;

/// Bytes of records that are replayed at once: enough that a page of a segment is read for many entries together
/// when they have to be compared, few beside the head.
pub(crate) const REPLAY_BATCH_BYTES: usize = 4 << 20;

/// Fewest segments that are merged at once: each row is rewritten only when that removes several files.
pub(crate) const MERGE_SEGMENTS_MIN: usize = 8;

/// Most segments that are merged at once: a page of each is in memory, about 2 MiB.
pub(crate) const MERGE_SEGMENTS_MAX: usize = 16;

/// Bytes of lines in a merged segment; larger ones would make a query no quicker.
pub(crate) const MERGED_LINE_BYTES_MAX: u64 = 256 << 20;

/// Time without a flush before segments are merged, so that merging never competes with ingest.
pub(crate) const MERGE_QUIET: Duration = Duration::from_secs(300);

/// Small segments of a day after which they are merged although the store is busy: without it a store that never
/// rests would collect thousands of files a day, each an open file and a look for every query.
pub(crate) const MERGE_BACKLOG_SEGMENTS: usize = 32;

/// Delete requests of a tenant that are not processed: each is asked about every page that a scan reads. More are refused.
pub(crate) const DELETIONS_PENDING_MAX: usize = 1_000;

/// Processed delete requests of a tenant that are remembered, for the list; the oldest go first.
pub(crate) const DELETIONS_KEPT_MAX: usize = 10_000;

/// Time between two looks for streams whose time is over. Whole days go, so more often would find nothing; a look costs a
/// comparison of each old segment's streams with each rule.
pub(crate) const RETENTION_INTERVAL: Duration = Duration::from_secs(600);

/// Time until segments that could not be rewritten are tried again: they may be damaged, or the disk full.
pub(crate) const SWEEP_RETRY: Duration = Duration::from_secs(600);

const _: () = assert!(PUSH_PART_BYTES < RECORD_BYTES_MAX);
const _: () = assert!(MERGE_SEGMENTS_MIN >= 2 && MERGE_SEGMENTS_MIN <= MERGE_SEGMENTS_MAX);
