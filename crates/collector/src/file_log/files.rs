//! The file system as the tailer sees it, so that tests drive the tailer without a disk.

use std::io;
use std::path::{Path, PathBuf};

use longshore_model::TimestampNs;
use longshore_wire::container::{PodFacts, Rotation};

/// What the kernel calls a file: its device and inode. Used again after the file was deleted and closed everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct FileId {
    /// The device.
    pub device: u64,
    /// The inode; 0 for no file.
    pub inode: u64,
}

/// What the kernel says about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// Which file.
    pub id: FileId,
    /// Its bytes.
    pub size: u64,
    /// When it was last written to.
    pub modified: TimestampNs,
}

/// A path that the globs matched.
#[derive(Debug)]
pub struct Discovered {
    /// The path as matched.
    pub path: PathBuf,
    /// The file behind all symbolic links, or why there is none.
    pub target: io::Result<PathBuf>,
    /// What the path, or the first link on the way that has a known form, tells about the container.
    pub facts: Option<PodFacts>,
}

/// An open file; it stays readable when its path is renamed or deleted.
pub trait FileHandle: Send {
    /// Identity and size now.
    fn stat(&self) -> io::Result<Stat>;

    /// Reads into the buffer from an offset; 0 at the end of the file. May read less than there is.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;
}

/// Everything the tailer asks of a file system.
pub trait Files {
    /// An open file.
    type Handle: FileHandle;

    /// Paths that match the globs, in order.
    fn discover(&mut self) -> Vec<Discovered>;

    /// Opens a file for reading.
    fn open(&mut self, path: &Path) -> io::Result<Self::Handle>;

    /// Identity and size of what is at a path.
    fn stat(&mut self, path: &Path) -> io::Result<Stat>;

    /// Rotated forms of the file at `target` in its folder, in any order.
    fn siblings(&mut self, target: &Path) -> io::Result<Vec<(PathBuf, Rotation)>>;
}
