//! The kernel's notices about folders (inotify).
//!
//! Folders are watched, not files: a rename or a new file is seen, and one watch serves all files of a folder. The
//! notices only make things faster; the slow rescan finds what they miss.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;

use inotify::{EventMask, Inotify, WatchDescriptor, WatchMask};

use crate::limits::WATCHES_MAX;

/// Room for the events of one read; the kernel gives whole events only.
const EVENT_BUFFER_BYTES: usize = 16 * 1024;

/// Something happened to a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) path: PathBuf,
    /// It was written to; otherwise it was created, renamed or deleted.
    pub(crate) is_write: bool,
}

/// Watches folders.
#[derive(Debug)]
pub(crate) struct Watcher {
    inotify: Inotify,
    folders: HashMap<WatchDescriptor, PathBuf>,
    watched: BTreeSet<PathBuf>,
    is_incomplete: bool,
}

impl Watcher {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            inotify: Inotify::init()?,
            folders: HashMap::new(),
            watched: BTreeSet::new(),
            is_incomplete: false,
        })
    }

    /// Whether some folder could not be watched.
    pub(crate) fn is_incomplete(&self) -> bool {
        self.is_incomplete
    }

    /// Watches these folders. `true` when there are new ones: something may have happened in them before.
    pub(crate) fn watch(&mut self, folders: &BTreeSet<PathBuf>) -> bool {
        let mask = WatchMask::CREATE
            | WatchMask::MODIFY
            | WatchMask::MOVED_FROM
            | WatchMask::MOVED_TO
            | WatchMask::DELETE
            | WatchMask::ONLYDIR;
        let mut has_new = false;
        self.is_incomplete = false;
        for folder in folders {
            if self.watched.contains(folder) {
                continue;
            }
            let added = match self.watched.len() < WATCHES_MAX {
                true => self.inotify.watches().add(folder, mask),
                false => Err(io::ErrorKind::StorageFull.into()),
            };
            match added {
                Ok(descriptor) => {
                    has_new = true;
                    self.folders.insert(descriptor, folder.clone());
                    self.watched.insert(folder.clone());
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    tracing::debug!(folder = %folder.display(), %error, "cannot watch folder, polling instead");
                    self.is_incomplete = true;
                }
            }
        }
        has_new
    }

    /// Calls back for what happened since the last time; `None` when notices were lost.
    pub(crate) fn notices(&mut self, mut each: impl FnMut(Option<Notice>)) -> io::Result<()> {
        let mut buffer = [0; EVENT_BUFFER_BYTES];
        loop {
            let events = match self.inotify.read_events(&mut buffer) {
                Ok(events) => events,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            for event in events {
                if event.mask.contains(EventMask::Q_OVERFLOW) {
                    each(None);
                } else if event.mask.contains(EventMask::IGNORED) {
                    if let Some(folder) = self.folders.remove(&event.wd) {
                        self.watched.remove(&folder);
                    }
                } else if let (Some(folder), Some(name)) = (self.folders.get(&event.wd), event.name) {
                    let is_write = event.mask.contains(EventMask::MODIFY);
                    each(Some(Notice {
                        path: folder.join(name),
                        is_write,
                    }));
                }
            }
        }
    }
}

impl AsFd for Watcher {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}
