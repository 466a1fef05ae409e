//! Delete requests: hidden at once, gone from disk later, and nothing else with them.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use longshore_model::{
    AllStreams, Cancellation, Columns, DAY_NS, Direction, ScanRequest, Storage as _, TenantId, TimeRange, TimestampNs,
};
use proptest::prelude::*;

use super::support::*;
use crate::{CancelError, DeleteError, DeletionMode, SameForAll, Settings, Store};

fn row(app: &str, at: i64, line: &str) -> (String, i64, String) {
    (app.to_owned(), at, line.to_owned())
}

/// Rows of two streams over two days, the first half in a segment each, the rest in the head.
fn filled(settings: Settings) -> Arc<Store> {
    let store = open_with(settings);
    push(
        &store,
        "web",
        &[(1, "secret one"), (2, "two"), (DAY_NS + 1, "secret late")],
    )
    .unwrap();
    push(&store, "api", &[(1, "secret api")]).unwrap();
    store.flush().unwrap();
    push(&store, "web", &[(3, "secret three"), (4, "four")]).unwrap();
    store
}

fn left() -> Vec<(String, i64, String)> {
    vec![
        row("api", 1, "secret api"),
        row("web", 2, "two"),
        row("web", 4, "four"),
        row("web", DAY_NS + 1, "secret late"),
    ]
}

/// Whether any file below the folder contains the text; segments must be written without compression.
fn is_on_disk(directory: &Path, text: &str) -> bool {
    std::fs::read_dir(directory).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => is_on_disk(&path, text),
            false => memchr::memmem::find(&std::fs::read(&path).unwrap(), text.as_bytes()).is_some(),
        }
    })
}

fn uncompressed(directory: &Path) -> Settings {
    Settings {
        chunk_encoding: crate::ChunkEncoding::None,
        ..deleting(directory)
    }
}

#[test]
fn lines_are_hidden_from_the_acknowledgement_on() {
    let directory = tempfile::tempdir().unwrap();
    let store = filled(deleting(directory.path()));
    delete(&store, "web:secret", 1, 3);
    assert_eq!(rows(&store), left());
    drop(store);
    // Also after a restart, and from segments as from the head.
    let store = open_with(deleting(directory.path()));
    assert_eq!(rows(&store), left());
    store.flush().unwrap();
    assert_eq!(rows(&store), left());
}

#[test]
fn scans_that_read_no_lines_leave_them_out_too() {
    let directory = tempfile::tempdir().unwrap();
    let store = filled(deleting(directory.path()));
    delete(&store, "web:secret", 1, 3);
    store.flush().unwrap();
    let tenant = TenantId::single();
    // Also those to whom all rows are the same, and that take only their number.
    for alike in [None, Some(&(|_, _| true) as &dyn Fn(TimestampNs, TimestampNs) -> bool)] {
        let request = ScanRequest {
            tenant: &tenant,
            selector: std::sync::Arc::new(AllStreams),
            time: TimeRange::ALL,
            direction: Direction::Forward,
            searches: Vec::new(),
            columns: Columns {
                lines: false,
                metadata: false,
            },
            metadata_names: None,
            alike,
            cancellation: Cancellation::default(),
        };
        let mut scan = store.scan(request).unwrap();
        let mut count = 0;
        while let Some(batch) = scan.next_batch(TimeRange::ALL).unwrap() {
            assert!(batch.lines.is_empty() && batch.metadata.rows.is_empty());
            count += batch.rows() + batch.alike;
        }
        assert_eq!(count, left().len());
    }
}

#[test]
fn streams_and_volumes_know_of_requests_for_whole_streams() {
    let directory = tempfile::tempdir().unwrap();
    let store = open_with(deleting(directory.path()));
    for flush in [true, false] {
        let (first, second) = if flush { (10, 20) } else { (11, 21) };
        push(&store, "web", &[(first, "12345"), (second, "123")]).unwrap();
        push(&store, "api", &[(first, "1234567")]).unwrap();
        if flush {
            store.flush().unwrap();
        }
    }
    delete(&store, "api:", 0, 30);
    delete(&store, "web:", 15, 30);
    let tenant = TenantId::single();
    let whole = TimeRange {
        start: TimestampNs(0),
        end: TimestampNs(30),
    };
    assert_eq!(store.streams(&tenant, &AllStreams, whole), [labels("web")]);
    let late = TimeRange {
        start: TimestampNs(15),
        ..whole
    };
    assert_eq!(store.streams(&tenant, &AllStreams, late), []);
    let volumes = volumes(&store, &AllStreams, whole);
    assert_eq!(volumes.len(), 1);
    // In the head exactly the line of 5 bytes; of the segment's 8 bytes from 10 to 20 those before 15.
    assert_eq!(volumes[0].buckets, [(TimestampNs(0), 5 + 8 * 5 / 11)]);
}

