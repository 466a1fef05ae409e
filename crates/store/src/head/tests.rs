//! Exact duplicates are refused, near ones are not.

use std::sync::Arc;

use super::*;

fn entry(at: i64, line: &str) -> Entry {
    Entry {
        timestamp: TimestampNs(at),
        line: line.to_owned().into(),
        structured_metadata: Labels::empty(),
    }
}

fn insert(stream: &mut StreamHead, entry: &Entry, hash: u32) -> bool {
    stream.insert(entry, hash)
}

#[test]
fn colliding_hashes_are_told_apart_by_the_bytes() {
    let mut stream = StreamHead::new(Labels::empty());
    assert!(insert(&mut stream, &entry(1, "a"), 7));
    assert!(insert(&mut stream, &entry(1, "b"), 7));
    assert!(insert(&mut stream, &entry(2, "a"), 7));
    assert!(!insert(&mut stream, &entry(1, "b"), 7));
    assert_eq!(stream.rows(), 3);
}

#[test]
fn a_held_block_does_not_change() {
    let mut stream = StreamHead::new(Labels::empty());
    insert(&mut stream, &entry(1, "a"), 1);
    let held = stream.blocks().to_vec();
    insert(&mut stream, &entry(2, "b"), 2);
    assert_eq!(held[0].rows(), 1);
    assert_eq!(stream.blocks()[0].rows(), 2);
    assert!(!Arc::ptr_eq(&held[0], &stream.blocks()[0]));
}

#[test]
fn many_rows_are_found_across_blocks() {
    let mut stream = StreamHead::new(Labels::empty());
    let long = "x".repeat(1000);
    for at in 0..1000 {
        assert!(insert(&mut stream, &entry(at, &long), at as u32 % 10));
    }
    assert!(stream.blocks().len() > 5);
    for at in 0..1000 {
        assert!(stream.contains(&entry(at, &long), at as u32 % 10));
    }
    assert_eq!(stream.time_bounds(), Some((TimestampNs(0), TimestampNs(999))));
}
