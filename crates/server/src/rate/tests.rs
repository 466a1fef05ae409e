//! Bytes over time.

use std::time::Duration;

use super::*;

const RATE: Rate = Rate {
    bytes_per_second: 100.0,
    burst_bytes: 250.0,
};

#[test]
fn the_burst_passes_at_once_and_then_the_rate() {
    let start = Instant::now();
    let mut bucket = Bucket::new(RATE, start);
    let mut at = |ms: u64, bytes: usize| bucket.take(bytes, RATE, start + Duration::from_millis(ms));
    assert!(at(0, 250));
    assert!(!at(0, 1));
    assert!(!at(500, 51), "nothing is taken by what does not pass");
    assert!(at(500, 50));
    assert!(!at(10_000, 251), "more than the burst never passes");
    assert!(at(10_000, 250));
}

#[test]
fn a_clock_that_steps_back_gives_nothing() {
    let start = Instant::now();
    let mut bucket = Bucket::new(RATE, start + Duration::from_secs(10));
    assert!(bucket.take(250, RATE, start + Duration::from_secs(10)));
    assert!(!bucket.take(1, RATE, start));
    assert!(!bucket.take(101, RATE, start + Duration::from_secs(11)));
    assert!(bucket.take(100, RATE, start + Duration::from_secs(11)));
}

#[test]
fn it_is_full_when_everything_has_come_back() {
    let start = Instant::now();
    let mut bucket = Bucket::new(RATE, start);
    assert!(bucket.is_full(RATE, start));
    assert!(bucket.take(100, RATE, start));
    assert!(!bucket.is_full(RATE, start + Duration::from_millis(900)));
    assert!(bucket.is_full(RATE, start + Duration::from_millis(1_000)));
}

#[test]
fn a_changed_rate_acts_at_once() {
    let start = Instant::now();
    let mut bucket = Bucket::new(RATE, start);
    let narrow = Rate {
        bytes_per_second: 1.0,
        burst_bytes: 10.0,
    };
    assert!(!bucket.take(11, narrow, start));
    assert!(bucket.take(10, narrow, start));
}
