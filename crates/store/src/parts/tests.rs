//! Random pushes: nothing is lost, nothing that belongs together is cut.

use std::collections::{BTreeSet, HashMap};

use bytes::Bytes;
use longshore_model::TimestampNs;
use proptest::prelude::*;

use super::*;

/// Room for about five of the entries below.
const SIZES: Sizes = Sizes {
    part_bytes: 500,
    record_bytes: 800,
};

fn entry() -> impl Strategy<Value = Entry> {
    (0_i64..4, 0_usize..6, 0_u8..3).prop_map(|(at, line, pod)| Entry {
        timestamp: TimestampNs(at),
        line: "x".repeat(line).into(),
        structured_metadata: Labels::new([("pod", pod.to_string())]),
    })
}

fn streams() -> impl Strategy<Value = Vec<StreamEntries>> {
    let stream = (0_u8..3, proptest::collection::vec(entry(), 0..40)).prop_map(|(app, entries)| StreamEntries {
        labels: Labels::new([("app", app.to_string())]),
        entries,
    });
    proptest::collection::vec(stream, 0..4)
}

type Row = (Labels, i64, Bytes, Labels);

fn rows(streams: &[StreamEntries]) -> Vec<Row> {
    let of_stream = |stream: &StreamEntries| -> Vec<Row> {
        let row = |entry: &Entry| {
            let entry = entry.clone();
            (
                stream.labels.clone(),
                entry.timestamp.0,
                entry.line,
                entry.structured_metadata,
            )
        };
        stream.entries.iter().map(row).collect()
    };
    streams.iter().flat_map(of_stream).collect()
}

proptest! {
    #[test]
    fn parts_hold_everything_and_what_belongs_together_is_in_one(streams in streams()) {
        let parts = cut_to(streams.clone(), SIZES);
        let sorted = |rows: Vec<Row>| rows.into_iter().collect::<BTreeSet<_>>();
        prop_assert_eq!(sorted(rows(&parts.concat())), sorted(rows(&streams)));
        let mut part_of = HashMap::new();
        for (number, part) in parts.iter().enumerate() {
            for (labels, at, line, _) in rows(part) {
                prop_assert_eq!(*part_of.entry((labels, at, line)).or_insert(number), number);
            }
            prop_assert!(size_bound(part) <= SIZES.record_bytes + 200, "{}", size_bound(part));
        }
        prop_assert_eq!(cut_to(streams, SIZES), parts);
    }

    #[test]
    fn entries_of_a_moment_keep_their_order(streams in streams()) {
        // Room for all of a moment, so that only moments are cut apart.
        let sizes = Sizes { record_bytes: usize::MAX, ..SIZES };
        let by_moment = |streams: &[StreamEntries]| {
            let mut rows = rows(streams);
            rows.sort_by_key(|row| (row.0.clone(), row.1));
            rows
        };
        prop_assert_eq!(by_moment(&cut_to(streams.clone(), sizes).concat()), by_moment(&streams));
    }
}
