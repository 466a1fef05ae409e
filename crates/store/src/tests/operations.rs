//! One promise of the store a test.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use longshore_model::{AllStreams, DAY_NS, Direction, LineSearch, TenantId, TimeRange, TimestampNs};

use super::support::*;
use crate::{OpenError, Settings, Store};

#[test]
fn entries_survive_without_closing() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    assert_eq!(
        push(&store, "web", &[(1, "one"), (2, "two")]).unwrap().accepted_lines,
        2
    );
    drop(store);
    let store = open(directory.path());
    assert_eq!(
        rows(&store),
        [("web".into(), 1, "one".into()), ("web".into(), 2, "two".into())]
    );
}

#[test]
fn a_repeated_push_is_stored_once_from_head_segment_and_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let entries = [(1, "one"), (2, "two"), (2, "zwei")];
    let check = |store: &Store| {
        let outcome = push(store, "web", &entries).unwrap();
        assert_eq!((outcome.accepted_lines, outcome.duplicate_lines), (0, 3));
        assert_eq!(rows(store).len(), 3);
    };
    assert_eq!(push(&store, "web", &entries).unwrap().accepted_lines, 3);
    check(&store);
    store.flush().unwrap();
    check(&store);
    drop(store);
    let store = open(directory.path());
    check(&store);
    // The same line at another time, at the same time in another stream, and an old time with a new line are new.
    let new = [(3, "one"), (1, "other")];
    assert_eq!(push(&store, "web", &new).unwrap().accepted_lines, 2);
    assert_eq!(push(&store, "api", &entries).unwrap().accepted_lines, 3);
}

#[test]
fn a_flush_leaves_segments_by_day_and_no_log() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    push(&store, "web", &[(1, "one"), (DAY_NS + 1, "two"), (-1, "zero")]).unwrap();
    store.flush().unwrap();
    let days = files_in(&directory.path().join("segments/fake"));
    assert_eq!(days, ["1969-12-31", "1970-01-01", "1970-01-02"]);
    assert_eq!(files_in(&directory.path().join("wal")), [""; 0]);
    assert_eq!(rows(&store).len(), 3);
}

#[test]
fn a_log_that_was_flushed_already_doubles_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    push(&store, "web", &[(1, "one"), (2, "two")]).unwrap();
    let log = directory.path().join("wal/0000000000000000.wal");
    let copy = std::fs::read(&log).unwrap();
    store.flush().unwrap();
    drop(store);
    std::fs::write(&log, copy).unwrap();
    let store = open(directory.path());
    assert_eq!(rows(&store).len(), 2);
    assert_eq!(files_in(&directory.path().join("wal")), [""; 0]);
}

#[test]
fn an_unfinished_segment_is_removed() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    push(&store, "web", &[(1, "one")]).unwrap();
    store.flush().unwrap();
    drop(store);
    let day = directory.path().join("segments/fake/1970-01-01");
    std::fs::write(day.join("0000000000000009.unfinished"), "torn").unwrap();
    let store = open(directory.path());
    assert_eq!(rows(&store).len(), 1);
    assert_eq!(files_in(&day), ["0000000000000001.parquet"]);
}

#[test]
fn a_second_instance_is_told_who_holds_the_folder() {
    let directory = tempfile::tempdir().unwrap();
    let _store = open(directory.path());
    match Store::open(Settings::new(directory.path())) {
        Err(OpenError::Locked { holder, .. }) => assert_eq!(holder, Some(std::process::id())),
        other => panic!("{:?}", other.err()),
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = Store::open(Settings::new(file.join("data"))).err().unwrap();
    assert!(error.to_string().contains("file/data"), "{error}");
}

#[test]
fn retention_unlinks_whole_days_only() {
    let directory = tempfile::tempdir().unwrap();
    let settings = Settings {
        rules: kept_for(Duration::from_secs(86_400)),
        ..Settings::new(directory.path())
    };
    let store = open_with(settings);
    push(&store, "web", &[(1, "one"), (DAY_NS + 1, "two")]).unwrap();
    store.flush().unwrap();
    assert_eq!(store.apply_retention(TimestampNs(2 * DAY_NS - 1)), 0);
    assert_eq!(store.apply_retention(TimestampNs(2 * DAY_NS)), 1);
    assert_eq!(rows(&store), [("web".into(), DAY_NS + 1, "two".into())]);
    assert_eq!(files_in(&directory.path().join("segments/fake")), ["1970-01-02"]);
}

#[test]
fn a_scan_that_runs_outlives_retention() {
    let directory = tempfile::tempdir().unwrap();
    let settings = Settings {
        rules: kept_for(Duration::from_secs(1)),
        ..Settings::new(directory.path())
    };
    let store = open_with(settings);
    push(&store, "web", &[(1, "one")]).unwrap();
    store.flush().unwrap();
    let tenant = TenantId::single();
    let request = longshore_model::ScanRequest {
        tenant: &tenant,
        selector: Arc::new(AllStreams),
        time: TimeRange::ALL,
        direction: Direction::Backward,
        searches: Vec::new(),
        columns: longshore_model::Columns {
            lines: true,
            metadata: false,
        },
        metadata_names: None,
        alike: None,
        cancellation: longshore_model::Cancellation::default(),
    };
    let mut source = longshore_model::Storage::scan(&*store, request).unwrap();
    assert_eq!(store.apply_retention(TimestampNs(10 * DAY_NS)), 1);
    assert_eq!(source.next_batch(TimeRange::ALL).unwrap().unwrap().lines.get(0), b"one");
}

#[test]
fn age_and_idleness_flush_the_head() {
    let second = longshore_model::SECOND_NS;
    let check = |now: i64, flushed: bool| {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::default());
        let settings = Settings {
            chunk_idle_period: Duration::from_secs(10),
            max_chunk_age: Duration::from_secs(25),
            ..Settings::new(directory.path())
        };
        let store = Store::open_with_clock(settings, clock.clone()).unwrap();
        for at in [0, 9, 18] {
            clock.0.store(at * second, Ordering::Relaxed);
            push(&store, "web", &[(at, "line")]).unwrap();
        }
        store.maintain(TimestampNs(now * second));
        push(&store, "web", &[(100, "later")]).unwrap();
        store.close().unwrap();
        // What `maintain` froze has a segment of its own.
        let segments = files_in(&directory.path().join("segments/fake/1970-01-01"));
        assert_eq!(segments.len(), if flushed { 2 } else { 1 }, "at {now} s");
    };
    check(24, false);
    check(25, true);
    check(28, true);
}

