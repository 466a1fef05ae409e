//! Taking the lines of delete requests off the disk, one segment a step.
//!
//! Invariant: a request is marked only after everything that may hold a line of it was looked at since the last change:
//! heads, files of the write-ahead log, segments, and files that are dead but still there.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use longshore_model::{ScanStats, TimestampNs};

use super::{Hidden, Request};
use crate::errors::FlushError;
use crate::limits::SWEEP_RETRY;
use crate::maintenance::nanoseconds;
use crate::removal::Reason;
use crate::row_set::{RowSet, kept_rows};
use crate::scan;
use crate::segment::Segment;
use crate::settings::DeletionMode;
use crate::store::{Inner, lock};
use crate::wal::file::{generation_of, sync_directory};

/// How far the maintenance thread is with the requests that are due.
#[derive(Default)]
pub(crate) struct Sweep {
    /// The requests it is for, by id.
    requests: Vec<String>,
    /// Segments that hold no line of them.
    clean: HashSet<PathBuf>,
    /// A segment could not be rewritten; the others were, and this one is tried again later.
    failed: bool,
    retry_at: Option<TimestampNs>,
}

impl Sweep {
    fn begin(&mut self, requests: Vec<String>) {
        *self = Self {
            requests,
            ..Self::default()
        };
    }
}

impl Inner {
    /// One step: looks at one segment, or finishes. Returns whether there is more to do at once.
    pub(crate) fn sweep_deletions(&self, now: TimestampNs) -> Result<bool, FlushError> {
        let due = self.due_requests(now);
        let mut sweep = lock(&self.sweep);
        if due.is_empty() {
            sweep.begin(Vec::new());
            return Ok(false);
        }
        if sweep.retry_at.is_some_and(|at| now < at) {
            return Ok(false);
        }
        let ids: Vec<String> = due.iter().map(|request| request.facts.id.clone()).collect();
        if sweep.requests != ids || sweep.retry_at.is_some() {
            sweep.begin(ids);
        }
        if let Some((segment, sets)) = self.next_segment(&due, &sweep.clean) {
            match self.remove_rows(&segment, &sets, Reason::Deletion) {
                Ok(rewritten) => sweep.clean.extend(rewritten),
                Err(FlushError::Stopped) => return Err(FlushError::Stopped),
                Err(error) => {
                    self.events.removal_failed(segment.path(), &error);
                    sweep.failed = true;
                }
            }
            sweep.clean.insert(segment.path().to_owned());
            return Ok(true);
        }
        if sweep.failed {
            sweep.retry_at = Some(TimestampNs(now.0.saturating_add(nanoseconds(SWEEP_RETRY))));
            return Ok(false);
        }
        self.finish_requests(&due, &sweep.clean)
    }

    /// Requests that can no longer be taken back and whose lines are to go.
    fn due_requests(&self, now: TimestampNs) -> Vec<Arc<Request>> {
        let deletions = Arc::clone(&lock(&self.state).deletions);
        let is_due = |request: &&Arc<Request>| {
            request.pending_rows().is_some()
                && self.is_final(&request.facts, now)
                && self.settings.rules.deletion_mode(&request.facts.tenant) == DeletionMode::FilterAndDelete
        };
        deletions.requests.iter().filter(is_due).cloned().collect()
    }

    /// A segment that is not known to be clean, with the sets that may have rows in it.
    fn next_segment(&self, due: &[Arc<Request>], clean: &HashSet<PathBuf>) -> Option<(Arc<Segment>, Vec<RowSet>)> {
        let catalogue = Arc::clone(&lock(&self.state).catalogue);
        catalogue.segments().find_map(|segment| {
            let sets = sets_for(due, segment);
            let is_wanted = !sets.is_empty() && !clean.contains(segment.path());
            is_wanted.then(|| (Arc::clone(segment), sets))
        })
    }

    /// Marks the requests as processed if really nothing is left. What is left in memory goes to segments first, and the
    /// next round looks at those: not at once, so that a client which pushes such lines all the time makes no storm of
    /// small segments.
    fn finish_requests(&self, due: &[Arc<Request>], clean: &HashSet<PathBuf>) -> Result<bool, FlushError> {
        self.remove_dead_segments(due)?;
        // Files of a replay go with the head that took up their lines.
        let replayed = !lock(&self.state).active.replayed_files.is_empty();
        if replayed || due.iter().any(|request| self.is_in_memory(request)) {
            self.flush()?;
            return Ok(false);
        }
        // A log file that could not be removed would bring its lines back; a flush in progress is about to remove one.
        if !self.old_logs_are_gone()? {
            return Ok(false);
        }
        // What was flushed since the segments were looked at has to be looked at too.
        if self.next_segment(due, clean).is_some() {
            return Ok(true);
        }
        for request in due {
            let id = &request.facts.id;
            if let Err(error) = self.mark_processed(id) {
                self.events.deletion_not_written(id, &error);
                return Ok(false);
            }
        }
        Ok(false)
    }

    /// Whether a head holds a row of the request.
    fn is_in_memory(&self, request: &Request) -> bool {
        let Some(rows) = request.pending_rows() else {
            return false;
        };
        let request = rows.scan_request(&request.facts.tenant, &self.stopping);
        let matching = scan::Matching::of(self, request.tenant, &request.selector);
        let blocks = scan::head_blocks(&lock(&self.state), &matching, &request);
        let mut stats = ScanStats::default();
        blocks.iter().any(|block| {
            let batch = block.read(&request, &Hidden::default(), rows.range(), &mut stats);
            batch.is_some_and(|batch| kept_rows([rows], &batch).is_some())
        })
    }

    /// Whether the log consists of the active head's file alone.
    fn old_logs_are_gone(&self) -> Result<bool, FlushError> {
        let directory = self.settings.directory.join("wal");
        let io = |action| {
            let path = directory.clone();
            move |source| FlushError::Io { action, path, source }
        };
        let active = lock(&self.state).active.generation;
        for entry in fs::read_dir(&directory).map_err(io("read"))? {
            let path = entry.map_err(io("read"))?.path();
            if generation_of(&path).is_some_and(|generation| generation < active) {
                return Ok(false);
            }
        }
        // A removal that a power failure undid would bring lines back too.
        sync_directory(&directory).map_err(io("sync"))?;
        Ok(true)
    }

    /// Removes files that live segments replace and that could not be removed when they were replaced.
    fn remove_dead_segments(&self, due: &[Arc<Request>]) -> Result<(), FlushError> {
        let catalogue = Arc::clone(&lock(&self.state).catalogue);
        for segment in catalogue.segments() {
            if due.iter().any(|request| request.facts.tenant == *segment.tenant()) {
                self.remove_replaced(segment)?;
            }
        }
        Ok(())
    }
}

/// The sets of the requests that may have rows in a segment.
fn sets_for(due: &[Arc<Request>], segment: &Segment) -> Vec<RowSet> {
    let (first, last) = segment.time_bounds();
    let of_tenant = due.iter().filter(|request| request.facts.tenant == *segment.tenant());
    let sets = of_tenant.filter_map(|request| request.pending_rows());
    sets.filter(|set| set.overlaps(first, last)).cloned().collect()
}
