//! Lines that were deleted are gone from the disk, all others are there once, also when the store is killed in between.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use longshore_model::{SECOND_NS, TimeRange, TimestampNs};
use longshore_tests::clock::{now, wait_until};
use longshore_tests::halves::{Half, Halves, Via};
use longshore_tests::http::{Client, escape};
use serde_json::json;

use crate::program;

const SEGMENTS: usize = 12;
const LINES_PER_SEGMENT: usize = 4_000;
/// Every so many-th line is to go.
const SECRET_EVERY: usize = 4;
/// The store looks for something to do every 15 s; a debug build on a busy machine takes its time.
const PROCESSED_WITHIN: Duration = Duration::from_secs(120);
const DELETE: &str = "/loki/api/v1/delete";

/// A store whose segments are not compressed, so that their bytes can be searched, and whose requests cannot be taken
/// back.
fn halves(folder: &Path) -> Halves {
    let halves = Halves::new(program(), folder, Via::Loki).unwrap();
    let path = folder.join("store.yaml");
    let text = fs::read_to_string(&path).unwrap();
    let text = text.replace("chunk_encoding: zstd", "chunk_encoding: none");
    let compactor = "compactor: {retention_enabled: true, delete_request_store: filesystem, \
                     delete_request_cancel_period: 0s}\n";
    fs::write(path, text + compactor).unwrap();
    halves
}

fn text_of(number: usize) -> String {
    let kind = if number.is_multiple_of(SECRET_EVERY) {
        "secret"
    } else {
        "kept"
    };
    format!("{kind}-{number:06} {}", "payload ".repeat(20))
}

/// One segment a round.
fn fill(client: &mut Client, start: i64) {
    for segment in 0..SEGMENTS {
        let numbers = segment * LINES_PER_SEGMENT..(segment + 1) * LINES_PER_SEGMENT;
        let values: Vec<_> = numbers
            .map(|number| json!([(start + number as i64).to_string(), text_of(number)]))
            .collect();
        let body = json!({"streams": [{"stream": {"app": "web"}, "values": values}]}).to_string();
        let headers = [("Content-Type", "application/json")];
        let pushed = client.post("/loki/api/v1/push", &headers, body.as_bytes()).unwrap();
        assert_eq!(pushed.status, 204, "{}", pushed.text());
        assert_eq!(client.post("/flush", &[], &[]).unwrap().status, 204);
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let found = entries.flatten().map(|entry| entry.path());
    found
        .flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] })
        .collect()
}

fn is_on_disk(folder: &Path, text: &str) -> bool {
    let contains = |bytes: Vec<u8>| memchr::memmem::find(&bytes, text.as_bytes()).is_some();
    files_below(folder)
        .iter()
        .any(|path| fs::read(path).is_ok_and(contains))
}

/// Every line that is shown, in order.
fn shown(halves: &Halves, start: i64) -> Vec<String> {
    let range = TimeRange {
        start: TimestampNs(start),
        end: TimestampNs(start + SECOND_NS),
    };
    let mut lines = Vec::new();
    let read = halves
        .loki()
        .each_line("{app=\"web\"}", range, |line| lines.push(line.line.clone()));
    read.unwrap_or_else(|error| panic!("{error}\n{}", halves.last_words()));
    lines.sort();
    lines
}

#[test]
fn deleted_lines_are_gone_from_disk_and_a_kill_in_between_loses_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let mut halves = halves(folder.path());
    halves.start_ready(Half::Store).unwrap();
    let start = (now().0 / SECOND_NS - 100) * SECOND_NS;
    let mut client = Client::new(halves.address);
    fill(&mut client, start);
    let segments = halves.data().join("segments");
    let before = files_below(&segments);
    assert!(before.len() >= SEGMENTS, "{before:?}");
    assert!(is_on_disk(&segments, "secret-000000"));

    let (from, to) = (start / SECOND_NS - 10, start / SECOND_NS + 10);
    let query = escape("{app=\"web\"} |= \"secret-\"");
    let asked = client
        .post(&format!("{DELETE}?query={query}&start={from}&end={to}"), &[], &[])
        .unwrap();
    assert_eq!(asked.status, 204, "{}", asked.text());
    let mut expected: Vec<String> = (0..SEGMENTS * LINES_PER_SEGMENT).map(text_of).collect();
    expected.retain(|line| line.starts_with("kept"));
    assert_eq!(shown(&halves, start).len(), expected.len());

    // The first segment that was replaced: the store is in the middle of its work.
    let begun = || before.iter().any(|path| !path.is_file()).then_some(());
    assert!(wait_until(PROCESSED_WITHIN, begun).is_some(), "{}", halves.last_words());
    halves.kill(Half::Store).unwrap();
    halves.start_ready(Half::Store).unwrap();
    assert_eq!(shown(&halves, start), expected, "{}", halves.last_words());

    let processed = || {
        let list = client.get(DELETE).ok()?.text();
        list.contains("\"status\":\"processed\"").then_some(())
    };
    assert!(
        wait_until(PROCESSED_WITHIN, processed).is_some(),
        "{}",
        halves.last_words()
    );
    assert!(!is_on_disk(&segments, "secret-"), "{}", halves.last_words());
    assert!(
        !is_on_disk(&halves.data().join("wal"), "secret-"),
        "{}",
        halves.last_words()
    );
    assert_eq!(shown(&halves, start), expected);
    halves.kill(Half::Store).unwrap();
    halves.start_ready(Half::Store).unwrap();
    assert_eq!(shown(&halves, start), expected);
}
