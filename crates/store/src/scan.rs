//! Scans: what a query reads, pruned, newest or oldest first, in bounded memory.
//!
//! A scan finds the streams that it wants, takes hold of head blocks and segments under the store's lock, then reads
//! without it. It holds one page
//! of each column at a time; files stay readable after retention or a merge has unlinked them, because they stay
//! open.
//!
//! Invariant: the snapshot is taken in one step, so each row is in exactly one of its units.

mod head;
mod matching;
mod search;
mod segment;
mod volume;

use std::cmp::Reverse;
use std::sync::Arc;

use longshore_model::{Batch, BatchSource, Direction, ScanError, ScanRequest, ScanStats, TimeRange, TimestampNs};

use crate::deletion::Hidden;
use crate::segment::plain::Buffers;
use crate::segment::{Segment, SegmentError};
use crate::store::{Inner, State, lock};
pub(crate) use head::HeadBlock;
pub(crate) use matching::Matching;
pub(crate) use segment::SegmentScan;
pub use volume::Grown;

/// A running scan over a snapshot.
pub(crate) struct Scan<'a> {
    request: ScanRequest<'a>,
    hidden: Hidden,
    /// Still to be read; the next one is the last.
    units: Vec<Unit>,
    /// The segment that is being read.
    current: Option<SegmentScan>,
    /// Between two segments; the one that is being read has them.
    buffers: Buffers,
    stats: ScanStats,
}

/// What is read in one go, or opened page by page.
enum Unit {
    Head(HeadBlock),
    Segment(Arc<Segment>),
}

impl Unit {
    fn time_bounds(&self) -> (TimestampNs, TimestampNs) {
        match self {
            Self::Head(block) => (block.first, block.last),
            Self::Segment(segment) => segment.time_bounds(),
        }
    }
}

impl<'a> Scan<'a> {
    pub(crate) fn open(inner: &Inner, request: ScanRequest<'a>) -> Self {
        let matching = Matching::of(inner, request.tenant, &request.selector);
        let state = lock(&inner.state);
        let blocks = head_blocks(&state, &matching, &request);
        let hidden = Hidden::of(&state, &*inner.settings.rules, request.tenant, request.time);
        let catalogue = Arc::clone(&state.catalogue);
        drop(state);
        let segments = catalogue
            .tenant(request.tenant)
            .into_iter()
            .flat_map(|tenant| tenant.segments());
        let segments = segments
            .filter(|segment| segment.overlaps(request.time))
            .cloned()
            .map(Unit::Segment);
        let mut units: Vec<Unit> = blocks.into_iter().map(Unit::Head).chain(segments).collect();
        match request.direction {
            Direction::Backward => units.sort_by_key(|unit| unit.time_bounds().1),
            Direction::Forward => units.sort_by_key(|unit| Reverse(unit.time_bounds().0)),
        }
        Self {
            request,
            hidden,
            units,
            current: None,
            buffers: Buffers::default(),
            stats: ScanStats::default(),
        }
    }
}

impl BatchSource for Scan<'_> {
    fn next_batch(&mut self, still_wanted: TimeRange) -> Result<Option<Batch>, ScanError> {
        let wanted = intersection(still_wanted, self.request.time);
        loop {
            if self.request.cancellation.is_cancelled() {
                return Err(ScanError::Cancelled);
            }
            if let Some(segment) = &mut self.current {
                if let Some(batch) = segment.next_batch(&self.request, wanted, &mut self.stats)? {
                    return Ok(Some(batch));
                }
                self.buffers = self.current.take().map(SegmentScan::into_buffers).unwrap_or_default();
            }
            match self.units.pop() {
                None => return Ok(None),
                Some(unit) if !overlaps(wanted, unit.time_bounds()) => {}
                Some(Unit::Head(block)) => {
                    if let Some(batch) = block.read(&self.request, &self.hidden, wanted, &mut self.stats) {
                        return Ok(Some(batch));
                    }
                }
                Some(Unit::Segment(segment)) => {
                    let buffers = std::mem::take(&mut self.buffers);
                    let (request, hidden) = (&self.request, &self.hidden);
                    let scan = SegmentScan::open(segment, request, hidden, wanted, &mut self.stats, buffers)?;
                    self.current = Some(scan);
                }
            }
        }
    }

    fn stats(&self) -> ScanStats {
        self.stats
    }
}

/// Blocks of the heads that a request may want.
pub(crate) fn head_blocks(state: &State, matching: &Matching, request: &ScanRequest<'_>) -> Vec<HeadBlock> {
    head::collect(matching.streams(state, request.tenant), request.time)
}

fn overlaps(wanted: TimeRange, (first, last): (TimestampNs, TimestampNs)) -> bool {
    wanted.overlaps(first, last)
}

fn intersection(a: TimeRange, b: TimeRange) -> TimeRange {
    TimeRange {
        start: a.start.max(b.start),
        end: a.end.min(b.end),
    }
}

fn read_error(segment: &Segment, error: SegmentError) -> ScanError {
    ScanError::Read {
        what: format!("segment {}", segment.path().display()),
        source: Box::new(error),
    }
}
