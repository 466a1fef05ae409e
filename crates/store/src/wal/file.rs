//! Files of the write-ahead log: names, header, and the trait behind which tests make disks fail.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// First bytes of every file.
pub(crate) const MAGIC: [u8; 8] = *b"LSHR-WAL";
/// The version after the magic.
pub(crate) const VERSION: u32 = 1;
/// Magic and version.
pub(crate) const HEADER_BYTES: u64 = 12;

/// Makes the files of the log.
pub(crate) trait LogFiles: Send {
    /// Makes the file of a generation with its header, durable under its name; returns its length too.
    fn create(&mut self, generation: u64) -> io::Result<(Box<dyn LogFile>, u64)>;
}

/// One open file of the log.
pub(crate) trait LogFile: Send {
    /// Appends all bytes.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Cuts the file to `length` bytes and continues there.
    fn truncate(&mut self, length: u64) -> io::Result<()>;
    /// Makes everything appended durable.
    fn sync(&mut self) -> io::Result<()>;
}

/// The real files, in the folder `wal`.
pub(crate) struct Directory {
    pub(crate) path: PathBuf,
}

/// `<generation>.wal`, padded so that names sort by age.
pub(crate) fn path_of(directory: &Path, generation: u64) -> PathBuf {
    directory.join(format!("{generation:016}.wal"))
}

/// The generation in a file's name, `None` for other files.
pub(crate) fn generation_of(path: &Path) -> Option<u64> {
    if path.extension()? != "wal" {
        return None;
    }
    path.file_stem()?.to_str()?.parse().ok()
}

/// Makes names in a folder durable.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

impl LogFiles for Directory {
    fn create(&mut self, generation: u64) -> io::Result<(Box<dyn LogFile>, u64)> {
        let path = path_of(&self.path, generation);
        // A file of this generation can only be left over from an attempt that failed for want of space.
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&path)?;
        file.write_all(&MAGIC)?;
        file.write_all(&VERSION.to_le_bytes())?;
        file.sync_all()?;
        sync_directory(&self.path)?;
        Ok((Box::new(file), HEADER_BYTES))
    }
}

impl LogFile for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)?;
        self.seek(SeekFrom::Start(length)).map(|_| ())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}
