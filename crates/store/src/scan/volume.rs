//! Which streams there are, and how much they hold. Reads no page: the index of the segments is enough.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use longshore_model::{Labels, StreamSelector, TenantId, TimeRange, TimestampNs};

use super::head::{self, HeadBlock};
use super::matching::Matching;
use crate::deletion::Hidden;
use crate::store::{Inner, StreamVolume, lock};

/// Most buckets of one stream; a query that asks for more gets coarser ones.
const BUCKETS_MAX: i64 = 11_000;

impl Inner {
    pub(crate) fn streams(&self, tenant: &TenantId, selector: &dyn StreamSelector, time: TimeRange) -> Vec<Labels> {
        let matching = Matching::of(self, tenant, selector);
        let mut found = BTreeSet::new();
        let state = lock(&self.state);
        let hidden = Hidden::of(&state, &*self.settings.rules, tenant, time);
        for stream in matching.streams(&state, tenant) {
            let visible = stream
                .time_bounds()
                .is_some_and(|bounds| is_visible(&hidden, &stream.labels, bounds, time));
            if visible {
                found.insert(stream.labels.clone());
            }
        }
        let catalogue = Arc::clone(&state.catalogue);
        drop(state);
        let segments = catalogue
            .tenant(tenant)
            .into_iter()
            .flat_map(|tenant| tenant.segments());
        for segment in segments.filter(|segment| segment.overlaps(time)) {
            for (number, labels) in segment.streams().iter().enumerate() {
                let bounds = segment.stream_bounds(number);
                if is_visible(&hidden, labels, bounds, time) && !found.contains(labels) && selector.matches(labels) {
                    found.insert(labels.clone());
                }
            }
        }
        found.into_iter().collect()
    }

    pub(crate) fn volume<E>(
        &self,
        tenant: &TenantId,
        selector: &dyn StreamSelector,
        time: TimeRange,
        bucket_ns: Option<i64>,
        hold: &mut dyn FnMut(Grown<'_>) -> Result<(), E>,
    ) -> Result<Vec<StreamVolume>, E> {
        let matching = Matching::of(self, tenant, selector);
        let state = lock(&self.state);
        let hidden = Hidden::of(&state, &*self.settings.rules, tenant, time);
        let blocks = head::collect(matching.streams(&state, tenant), time);
        let catalogue = Arc::clone(&state.catalogue);
        drop(state);
        let mut volumes = Volumes::new(time, bucket_ns);
        for block in &blocks {
            hold(add_block(&mut volumes, block, &hidden))?;
        }
        let segments = catalogue
            .tenant(tenant)
            .into_iter()
            .flat_map(|tenant| tenant.segments());
        for segment in segments.filter(|segment| segment.overlaps(time)) {
            for (number, labels) in segment.streams().iter().enumerate() {
                if selector.matches(labels) {
                    for index in segment.pieces_of(number) {
                        let piece = segment.piece(index);
                        let bytes = u64::from(piece.line_bytes);
                        for part in hidden.visible(labels, piece.first, piece.last) {
                            hold(volumes.add_part(labels, (piece.first, piece.last), part, bytes))?;
                        }
                    }
                }
            }
        }
        Ok(volumes.finish())
    }
}

/// Whether rows of a stream between two moments may be in the range and to be seen.
fn is_visible(hidden: &Hidden, labels: &Labels, (first, last): (TimestampNs, TimestampNs), time: TimeRange) -> bool {
    let inside = (
        first.max(time.start),
        last.min(TimestampNs(time.end.0.saturating_sub(1))),
    );
    time.overlaps(first, last) && !hidden.covers(labels, inside.0, inside.1)
}

fn add_block<'a>(volumes: &mut Volumes, held: &'a HeadBlock, hidden: &Hidden) -> Grown<'a> {
    let HeadBlock {
        labels,
        block,
        first,
        last,
    } = held;
    let hides = !hidden.touching(labels, *first, *last).is_empty();
    let mut grown = Grown::default();
    for row in 0..block.rows() {
        let (start, end) = block.span(row);
        let at = block.timestamp(row);
        if !hides || !hidden.covers(labels, TimestampNs(at), TimestampNs(at)) {
            let by = volumes.add_part(labels, (at, at), (at, at), u64::from(end - start));
            grown.stream = grown.stream.or(by.stream);
            grown.buckets += by.buckets;
        }
    }
    grown
}