#[test]
fn a_full_head_is_flushed_while_pushes_go_on() {
    let directory = tempfile::tempdir().unwrap();
    let store = open_with(Settings {
        head_bytes_max: 64 << 10,
        ..Settings::new(directory.path())
    });
    for at in 0..200 {
        push(&store, "web", &[(at, &"x".repeat(2000))]).unwrap();
    }
    store.close().unwrap();
    assert_eq!(rows(&store).len(), 200);
    assert!(files_in(&directory.path().join("segments/fake/1970-01-01")).len() > 2);
}

#[test]
fn a_replay_larger_than_the_head_is_flushed_on_the_way() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    for batch in 0..50 {
        let rows = (batch * 100..batch * 100 + 100).map(|at| (at, "x".repeat(2000)));
        store.push(&TenantId::single(), vec![stream("web", rows)]).unwrap();
    }
    drop(store);
    let store = open_with(Settings {
        head_bytes_max: 64 << 10,
        ..Settings::new(directory.path())
    });
    assert!(files_in(&directory.path().join("segments/fake/1970-01-01")).len() > 1);
    assert_eq!(rows(&store).len(), 5000);
}

#[test]
fn a_closed_store_refuses_pushes_and_answers_scans() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    push(&store, "web", &[(1, "one")]).unwrap();
    store.close().unwrap();
    assert!(push(&store, "web", &[(2, "two")]).is_err());
    assert_eq!(rows(&store).len(), 1);
    store.close().unwrap();
}

#[test]
fn searches_find_lines_in_head_and_segments() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let entries = |from: i64| (from..from + 3000).map(|at| (at, format!("request {at} took {} ms", at % 13)));
    for from in [0, 3000, 6000] {
        store
            .push(
                &TenantId::single(),
                vec![stream("web", entries(from)), stream("api", entries(from))],
            )
            .unwrap();
        if from < 6000 {
            store.flush().unwrap();
        }
    }
    for (needle, from, hits) in [
        ("request 17 took", 0, 2),
        ("request 8999 ", 0, 2),
        ("no such", 0, 0),
        ("took 4 ms", 0, 1384),
    ] {
        let time = TimeRange {
            start: TimestampNs(from),
            end: TimestampNs(i64::MAX),
        };
        let search: Arc<dyn LineSearch> = Arc::new(Literal(needle.into()));
        let found = scan(&store, &TenantId::single(), time, Direction::Backward, vec![search]);
        assert_eq!(
            found.iter().filter(|row| row.2.contains(needle)).count(),
            hits,
            "{needle}"
        );
    }
}

#[test]
fn a_time_range_is_cut_exactly_in_segments() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    store
        .push(
            &TenantId::single(),
            vec![stream("web", (0..9000).map(|at| (at, "x".repeat(300))))],
        )
        .unwrap();
    store.flush().unwrap();
    let time = TimeRange {
        start: TimestampNs(4000),
        end: TimestampNs(8000),
    };
    let times: Vec<i64> = scan(&store, &TenantId::single(), time, Direction::Forward, Vec::new())
        .into_iter()
        .map(|row| row.1)
        .collect();
    assert_eq!(times, (4000..8000).collect::<Vec<_>>());
    let newest_first = scan(&store, &TenantId::single(), time, Direction::Backward, Vec::new());
    let place_of = |at: i64| newest_first.iter().position(|row| row.1 == at).unwrap();
    assert!(place_of(7999) < place_of(4000));
}

