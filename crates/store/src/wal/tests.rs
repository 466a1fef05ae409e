//! Records survive; torn tails do not.

mod faults;

use longshore_model::{Entry, Labels, StreamEntries, TenantId, TimestampNs};
use proptest::prelude::*;

use super::file::{HEADER_BYTES, MAGIC, VERSION};
use super::record;
use super::replay::{Damage, Replay};

fn push_of(line: &str) -> Vec<StreamEntries> {
    let entry = Entry {
        timestamp: TimestampNs(-5),
        line: line.to_owned().into(),
        structured_metadata: Labels::new([("trace", "1")]),
    };
    vec![StreamEntries {
        labels: Labels::new([("app", "web")]),
        entries: vec![entry],
    }]
}

fn file_of(lines: &[&str]) -> (Vec<u8>, Vec<u64>) {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    let mut ends = vec![bytes.len() as u64];
    for line in lines {
        record::frame(&mut bytes, |buffer| {
            record::encode(buffer, &TenantId::single(), &push_of(line));
        });
        ends.push(bytes.len() as u64);
    }
    (bytes, ends)
}

fn lines_in(replay: &mut Replay) -> Vec<String> {
    let mut lines = Vec::new();
    while let Some((tenant, streams)) = replay.next().unwrap() {
        assert_eq!(tenant, TenantId::single());
        lines.extend(
            streams[0]
                .entries
                .iter()
                .map(|entry| String::from_utf8(entry.line.to_vec()).unwrap()),
        );
    }
    lines
}

proptest! {
    #[test]
    fn a_record_round_trips(
        pushes in proptest::collection::vec(
            (
                proptest::collection::vec(("[a-z]{1,4}", ".{0,6}"), 0..3),
                proptest::collection::vec((any::<i64>(), ".{0,20}", proptest::option::of(".{0,5}")), 0..6),
            ),
            0..4,
        ),
    ) {
        let entry = |(at, line, trace): (i64, String, Option<String>)| Entry {
            timestamp: TimestampNs(at),
            line: line.into(),
            structured_metadata: Labels::new(trace.map(|trace| ("trace", trace))),
        };
        let streams: Vec<StreamEntries> = pushes
            .into_iter()
            .map(|(labels, entries)| StreamEntries {
                labels: Labels::new(labels),
                entries: entries.into_iter().map(entry).collect(),
            })
            .collect();
        let mut payload = Vec::new();
        record::encode(&mut payload, &TenantId::single(), &streams);
        prop_assert!(payload.len() <= record::size_bound(&streams));
        prop_assert_eq!(record::decode(&payload.into()), Ok((TenantId::single(), streams)));
    }

    #[test]
    fn garbage_is_no_record(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let _ = record::decode(&bytes.into());
    }
}

#[test]
fn a_tail_torn_at_any_byte_is_cut_off() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("1.wal");
    let (bytes, ends) = file_of(&["one", "two", "three"]);
    for length in 0..=bytes.len() {
        std::fs::write(&path, &bytes[..length]).unwrap();
        let mut replay = Replay::open(&path, true).unwrap();
        let whole = ends
            .iter()
            .filter(|&&end| end <= length as u64)
            .count()
            .saturating_sub(1);
        assert_eq!(
            lines_in(&mut replay),
            ["one", "two", "three"][..whole],
            "cut at {length}"
        );
        assert!(replay.damaged().is_empty());
        let kept = if length < HEADER_BYTES as usize { 0 } else { ends[whole] };
        assert_eq!(std::fs::metadata(&path).unwrap().len(), kept, "cut at {length}");
    }
}

#[test]
fn damage_in_the_middle_is_reported_and_the_rest_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("1.wal");
    let (bytes, ends) = file_of(&["one", "two", "three"]);
    for at in ends[1]..ends[2] {
        let mut damaged = bytes.clone();
        damaged[at as usize] ^= 0x10;
        std::fs::write(&path, &damaged).unwrap();
        let mut replay = Replay::open(&path, true).unwrap();
        assert_eq!(lines_in(&mut replay), ["one", "three"], "damaged at {at}");
        assert_eq!(
            replay.damaged(),
            [Damage {
                start: ends[1],
                end: ends[2]
            }]
        );
        assert_eq!(std::fs::metadata(&path).unwrap().len(), bytes.len() as u64);
    }
}

#[test]
fn an_older_file_is_never_cut() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("1.wal");
    let (bytes, ends) = file_of(&["one", "two"]);
    std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    let mut replay = Replay::open(&path, false).unwrap();
    assert_eq!(lines_in(&mut replay), ["one"]);
    assert_eq!(
        replay.damaged(),
        [Damage {
            start: ends[1],
            end: ends[2] - 1
        }]
    );
    assert_eq!(std::fs::metadata(&path).unwrap().len(), bytes.len() as u64 - 1);
}
