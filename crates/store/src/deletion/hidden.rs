//! Keeping the lines of delete requests out of scans.

use std::sync::Arc;

use longshore_model::{Batch, Columns, Labels, ScanRequest, TenantId, TimeRange, TimestampNs};

use super::Request;
use crate::row_set::{RowSet, kept_rows};
use crate::settings::{DeletionMode, TenantRules};
use crate::store::State;

/// The requests that may hide rows of one scan.
#[derive(Clone, Default)]
pub(crate) struct Hidden {
    requests: Vec<Arc<Request>>,
}

impl Hidden {
    /// What is hidden in a range; must be taken in the same step as what is scanned.
    pub(crate) fn of(state: &State, rules: &dyn TenantRules, tenant: &TenantId, time: TimeRange) -> Self {
        let hides = |request: &&Arc<Request>| {
            let rows = request.pending_rows();
            rows.is_some_and(|rows| time.overlaps(rows.first, rows.last))
        };
        let requests: Vec<Arc<Request>> = state.deletions.of(tenant).filter(hides).cloned().collect();
        if requests.is_empty() || rules.deletion_mode(tenant) == DeletionMode::Disabled {
            return Self::default();
        }
        Self { requests }
    }

    /// The sets that may hold rows between two moments, inclusive.
    pub(crate) fn overlapping(&self, first: TimestampNs, last: TimestampNs) -> impl Iterator<Item = &RowSet> {
        let sets = self.requests.iter().filter_map(|request| request.pending_rows());
        sets.filter(move |set| set.overlaps(first, last))
    }

    /// The sets that may hold rows of this stream between two moments, inclusive.
    pub(crate) fn touching(&self, labels: &Labels, first: TimestampNs, last: TimestampNs) -> Vec<&RowSet> {
        let sets = self.requests.iter().filter_map(|request| request.pending_rows());
        sets.filter(|set| set.touches(labels, first, last)).collect()
    }

    /// Whether the index alone says that nothing of this stream between two moments, inclusive, is to be seen.
    pub(crate) fn covers(&self, labels: &Labels, first: TimestampNs, last: TimestampNs) -> bool {
        let mut sets = self.requests.iter().filter_map(|request| request.pending_rows());
        sets.any(|set| set.covers(labels, first, last))
    }

    /// The parts of `[first, last]`, inclusive, in which rows of this stream are not hidden as a whole.
    pub(crate) fn visible(&self, labels: &Labels, first: i64, last: i64) -> Vec<(i64, i64)> {
        let mut parts = vec![(first, last)];
        for set in self.touching(labels, TimestampNs(first), TimestampNs(last)) {
            if !set.is_of_whole_streams() {
                continue;
            }
            let (from, to) = (set.first.0, set.last.0);
            let cut = |(first, last): (i64, i64)| {
                let before = (first, last.min(from.saturating_sub(1)));
                let after = (first.max(to.saturating_add(1)), last);
                [before, after].into_iter().filter(|(first, last)| first <= last)
            };
            parts = parts.into_iter().flat_map(cut).collect();
        }
        parts
    }
}

/// The columns to read so that these sets can be applied.
pub(crate) fn columns_for(sets: &[&RowSet], wanted: Columns) -> Columns {
    let reads_rows = sets.iter().any(|set| !set.is_of_whole_streams());
    Columns {
        lines: wanted.lines || reads_rows,
        metadata: wanted.metadata || reads_rows,
    }
}

/// Takes hidden rows out of a batch, then what was read for that alone; `None` when nothing is left.
pub(crate) fn hide(sets: &[&RowSet], mut batch: Batch, request: &ScanRequest<'_>) -> Option<Batch> {
    if sets.is_empty() {
        return Some(batch);
    }
    if let Some(kept) = kept_rows(sets.iter().copied(), &batch) {
        batch.retain(&kept);
    }
    if !request.columns.lines {
        batch.lines = longshore_model::Lines::default();
    }
    if !request.columns.metadata {
        batch.metadata = longshore_model::Metadata::default();
    }
    (batch.rows() > 0).then_some(batch)
}
