//! Reading blocks of the heads.

use std::sync::Arc;

use longshore_model::{Batch, Labels, Metadata, ScanRequest, ScanStats, TimeRange, TimestampNs};

use super::search::{lines_of, retain_hits};
use crate::deletion::{Hidden, columns_for, hide};
use crate::head::{Block, StreamHead};

/// A block of one stream, held for a scan.
pub(crate) struct HeadBlock {
    pub(super) labels: Labels,
    pub(super) block: Arc<Block>,
    /// Least timestamp.
    pub(super) first: TimestampNs,
    /// Greatest timestamp.
    pub(super) last: TimestampNs,
}

/// Takes hold of the blocks of some streams that may have rows in a time.
pub(super) fn collect<'a>(streams: impl Iterator<Item = &'a StreamHead>, time: TimeRange) -> Vec<HeadBlock> {
    let mut blocks = Vec::new();
    for stream in streams {
        for block in stream.blocks().iter().filter(|block| block.rows() > 0) {
            let (first, last) = block.time_bounds();
            if time.overlaps(first, last) {
                blocks.push(HeadBlock {
                    labels: stream.labels.clone(),
                    block: Arc::clone(block),
                    first,
                    last,
                });
            }
        }
    }
    blocks
}

impl HeadBlock {
    /// The wanted rows as a batch, `None` when there are none.
    pub(crate) fn read(
        &self,
        request: &ScanRequest<'_>,
        hidden: &Hidden,
        wanted: TimeRange,
        stats: &mut ScanStats,
    ) -> Option<Batch> {
        if !wanted.overlaps(self.first, self.last) {
            return None;
        }
        let block = &self.block;
        stats.head_bytes += block.text_bytes() as u64;
        stats.head_lines += block.rows() as u64;
        stats.head_blocks += 1;
        let mut rows: Vec<usize> = (0..block.rows())
            .filter(|&row| wanted.contains(TimestampNs(block.timestamp(row))))
            .collect();
        retain_hits(block.text(), |row| block.span(row), &mut rows, &request.searches);
        if rows.is_empty() {
            return None;
        }
        if !block.is_sorted() {
            rows.sort_by_key(|&row| block.timestamp(row));
        }
        let hiding = hidden.touching(&self.labels, self.first, self.last);
        let columns = columns_for(&hiding, request.columns);
        let mut batch = Batch {
            labels: self.labels.clone(),
            timestamps: rows.iter().map(|&row| TimestampNs(block.timestamp(row))).collect(),
            ..Batch::default()
        };
        if columns.lines {
            batch.lines = lines_of(block.shared_text(), rows.iter().map(|&row| block.span(row)).collect());
        }
        if columns.metadata {
            let ids = rows.iter().map(|&row| block.metadata_id(row)).collect();
            batch.metadata = Metadata {
                dictionary: block.dictionary().to_vec(),
                rows: ids,
            };
        }
        hide(&hiding, batch, request)
    }
}
