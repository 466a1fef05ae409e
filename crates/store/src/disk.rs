//! The disk that data lies on: how large it is, how much of it is free, and whether it is too full to take in more.

use std::path::Path;

use crate::errors::PushError;

/// Bytes of a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Disk {
    /// Without what is kept for root, which is no room for the store: so the share that is used is what `df` says.
    pub(crate) size_bytes: u64,
    pub(crate) free_bytes: u64,
}

impl Disk {
    /// Asks the system; `None` where it does not know.
    pub(crate) fn of(directory: &Path) -> Option<Self> {
        let disk = rustix::fs::statvfs(directory).ok()?;
        let bytes = |blocks: u64| blocks.saturating_mul(disk.f_frsize);
        let reserved = disk.f_bfree.saturating_sub(disk.f_bavail);
        Some(Self {
            size_bytes: bytes(disk.f_blocks.saturating_sub(reserved)),
            free_bytes: bytes(disk.f_bavail),
        })
    }

    /// The share that is used, from 0 to 1.
    fn used(self) -> f64 {
        if self.size_bytes == 0 {
            return 0.0;
        }
        1.0 - self.free_bytes as f64 / self.size_bytes as f64
    }

    /// Refuses more when the share that is used is larger than the threshold.
    pub(crate) fn check(self, threshold: f64) -> Result<(), PushError> {
        let used = self.used();
        if used <= threshold {
            return Ok(());
        }
        Err(PushError::DiskAboveThreshold {
            used_percent: used * 100.0,
            threshold_percent: threshold * 100.0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn above_the_threshold_nothing_is_taken_in() {
        let disk = Disk {
            size_bytes: 1_000,
            free_bytes: 95,
        };
        assert!(disk.check(0.91).is_ok());
        let error = disk.check(0.9).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the disk is 90.5 % full, more than the 90.0 % of ingester.wal.disk_full_threshold; free some space or raise \
             it, pushes resume by themselves"
        );
        assert!(error.is_retryable());
        let none = Disk {
            size_bytes: 0,
            free_bytes: 0,
        };
        assert!(none.check(0.9).is_ok());
    }

    #[test]
    fn the_system_knows_the_disk_of_a_folder() {
        let directory = tempfile::tempdir().unwrap();
        let disk = Disk::of(directory.path()).unwrap();
        assert!(0 < disk.free_bytes && disk.free_bytes <= disk.size_bytes, "{disk:?}");
        assert_eq!(Disk::of(&directory.path().join("nowhere")), None);
    }
}
