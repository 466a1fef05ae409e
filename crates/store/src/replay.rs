//! Bringing the write-ahead log back into the head at the start.
//!
//! Invariant: entries go the same way as pushed ones, so those that are in a segment already are dropped.
//! Invariant: memory stays bounded: a head that is full is flushed before more is read.

use std::path::{Path, PathBuf};

use longshore_model::{StreamEntries, TenantId};

use crate::compare;
use crate::errors::{FlushError, OpenError};
use crate::head::ReplayedFile;
use crate::limits::REPLAY_BATCH_BYTES;
use crate::store::{Inner, lock};
use crate::wal::file::generation_of;
use crate::wal::record::size_bound;
use crate::wal::replay::Replay;

/// Files of the log, oldest first.
pub(crate) fn files(directory: &Path) -> Result<Vec<(u64, PathBuf)>, OpenError> {
    let error = |source| OpenError::Io {
        action: "read",
        path: directory.to_owned(),
        source,
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(error)? {
        let path = entry.map_err(error)?.path();
        if let Some(generation) = generation_of(&path) {
            files.push((generation, path));
        }
    }
    files.sort();
    Ok(files)
}

/// Records of one tenant that are inserted together.
#[derive(Default)]
struct Gathered {
    tenant: Option<TenantId>,
    streams: Vec<StreamEntries>,
    bytes: usize,
}

impl Inner {
    /// Reads all files into the head, flushing on the way when it is full.
    pub(crate) fn replay(&self, files: &[(u64, PathBuf)]) -> Result<(), OpenError> {
        for (index, (_, path)) in files.iter().enumerate() {
            let mut replay = Replay::open(path, index + 1 == files.len())?;
            let mut gathered = Gathered::default();
            let mut new_lines = 0;
            while let Some((tenant, streams)) = replay.next()? {
                if gathered.bytes > REPLAY_BATCH_BYTES || gathered.tenant.as_ref() != Some(&tenant) {
                    new_lines += self.replay_gathered(std::mem::take(&mut gathered))?;
                }
                gathered.bytes += size_bound(&streams);
                gathered.streams.extend(streams);
                gathered.tenant = Some(tenant);
            }
            new_lines += self.replay_gathered(gathered)?;
            self.events.replayed(path, replay.length(), new_lines);
            if replay.torn_bytes() > 0 {
                self.events.wal_torn(path, replay.torn_bytes());
            }
            for damage in replay.damaged() {
                self.events.wal_damaged(path, damage.start, damage.end);
            }
            let file = ReplayedFile {
                path: path.clone(),
                damaged: !replay.damaged().is_empty(),
            };
            lock(&self.state).active.replayed_files.push(file);
        }
        // Files of which nothing is new have served; without an entry no flush would ever remove them.
        let nothing_new = lock(&self.state).active.is_empty();
        if nothing_new {
            let files = std::mem::take(&mut lock(&self.state).active.replayed_files);
            files.iter().for_each(|file| self.remove_log(file));
        }
        Ok(())
    }

    /// Returns the number of lines that were new.
    fn replay_gathered(&self, gathered: Gathered) -> Result<usize, OpenError> {
        let Some(tenant) = gathered.tenant else { return Ok(0) };
        let hashes = self.hash(&gathered.streams);
        let mut state = lock(&self.state);
        let stored = compare::find(&state.catalogue, &tenant, &gathered.streams)
            .map_err(|error| OpenError::Flush(FlushError::from(error)))?;
        self.events.compared(&stored);
        let (_, outcome) = self.insert(&mut state, &tenant, gathered.streams, &hashes, &stored);
        if self.is_full(&state) {
            self.freeze(&mut state);
            drop(state);
            self.flush_frozen().map_err(OpenError::Flush)?;
        }
        Ok(outcome.accepted_lines)
    }
}
