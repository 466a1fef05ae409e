//! Disks that fail, behind the trait that the committer writes through.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};

use super::super::Wal;
use super::super::file::{LogFile, LogFiles};
use crate::errors::PushError;
use crate::events::Events;

/// What a disk holds and how it behaves.
#[derive(Default)]
struct Disk {
    /// Bytes of each generation that were written.
    files: Mutex<BTreeMap<u64, Vec<u8>>>,
    /// Bytes that still fit.
    space: AtomicU64,
    /// Fsyncs that have read what the gate is.
    fsyncs_begun: AtomicUsize,
    fsyncs: AtomicUsize,
    fsync_fails: AtomicUsize,
    /// Met by every fsync once before it goes on, while set.
    gate: Mutex<Option<Arc<Barrier>>>,
}

struct Files(Arc<Disk>);

struct OneFile {
    disk: Arc<Disk>,
    generation: u64,
}

impl LogFiles for Files {
    fn create(&mut self, generation: u64) -> io::Result<(Box<dyn LogFile>, u64)> {
        self.0.files.lock().unwrap().insert(generation, Vec::new());
        Ok((
            Box::new(OneFile {
                disk: Arc::clone(&self.0),
                generation,
            }),
            0,
        ))
    }
}

impl LogFile for OneFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let space = self.disk.space.load(Ordering::SeqCst) as usize;
        let written = bytes.len().min(space);
        self.disk.space.fetch_sub(written as u64, Ordering::SeqCst);
        let mut files = self.disk.files.lock().unwrap();
        files
            .get_mut(&self.generation)
            .unwrap()
            .extend_from_slice(&bytes[..written]);
        if written < bytes.len() {
            Err(io::ErrorKind::StorageFull.into())
        } else {
            Ok(())
        }
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.disk
            .files
            .lock()
            .unwrap()
            .get_mut(&self.generation)
            .unwrap()
            .truncate(length as usize);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let gate = self.disk.gate.lock().unwrap().clone();
        self.disk.fsyncs_begun.fetch_add(1, Ordering::SeqCst);
        if let Some(gate) = gate {
            gate.wait();
        }
        self.disk.fsyncs.fetch_add(1, Ordering::SeqCst);
        if self.disk.fsync_fails.load(Ordering::SeqCst) > 0 {
            self.disk.fsync_fails.fetch_sub(1, Ordering::SeqCst);
            return Err(io::Error::other("the disk is gone"));
        }
        Ok(())
    }
}

fn wal_on(space: u64) -> (Wal, Arc<Disk>) {
    let disk = Arc::new(Disk {
        space: AtomicU64::new(space),
        ..Disk::default()
    });
    let wal = Wal::start(Box::new(Files(Arc::clone(&disk))), Arc::new(Events::default())).unwrap();
    (wal, disk)
}

fn append(wal: &Wal, generation: u64, text: &str) -> u64 {
    wal.append(generation, |buffer| buffer.extend_from_slice(text.as_bytes()))
}

#[test]
fn a_failed_fsync_poisons_for_good() {
    let (wal, disk) = wal_on(u64::MAX);
    disk.fsync_fails.store(1, Ordering::SeqCst);
    let position = append(&wal, 0, "lost");
    assert!(matches!(wal.wait(position), Err(PushError::Poisoned(_))));
    assert!(matches!(wal.wait_for_room(), Err(PushError::Poisoned(_))));
    let position = append(&wal, 0, "after");
    assert!(matches!(wal.wait(position), Err(PushError::Poisoned(_))));
    assert_eq!(disk.fsyncs.load(Ordering::SeqCst), 1);
}

#[test]
fn a_full_disk_refuses_and_recovers_with_every_record_whole() {
    let (wal, disk) = wal_on(100);
    wal.wait(append(&wal, 0, "first")).unwrap();
    let position = append(&wal, 0, &"x".repeat(200));
    assert!(matches!(wal.wait(position), Err(PushError::DiskFull(_))));
    assert!(matches!(wal.wait_for_room(), Err(PushError::DiskFull(_))));
    disk.space.store(u64::MAX, Ordering::SeqCst);
    // The committer tries again by itself; the condition is level-triggered, so this only polls for it.
    while wal.wait(position).is_err() {
        std::thread::yield_now();
    }
    let bytes = disk.files.lock().unwrap()[&0].clone();
    let mut expected = Vec::new();
    for text in ["first", &"x".repeat(200)] {
        super::record::frame(&mut expected, |buffer| buffer.extend_from_slice(text.as_bytes()));
    }
    assert_eq!(bytes, expected);
}

#[test]
fn pushes_that_wait_together_share_an_fsync() {
    let (wal, disk) = wal_on(u64::MAX);
    let gate = Arc::new(Barrier::new(2));
    *disk.gate.lock().unwrap() = Some(Arc::clone(&gate));
    let first = append(&wal, 0, "first");
    std::thread::scope(|scope| {
        scope.spawn(|| wal.wait(first).unwrap());
        // While the first fsync stands at the gate, others gather behind it.
        while disk.fsyncs_begun.load(Ordering::SeqCst) == 0 {
            std::thread::yield_now();
        }
        let positions: Vec<u64> = (0..20).map(|number| append(&wal, 0, &number.to_string())).collect();
        *disk.gate.lock().unwrap() = None;
        gate.wait();
        for position in positions {
            let wal = &wal;
            scope.spawn(move || wal.wait(position).unwrap());
        }
    });
    assert_eq!(disk.fsyncs.load(Ordering::SeqCst), 2);
}

#[test]
fn generations_go_to_files_of_their_own_in_order() {
    let (wal, disk) = wal_on(u64::MAX);
    append(&wal, 3, "a");
    append(&wal, 4, "b");
    wal.wait(append(&wal, 4, "c")).unwrap();
    let files = disk.files.lock().unwrap();
    assert_eq!(files.keys().copied().collect::<Vec<_>>(), [3, 4]);
    assert!(files[&4].len() > files[&3].len());
}
