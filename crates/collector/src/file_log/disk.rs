//! The real file system.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use longshore_model::{SECOND_NS, TimestampNs};
use longshore_wire::container::{PodFacts, Rotation, facts_from_path, rotation_of_name};

use super::files::{Discovered, FileHandle, FileId, Files, Stat};
use super::glob::Globs;
use crate::limits::LINKS_MAX;

/// Files below the globs.
#[derive(Debug)]
pub(crate) struct DiskFiles {
    globs: Globs,
    /// Folders of which changes are of interest, as of the last discovery.
    folders: BTreeSet<PathBuf>,
}

impl DiskFiles {
    pub(crate) fn new(globs: Globs) -> Self {
        Self {
            globs,
            folders: BTreeSet::new(),
        }
    }

    pub(crate) fn folders(&self) -> &BTreeSet<PathBuf> {
        &self.folders
    }
}

impl FileHandle for File {
    fn stat(&self) -> io::Result<Stat> {
        self.metadata().map(|metadata| stat_of(&metadata))
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        FileExt::read_at(self, buffer, offset)
    }
}

fn stat_of(metadata: &fs::Metadata) -> Stat {
    Stat {
        id: FileId {
            device: metadata.dev(),
            inode: metadata.ino(),
        },
        size: metadata.size(),
        modified: TimestampNs(
            metadata
                .mtime()
                .saturating_mul(SECOND_NS)
                .saturating_add(metadata.mtime_nsec()),
        ),
    }
}

impl Files for DiskFiles {
    type Handle = File;

    fn discover(&mut self) -> Vec<Discovered> {
        let walk = self.globs.walk();
        let found: Vec<Discovered> = walk
            .paths
            .into_iter()
            .map(|path| Discovered {
                target: fs::canonicalize(&path),
                facts: facts(&path),
                path,
            })
            .collect();
        self.folders = walk.folders;
        let targets = found.iter().filter_map(|found| found.target.as_ref().ok()?.parent());
        self.folders.extend(targets.map(Path::to_owned));
        found
    }

    fn open(&mut self, path: &Path) -> io::Result<File> {
        File::open(path)
    }

    fn stat(&mut self, path: &Path) -> io::Result<Stat> {
        fs::metadata(path).map(|metadata| stat_of(&metadata))
    }

    fn siblings(&mut self, target: &Path) -> io::Result<Vec<(PathBuf, Rotation)>> {
        let (Some(folder), Some(live)) = (target.parent(), target.file_name().and_then(|name| name.to_str())) else {
            return Ok(Vec::new());
        };
        let names = fs::read_dir(folder)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let rotated = names.filter_map(|name| {
            let (base, rotation) = rotation_of_name(&name)?;
            (base == live).then(|| (folder.join(&name), rotation))
        });
        Ok(rotated.filter(|(path, _)| !self.globs.is_excluded(path)).collect())
    }
}

/// What the path, or the first link on the way to the file, tells about the container. A pod's folder tells more than
/// the flat name in `/var/log/containers`, which in turn holds the container's id.
fn facts(path: &Path) -> Option<PodFacts> {
    let mut best: Option<PodFacts> = None;
    let mut path = path.to_owned();
    for _ in 0..LINKS_MAX {
        if let Some(mut facts) = path.to_str().and_then(facts_from_path) {
            if let Some(flat) = best.take() {
                facts.container_id = facts.container_id.or(flat.container_id);
            }
            if facts.uid.is_some() {
                return Some(facts);
            }
            best = Some(facts);
        }
        let Ok(next) = fs::read_link(&path) else { break };
        path = path.parent().unwrap_or(Path::new("/")).join(next);
    }
    best
}
