//! Merging the small segments of a day into larger ones.
//!
//! A quiet store flushes by age, a little each time; many small files cost every query. Merging waits until the
//! store has not written for a while, so that it does not compete with ingest, unless too many files have piled up.
//!
//! Invariant: the merged file is durable and names what it replaces before any of those goes, so after a crash at
//! any moment each row is in exactly one live segment.

mod source;

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use longshore_model::TimestampNs;

use crate::catalogue::{day_directory, file_name};
use crate::errors::FlushError;
use crate::limits::{
    MERGE_BACKLOG_SEGMENTS, MERGE_QUIET, MERGE_SEGMENTS_MAX, MERGE_SEGMENTS_MIN, MERGED_LINE_BYTES_MAX,
};
use crate::maintenance::nanoseconds;
use crate::removal::still_there;
use crate::segment::Segment;
use crate::store::{Inner, State, lock};
pub(crate) use source::MergeSource;

impl Inner {
    /// Merges once, if there is something to merge at `now`; returns whether it did.
    pub(crate) fn merge(&self, now: TimestampNs) -> Result<bool, FlushError> {
        let mut state = lock(&self.state);
        let quiet = now.0.saturating_sub(state.last_flush.0) >= nanoseconds(MERGE_QUIET);
        let waiting_min = if quiet {
            MERGE_SEGMENTS_MIN
        } else {
            MERGE_BACKLOG_SEGMENTS
        };
        let Some(segments) = choose(&state, waiting_min) else {
            return Ok(false);
        };
        state.last_segment_number += 1;
        let number = state.last_segment_number;
        drop(state);
        let merged = self.merge_segments(&segments, number);
        if let Err(FlushError::Encode { path, .. }) = &merged
            && segments.iter().any(|segment| segment.path() == path)
        {
            // The others are merged without it.
            lock(&self.state).unmergeable.insert(path.clone());
        }
        merged.map(|()| true)
    }

    fn merge_segments(&self, segments: &[Arc<Segment>], number: u64) -> Result<(), FlushError> {
        let Some(first) = segments.first() else { return Ok(()) };
        let (tenant, day) = (first.tenant().clone(), first.day());
        let directory = day_directory(&self.segments_directory(), &tenant, day);
        // What a segment replaced may still be there if it could not be unlinked, and must stay dead.
        let dead = segments.iter().flat_map(|segment| still_there(segment, &directory));
        let mut replaces: Vec<String> = dead.map(|(name, _)| name.to_owned()).collect();
        replaces.extend(segments.iter().map(|segment| segment.name().to_owned()));
        let path = directory.join(file_name(number));
        let mut source = MergeSource::new(segments, self.stopping.clone());
        let Some(merged) = self.write_segment(&directory, &path, &tenant, day, replaces, &mut source)? else {
            return Ok(());
        };
        let file_bytes = merged.file_bytes();
        let paths: HashSet<PathBuf> = segments.iter().map(|segment| segment.path().to_owned()).collect();
        let mut state = lock(&self.state);
        let live = state
            .catalogue
            .segments()
            .filter(|segment| paths.contains(segment.path()))
            .count();
        if live != segments.len() {
            drop(state);
            // Retention took some of them in the meantime; the day is over, and so is this merge.
            self.discard(&path);
            return Ok(());
        }
        let catalogue = Arc::make_mut(&mut state.catalogue);
        catalogue.remove(&paths);
        catalogue.add(merged);
        let catalogue = Arc::clone(&state.catalogue);
        drop(state);
        self.events.merged(segments.len(), file_bytes);
        self.events.catalogue_changed(&catalogue);
        for path in &paths {
            if let Err(error) = fs::remove_file(path) {
                self.events.unlink_failed(path, &error);
            }
        }
        Ok(())
    }
}

/// Segments of one tenant and day that are worth merging: the smallest ones, as long as the result is not too large.
/// Days with fewer than `waiting_min` small segments are left alone.
fn choose(state: &State, waiting_min: usize) -> Option<Vec<Arc<Segment>>> {
    let tenants = state.catalogue.tenants();
    for segments in tenants.flat_map(|tenant| tenant.days.values()) {
        let segments = segments
            .iter()
            .filter(|segment| !state.unmergeable.contains(segment.path()));
        let mut smallest: Vec<&Arc<Segment>> = segments.collect();
        let is_small = |segment: &&&Arc<Segment>| segment.line_bytes() < MERGED_LINE_BYTES_MAX / 2;
        if smallest.iter().filter(is_small).count() < waiting_min {
            continue;
        }
        smallest.sort_by_key(|segment| segment.line_bytes());
        let mut line_bytes = 0;
        let mut chosen: Vec<Arc<Segment>> = smallest
            .into_iter()
            .take(MERGE_SEGMENTS_MAX)
            .take_while(|segment| {
                line_bytes += segment.line_bytes();
                line_bytes <= MERGED_LINE_BYTES_MAX
            })
            .cloned()
            .collect();
        if chosen.len() >= MERGE_SEGMENTS_MIN {
            // Lines of one moment stay in the order in which they came.
            chosen.sort_by_key(|segment| segment.first_number());
            return Some(chosen);
        }
    }
    None
}