#[test]
fn tenants_do_not_see_each_other() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let other = TenantId::new("other").unwrap();
    store
        .push(&other, vec![stream("web", [(1, "theirs".to_owned())])])
        .unwrap();
    push(&store, "web", &[(1, "ours")]).unwrap();
    for _ in 0..2 {
        assert_eq!(rows(&store), [("web".into(), 1, "ours".into())]);
        assert_eq!(store.streams(&other, &AllStreams, TimeRange::ALL), [labels("web")]);
        store.flush().unwrap();
    }
}

#[test]
fn structured_metadata_survives_a_flush_and_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let mut with_metadata = stream("web", [(1, "one".to_owned()), (2, "two".to_owned())]);
    with_metadata.entries[1].structured_metadata = longshore_model::Labels::new([("trace", "abc")]);
    store.push(&TenantId::single(), vec![with_metadata]).unwrap();
    drop(store);
    let store = open(directory.path());
    for _ in 0..2 {
        let tenant = TenantId::single();
        let request = longshore_model::ScanRequest {
            tenant: &tenant,
            selector: Arc::new(AllStreams),
            time: TimeRange::ALL,
            direction: Direction::Forward,
            searches: Vec::new(),
            columns: longshore_model::Columns {
                lines: false,
                metadata: true,
            },
            metadata_names: None,
            alike: None,
            cancellation: longshore_model::Cancellation::default(),
        };
        let mut source = longshore_model::Storage::scan(&*store, request).unwrap();
        let batch = source.next_batch(TimeRange::ALL).unwrap().unwrap();
        assert!(batch.lines.is_empty());
        assert_eq!(batch.metadata.get(0).unwrap().to_string(), "{}");
        assert_eq!(batch.metadata.get(1).unwrap().to_string(), r#"{trace="abc"}"#);
        store.flush().unwrap();
    }
}

/// Ten small segments of one day, the same streams in each.
fn ten_segments(directory: &std::path::Path) -> Arc<Store> {
    let store = open(directory);
    for at in 0..10 {
        push(
            &store,
            "web",
            &[(at, "one"), (100 - at, "two"), (at, &"long ".repeat(40))],
        )
        .unwrap();
        push(&store, &format!("app-{at}"), &[(at, "one")]).unwrap();
        store.flush().unwrap();
    }
    store
}

#[test]
fn small_segments_are_merged_once_the_store_is_quiet() {
    let directory = tempfile::tempdir().unwrap();
    let store = ten_segments(directory.path());
    let day = directory.path().join("segments/fake/1970-01-01");
    let before = rows(&store);
    assert_eq!(before.len(), 40);
    store.maintain(TimestampNs(299 * longshore_model::SECOND_NS));
    assert_eq!(files_in(&day).len(), 10);
    store.maintain(TimestampNs(300 * longshore_model::SECOND_NS));
    assert_eq!(files_in(&day), ["0000000000000011.parquet"]);
    assert_eq!(rows(&store), before);
    assert_eq!(
        push(&store, "web", &[(5, "one"), (5, "new")]).unwrap().duplicate_lines,
        1
    );
    drop(store);
    assert_eq!(rows(&open(directory.path())).len(), 41);
}

#[test]
fn lines_of_one_moment_keep_their_order_when_they_are_merged() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    // The later, the smaller: merges begin with the smallest segment.
    let lines: Vec<String> = (0..8)
        .map(|number| format!("{number}{}", "x".repeat(100 - 9 * number)))
        .collect();
    for line in &lines {
        push(&store, "web", &[(7, line)]).unwrap();
        store.flush().unwrap();
    }
    store.maintain(TimestampNs(300 * longshore_model::SECOND_NS));
    assert_eq!(files_in(&directory.path().join("segments/fake/1970-01-01")).len(), 1);
    let tenant = TenantId::single();
    let merged = scan(&store, &tenant, TimeRange::ALL, Direction::Forward, Vec::new());
    let merged: Vec<String> = merged.into_iter().map(|(.., line)| line).collect();
    assert_eq!(merged, lines);
}

#[test]
fn a_busy_store_merges_what_has_piled_up() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let day = directory.path().join("segments/fake/1970-01-01");
    let flush_one = |at: i64| {
        push(&store, "web", &[(at, "one")]).unwrap();
        store.flush().unwrap();
        store.maintain(TimestampNs(longshore_model::SECOND_NS));
    };
    (0..31).for_each(flush_one);
    assert_eq!(files_in(&day).len(), 31);
    flush_one(31);
    assert_eq!(files_in(&day).len(), 17);
    assert_eq!(rows(&store).len(), 32);
}

#[test]
fn a_merge_that_a_crash_interrupted_doubles_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let store = ten_segments(directory.path());
    let day = directory.path().join("segments/fake/1970-01-01");
    let kept: Vec<(String, Vec<u8>)> = files_in(&day)
        .into_iter()
        .map(|name| (name.clone(), std::fs::read(day.join(name)).unwrap()))
        .collect();
    store.maintain(TimestampNs(300 * longshore_model::SECOND_NS));
    drop(store);
    for (name, bytes) in kept.iter().take(7) {
        std::fs::write(day.join(name), bytes).unwrap();
    }
    let store = open(directory.path());
    assert_eq!(rows(&store).len(), 40);
    assert_eq!(files_in(&day), ["0000000000000011.parquet"]);
}
