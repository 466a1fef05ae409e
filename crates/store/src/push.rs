//! Accepting entries: find out which are new, put them into log and head, wait until they are durable.

use std::sync::{Arc, MutexGuard};

use longshore_model::{StreamEntries, TenantId};

use crate::compare::{self, Stored};
use crate::errors::PushError;
use crate::head::Head;
use crate::limits::{COMPARE_ATTEMPTS_MAX, PUSH_WAIT_MAX, RECORD_BYTES_MAX};
use crate::parts;
use crate::segment::SegmentError;
use crate::store::{Inner, State, lock};
use crate::wal::{Deadline, record};

/// What became of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PushOutcome {
    /// Lines that were new.
    pub accepted_lines: usize,
    /// Bytes of these lines.
    pub accepted_bytes: usize,
    /// Lines that were there already: same stream, timestamp and text, or in one push the same metadata too.
    pub duplicate_lines: usize,
}

/// Entries that a push has put into head and log.
pub(crate) struct Inserted {
    /// Place in the log behind them.
    position: u64,
    tenant: TenantId,
    streams: Vec<StreamEntries>,
    outcome: PushOutcome,
}

/// Hears of new entries once they are durable; for live tails.
pub trait EntryListener: Send + Sync {
    /// Gets the new entries of one push, of a large one in several calls. Must return quickly and must not push: it
    /// runs on the pushing thread.
    fn entries_stored(&self, tenant: &TenantId, streams: &[StreamEntries]);
}

impl Inner {
    /// Stores the entries that are new, part by part, and returns when all of them are durable.
    pub(crate) fn push(&self, tenant: &TenantId, streams: Vec<StreamEntries>) -> Result<PushOutcome, PushError> {
        let lines: usize = streams.iter().map(|stream| stream.entries.len()).sum();
        let mut outcome = PushOutcome::default();
        for part in parts::cut(streams) {
            let of_part = self.push_part(tenant, part)?;
            outcome.accepted_lines += of_part.accepted_lines;
            outcome.accepted_bytes += of_part.accepted_bytes;
            outcome.duplicate_lines += of_part.duplicate_lines;
        }
        let left_out = lines - outcome.accepted_lines - outcome.duplicate_lines;
        self.events.pushed(0, 0, left_out);
        outcome.duplicate_lines += left_out;
        Ok(outcome)
    }

    fn push_part(&self, tenant: &TenantId, streams: Vec<StreamEntries>) -> Result<PushOutcome, PushError> {
        let size_bytes = record::size_bound(&streams);
        if size_bytes > RECORD_BYTES_MAX {
            return Err(PushError::TooLarge {
                size_bytes,
                limit_bytes: RECORD_BYTES_MAX,
            });
        }
        self.check_disk()?;
        self.wal.wait_for_room()?;
        let hashes = self.hash(&streams);
        let (mut state, stored) = self.lock_compared(tenant, &streams)?;
        let (new_streams, outcome) = self.insert(&mut state, tenant, streams, &hashes, &stored);
        let position = if new_streams.is_empty() {
            // The first copies may still be on their way to the disk.
            self.wal.position()
        } else {
            let generation = state.active.generation;
            self.wal
                .append(generation, |buffer| record::encode(buffer, tenant, &new_streams))
        };
        drop(state);
        let inserted = Inserted {
            position,
            tenant: tenant.clone(),
            streams: new_streams,
            outcome,
        };
        if let Err(error) = self.wal.wait(position) {
            // They are in the log's buffer and may become durable yet. Pushed again they will be duplicates.
            lock(&self.unheard).push(inserted);
            return Err(error);
        }
        let earlier: Vec<Inserted> = lock(&self.unheard)
            .extract_if(.., |inserted| inserted.position <= position)
            .collect();
        earlier
            .iter()
            .chain([&inserted])
            .for_each(|inserted| self.tell(inserted));
        Ok(outcome)
    }

    /// Counts what has become durable, and tells who listens.
    fn tell(&self, inserted: &Inserted) {
        let PushOutcome {
            accepted_lines,
            accepted_bytes,
            duplicate_lines,
        } = inserted.outcome;
        self.events.pushed(accepted_lines, accepted_bytes, duplicate_lines);
        let listener = lock(&self.listener).clone();
        if let Some(listener) = listener.filter(|_| !inserted.streams.is_empty()) {
            listener.entries_stored(&inserted.tenant, &inserted.streams);
        }
    }

    pub(crate) fn hash(&self, streams: &[StreamEntries]) -> Vec<Vec<u32>> {
        let hash_stream = |stream: &StreamEntries| -> Vec<u32> {
            stream
                .entries
                .iter()
                .map(|entry| Head::hash(&self.hashes, entry))
                .collect()
        };
        streams.iter().map(hash_stream).collect()
    }