#[test]
fn processed_lines_are_gone_from_disk_and_all_others_stay() {
    let directory = tempfile::tempdir().unwrap();
    let store = filled(uncompressed(directory.path()));
    assert!(is_on_disk(directory.path(), "secret one") && is_on_disk(directory.path(), "secret three"));
    let deletion = delete(&store, "web:secret", 1, 3);
    assert!(!deletion.processed);
    process(&store);
    assert_eq!(rows(&store), left());
    assert!(!is_on_disk(directory.path(), "secret one") && !is_on_disk(directory.path(), "secret three"));
    assert!(is_on_disk(directory.path(), "secret api") && is_on_disk(directory.path(), "secret late"));
    // What stayed is still known, what went is new again.
    let again = push(&store, "web", &[(2, "two"), (4, "four"), (1, "secret one")]).unwrap();
    assert_eq!((again.duplicate_lines, again.accepted_lines), (2, 1));
    assert_eq!(rows(&store).len(), left().len() + 1);
    drop(store);
    let store = open_with(uncompressed(directory.path()));
    assert_eq!(rows(&store).len(), left().len() + 1);
    assert!(store.deletions(&TenantId::single())[0].processed);
}

#[test]
fn a_segment_of_which_nothing_stays_goes_with_its_folder() {
    let directory = tempfile::tempdir().unwrap();
    let store = filled(deleting(directory.path()));
    delete(&store, "web:late", DAY_NS, DAY_NS + 5);
    delete(&store, ":", 0, 2);
    process(&store);
    assert_eq!(rows(&store), [row("web", 3, "secret three"), row("web", 4, "four")]);
    assert_eq!(files_in(&directory.path().join("segments/fake")), [""; 0]);
}

#[test]
fn other_tenants_keep_their_lines() {
    let directory = tempfile::tempdir().unwrap();
    let store = filled(deleting(directory.path()));
    let other = TenantId::new("other").unwrap();
    store
        .push(&other, vec![stream("web", [(1, "secret one".to_owned())])])
        .unwrap();
    delete(&store, ":", 0, i64::MAX - 1);
    process(&store);
    assert!(rows(&store).is_empty());
    let theirs = scan(&store, &other, TimeRange::ALL, Direction::Forward, Vec::new());
    assert_eq!(theirs, [row("web", 1, "secret one")]);
    assert!(store.deletions(&other).is_empty());
}

#[test]
fn a_request_can_be_taken_back_until_its_period_is_over() {
    let directory = tempfile::tempdir().unwrap();
    let settings = Settings {
        delete_request_cancel_period: Duration::from_nanos(100),
        ..deleting(directory.path())
    };
    let clock = Arc::new(ManualClock::default());
    let store = Store::open_with_clock(settings, clock.clone()).unwrap();
    let tenant = TenantId::single();
    push(&store, "web", &[(1, "one")]).unwrap();
    let first = delete(&store, "web:one", 0, 5);
    assert!(rows(&store).is_empty());
    while store.maintain(TimestampNs(99)) {}
    assert!(!store.deletions(&tenant)[0].processed);
    let other = TenantId::new("other").unwrap();
    assert!(matches!(
        store.cancel_deletion(&other, &first.id, true),
        Err(CancelError::Unknown)
    ));
    store.cancel_deletion(&tenant, &first.id, false).unwrap();
    assert!(matches!(
        store.cancel_deletion(&tenant, &first.id, false),
        Err(CancelError::Unknown)
    ));
    assert_eq!(rows(&store).len(), 1);
    assert_eq!(files_in(&directory.path().join("deletions")), [""; 0]);
    let second = delete(&store, "web:one", 0, 5);
    clock.0.store(100, Ordering::Relaxed);
    assert!(matches!(
        store.cancel_deletion(&tenant, &second.id, false),
        Err(CancelError::TooLate(_))
    ));
    store.cancel_deletion(&tenant, &second.id, true).unwrap();
    assert_eq!(rows(&store).len(), 1);
    let third = delete(&store, "web:one", 0, 5);
    for _ in 0..5 {
        store.maintain(TimestampNs(200));
    }
    assert!(store.deletions(&tenant)[0].processed);
    assert!(matches!(
        store.cancel_deletion(&tenant, &third.id, true),
        Err(CancelError::Processed)
    ));
}

