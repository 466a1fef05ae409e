//! Rows named by stream, time and content: what is hidden from a scan, or taken out of a segment.

use std::sync::Arc;

use longshore_model::{
    Batch, Cancellation, Columns, Direction, Labels, LineSearch, RowFilter, ScanRequest, StreamSelector, TenantId,
    TimeRange, TimestampNs,
};

/// Rows that a filter matches and that lie between two moments, both inclusive.
#[derive(Clone)]
pub(crate) struct RowSet {
    filter: Arc<dyn RowFilter>,
    pub(crate) first: TimestampNs,
    pub(crate) last: TimestampNs,
}

impl RowSet {
    pub(crate) fn new(filter: Arc<dyn RowFilter>, first: TimestampNs, last: TimestampNs) -> Self {
        Self { filter, first, last }
    }

    /// The same range half-open; the greatest timestamp of all is never stored.
    pub(crate) fn range(&self) -> TimeRange {
        TimeRange {
            start: self.first,
            end: TimestampNs(self.last.0.saturating_add(1)),
        }
    }

    /// Whether rows of this stream between `first` and `last`, inclusive, can be in it.
    pub(crate) fn touches(&self, labels: &Labels, first: TimestampNs, last: TimestampNs) -> bool {
        self.overlaps(first, last) && self.filter.matches_stream(labels)
    }

    /// The same without a look at the stream.
    pub(crate) fn overlaps(&self, first: TimestampNs, last: TimestampNs) -> bool {
        first <= self.last && last >= self.first
    }

    /// Whether time and stream decide alone, so that no line has to be read.
    pub(crate) fn is_of_whole_streams(&self) -> bool {
        self.filter.matches_every_row()
    }

    /// Whether all rows of this stream between `first` and `last`, inclusive, surely are in it.
    pub(crate) fn covers(&self, labels: &Labels, first: TimestampNs, last: TimestampNs) -> bool {
        self.is_of_whole_streams() && self.first <= first && last <= self.last && self.filter.matches_stream(labels)
    }

    /// Searches that every line of it passes.
    pub(crate) fn searches(&self) -> &[Arc<dyn LineSearch>] {
        self.filter.searches()
    }

    /// A scan that finds its rows and, besides, others of its streams.
    pub(crate) fn scan_request<'a>(&'a self, tenant: &'a TenantId, cancellation: &Cancellation) -> ScanRequest<'a> {
        let reads_rows = !self.is_of_whole_streams();
        ScanRequest {
            tenant,
            selector: Arc::new(self),
            time: self.range(),
            direction: Direction::Forward,
            searches: self.searches().to_vec(),
            columns: Columns {
                lines: reads_rows,
                metadata: reads_rows,
            },
            metadata_names: None,
            alike: None,
            cancellation: cancellation.clone(),
        }
    }

    /// Clears the flag of each row that is in it. The batch's stream must match; it must have lines and metadata unless
    /// the set is of whole streams.
    pub(crate) fn clear(&self, batch: &Batch, kept: &mut [bool]) {
        let is_inside = |at: &TimestampNs| self.first <= *at && *at <= self.last;
        if self.is_of_whole_streams() {
            let rows = batch.timestamps.iter().zip(kept);
            rows.for_each(|(at, kept)| *kept &= !is_inside(at));
            return;
        }
        let matching = self.filter.matching_rows(batch);
        let rows = batch.timestamps.iter().zip(matching).zip(kept);
        rows.for_each(|((at, matches), kept)| *kept &= !(matches && is_inside(at)));
    }
}

impl StreamSelector for RowSet {
    fn matches(&self, labels: &Labels) -> bool {
        self.filter.matches_stream(labels)
    }
}

/// Flags of the rows that are in none of the sets, which must all touch the batch's stream; `None` when all are.
pub(crate) fn kept_rows<'a>(sets: impl IntoIterator<Item = &'a RowSet>, batch: &Batch) -> Option<Vec<bool>> {
    let mut kept = vec![true; batch.rows()];
    sets.into_iter().for_each(|set| set.clear(batch, &mut kept));
    kept.contains(&false).then_some(kept)
}
