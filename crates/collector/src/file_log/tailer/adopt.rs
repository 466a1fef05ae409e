//! Finds the place of files that were known before: saved ones at the start, and those that moved to another path.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use longshore_wire::container::rotation_of_name;

use super::super::chain::{Chain, FileKey, Phase, Tracked};
use super::super::checkpoint::SavedFile;
use super::super::files::{FileHandle, FileId, Files};
use super::super::fingerprint::{Fingerprint, read_full};
use super::super::joiner::Position;
use super::{FileInfo, Tailer};

impl<F: Files> Tailer<F> {
    /// Files that were saved and whose path is gone may still have rotated siblings that hold unread lines.
    pub(super) fn meet_saved(&mut self) {
        let targets: HashSet<PathBuf> = self.saved.iter().map(|saved| saved.target()).collect();
        for target in targets {
            let facts = target.to_str().and_then(longshore_wire::container::facts_from_path);
            self.add_chain(FileInfo {
                path: target.clone(),
                target,
                facts,
            });
        }
    }

    /// A new path may lead to a file that is known by another path. The inode alone does not tell: the inode of a file
    /// that was compressed and deleted is soon another container's, and taking the wrong file's progress away would
    /// have that file read again.
    pub(super) fn adopt_moved(&mut self, chain: &mut Chain<F::Handle>, number: u32) {
        let Ok(stat) = self.files.stat(&chain.target) else {
            return;
        };
        let is_here = chain.files.iter().any(|file| file.id == stat.id);
        let is_elsewhere = self.saved.iter().any(|saved| saved.id == stat.id)
            || self
                .chains
                .values()
                .any(|other| other.files.iter().any(|file| file.id == stat.id));
        if is_here || !is_elsewhere {
            return;
        }
        let Some(head) = self.head_of(&chain.target) else {
            return;
        };
        let is_same = |id: FileId, fingerprint: Fingerprint| {
            id == stat.id && fingerprint.length > 0 && fingerprint.matches(&head)
        };
        if let Some(index) = self.saved.iter().position(|saved| is_same(saved.id, saved.fingerprint)) {
            let is_elsewhere = self
                .files
                .stat(&self.saved[index].path)
                .is_ok_and(|other| other.id == stat.id);
            if !is_elsewhere {
                let key = chain.new_key(number);
                let mut file = restored(key, self.saved.remove(index));
                file.rotation = None;
                chain.files.push(file);
            }
            return;
        }
        for other in self.chains.values_mut() {
            let Some(index) = other.files.iter().position(|file| is_same(file.id, file.fingerprint)) else {
                continue;
            };
            if self.files.stat(&other.target).is_ok_and(|live| live.id == stat.id) {
                continue;
            }
            let mut file = other.files.remove(index);
            file.rotation = None;
            file.path = chain.target.clone();
            other.is_changed = true;
            chain.files.push(file);
            return;
        }
    }

    /// The first bytes of a plain file, as many as a fingerprint has.
    fn head_of(&mut self, path: &Path) -> Option<Vec<u8>> {
        let handle = self.files.open(path).ok()?;
        let mut head = vec![0; self.settings.fingerprint_bytes];
        let count = read_full(&mut head, |at, part| handle.read_at(at, part), 0).ok()?;
        head.truncate(count);
        Some(head)
    }
}

/// A saved file, not opened yet.
pub(super) fn restored<H: FileHandle>(key: FileKey, saved: SavedFile) -> Tracked<H> {
    let position = Position {
        offset: saved.progress.resume_offset(),
        clock: saved.progress.clock,
        continues: saved.progress.continues,
    };
    let name = saved.path.file_name().and_then(|name| name.to_str());
    Tracked {
        key,
        id: saved.id,
        fingerprint: saved.fingerprint,
        rotation: name.and_then(rotation_of_name).map(|(_, rotation)| rotation),
        path: saved.path,
        source: None,
        aside: None,
        missing_since: None,
        position,
        start: position,
        skip: saved.progress.offsets,
        reported: saved.progress,
        committed: saved.progress,
        phase: if saved.is_drained {
            Phase::Drained
        } else {
            Phase::Reading
        },
        end_seen: None,
    }
}
