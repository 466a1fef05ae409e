//! Who listens hears each new entry once, when it is durable.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use longshore_model::{StreamEntries, TenantId};

use super::support::*;
use crate::{EntryListener, PushError, Store};

#[derive(Default)]
struct Heard(Mutex<Vec<StreamEntries>>);

impl EntryListener for Heard {
    fn entries_stored(&self, _tenant: &TenantId, streams: &[StreamEntries]) {
        self.0.lock().unwrap().extend_from_slice(streams);
    }
}

fn listening(directory: &Path) -> (Arc<Store>, Arc<Heard>) {
    let (store, heard) = (open(directory), Arc::new(Heard::default()));
    store.set_listener(heard.clone());
    (store, heard)
}

#[test]
fn the_listener_hears_new_entries_only() {
    let directory = tempfile::tempdir().unwrap();
    let (store, heard) = listening(directory.path());
    push(&store, "web", &[(1, "one")]).unwrap();
    push(&store, "web", &[(1, "one")]).unwrap();
    push(&store, "web", &[(1, "one"), (2, "two")]).unwrap();
    let heard = heard.0.lock().unwrap();
    let lines: Vec<&[u8]> = heard
        .iter()
        .flat_map(|stream| stream.entries.iter().map(|entry| &*entry.line))
        .collect();
    assert_eq!(lines, [b"one", b"two"]);
}

#[test]
fn the_listener_hears_what_became_durable_after_the_disk_was_full() {
    let directory = tempfile::tempdir().unwrap();
    let (store, heard) = listening(directory.path());
    let log = directory.path().join("wal/0000000000000000.wal");
    std::os::unix::fs::symlink("/dev/full", &log).unwrap();
    let refused = push(&store, "web", &[(1, "one")]);
    assert!(matches!(refused, Err(PushError::DiskFull(_))), "{refused:?}");
    std::fs::remove_file(&log).unwrap();
    let begun = Instant::now();
    let outcome = loop {
        match push(&store, "web", &[(1, "one")]) {
            Ok(outcome) => break outcome,
            Err(PushError::DiskFull(_)) if begun.elapsed() < Duration::from_secs(30) => std::thread::yield_now(),
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!((outcome.accepted_lines, outcome.duplicate_lines), (0, 1));
    let heard = heard.0.lock().unwrap();
    assert_eq!((heard.len(), &*heard[0].entries[0].line), (1, &b"one"[..]));
}
