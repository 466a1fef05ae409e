//! Which streams there are and how much they hold.

use longshore_model::{AllStreams, TenantId, TimeRange, TimestampNs};

use super::support::*;
use crate::Grown;

#[test]
fn streams_and_volumes_come_from_head_and_segments() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    push(&store, "web", &[(10, "12345"), (20, "123")]).unwrap();
    store.flush().unwrap();
    push(&store, "api", &[(30, "1234567")]).unwrap();
    let tenant = TenantId::single();
    assert_eq!(
        store.streams(&tenant, &AllStreams, TimeRange::ALL),
        [labels("api"), labels("web")]
    );
    let late = TimeRange {
        start: TimestampNs(25),
        end: TimestampNs(40),
    };
    assert_eq!(store.streams(&tenant, &AllStreams, late), [labels("api")]);
    let all = TimeRange {
        start: TimestampNs(0),
        end: TimestampNs(40),
    };
    let volumes = volumes(&store, &AllStreams, all);
    let totals: Vec<u64> = volumes
        .iter()
        .map(|volume| volume.buckets.iter().map(|bucket| bucket.1).sum())
        .collect();
    assert_eq!(totals, [7, 8]);
}

#[test]
fn volumes_get_no_larger_than_they_may() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    for flushed in [false, true] {
        for app in ["a", "b", "c"] {
            push(&store, app, &[(0, "long"), (999, "long")]).unwrap();
        }
        if flushed {
            store.flush().unwrap();
        }
        let time = TimeRange {
            start: TimestampNs(0),
            end: TimestampNs(1_000),
        };
        let mut streams = Vec::new();
        let mut buckets = 0;
        let mut hold = |grown: Grown<'_>| {
            streams.extend(grown.stream.cloned());
            buckets += grown.buckets;
            if streams.len() > 2 { Err(buckets) } else { Ok(()) }
        };
        let refused = store.volume(&TenantId::single(), &AllStreams, time, Some(10), &mut hold);
        // In the head each line is in its own bucket, in a segment its bytes are spread over the page.
        assert_eq!(refused, Err(if flushed { 3 * 8 } else { 3 * 2 }));
        streams.sort();
        assert_eq!(streams, ["a", "b", "c"].map(labels));
    }
}
