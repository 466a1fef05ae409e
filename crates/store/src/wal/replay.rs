//! Reading a file of the log after a crash.
//!
//! Invariant: no acknowledged record is dropped in silence. A bad region that ends the newest file is the torn
//! tail of a write that was never acknowledged: it is cut off. Any other bad region is damage: it is reported with
//! path and offset, reading goes on at the next good record, and the file is kept under another name.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use longshore_model::{StreamEntries, TenantId};

use super::file::{HEADER_BYTES, MAGIC, VERSION};
use super::record::{FRAME_BYTES, MARKER, decode, read_frame};
use crate::errors::OpenError;

/// Bytes looked at in one go when searching for the next good record.
const SEARCH_WINDOW_BYTES: usize = 64 << 10;

/// Reads records of one file in order.
pub(crate) struct Replay {
    path: PathBuf,
    file: File,
    length: u64,
    offset: u64,
    newest: bool,
    damaged: Vec<Damage>,
    torn_bytes: u64,
}

/// A bad region of a file, half-open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Damage {
    pub(crate) start: u64,
    pub(crate) end: u64,
}

impl Replay {
    /// Opens a file; `newest` says that no later generation exists, so its end may be torn.
    pub(crate) fn open(path: &Path, newest: bool) -> Result<Self, OpenError> {
        let error = |source| OpenError::Io {
            action: "read",
            path: path.to_owned(),
            source,
        };
        let file = OpenOptions::new().read(true).write(true).open(path).map_err(error)?;
        let length = file.metadata().map_err(error)?.len();
        let mut replay = Self {
            path: path.to_owned(),
            file,
            length,
            offset: HEADER_BYTES,
            newest,
            damaged: Vec::new(),
            torn_bytes: 0,
        };
        let mut header = [0; HEADER_BYTES as usize];
        if length >= HEADER_BYTES {
            replay.file.read_exact_at(&mut header, 0).map_err(error)?;
        }
        let version = u32::from_le_bytes([header[8], header[9], header[10], header[11]]);
        if header[..8] == MAGIC && version > VERSION {
            return Err(OpenError::Version {
                path: path.to_owned(),
                version,
                supported: VERSION,
            });
        }
        if header[..8] != MAGIC || version == 0 {
            // The header is synced before the first record, so a bad one means an empty file or damage.
            replay.offset = 0;
        }
        Ok(replay)
    }

    /// The next record, `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<(TenantId, Vec<StreamEntries>)>, OpenError> {
        let path = self.path.clone();
        self.read_next().map_err(|source| OpenError::Io {
            action: "read",
            path,
            source,
        })
    }

    fn read_next(&mut self) -> io::Result<Option<(TenantId, Vec<StreamEntries>)>> {
        if self.offset >= self.length {
            return Ok(None);
        }
        if let Some((record, end)) = self.record_at(self.offset)? {
            self.offset = end;
            return Ok(Some(record));
        }
        let start = self.offset;
        let mut search_from = start + 1;
        while let Some(candidate) = self.find_marker(search_from)? {
            if let Some((record, end)) = self.record_at(candidate)? {
                self.damaged.push(Damage { start, end: candidate });
                self.offset = end;
                return Ok(Some(record));
            }
            search_from = candidate + 1;
        }
        if self.newest {
            self.torn_bytes = self.length - start;
            self.file.set_len(start)?;
            self.file.sync_all()?;
        } else {
            self.damaged.push(Damage {
                start,
                end: self.length,
            });
        }
        self.offset = self.length;
        Ok(None)
    }

    /// The record that begins at `offset` and where it ends, `None` when there is no good one.
    #[expect(clippy::type_complexity, reason = "a record and its end, used in this file only")]
    fn record_at(&self, offset: u64) -> io::Result<Option<((TenantId, Vec<StreamEntries>), u64)>> {
        let mut frame = [0; FRAME_BYTES];
        let payload_start = offset + FRAME_BYTES as u64;
        if payload_start > self.length {
            return Ok(None);
        }
        self.file.read_exact_at(&mut frame, offset)?;
        let Some((length, checksum)) = read_frame(&frame) else {
            return Ok(None);
        };
        let end = payload_start + length as u64;
        if end > self.length {
            return Ok(None);
        }
        let mut payload = vec![0; length];
        self.file.read_exact_at(&mut payload, payload_start)?;
        if crc32fast::hash(&payload) != checksum {
            return Ok(None);
        }
        Ok(decode(&Bytes::from(payload)).ok().map(|record| (record, end)))
    }

    /// Where the next marker at or after `from` stands.
    fn find_marker(&self, from: u64) -> io::Result<Option<u64>> {
        let mut window = vec![0; SEARCH_WINDOW_BYTES];
        let mut at = from;
        while at + (MARKER.len() as u64) <= self.length {
            let size = usize::try_from(self.length - at).map_or(window.len(), |left| left.min(window.len()));
            self.file.read_exact_at(&mut window[..size], at)?;
            if let Some(found) = memchr::memmem::find(&window[..size], &MARKER) {
                return Ok(Some(at + found as u64));
            }
            // The last bytes may be the beginning of a marker.
            at += (size - (MARKER.len() - 1)) as u64;
        }
        Ok(None)
    }

    /// Bytes of the file.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Bad regions that were skipped.
    pub(crate) fn damaged(&self) -> &[Damage] {
        &self.damaged
    }

    /// Bytes cut off the end.
    pub(crate) fn torn_bytes(&self) -> u64 {
        self.torn_bytes
    }
}
