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
            seen: HashTable::new(),
        }
    }

    /// Whether a row with this timestamp and line is there.
    pub(crate) fn contains(&self, entry: &Entry, hash: u32) -> bool {
        self.seen
            .find(spread(hash), |seen| seen.hash == hash && self.is_row(seen.row, entry))
            .is_some()
    }

    /// Appends the row unless it is there already; returns whether it was new.
    pub(crate) fn insert(&mut self, entry: &Entry, hash: u32) -> bool {
        if self.contains(entry, hash) {
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

    fn is_row(&self, row: u32, entry: &Entry) -> bool {
        let index = self.first_rows.partition_point(|&first| first <= row) - 1;
        let block = &self.blocks[index];
        let row = (row - self.first_rows[index]) as usize;
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
