//! Which streams there are, and how much they hold.

use std::collections::{BTreeMap, BTreeSet};

use longshore_model::{Labels, StreamSelector, TenantId, TimeRange, TimestampNs};

use crate::store::{Inner, StreamVolume, lock};

impl Inner {
    pub(crate) fn streams(&self, tenant: &TenantId, selector: &dyn StreamSelector, time: TimeRange) -> Vec<Labels> {
        let mut found = BTreeSet::new();
        let state = lock(&self.state);
        for head in [Some(&state.active), state.frozen.as_deref()].into_iter().flatten() {
            let streams = head
                .tenants
                .get(tenant)
                .into_iter()
                .flat_map(|tenant| tenant.streams.values());
            for stream in streams {
                let overlaps = stream
                    .time_bounds()
                    .is_some_and(|(first, last)| time.overlaps(first, last));
                if overlaps && selector.matches(&stream.labels) {
                    found.insert(stream.labels.clone());
                }
            }
        }
        found.into_iter().collect()
    }

    pub(crate) fn volume(
        &self,
        tenant: &TenantId,
        selector: &dyn StreamSelector,
        time: TimeRange,
        bucket_ns: Option<i64>,
    ) -> Vec<StreamVolume> {
        let mut found: BTreeMap<Labels, BTreeMap<i64, u64>> = BTreeMap::new();
        let bucket_of = |at: TimestampNs| match bucket_ns.filter(|&width| width > 0) {
            Some(width) => time.start.0 + (at.0 - time.start.0).div_euclid(width) * width,
            None => time.start.0,
        };
        let state = lock(&self.state);
        for head in [Some(&state.active), state.frozen.as_deref()].into_iter().flatten() {
            let streams = head
                .tenants
                .get(tenant)
                .into_iter()
                .flat_map(|tenant| tenant.streams.values());
            for stream in streams.filter(|stream| selector.matches(&stream.labels)) {
                for block in stream.blocks() {
                    for row in 0..block.rows() {
                        let at = TimestampNs(block.timestamp(row));
                        if time.contains(at) {
                            let buckets = found.entry(stream.labels.clone()).or_default();
                            *buckets.entry(bucket_of(at)).or_default() += block.line(row).len() as u64;
                        }
                    }
                }
            }
        }
        let finish = |(labels, buckets): (Labels, BTreeMap<i64, u64>)| StreamVolume {
            labels,
            buckets: buckets
                .into_iter()
                .map(|(start, bytes)| (TimestampNs(start), bytes))
                .collect(),
        };
        found.into_iter().map(finish).collect()
    }
}
