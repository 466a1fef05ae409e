//! Scans: what a query reads, pruned, newest or oldest first, in bounded memory.

mod head;
mod volume;

use longshore_model::{Batch, BatchSource, Direction, ScanError, ScanRequest, ScanStats, TimeRange};

use crate::store::{Inner, lock};
use head::HeadBlock;

/// A running scan over a snapshot.
pub(crate) struct Scan<'a> {
    request: ScanRequest<'a>,
    /// Blocks still to be read; the next one is the last.
    blocks: Vec<HeadBlock>,
    stats: ScanStats,
}

impl<'a> Scan<'a> {
    pub(crate) fn open(inner: &Inner, request: ScanRequest<'a>) -> Self {
        let mut blocks = Vec::new();
        let state = lock(&inner.state);
        for head in [Some(&state.active), state.frozen.as_deref()].into_iter().flatten() {
            head::collect(head, &request, &mut blocks);
        }
        drop(state);
        match request.direction {
            Direction::Backward => blocks.sort_by_key(|block| block.last),
            Direction::Forward => blocks.sort_by_key(|block| std::cmp::Reverse(block.first)),
        }
        Self {
            request,
            blocks,
            stats: ScanStats::default(),
        }
    }
}

impl BatchSource for Scan<'_> {
    fn next_batch(&mut self, still_wanted: TimeRange) -> Result<Option<Batch>, ScanError> {
        let wanted = intersection(still_wanted, self.request.time);
        while let Some(block) = self.blocks.pop() {
            if self.request.cancellation.is_cancelled() {
                return Err(ScanError::Cancelled);
            }
            if let Some(batch) = block.read(&self.request, wanted, &mut self.stats) {
                return Ok(Some(batch));
            }
        }
        Ok(None)
    }

    fn stats(&self) -> ScanStats {
        self.stats
    }
}

fn intersection(a: TimeRange, b: TimeRange) -> TimeRange {
    TimeRange {
        start: a.start.max(b.start),
        end: a.end.min(b.end),
    }
}