#[test]
fn modes_decide_what_a_request_does() {
    let directory = tempfile::tempdir().unwrap();
    let with = |deletion_mode| Settings {
        rules: Arc::new(SameForAll {
            deletion_mode,
            ..SameForAll::default()
        }),
        ..deleting(directory.path())
    };
    let store = filled(with(DeletionMode::FilterOnly));
    delete(&store, "web:secret", 1, 3);
    for _ in 0..5 {
        assert!(!store.maintain(TimestampNs(0)));
    }
    assert_eq!(rows(&store), left());
    assert!(!store.deletions(&TenantId::single())[0].processed);
    drop(store);
    assert_eq!(rows(&open_with(with(DeletionMode::Disabled))).len(), left().len() + 2);
    let store = open_with(with(DeletionMode::FilterAndDelete));
    process(&store);
    assert_eq!(rows(&store), left());
}

#[test]
fn a_log_that_cannot_be_removed_holds_a_request_up() {
    let directory = tempfile::tempdir().unwrap();
    let store = filled(deleting(directory.path()));
    store.flush().unwrap();
    // As if removing the log of the flushed head had failed: it would bring the lines back at the next start.
    let log = directory.path().join("wal/0000000000000000.wal");
    std::fs::write(&log, "").unwrap();
    delete(&store, "web:secret", 1, 3);
    for _ in 0..10 {
        store.maintain(TimestampNs(0));
    }
    assert!(!store.deletions(&TenantId::single())[0].processed);
    std::fs::remove_file(&log).unwrap();
    process(&store);
}

#[test]
fn a_replayed_log_brings_no_deleted_line_back() {
    let directory = tempfile::tempdir().unwrap();
    let store = filled(uncompressed(directory.path()));
    delete(&store, "web:secret", 1, 3);
    let logs: Vec<(std::path::PathBuf, Vec<u8>)> = files_in(&directory.path().join("wal"))
        .into_iter()
        .map(|name| directory.path().join("wal").join(name))
        .map(|path| (path.clone(), std::fs::read(path).unwrap()))
        .collect();
    assert!(!logs.is_empty());
    // A crash after the head was flushed and rewritten, before its log went and the request was marked.
    store.flush().unwrap();
    store.maintain(TimestampNs(0));
    drop(store);
    for (path, bytes) in &logs {
        std::fs::write(path, bytes).unwrap();
    }
    let store = open_with(uncompressed(directory.path()));
    assert_eq!(rows(&store), left());
    process(&store);
    assert_eq!(rows(&store), left());
    drop(store);
    assert_eq!(rows(&open_with(uncompressed(directory.path()))), left());
    assert!(!is_on_disk(directory.path(), "secret three"));
}

#[test]
fn a_rewrite_that_a_crash_interrupted_loses_and_doubles_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let store = filled(uncompressed(directory.path()));
    store.flush().unwrap();
    let day = directory.path().join("segments/fake/1970-01-01");
    let before: Vec<(String, Vec<u8>)> = files_in(&day)
        .into_iter()
        .map(|name| (name.clone(), std::fs::read(day.join(name)).unwrap()))
        .collect();
    delete(&store, "web:secret", 1, 3);
    // One segment is rewritten, the other not yet; the crash undoes the removal and leaves half a file.
    store.maintain(TimestampNs(0));
    drop(store);
    for (name, bytes) in &before {
        std::fs::write(day.join(name), bytes).unwrap();
    }
    std::fs::write(day.join("0000000000000077.unfinished"), "secret one").unwrap();
    let store = open_with(uncompressed(directory.path()));
    assert_eq!(rows(&store), left());
    process(&store);
    assert_eq!(rows(&store), left());
    assert!(!is_on_disk(directory.path(), "secret one"));
}

#[test]
fn a_file_that_outlived_its_merge_does_not_come_back_to_life() {
    let directory = tempfile::tempdir().unwrap();
    let store = open_with(uncompressed(directory.path()));
    for at in 0..8 {
        push(&store, "web", &[(at, "secret")]).unwrap();
        store.flush().unwrap();
    }
    let day = directory.path().join("segments/fake/1970-01-01");
    let first = day.join(&files_in(&day)[0]);
    let bytes = std::fs::read(&first).unwrap();
    store.maintain(TimestampNs(300 * longshore_model::SECOND_NS));
    assert_eq!(files_in(&day).len(), 1);
    // As if removing it after the merge had failed.
    std::fs::write(&first, bytes).unwrap();
    delete(&store, "web:", 0, 7);
    process(&store);
    assert!(!is_on_disk(directory.path(), "secret"));
    drop(store);
    assert!(rows(&open_with(uncompressed(directory.path()))).is_empty());
}

