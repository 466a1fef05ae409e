//! Pushes, flushes, merges and scans at the same time: still each row once.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use longshore_model::{Direction, Labels, StreamSelector, TenantId, TimeRange, TimestampNs};

use super::support::*;
use crate::{Settings, Store};

const ROWS: i64 = 1200;

#[test]
fn overlapping_pushes_during_flushes_store_each_row_once() {
    let directory = tempfile::tempdir().unwrap();
    // A head holds a fraction of the rows, so flushes run all the time.
    let store = open_with(Settings {
        head_bytes_max: 20_000,
        ..Settings::new(directory.path())
    });
    let running = AtomicBool::new(true);
    let line = |at: i64| format!("row {at} {}", "x".repeat((at % 90) as usize));
    let accepted: usize = std::thread::scope(|scope| {
        let pusher = |backwards: bool| {
            let store = &store;
            move || {
                let mut accepted = 0;
                let batches = (0..ROWS / 10).map(|batch| if backwards { ROWS / 10 - 1 - batch } else { batch });
                for batch in batches {
                    let rows = (batch * 10..batch * 10 + 10).map(|at| (at, line(at)));
                    accepted += store
                        .push(&TenantId::single(), vec![stream("web", rows)])
                        .unwrap()
                        .accepted_lines;
                }
                accepted
            }
        };
        // Three of the four push each row; they meet in head, frozen head and segments.
        let pushers: Vec<_> = [false, false, true, false]
            .into_iter()
            .map(|backwards| scope.spawn(pusher(backwards)))
            .collect();
        scope.spawn(|| {
            while running.load(Ordering::Relaxed) {
                let found = scan(
                    &store,
                    &TenantId::single(),
                    TimeRange::ALL,
                    Direction::Backward,
                    Vec::new(),
                );
                let distinct: BTreeSet<_> = found.iter().collect();
                assert_eq!(distinct.len(), found.len(), "a scan saw a row twice");
            }
        });
        scope.spawn(|| {
            while running.load(Ordering::Relaxed) {
                store.maintain(TimestampNs(i64::MAX));
            }
        });
        let accepted = pushers.into_iter().map(|pusher| pusher.join().unwrap()).sum();
        running.store(false, Ordering::Relaxed);
        accepted
    });
    assert_eq!(accepted, ROWS as usize);
    let expected: Vec<_> = (0..ROWS).map(|at| ("web".to_owned(), at, line(at))).collect();
    assert_eq!(rows(&store), expected);
    store.close().unwrap();
    drop(store);
    assert_eq!(rows(&open(directory.path())), expected);
}

/// Needs the store while it looks at a stream.
struct Pushing(Arc<Store>);

impl StreamSelector for Pushing {
    fn matches(&self, _: &Labels) -> bool {
        let store = Arc::clone(&self.0);
        let (tell, pushed) = mpsc::channel();
        std::thread::spawn(move || tell.send(push(&store, "other", &[(1, "one")]).is_ok()));
        pushed.recv_timeout(Duration::from_secs(20)).unwrap()
    }
}

#[test]
fn pushes_go_on_while_a_selector_looks_at_streams() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    push(&store, "web", &[(1, "one")]).unwrap();
    let (tenant, selector) = (TenantId::single(), Pushing(Arc::clone(&store)));
    assert_eq!(store.streams(&tenant, &selector, TimeRange::ALL), [labels("web")]);
    assert_eq!(volumes(&store, &selector, TimeRange::ALL).len(), 2);
}
