//! Cutting large requests; the rest is tested over HTTP.

use std::io;
use std::sync::Arc;

use longshore_model::{Entry, Labels, TimestampNs};

use super::*;

fn entry(index: i64, bytes: usize) -> Entry {
    Entry {
        timestamp: TimestampNs(index),
        line: vec![b'x'; bytes].into(),
        structured_metadata: Labels::empty(),
    }
}

#[test]
fn a_large_request_is_cut_without_losing_or_reordering() {
    let check = |sizes: &[usize], parts: usize| {
        let streams = vec![
            StreamEntries {
                labels: Labels::new([("a", "1")]),
                entries: sizes.iter().zip(0..).map(|(size, index)| entry(index, *size)).collect(),
            },
            StreamEntries {
                labels: Labels::new([("a", "2")]),
                entries: vec![entry(0, 1)],
            },
        ];
        let cut = split(streams.clone());
        assert_eq!(cut.len(), parts, "{sizes:?}");
        for labels in ["1", "2"] {
            let of_stream = |streams: Vec<StreamEntries>| -> Vec<Entry> {
                let same = streams
                    .into_iter()
                    .filter(|stream| stream.labels.get("a") == Some(labels));
                same.flat_map(|stream| stream.entries).collect()
            };
            assert_eq!(of_stream(cut.concat()), of_stream(streams.clone()));
        }
    };
    check(&[], 1);
    check(&[10, 10], 1);
    check(&[STORE_PUSH_BYTES, 10], 2);
    check(&[STORE_PUSH_BYTES + 1, STORE_PUSH_BYTES + 1, 10], 3);
    check(&[STORE_PUSH_BYTES / 2, STORE_PUSH_BYTES / 2 - 1, 10], 2);
}

#[test]
fn what_the_store_refuses_is_told_apart() {
    let check = |error: PushError, status: u16, retry: bool| {
        let error = push_error(&error);
        assert_eq!(
            (error.status.as_u16(), error.retry_after_seconds.is_some()),
            (status, retry),
            "{}",
            error.text
        );
    };
    let cause = || Arc::new(io::Error::other("disk on fire"));
    check(PushError::Poisoned(cause()), 500, false);
    check(PushError::DiskFull(cause()), 503, true);
    check(PushError::Overloaded, 503, true);
    check(PushError::Closed, 503, true);
    let too_large = PushError::TooLarge {
        size_bytes: 2,
        limit_bytes: 1,
    };
    check(too_large, 413, false);
    assert!(
        push_error(&PushError::Poisoned(cause()))
            .text
            .ends_with(": disk on fire")
    );
}