/// By what an answer has grown.
#[derive(Debug, Clone, Copy, Default)]
pub struct Grown<'a> {
    /// A stream that was not in it before.
    pub stream: Option<&'a Labels>,
    /// Buckets of any stream.
    pub buckets: usize,
}

/// Sums by stream and bucket.
struct Volumes {
    time: TimeRange,
    bucket_ns: i64,
    found: BTreeMap<Labels, BTreeMap<i64, u64>>,
}

impl Volumes {
    fn new(time: TimeRange, bucket_ns: Option<i64>) -> Self {
        let whole = time.end.0.saturating_sub(time.start.0).max(1);
        let bucket_ns = bucket_ns
            .filter(|&width| width > 0)
            .unwrap_or(whole)
            .max(whole / BUCKETS_MAX);
        Self {
            time,
            bucket_ns,
            found: BTreeMap::new(),
        }
    }

    /// Of bytes that lie evenly between the moments `first` and `last`, inclusive, adds those in the part, inclusive,
    /// as far as they are in the range.
    fn add_part<'a>(
        &mut self,
        labels: &'a Labels,
        (first, last): (i64, i64),
        part: (i64, i64),
        bytes: u64,
    ) -> Grown<'a> {
        let mut grown = Grown::default();
        if bytes == 0 || !self.time.overlaps(TimestampNs(part.0), TimestampNs(part.1)) {
            return grown;
        }
        let (start, bucket) = (i128::from(self.time.start.0), i128::from(self.bucket_ns));
        let span = i128::from(last) - i128::from(first) + 1;
        let from = i128::from(part.0).max(start);
        let to = (i128::from(part.1) + 1).min(i128::from(self.time.end.0));
        // Rounding the running sum instead of each part makes the parts add up.
        let bytes_before = |at: i128| (i128::from(bytes) * (at - i128::from(first)) / span) as u64;
        let buckets = match self.found.get_mut(labels) {
            Some(buckets) => buckets,
            None => {
                grown.stream = Some(labels);
                self.found.entry(labels.clone()).or_default()
            }
        };
        let before = buckets.len();
        let mut at = from;
        while at < to {
            let bucket_start = start + (at - start) / bucket * bucket;
            let next = (bucket_start + bucket).min(to);
            let part = bytes_before(next) - bytes_before(at);
            if part > 0 {
                *buckets.entry(bucket_start as i64).or_default() += part;
            }
            at = next;
        }
        grown.buckets = buckets.len() - before;
        grown
    }

    fn finish(self) -> Vec<StreamVolume> {
        let finish = |(labels, buckets): (Labels, BTreeMap<i64, u64>)| StreamVolume {
            labels,
            buckets: buckets
                .into_iter()
                .map(|(start, bytes)| (TimestampNs(start), bytes))
                .collect(),
        };
        self.found.into_iter().map(finish).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_spread_over_buckets_and_cut_at_the_range() {
        let time = TimeRange {
            start: TimestampNs(10),
            end: TimestampNs(40),
        };
        let mut volumes = Volumes::new(time, Some(10));
        volumes.add_part(&Labels::empty(), (0, 39), (0, 39), 400);
        volumes.add_part(&Labels::empty(), (25, 25), (25, 25), 7);
        volumes.add_part(&Labels::empty(), (40, 50), (40, 50), 1000);
        let buckets = volumes.finish().remove(0).buckets;
        assert_eq!(
            buckets,
            [(TimestampNs(10), 100), (TimestampNs(20), 107), (TimestampNs(30), 100)]
        );
        // Few bytes over a long time are in few buckets.
        let mut volumes = Volumes::new(time, Some(1));
        volumes.add_part(&Labels::empty(), (0, 59), (0, 59), 6);
        let buckets = volumes.finish().remove(0).buckets;
        assert_eq!(
            buckets,
            [(TimestampNs(19), 1), (TimestampNs(29), 1), (TimestampNs(39), 1)]
        );
    }
}
