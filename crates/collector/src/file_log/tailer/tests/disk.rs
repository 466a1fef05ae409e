//! A disk in memory: paths lead to inodes, inodes live as long as a path or an open file does, and their numbers are
//! used again after that.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, Weak};

use flate2::write::GzEncoder;
use longshore_model::TimestampNs;
use longshore_wire::container::{Rotation, facts_from_path, rotation_of_name};

use crate::file_log::files::{Discovered, FileHandle, FileId, Files, Stat};

#[derive(Debug, Clone)]
pub(crate) struct Inode {
    number: u64,
    data: Arc<Mutex<Data>>,
}

#[derive(Debug)]
struct Data {
    bytes: Vec<u8>,
    modified: TimestampNs,
}

/// The disk's clock: no two changes are at the same time.
fn tick() -> TimestampNs {
    static CLOCK: AtomicI64 = AtomicI64::new(1);
    TimestampNs(CLOCK.fetch_add(1, Ordering::Relaxed))
}

impl Inode {
    pub(crate) fn append(&self, bytes: &[u8]) {
        let mut data = self.data.lock().unwrap();
        data.bytes.extend_from_slice(bytes);
        data.modified = tick();
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Disk(Arc<Mutex<Content>>);

#[derive(Debug, Default)]
struct Content {
    paths: BTreeMap<PathBuf, Inode>,
    dangling: BTreeSet<PathBuf>,
    numbers: Vec<Weak<Mutex<Data>>>,
}

impl Content {
    fn create(&mut self, path: &str) -> Inode {
        let data = Arc::new(Mutex::new(Data {
            bytes: Vec::new(),
            modified: tick(),
        }));
        let free = self.numbers.iter().position(|used| used.strong_count() == 0);
        let number = free.unwrap_or(self.numbers.len());
        match free {
            Some(index) => self.numbers[index] = Arc::downgrade(&data),
            None => self.numbers.push(Arc::downgrade(&data)),
        }
        let inode = Inode {
            number: number as u64 + 1,
            data,
        };
        self.paths.insert(PathBuf::from(path), inode.clone());
        inode
    }
}

impl Disk {
    pub(crate) fn files(&self) -> MemoryFiles {
        MemoryFiles(self.clone())
    }

    /// Appends to what the path leads to, making it when there is nothing.
    pub(crate) fn append(&self, path: &str, text: &str) {
        let mut content = self.0.lock().unwrap();
        let known = content.paths.get(Path::new(path)).cloned();
        known.unwrap_or_else(|| content.create(path)).append(text.as_bytes());
    }

    pub(crate) fn create(&self, path: &str) -> Inode {
        self.0.lock().unwrap().create(path)
    }

    /// Renames, and gives what a program that has the file open writes to.
    pub(crate) fn rename(&self, from: &str, to: &str) -> Inode {
        let mut content = self.0.lock().unwrap();
        let inode = content.paths.remove(Path::new(from)).expect("a file to rename");
        content.paths.insert(PathBuf::from(to), inode.clone());
        inode
    }

    pub(crate) fn remove(&self, path: &str) {
        self.0
            .lock()
            .unwrap()
            .paths
            .remove(Path::new(path))
            .expect("a file to remove");
    }

    pub(crate) fn compress(&self, path: &str) {
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&self.content(path)).unwrap();
        let compressed = self.create(&format!("{path}.gz"));
        compressed.append(&encoder.finish().unwrap());
        self.remove(path);
    }

    pub(crate) fn copy(&self, from: &str, to: &str) {
        let content = self.content(from);
        self.create(to).append(&content);
    }

    pub(crate) fn truncate(&self, path: &str) {
        self.change(path, |data| {
            data.bytes.clear();
            data.modified = tick();
        });
    }

    /// Says when a file was last written to.
    pub(crate) fn touch(&self, path: &str, modified: TimestampNs) {
        self.change(path, |data| data.modified = modified);
    }

    fn change(&self, path: &str, how: impl FnOnce(&mut Data)) {
        how(&mut self.0.lock().unwrap().paths[Path::new(path)].data.lock().unwrap());
    }

    pub(crate) fn dangle(&self, path: &str) {
        self.0.lock().unwrap().dangling.insert(PathBuf::from(path));
    }

    pub(crate) fn inode(&self, path: &str) -> u64 {
        self.0.lock().unwrap().paths[Path::new(path)].number
    }

    fn content(&self, path: &str) -> Vec<u8> {
        self.0.lock().unwrap().paths[Path::new(path)]
            .data
            .lock()
            .unwrap()
            .bytes
            .clone()
    }
}

#[derive(Debug)]
pub(crate) struct MemoryFiles(Disk);

impl FileHandle for Inode {
    fn stat(&self) -> io::Result<Stat> {
        let data = self.data.lock().unwrap();
        Ok(Stat {
            id: FileId {
                device: 1,
                inode: self.number,
            },
            size: data.bytes.len() as u64,
            modified: data.modified,
        })
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let data = self.data.lock().unwrap();
        let rest = data.bytes.get(offset as usize..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }
}

impl Files for MemoryFiles {
    type Handle = Inode;

    fn discover(&mut self) -> Vec<Discovered> {
        let content = self.0.0.lock().unwrap();
        let is_live = |path: &&PathBuf| rotation_of_name(path.file_name().unwrap().to_str().unwrap()).is_none();
        let found = content.paths.keys().filter(is_live).map(|path| Discovered {
            path: path.clone(),
            target: Ok(path.clone()),
            facts: facts_from_path(path.to_str().unwrap()),
        });
        let dangling = content.dangling.iter().map(|path| Discovered {
            path: path.clone(),
            target: Err(io::ErrorKind::NotFound.into()),
            facts: None,
        });
        found.chain(dangling).collect()
    }

    fn open(&mut self, path: &Path) -> io::Result<Inode> {
        let content = self.0.0.lock().unwrap();
        content
            .paths
            .get(path)
            .cloned()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn stat(&mut self, path: &Path) -> io::Result<Stat> {
        self.open(path)?.stat()
    }

    fn siblings(&mut self, target: &Path) -> io::Result<Vec<(PathBuf, Rotation)>> {
        let content = self.0.0.lock().unwrap();
        let in_folder = content.paths.keys().filter(|path| path.parent() == target.parent());
        let rotated = in_folder.filter_map(|path| {
            let (base, rotation) = rotation_of_name(path.file_name()?.to_str()?)?;
            (target.file_name()?.to_str()? == base).then(|| (path.clone(), rotation))
        });
        Ok(rotated.collect())
    }
}
