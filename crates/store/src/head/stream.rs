//! One stream in the head: blocks of rows, and the table that finds duplicates.
//!
//! Only the last block grows. A scan holds blocks by reference count; a row that arrives while a scan holds the
//! last block makes a copy of that block, at most [`BLOCK_TEXT_BYTES`] or one long line.

use std::sync::Arc;

use hashbrown::HashTable;
use longshore_model::{Entry, Labels, TimestampNs};

use super::Block;
use crate::limits::BLOCK_TEXT_BYTES;

/// Memory of a row besides its line: timestamp, end, metadata id, place in the table with its slack.
const ROW_OVERHEAD_BYTES: usize = 32;
/// Memory of a stream besides its rows, roughly.
const STREAM_OVERHEAD_BYTES: usize = 512;

/// Rows of one stream in order of arrival.
pub(crate) struct StreamHead {
    pub(crate) labels: Labels,
    /// When the last row came.
    pub(crate) last_insert: TimestampNs,
    /// Bytes of all lines.
    pub(crate) line_bytes: usize,
    blocks: Vec<Arc<Block>>,
    /// Number of the first row of each block.
    first_rows: Vec<u32>,
    rows: u32,
    /// The push that is being inserted, and the number of the first row that could be its.
    push: u64,
    push_first_row: u32,
    seen: HashTable<Seen>,
    metadata_bytes: usize,
}

/// A row in the duplicate table; the hash rides along so that growing the table touches no line.
struct Seen {
    hash: u32,
    row: u32,
}

/// Spreads 32 bits over the 64 that the table wants.
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl StreamHead {
    pub(crate) fn new(labels: Labels) -> Self {
        Self {
            metadata_bytes: labels.size_bytes(),
            labels,
            last_insert: TimestampNs::default(),
            line_bytes: 0,
            blocks: Vec::new(),
            first_rows: Vec::new(),
            rows: 0,
            push: 0,
            push_first_row: 0,
            seen: HashTable::new(),
        }
    }

    /// Whether a row with this timestamp and line is there.
    pub(crate) fn contains(&self, entry: &Entry, hash: u32) -> bool {
        self.seen
            .find(spread(hash), |seen| seen.hash == hash && self.is_row(seen.row, entry))
            .is_some()
    }

    /// Says of which push the next rows are.
    pub(super) fn begin(&mut self, push: u64) {
        if self.push != push {
            self.push = push;
            self.push_first_row = self.rows;
        }
    }

    /// Appends the row unless it is there already; returns whether it was new.
    ///
    /// A row of another push is the same when timestamp and line are: a client that sends a line again may have learned
    /// more about it in between. No client sends a line again within one push, so there metadata tells rows apart too.
    pub(crate) fn insert(&mut self, entry: &Entry, hash: u32) -> bool {
        let is_same = |row: u32| {
            self.is_row(row, entry)
                && (row < self.push_first_row || *self.metadata_of(row) == entry.structured_metadata)
        };
        let known = |seen: &Seen| seen.hash == hash && is_same(seen.row);
        if self.seen.find(spread(hash), known).is_some() {
            return false;
        }
        let is_full = |block: &Arc<Block>| {
            block.rows() > 0 && block.text_bytes() + entry.line.len() > BLOCK_TEXT_BYTES
                || block.rows() >= BLOCK_TEXT_BYTES / 8
        };
        if self.blocks.last().is_none_or(is_full) {
            if let Some(block) = self.blocks.last_mut().and_then(Arc::get_mut) {
                block.seal();
            }
            // A stream that has filled a block will likely fill another, so that one is not grown step by step.
            let rows = self.blocks.last().map_or(0, |block| block.rows());
            let text_bytes = if rows == 0 { 0 } else { BLOCK_TEXT_BYTES };
            self.blocks.push(Arc::new(Block::with_capacity(rows, text_bytes)));
            self.first_rows.push(self.rows);
        }
        let block = self.blocks.last_mut().expect("a block was pushed if there was none");
        self.metadata_bytes += Arc::make_mut(block).push(entry);
        self.seen
            .insert_unique(spread(hash), Seen { hash, row: self.rows }, |seen| spread(seen.hash));
        self.rows += 1;
        self.line_bytes += entry.line.len();
        true
    }

    /// The block of a row, and its number in there.
    fn place(&self, row: u32) -> (&Block, usize) {
        let index = self.first_rows.partition_point(|&first| first <= row) - 1;
        (&self.blocks[index], (row - self.first_rows[index]) as usize)
    }

    fn metadata_of(&self, row: u32) -> &Labels {
        let (block, row) = self.place(row);
        block.metadata(row)
    }

    fn is_row(&self, row: u32, entry: &Entry) -> bool {
        let (block, row) = self.place(row);
        block.timestamp(row) == entry.timestamp.0 && block.line(row) == &*entry.line
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows as usize
    }

    /// Memory, estimated.
    pub(crate) fn bytes(&self) -> usize {
        if self.rows == 0 {
            return 0;
        }
        self.line_bytes + self.metadata_bytes + self.rows as usize * ROW_OVERHEAD_BYTES + STREAM_OVERHEAD_BYTES
    }

    pub(crate) fn blocks(&self) -> &[Arc<Block>] {
        &self.blocks
    }

    /// Least and greatest timestamp, inclusive; `None` without rows.
    pub(crate) fn time_bounds(&self) -> Option<(TimestampNs, TimestampNs)> {
        let bounds = self
            .blocks
            .iter()
            .filter(|block| block.rows() > 0)
            .map(|block| block.time_bounds());
        bounds.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }
}
