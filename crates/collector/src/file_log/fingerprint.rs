//! The beginning of a file as its identity, where an inode is not enough.

use std::io;

use longshore_model::TimestampNs;
use xxhash_rust::xxh3::xxh3_64;

/// Hash of a file's first bytes. Grows with the file up to a fixed length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fingerprint {
    /// Bytes that were hashed.
    pub length: usize,
    /// Their XXH3.
    pub hash: u64,
}

impl Fingerprint {
    /// The fingerprint of a file that begins with these bytes.
    pub fn of(head: &[u8]) -> Self {
        Self {
            length: head.len(),
            hash: xxh3_64(head),
        }
    }

    /// Whether a file that begins with `head` may be the one this was taken of: it is as long at least, and the bytes
    /// are the same.
    pub fn matches(&self, head: &[u8]) -> bool {
        head.get(..self.length).is_some_and(|head| xxh3_64(head) == self.hash)
    }
}

/// Fills the buffer from a reader of offsets, as far as there are bytes.
pub(crate) fn read_full(
    buffer: &mut [u8],
    mut read_at: impl FnMut(u64, &mut [u8]) -> io::Result<usize>,
    offset: u64,
) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match read_at(offset + filled as u64, &mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Gives the lines of a file distinct times.
///
/// Some runtimes stamp all lines of one read alike, and a store takes an entry with the same time and text for a
/// repetition. So a line with the time of the line before it is given a time one nanosecond later for each. It depends
/// on nothing but the lines from a position on and the clock at that position, so reading again gives the same times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LineClock {
    /// Time of an earlier line, as the runtime wrote it; 0 before the first.
    pub last: TimestampNs,
    /// How much later the last line's time is than that, in nanoseconds.
    pub repeats: u32,
}

impl LineClock {
    /// The time of a line that the runtime stamped. Grows with each line whose time does not go back.
    pub fn stamped(&mut self, written: TimestampNs) -> TimestampNs {
        if self.last <= written && written <= self.current() {
            self.repeats = self.repeats.saturating_add(1);
        } else {
            *self = Self {
                last: written,
                repeats: 0,
            };
        }
        self.current()
    }

    /// The time of a line without one among stamped lines: just after the line before it, `now` when it is the first.
    pub fn unstamped(&mut self, now: TimestampNs) -> TimestampNs {
        let last = if self.last == TimestampNs(0) { now } else { self.last };
        self.stamped(last)
    }

    /// The time of a line in a file that has none: when it was read.
    pub fn observed(&mut self, now: TimestampNs) -> TimestampNs {
        let is_later = now > self.current();
        self.stamped(if is_later { now } else { self.last })
    }

    fn current(&self) -> TimestampNs {
        TimestampNs(self.last.0.saturating_add(i64::from(self.repeats)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_growing_file_keeps_its_fingerprint() {
        let fingerprint = Fingerprint::of(b"first line\n");
        assert!(fingerprint.matches(b"first line\nsecond"));
        assert!(!fingerprint.matches(b"first line"));
        assert!(!fingerprint.matches(b"First line\nsecond"));
        assert!(Fingerprint::default().length == 0 && Fingerprint::of(b"").matches(b"anything"));
    }

    #[test]
    fn equal_times_are_told_apart_the_same_way_each_time() {
        let mut clock = LineClock::default();
        let times = [7, 7, 7, 9, 12, 7].map(|ns| clock.stamped(TimestampNs(ns)).0);
        assert_eq!(times, [7, 8, 9, 10, 12, 7]);
        let mut clock = LineClock {
            last: TimestampNs(7),
            repeats: 1,
        };
        assert_eq!(clock.stamped(TimestampNs(7)).0, 9);
        assert_eq!(clock.unstamped(TimestampNs(100)).0, 10);
        assert_eq!(clock.observed(TimestampNs(8)).0, 11);
        assert_eq!(clock.observed(TimestampNs(80)).0, 80);
    }
}
