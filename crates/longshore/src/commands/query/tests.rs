//! Paging, against a server in memory.

use longshore_model::{Labels, TimeRange};

use super::*;

/// All entries between 0 and 100, newest first or oldest first, as a server with that many would give them.
fn serve(stored: &[LogEntry], request: &RangeQuery) -> Vec<LogEntry> {
    let mut found: Vec<LogEntry> = stored
        .iter()
        .filter(|entry| request.range.contains(entry.at))
        .cloned()
        .collect();
    found.sort_by_key(|entry| entry.at);
    if !request.forward {
        found.reverse();
    }
    found.truncate(usize::try_from(request.limit).unwrap_or(usize::MAX));
    found
}

fn entry(at: i64, line: &str) -> LogEntry {
    LogEntry {
        labels: Labels::empty(),
        at: TimestampNs(at),
        line: line.to_owned(),
    }
}

/// Fetches by pages; gives the lines in order and the number of requests.
fn fetch(stored: &[LogEntry], limit: u64, batch: u64, forward: bool) -> anyhow::Result<(Vec<String>, usize)> {
    let range = TimeRange {
        start: TimestampNs(0),
        end: TimestampNs(100),
    };
    let next = RangeQuery {
        query: "{}".to_owned(),
        range,
        limit: 0,
        forward,
        step: None,
        interval: None,
    };
    let mut batches = Batches {
        next,
        left: if limit == 0 { u64::MAX } else { limit },
        batch,
        seen: HashSet::new(),
    };
    let (mut lines, mut requests) = (Vec::new(), 0);
    while let Some(request) = batches.request() {
        requests += 1;
        assert!(requests < 100, "it never ends");
        let new = batches.take(serve(stored, &request), request.limit)?;
        lines.extend(new.into_iter().map(|entry| entry.line));
    }
    Ok((lines, requests))
}

#[test]
fn pages_through_everything_once() {
    let stored: Vec<LogEntry> = (0..25).map(|at| entry(at, &format!("line {at}"))).collect();
    let oldest_first: Vec<String> = stored.iter().map(|entry| entry.line.clone()).collect();
    let newest_first: Vec<String> = oldest_first.iter().rev().cloned().collect();
    for batch in [2, 3, 10, 24, 25, 26, 1000] {
        assert_eq!(
            fetch(&stored, 0, batch, true).expect("fine").0,
            oldest_first,
            "batch {batch}"
        );
        assert_eq!(
            fetch(&stored, 0, batch, false).expect("fine").0,
            newest_first,
            "batch {batch}"
        );
        assert_eq!(
            fetch(&stored, 7, batch, false).expect("fine").0,
            newest_first[..7],
            "batch {batch}"
        );
    }
}

#[test]
fn a_small_limit_is_one_request() {
    let stored: Vec<LogEntry> = (0..25).map(|at| entry(at, "x")).collect();
    assert_eq!(fetch(&stored, 5, 1000, false).expect("fine").1, 1);
}

#[test]
fn lines_of_one_moment_are_kept_apart() {
    let stored: Vec<LogEntry> = (0..12)
        .map(|index| entry(10 + index / 4, &format!("line {index}")))
        .collect();
    for forward in [true, false] {
        let (mut lines, _) = fetch(&stored, 0, 5, forward).expect("fine");
        lines.sort();
        lines.dedup();
        assert_eq!(lines.len(), 12, "forward {forward}");
    }
}

#[test]
fn too_many_lines_of_one_moment_are_told() {
    let stored: Vec<LogEntry> = (0..12).map(|index| entry(10, &format!("line {index}"))).collect();
    let error = fetch(&stored, 0, 5, false).expect_err("no progress is possible");
    assert_eq!(error.to_string(), "more than 5 lines bear the same timestamp");
}
