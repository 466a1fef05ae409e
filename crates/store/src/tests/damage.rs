//! One file or page that cannot be read or removed must not stop the others.

use std::fs;
use std::path::{Path, PathBuf};

use longshore_model::{SECOND_NS, TimestampNs};

use super::support::{delete, deleting, files_in, open_with, push, rows};
use crate::{ChunkEncoding, Settings};

/// Lines lie in the file as they are.
fn readable(directory: &Path) -> Settings {
    Settings {
        chunk_encoding: ChunkEncoding::None,
        ..deleting(directory)
    }
}

fn day_of(directory: &Path) -> PathBuf {
    directory.join("segments/fake/1970-01-01")
}

/// Changes the line so that its page's checksum is wrong.
fn damage(path: &Path, line: &str) {
    let mut bytes = fs::read(path).unwrap();
    let at = bytes.windows(line.len()).position(|window| window == line.as_bytes());
    bytes[at.unwrap()] ^= 0x20;
    // In place: the store has the file open.
    fs::write(path, bytes).unwrap();
}

/// Nothing can be removed where a folder is.
fn put_folder(path: &Path) {
    fs::remove_file(path).unwrap();
    fs::create_dir(path).unwrap();
}

#[test]
fn a_damaged_page_stops_neither_pushes_nor_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let store = open_with(readable(directory.path()));
    push(&store, "web", &[(1, "first"), (9, "ninth")]).unwrap();
    store.flush().unwrap();
    damage(&day_of(directory.path()).join("0000000000000001.parquet"), "ninth");
    // It may be there already, but nobody can tell any more.
    let outcome = push(&store, "web", &[(9, "ninth"), (3, "third")]).unwrap();
    assert_eq!((outcome.accepted_lines, outcome.duplicate_lines), (2, 0));
    let outcome = push(&store, "web", &[(9, "ninth"), (4, "fourth")]).unwrap();
    assert_eq!((outcome.accepted_lines, outcome.duplicate_lines), (1, 1));
    drop(store);
    let store = open_with(readable(directory.path()));
    let outcome = push(&store, "web", &[(9, "ninth"), (5, "fifth")]).unwrap();
    assert_eq!((outcome.accepted_lines, outcome.duplicate_lines), (1, 1));
}

#[test]
fn a_damaged_segment_is_left_out_of_merges() {
    let directory = tempfile::tempdir().unwrap();
    let store = open_with(readable(directory.path()));
    for at in 0..10 {
        push(&store, "web", &[(at, "hello")]).unwrap();
        store.flush().unwrap();
    }
    let day = day_of(directory.path());
    damage(&day.join("0000000000000004.parquet"), "hello");
    let quiet = TimestampNs(300 * SECOND_NS);
    store.maintain(quiet);
    assert_eq!(files_in(&day).len(), 10);
    store.maintain(quiet);
    assert_eq!(files_in(&day), ["0000000000000004.parquet", "0000000000000012.parquet"]);
}

#[test]
fn nothing_is_merged_while_a_segment_that_must_go_is_there() {
    let directory = tempfile::tempdir().unwrap();
    let store = open_with(Settings::new(directory.path()));
    for at in 0..8 {
        push(&store, "web", &[(at, "hello")]).unwrap();
        store.flush().unwrap();
    }
    let day = day_of(directory.path());
    let unwanted = day.join("0000000000000099.parquet");
    fs::create_dir(&unwanted).unwrap();
    store.inner().discard(&unwanted);
    let quiet = TimestampNs(300 * SECOND_NS);
    store.maintain(quiet);
    assert_eq!(files_in(&day).len(), 9);
    fs::remove_dir(&unwanted).unwrap();
    store.maintain(quiet);
    assert_eq!(files_in(&day), ["0000000000000009.parquet"]);
    assert_eq!(rows(&store).len(), 8);
}

#[test]
fn a_segment_that_cannot_be_removed_holds_a_request_up() {
    let directory = tempfile::tempdir().unwrap();
    let store = open_with(readable(directory.path()));
    push(&store, "web", &[(1, "secret")]).unwrap();
    store.flush().unwrap();
    let file = day_of(directory.path()).join("0000000000000001.parquet");
    put_folder(&file);
    let tenant = delete(&store, "web:", 0, 7).tenant;
    let is_processed = || store.deletions(&tenant).iter().all(|deletion| deletion.processed);
    // Far enough apart that each round tries again.
    let mut round = 0;
    let mut maintain = || {
        round += 1;
        for _ in 0..3 {
            store.maintain(TimestampNs(round * 1_000 * SECOND_NS));
        }
    };
    for _ in 0..3 {
        maintain();
        assert!(!is_processed());
        assert!(rows(&store).is_empty());
    }
    fs::remove_dir(&file).unwrap();
    maintain();
    assert!(is_processed());
}

#[test]
fn files_of_others_are_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let store = open_with(Settings::new(directory.path()));
    push(&store, "web", &[(1, "hello")]).unwrap();
    store.flush().unwrap();
    drop(store);
    let day = day_of(directory.path());
    fs::write(day.join("backup.parquet"), "mine").unwrap();
    fs::create_dir(day.join("notes")).unwrap();
    let store = open_with(Settings::new(directory.path()));
    assert_eq!(rows(&store).len(), 1);
    assert_eq!(files_in(&day), ["0000000000000001.parquet", "backup.parquet", "notes"]);
}
