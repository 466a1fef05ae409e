//! How far reading is behind writing.

use std::time::Duration;

use super::super::chain::{Chain, Moment, Phase};
use super::super::files::{FileHandle, Files};
use super::Tailer;

/// What is not read yet in files that nobody writes to any more: the kubelet will delete them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lag {
    /// Rotated files with unread lines.
    pub files: usize,
    /// Bytes in them, as they are on disk.
    pub bytes: u64,
    /// Age of the last line that was read before them, of the container that is furthest behind.
    pub age: Duration,
}

impl<F: Files> Tailer<F> {
    /// What rotated files hold that was not read yet.
    pub fn lag(&self, now: Moment) -> Lag {
        self.chains.values().fold(Lag::default(), |mut lag, chain| {
            let (files, bytes) = unread_rotated(chain);
            lag.files += files;
            lag.bytes += bytes;
            let last = chain.files.iter().map(|file| file.position.clock.last.0).max();
            if let Some(last) = last.filter(|last| files > 0 && *last > 0) {
                let age = u64::try_from(now.wall.0.saturating_sub(last)).unwrap_or(0);
                lag.age = lag.age.max(Duration::from_nanos(age));
            }
            lag
        })
    }

    /// Files that are open, and bytes that were not read yet in them and in those that wait for their turn.
    pub fn open_and_unread(&self) -> (usize, u64) {
        let files = self.chains.values().flat_map(|chain| chain.files.iter());
        files.fold((0, 0), |(open, unread), file| {
            let size = file.stat().ok().flatten().map_or(0, |stat| stat.size);
            let more = size.saturating_sub(file.position.offset);
            (open + usize::from(file.source.is_some()), unread + more)
        })
    }
}

fn unread_rotated<H: FileHandle>(chain: &Chain<H>) -> (usize, u64) {
    let rotated = chain.files.iter().filter(|file| file.rotation.is_some());
    let reading = rotated.filter(|file| file.phase == Phase::Reading);
    let unread = reading.filter_map(|file| {
        let size = file.stat().ok()??.size;
        // Of an archive the size says nothing about how much of it is left.
        let bytes = if file.rotation.is_some_and(|rotation| rotation.is_compressed) {
            size
        } else {
            size.saturating_sub(file.position.offset)
        };
        (bytes > 0).then_some(bytes)
    });
    unread.fold((0, 0), |(files, bytes), more| (files + 1, bytes + more))
}
