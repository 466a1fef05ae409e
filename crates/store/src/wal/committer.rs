//! The one thread that writes the log.
//!
//! Invariant: bytes that were taken from the buffer are written before anything appended later, also over a full
//! disk: the entries are in the head already, so dropping the bytes would let a retry be acknowledged unwritten.

use std::io;
use std::sync::{Arc, PoisonError};

use super::file::{LogFile, LogFiles};
use super::{Chunk, Shared, lock, wait};
use crate::events::Events;
use crate::limits::{DISK_FULL_RETRY, WAL_BUFFER_BYTES_MAX};

/// The file being written.
struct Current {
    generation: u64,
    file: Box<dyn LogFile>,
    /// Length up to which the file holds whole records.
    good_bytes: u64,
}

enum Trouble {
    /// No space; what was half written has been cut off again.
    DiskFull(io::Error),
    /// State on disk unknown.
    Fatal(io::Error),
}

/// Runs until the log is closed and drained, or poisoned.
pub(super) fn run(shared: &Shared, mut files: Box<dyn LogFiles>, events: &Events) {
    let mut current: Option<Current> = None;
    loop {
        let Some((mut chunks, position)) = take(shared) else {
            return;
        };
        let written = loop {
            match commit(&mut chunks, &mut current, files.as_mut(), events) {
                Ok(buffer) => break buffer,
                Err(Trouble::DiskFull(error)) => {
                    if !wait_for_space(shared, error, events) {
                        return;
                    }
                }
                Err(Trouble::Fatal(error)) => return poison(shared, error, events),
            }
        };
        let mut state = lock(&shared.state);
        if state.disk_full.take().is_some() {
            events.disk_has_space();
        }
        state.synced = position;
        if state.spare.capacity() == 0 && written.capacity() <= WAL_BUFFER_BYTES_MAX {
            state.spare = written;
        }
        drop(state);
        shared.progress.notify_all();
    }
}

/// Waits for records; `None` when the log is closed and there are none.
fn take(shared: &Shared) -> Option<(Vec<Chunk>, u64)> {
    let mut state = lock(&shared.state);
    while state.pending.is_empty() {
        if state.closing {
            return None;
        }
        state = shared.work.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
    let chunks = state.pending.drain(..).collect();
    state.pending_bytes = 0;
    let position = state.appended;
    drop(state);
    shared.progress.notify_all();
    Some((chunks, position))
}

/// Writes and fsyncs the chunks in order, removing each from the list once it is durable; returns the last one's
/// buffer, empty.
fn commit(
    chunks: &mut Vec<Chunk>,
    current: &mut Option<Current>,
    files: &mut dyn LogFiles,
    events: &Events,
) -> Result<Vec<u8>, Trouble> {
    let mut written = Vec::new();
    while let Some(chunk) = chunks.first() {
        let open = match current.take().filter(|open| open.generation == chunk.generation) {
            Some(open) => current.insert(open),
            None => {
                let (file, good_bytes) = files.create(chunk.generation).map_err(classify)?;
                current.insert(Current {
                    generation: chunk.generation,
                    file,
                    good_bytes,
                })
            }
        };
        if let Err(error) = open.file.append(&chunk.bytes) {
            // The torn part must go before more is written after it.
            open.file.truncate(open.good_bytes).map_err(Trouble::Fatal)?;
            return Err(classify(error));
        }
        // A failed fsync may have dropped dirty pages, so it is never tried again.
        open.file.sync().map_err(Trouble::Fatal)?;
        open.good_bytes += chunk.bytes.len() as u64;
        events.wal_synced(chunk.bytes.len());
        written = chunks.remove(0).bytes;
    }
    written.clear();
    Ok(written)
}

fn classify(error: io::Error) -> Trouble {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Trouble::DiskFull(error),
        _ => Trouble::Fatal(error),
    }
}

/// Tells the pushes, then waits a while. Returns whether to try again.
fn wait_for_space(shared: &Shared, error: io::Error, events: &Events) -> bool {
    let mut state = lock(&shared.state);
    if state.closing {
        return false;
    }
    if state.disk_full.is_none() {
        events.disk_is_full(&error);
        state.disk_full = Some(Arc::new(error));
    }
    shared.progress.notify_all();
    let state = wait(&shared.work, state, DISK_FULL_RETRY);
    drop(state);
    true
}

fn poison(shared: &Shared, error: io::Error, events: &Events) {
    events.poisoned(&error);
    let mut state = lock(&shared.state);
    state.failure = Some(Arc::new(error));
    state.pending.clear();
    state.pending_bytes = 0;
    drop(state);
    shared.progress.notify_all();
}