#[test]
fn a_request_for_a_rare_text_costs_other_pages_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let store = open_with(deleting(directory.path()));
    let lines = |from: i64| (from..from + 6000).map(|at| (at, format!("request {at:06} {}", "x".repeat(300))));
    store.push(&TenantId::single(), vec![stream("web", lines(0))]).unwrap();
    store.flush().unwrap();
    delete(&store, "web:request 000017 ", 0, 10_000);
    let tenant = TenantId::single();
    let request = ScanRequest {
        tenant: &tenant,
        selector: Arc::new(AllStreams),
        time: TimeRange::ALL,
        direction: Direction::Forward,
        searches: Vec::new(),
        columns: Columns {
            lines: false,
            metadata: false,
        },
        metadata_names: None,
        alike: None,
        cancellation: Cancellation::default(),
    };
    let mut scan = store.scan(request).unwrap();
    let mut count = 0;
    while let Some(batch) = scan.next_batch(TimeRange::ALL).unwrap() {
        count += batch.rows();
    }
    assert_eq!((count, scan.stats().pages_read), (5999, 1));
}

#[test]
fn requests_that_cannot_be_taken_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let store = open_with(deleting(directory.path()));
    let refused = |store: &Store, query| store.delete(&TenantId::single(), query, TimestampNs(0), TimestampNs(1));
    assert!(matches!(refused(&store, "no colon"), Err(DeleteError::Query(text)) if text == "there is no colon"));
    assert!(store.deletions(&TenantId::single()).is_empty());
    drop(store);
    let store = open(directory.path());
    assert!(matches!(refused(&store, "web:"), Err(DeleteError::NoLanguage)));
}

#[derive(Debug, Clone)]
enum Action {
    Push(Vec<(u8, u8, u8)>),
    Flush,
    Crash,
    Delete { app: u8, line: u8, from: u8, to: u8 },
    Maintain(u8),
    Process,
}

fn action() -> impl Strategy<Value = Action> {
    let row = (0_u8..3, any::<u8>(), 0_u8..4);
    prop_oneof![
        6 => proptest::collection::vec(row, 0..12).prop_map(Action::Push),
        2 => Just(Action::Flush),
        2 => Just(Action::Crash),
        2 => (0_u8..4, 0_u8..4, any::<u8>(), any::<u8>())
            .prop_map(|(app, line, from, to)| Action::Delete { app, line, from, to }),
        3 => (1_u8..4).prop_map(Action::Maintain),
        1 => Just(Action::Process),
    ]
}

fn moment(number: u8) -> i64 {
    i64::from(number) * (DAY_NS / 100)
}

const LINES: [&str; 4] = ["", "a", "ab", "something longer"];
/// Texts that requests look for; an empty one means whole streams.
const TEXTS: [&str; 4] = ["", "a", "b", "thing"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn what_matches_is_never_shown_and_all_else_is_there_once(actions in proptest::collection::vec(action(), 1..30)) {
        let directory = tempfile::tempdir().unwrap();
        let settings = Settings { head_bytes_max: 3000, ..deleting(directory.path()) };
        let mut store = open_with(settings.clone());
        // Rows that no request has taken, and the requests that are not processed yet.
        let mut model: BTreeSet<(String, i64, String)> = BTreeSet::new();
        let mut pending: Vec<(String, String, i64, i64)> = Vec::new();
        let matches = |(app, text, from, to): &(String, String, i64, i64), row: &(String, i64, String)| {
            (app.is_empty() || *app == row.0) && *from <= row.1 && row.1 <= *to && row.2.contains(text.as_str())
        };
        for action in actions {
            match action {
                Action::Push(rows) => {
                    let streams = rows.iter().map(|&(app, at, text)| {
                        stream(&format!("app-{app}"), [(moment(at), LINES[text as usize].to_owned())])
                    });
                    store.push(&TenantId::single(), streams.collect()).unwrap();
                    let rows = rows.iter().map(|&(app, at, text)| {
                        row(&format!("app-{app}"), moment(at), LINES[text as usize])
                    });
                    model.extend(rows.filter(|row| !pending.iter().any(|request| matches(request, row))));
                }
                Action::Flush => store.flush().unwrap(),
                Action::Crash => {
                    drop(store);
                    store = open_with(settings.clone());
                }
                Action::Delete { app, line, from, to } => {
                    let app = if app == 3 { String::new() } else { format!("app-{app}") };
                    let text = TEXTS[line as usize].to_owned();
                    let request = (app, text, moment(from.min(to)), moment(from.max(to)));
                    delete(&store, &format!("{}:{}", request.0, request.1), request.2, request.3);
                    model.retain(|row| !matches(&request, row));
                    pending.push(request);
                }
                Action::Maintain(rounds) => {
                    for _ in 0..rounds {
                        store.maintain(TimestampNs(0));
                    }
                    if store.deletions(&TenantId::single()).iter().all(|deletion| deletion.processed) {
                        pending.clear();
                    }
                }
                Action::Process => {
                    process(&store);
                    pending.clear();
                }
            }
            prop_assert_eq!(rows(&store), model.iter().cloned().collect::<Vec<_>>());
        }
    }
}
