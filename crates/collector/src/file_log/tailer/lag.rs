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

    /// Files that are open, and bytes in them that were not read yet.
    pub fn open_and_unread(&self) -> (usize, u64) {
        let open = self
            .chains
            .values()
            .flat_map(|chain| chain.files.iter())
            .filter_map(|file| {
                let stat = file.source.as_ref()?.stat().ok()?;
                Some(stat.size.saturating_sub(file.position.offset))
            });
        open.fold((0, 0), |(count, unread), more| (count + 1, unread + more))
    }
}

fn unread_rotated<H: FileHandle>(chain: &Chain<H>) -> (usize, u64) {
    let rotated = chain.files.iter().filter(|file| file.rotation.is_some());
    let reading = rotated.filter(|file| file.phase == Phase::Reading);
    let unread = reading.filter_map(|file| {
        let source = file.source.as_ref()?;
        let size = source.stat().ok()?.size;
        // Of an archive the size says nothing about how much of it is left.
        let bytes = if source.may_grow() {
            size.saturating_sub(file.position.offset)
        } else {
            size
        };
        (bytes > 0).then_some(bytes)
    });
    unread.fold((0, 0), |(files, bytes), more| (files + 1, bytes + more))
}
