//! The write-ahead log: group commit of records into one file a head generation.
//!
//! Pushes append to a buffer in memory; one committer thread writes and fsyncs whatever has gathered and then wakes
//! every push that it covers, so one fsync serves many pushes. The format is `docs/format/wal.md`.
//!
//! Invariant: positions count bytes of records ever appended; `wait(position)` returns `Ok` only after an fsync
//! that followed the write of everything before `position`.
//! Invariant: a failed fsync, or a failed write other than for want of space, poisons the log for good.
//! Invariant: a file is complete and fsynced before the next generation's file is made.

mod committer;
pub(crate) mod file;
pub(crate) mod record;
pub(crate) mod replay;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::errors::PushError;
use crate::events::Events;
use crate::limits::{PUSH_WAIT_MAX, WAL_BUFFER_BYTES_MAX};
use file::LogFiles;

/// The log as pushes see it.
pub(crate) struct Wal {
    shared: Arc<Shared>,
    committer: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    state: Mutex<State>,
    /// The committer waits here for work.
    work: Condvar,
    /// Pushes wait here for room, for durability, or for bad news.
    progress: Condvar,
}

#[derive(Default)]
struct State {
    /// Records not yet taken by the committer, by generation, oldest first.
    pending: VecDeque<Chunk>,
    pending_bytes: usize,
    /// A buffer that was written out, kept for the next chunk.
    spare: Vec<u8>,
    appended: u64,
    synced: u64,
    failure: Option<Arc<io::Error>>,
    disk_full: Option<Arc<io::Error>>,
    closing: bool,
}

/// Records for one file.
struct Chunk {
    generation: u64,
    bytes: Vec<u8>,
}

/// A panic while the lock was held leaves counters and buffers that were whole before each step, so it is usable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn ready(&self) -> Result<(), PushError> {
        if let Some(cause) = &self.failure {
            return Err(PushError::Poisoned(Arc::clone(cause)));
        }
        if let Some(cause) = &self.disk_full {
            return Err(PushError::DiskFull(Arc::clone(cause)));
        }
        if self.closing { Err(PushError::Closed) } else { Ok(()) }
    }
}

impl Wal {
    /// Starts the committer; files are made as generations appear.
    pub(crate) fn start(files: Box<dyn LogFiles>, events: Arc<Events>) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            work: Condvar::new(),
            progress: Condvar::new(),
        });
        let for_thread = Arc::clone(&shared);
        let committer = std::thread::Builder::new()
            .name("wal-committer".to_owned())
            .spawn(move || committer::run(&for_thread, files, &events))?;
        Ok(Self {
            shared,
            committer: Mutex::new(Some(committer)),
        })
    }

    /// Waits until the buffer has room; fails at once when the log cannot accept anything.
    pub(crate) fn wait_for_room(&self) -> Result<(), PushError> {
        let deadline = Deadline::after(PUSH_WAIT_MAX);
        let mut state = lock(&self.shared.state);
        loop {
            state.ready()?;
            if state.pending_bytes < WAL_BUFFER_BYTES_MAX {
                return Ok(());
            }
            let left = deadline.left().ok_or(PushError::Overloaded)?;
            state = wait(&self.shared.progress, state, left);
        }
    }

    /// Appends one record, encoded by `encode` into the buffer, and returns the position after it.
    pub(crate) fn append(&self, generation: u64, encode: impl FnOnce(&mut Vec<u8>)) -> u64 {
        let mut state = lock(&self.shared.state);
        if state.pending.back().is_none_or(|chunk| chunk.generation != generation) {
            let bytes = std::mem::take(&mut state.spare);
            state.pending.push_back(Chunk { generation, bytes });
        }
        let chunk = state
            .pending
            .back_mut()
            .expect("one was pushed just above if there was none");
        let before = chunk.bytes.len();
        record::frame(&mut chunk.bytes, encode);
        let added = chunk.bytes.len() - before;
        state.pending_bytes += added;
        state.appended += added as u64;
        let position = state.appended;
        drop(state);
        self.shared.work.notify_one();
        position
    }

    /// The position after everything appended so far.
    pub(crate) fn position(&self) -> u64 {
        lock(&self.shared.state).appended
    }

    /// Waits until everything before `position` is durable.
    pub(crate) fn wait(&self, position: u64) -> Result<(), PushError> {
        let mut state = lock(&self.shared.state);
        loop {
            if state.synced >= position {
                return Ok(());
            }
            if let Some(cause) = &state.failure {
                return Err(PushError::Poisoned(Arc::clone(cause)));
            }
            if let Some(cause) = &state.disk_full {
                return Err(PushError::DiskFull(Arc::clone(cause)));
            }
            state = self.shared.progress.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Why nothing can be appended now, if so.
    pub(crate) fn check(&self) -> Result<(), PushError> {
        lock(&self.shared.state).ready()
    }

    /// Writes what is pending, as far as that is possible, and ends the committer.
    pub(crate) fn stop(&self) {
        lock(&self.shared.state).closing = true;
        self.shared.work.notify_one();
        self.shared.progress.notify_all();
        if let Some(thread) = lock(&self.committer).take() {
            // A committer that panicked has been reported by the panic hook; there is nothing left to end.
            let _ended = thread.join();
        }
    }
}

impl Drop for Wal {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A point in monotonic time; only for bounded waits, never for data.
pub(crate) struct Deadline(Instant);

impl Deadline {
    pub(crate) fn after(duration: Duration) -> Self {
        Self(Instant::now() + duration)
    }

    /// What is left, `None` when it has passed.
    pub(crate) fn left(&self) -> Option<Duration> {
        self.0
            .checked_duration_since(Instant::now())
            .filter(|left| !left.is_zero())
    }
}

/// A bounded condition wait; callers loop, so why it returned does not matter.
pub(crate) fn wait<'a, T>(condition: &Condvar, guard: MutexGuard<'a, T>, left: Duration) -> MutexGuard<'a, T> {
    condition
        .wait_timeout(guard, left)
        .unwrap_or_else(PoisonError::into_inner)
        .0
}