    /// Locks the state once the active head has room and it is known which entries the segments hold.
    ///
    /// Segments are read without the lock. A flush in the meantime moves rows from the frozen head, where they
    /// would have been found, into segments that were not looked at; then it starts anew.
    fn lock_compared(
        &self,
        tenant: &TenantId,
        streams: &[StreamEntries],
    ) -> Result<(MutexGuard<'_, State>, Stored), PushError> {
        for _ in 0..COMPARE_ATTEMPTS_MAX {
            let catalogue = Arc::clone(&lock(&self.state).catalogue);
            let stored = compare::find(&catalogue, tenant, streams).map_err(compare_error)?;
            let state = self.lock_with_room()?;
            if state.catalogue.flushes == catalogue.flushes {
                self.events.compared(&stored);
                return Ok((state, stored));
            }
        }
        let state = self.lock_with_room()?;
        let stored = compare::find(&state.catalogue, tenant, streams).map_err(compare_error)?;
        self.events.compared(&stored);
        Ok((state, stored))
    }

    /// Locks the state once the active head has room, freezing it if that is what it takes.
    fn lock_with_room(&self) -> Result<MutexGuard<'_, State>, PushError> {
        let deadline = Deadline::after(PUSH_WAIT_MAX);
        let mut state = lock(&self.state);
        loop {
            if state.closed {
                return Err(PushError::Closed);
            }
            self.wal.check()?;
            if !self.is_full(&state) {
                return Ok(state);
            }
            if state.frozen.is_none() {
                self.freeze(&mut state);
                return Ok(state);
            }
            let left = deadline.left().ok_or(PushError::Overloaded)?;
            state = crate::wal::wait(&self.room, state, left);
        }
    }

    /// Puts what is new into the active head and returns it.
    pub(crate) fn insert(
        &self,
        state: &mut State,
        tenant: &TenantId,
        streams: Vec<StreamEntries>,
        hashes: &[Vec<u32>],
        stored: &Stored,
    ) -> (Vec<StreamEntries>, PushOutcome) {
        let now = self.clock.now();
        state.active.begin_push();
        let mut outcome = PushOutcome::default();
        let mut new_streams = Vec::with_capacity(streams.len());
        let frozen = state.frozen.clone();
        for (number, (mut stream, hashes)) in streams.into_iter().zip(hashes).enumerate() {
            let frozen = frozen.as_ref().and_then(|head| head.stream(tenant, &stream.labels));
            let wanted = |index: usize| {
                let entry = &stream.entries[index];
                !stored.contains(number, index) && frozen.is_none_or(|frozen| !frozen.contains(entry, hashes[index]))
            };
            let inserted = state
                .active
                .insert(tenant, &stream.labels, &stream.entries, hashes, now, wanted);
            outcome.duplicate_lines += stream.entries.len() - inserted.len();
            if inserted.len() < stream.entries.len() {
                let mut kept = inserted.into_iter().peekable();
                let mut index = 0;
                stream.entries.retain(|_| {
                    index += 1;
                    kept.next_if_eq(&(index - 1)).is_some()
                });
            }
            if !stream.entries.is_empty() {
                outcome.accepted_lines += stream.entries.len();
                outcome.accepted_bytes += stream.entries.iter().map(|entry| entry.line.len()).sum::<usize>();
                new_streams.push(stream);
            }
        }
        self.events
            .head_grew_to(state.active.bytes + state.frozen.as_ref().map_or(0, |head| head.bytes));
        (new_streams, outcome)
    }

    /// Whether the active head must be flushed before more goes into it.
    pub(crate) fn is_full(&self, state: &State) -> bool {
        // Until a flush has shown how well this store's lines compress, the usual ratio of logs is assumed.
        let stream_bytes_max = self.settings.chunk_target_size_bytes as f64 * state.compression_ratio;
        state.active.bytes >= self.settings.head_bytes_max
            || state.active.largest_stream_bytes as f64 >= stream_bytes_max
    }

    /// Makes the active head the frozen one and wakes the flusher. There must be no frozen head.
    pub(crate) fn freeze(&self, state: &mut State) {
        assert!(
            state.frozen.is_none(),
            "a head is frozen only after the one before was flushed"
        );
        let next = Head::new(state.active.generation + 1, state.active.hashes().clone());
        let mut head = std::mem::replace(&mut state.active, next);
        state.last_segment_number += 1;
        head.segment_number = state.last_segment_number;
        head.log_position = self.wal.position();
        state.frozen = Some(Arc::new(head));
        self.flush_wanted.notify_all();
    }
}

fn compare_error(error: SegmentError) -> PushError {
    PushError::Compare {
        what: "an older segment".to_owned(),
        source: Arc::new(error),
    }
}
