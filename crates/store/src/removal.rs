//! Taking rows out of a segment: another one without them is written, and takes its place.
//!
//! Invariant: as in a merge, the new file is durable and names what it replaces before that goes, so after a crash at
//! any moment each row that stays is in exactly one live segment.
//! Invariant: one page of one segment is in memory at a time.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use longshore_model::{ScanStats, TimestampNs};

use crate::catalogue::{day_directory, file_name};
use crate::deletion::Hidden;
use crate::errors::FlushError;
use crate::flush::ignore_missing;
use crate::merge::MergeSource;
use crate::row_set::{RowSet, kept_rows};
use crate::scan::SegmentScan;
use crate::segment::Segment;
use crate::segment::plain::Buffers;
use crate::store::{Inner, lock};
use crate::wal::file::sync_directory;

/// Why rows go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Reason {
    /// A delete request.
    Deletion,
    /// Their age.
    Retention,
}

impl Reason {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Deletion => "deletion",
            Self::Retention => "retention",
        }
    }
}

/// Lines that went, and their bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Removed {
    pub(crate) lines: u64,
    pub(crate) line_bytes: u64,
}

impl Inner {
    /// Takes the rows of the sets out of a segment of the sets' tenant. Returns the path of the segment that was written
    /// instead, if one was.
    pub(crate) fn remove_rows(
        &self,
        segment: &Arc<Segment>,
        sets: &[RowSet],
        reason: Reason,
    ) -> Result<Option<PathBuf>, FlushError> {
        if self.is_covered(segment, sets) {
            let removed = Removed {
                lines: segment.rows(),
                line_bytes: segment.line_bytes(),
            };
            self.replace(segment, None, removed, reason)?;
            return Ok(None);
        }
        if !self.holds_any(segment, sets)? {
            return Ok(None);
        }
        let directory = day_directory(&self.segments_directory(), segment.tenant(), segment.day());
        let mut replaces = vec![segment.name().to_owned()];
        replaces.extend(still_there(segment, &directory).map(|(name, _)| name.to_owned()));
        let mut state = lock(&self.state);
        state.last_segment_number += 1;
        let path = directory.join(file_name(state.last_segment_number));
        drop(state);
        let mut source = MergeSource::without(Arc::clone(segment), sets, self.stopping.clone());
        let (tenant, day) = (segment.tenant().clone(), segment.day());
        let written = self.write_segment(&directory, &path, &tenant, day, replaces, &mut source)?;
        let path = written.as_ref().map(|_| path);
        self.replace(segment, written, source.removed(), reason)?;
        Ok(path)
    }

    /// Whether the index alone says that nothing of the segment stays.
    fn is_covered(&self, segment: &Segment, sets: &[RowSet]) -> bool {
        segment.pieces().iter().all(|piece| {
            let labels = &segment.streams()[piece.stream as usize];
            let (first, last) = (TimestampNs(piece.first), TimestampNs(piece.last));
            sets.iter().any(|set| set.covers(labels, first, last))
        })
    }

    /// Whether the segment holds any row of the sets. Reads only pages that may hold one.
    fn holds_any(&self, segment: &Arc<Segment>, sets: &[RowSet]) -> Result<bool, FlushError> {
        let failed = |error| match error {
            longshore_model::ScanError::Cancelled => FlushError::Stopped,
            longshore_model::ScanError::Read { source, .. } => FlushError::Encode {
                path: segment.path().to_owned(),
                source,
            },
        };
        for set in sets {
            let request = set.scan_request(segment.tenant(), &self.stopping);
            let mut stats = ScanStats::default();
            let hidden = Hidden::default();
            let segment = Arc::clone(segment);
            let scan = SegmentScan::open(segment, &request, &hidden, request.time, &mut stats, Buffers::default());
            let mut scan = scan.map_err(failed)?;
            let mut next = || scan.next_batch(&request, request.time, &mut stats);
            while let Some(batch) = next().map_err(failed)? {
                if kept_rows([set], &batch).is_some() {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Puts a segment, or nothing, in the place of another one, and removes that one's file for good.
    fn replace(
        &self,
        old: &Arc<Segment>,
        new: Option<Segment>,
        removed: Removed,
        reason: Reason,
    ) -> Result<(), FlushError> {
        if new.is_none() {
            // Without a segment that names them these would come to life again, and so would the segment itself; scans
            // have it open.
            self.remove_replaced(old)?;
            remove(old.path())?;
            sync_parent(old.path())?;
        }
        let new_path = new.as_ref().map(|segment| segment.path().to_owned());
        let mut state = lock(&self.state);
        let is_live = state.catalogue.segments().any(|segment| Arc::ptr_eq(segment, old));
        if !is_live {
            drop(state);
            // The whole day went in the meantime.
            if let Some(path) = new_path {
                self.discard(&path);
            }
            return Ok(());
        }
        let catalogue = Arc::make_mut(&mut state.catalogue);
        catalogue.remove(&HashSet::from([old.path().to_owned()]));
        if let Some(new) = new {
            catalogue.add(new);
        }
        let catalogue = Arc::clone(&state.catalogue);
        drop(state);
        self.events.catalogue_changed(&catalogue);
        self.events.removed(old.path(), removed, reason);
        remove(old.path())?;
        sync_parent(old.path())?;
        // The folder goes with its last file; while there are others this fails, which means nothing.
        let _removed = old.path().parent().map(fs::remove_dir);
        Ok(())
    }

    /// Removes a segment with a name of its own that is not to count. Where that fails, nothing else is rewritten until
    /// it is gone: the next attempt must not name the same segments as replaced.
    pub(crate) fn discard(&self, path: &Path) {
        if let Err(error) = fs::remove_file(path).or_else(ignore_missing) {
            self.events.unlink_failed(path, &error);
            lock(&self.discarded).insert(path.to_owned());
        }
    }

    /// Removes what could not be removed when it was discarded. Returns whether all of it is gone.
    pub(crate) fn remove_discarded(&self) -> bool {
        let mut discarded = lock(&self.discarded);
        discarded.retain(|path| fs::remove_file(path).or_else(ignore_missing).is_err());
        discarded.is_empty()
    }

    /// Removes files that a segment replaces and that could not be removed when it was written.
    pub(crate) fn remove_replaced(&self, segment: &Segment) -> Result<(), FlushError> {
        let Some(directory) = segment.path().parent() else {
            return Ok(());
        };
        let dead: Vec<PathBuf> = still_there(segment, directory).map(|(_, path)| path).collect();
        if dead.is_empty() {
            return Ok(());
        }
        dead.iter().try_for_each(|path| remove(path))?;
        sync(directory)
    }
}

/// Files that a segment replaces and that are there all the same: names and paths.
pub(crate) fn still_there<'a>(
    segment: &'a Segment,
    directory: &'a Path,
) -> impl Iterator<Item = (&'a str, PathBuf)> + 'a {
    let paths = segment
        .replaces()
        .iter()
        .map(|name| (name.as_str(), directory.join(name)));
    paths.filter(|(_, path)| path.exists())
}

fn remove(path: &Path) -> Result<(), FlushError> {
    fs::remove_file(path)
        .or_else(ignore_missing)
        .map_err(|source| FlushError::Io {
            action: "remove",
            path: path.to_owned(),
            source,
        })
}

fn sync_parent(path: &Path) -> Result<(), FlushError> {
    path.parent().map_or(Ok(()), sync)
}

fn sync(directory: &Path) -> Result<(), FlushError> {
    sync_directory(directory).map_err(|source| FlushError::Io {
        action: "sync",
        path: directory.to_owned(),
        source,
    })
}
