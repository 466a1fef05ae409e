//! The store's own threads: one that flushes, one that watches ages.

use std::io;
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use longshore_model::TimestampNs;

use crate::errors::FlushError;
use crate::limits::{FLUSH_RETRY, MAINTENANCE_INTERVAL};
use crate::store::{Inner, State, lock};

/// Starts both threads; they end when `State::stopping` is set and both conditions are notified.
pub(crate) fn start(inner: &Arc<Inner>) -> io::Result<Vec<JoinHandle<()>>> {
    let spawn = |name: &str, run: fn(&Inner)| {
        let inner = Arc::clone(inner);
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || run(&inner))
    };
    Ok(vec![
        spawn("store-flush", flush_loop)?,
        spawn("store-maintenance", maintenance_loop)?,
    ])
}

fn flush_loop(inner: &Inner) {
    loop {
        let mut state = lock(&inner.state);
        while state.frozen.is_none() && !state.stopping {
            state = inner.flush_wanted.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.stopping {
            return;
        }
        drop(state);
        if inner.flush_frozen().is_err() {
            // It was reported where it happened; the disk may be full for a while.
            let state = lock(&inner.state);
            if state.stopping {
                return;
            }
            drop(crate::wal::wait(&inner.flush_wanted, state, FLUSH_RETRY));
        }
    }
}

fn maintenance_loop(inner: &Inner) {
    let mut more_to_do = false;
    loop {
        let mut state = lock(&inner.state);
        if !more_to_do && !state.stopping {
            state = crate::wal::wait(&inner.maintenance_wanted, state, MAINTENANCE_INTERVAL);
        }
        if state.stopping {
            return;
        }
        drop(state);
        more_to_do = inner.maintain(inner.clock.now());
    }
}

impl Inner {
    /// One look at what time has made due: flushing the head, unlinking days, rewriting or merging segments. Returns
    /// whether there is more to do at once.
    ///
    /// One segment or merge a round, so that long work on many never keeps the head from being looked at.
    pub(crate) fn maintain(&self, now: TimestampNs) -> bool {
        let mut state = lock(&self.state);
        if state.frozen.is_none() && self.is_due(&state, now) {
            self.freeze(&mut state);
        }
        drop(state);
        self.apply_retention(now);
        if !self.remove_discarded() {
            return false;
        }
        match self
            .sweep_deletions(now)
            .and_then(|more| Ok(more || self.retain_streams(now)?))
        {
            Ok(true) => return true,
            Ok(false) => {}
            Err(FlushError::Stopped) => return false,
            Err(error) => self.events.sweep_failed(&error),
        }
        match self.merge(now) {
            Ok(_) | Err(FlushError::Stopped) => {}
            Err(error) => self.events.merge_failed(&error),
        }
        false
    }

    fn is_due(&self, state: &State, now: TimestampNs) -> bool {
        let older_than = |since: Option<TimestampNs>, age: Duration| {
            since.is_some_and(|since| now.0.saturating_sub(since.0) >= nanoseconds(age))
        };
        older_than(state.active.began, self.settings.max_chunk_age)
            || older_than(state.active.oldest_last_insert(), self.settings.chunk_idle_period)
    }
}

pub(crate) fn nanoseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}
