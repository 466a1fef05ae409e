//! Lines of a file made into records: pieces of one output joined to the bytes the program wrote.
//!
//! Invariants:
//! * Nothing is trimmed and nothing is lost: a line that is no container line becomes a record as it is, a line over
//!   the limit becomes several.
//! * Standard output and standard error are joined apart.
//! * Records depend only on the lines, the position's clock and the limit, so reading again gives the same records.

use longshore_model::TimestampNs;
use longshore_wire::container::{ContainerDialect, ContainerLine, OutputStream, scan};

use super::chain::FileKey;
use super::fingerprint::LineClock;

/// A place between two lines of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    /// Bytes before it.
    pub offset: u64,
    /// The clock there.
    pub clock: LineClock,
    /// Whether a record of standard output, or standard error, that is acknowledged already goes on after it.
    pub continues: [bool; 2],
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The runtime's time of its first piece, or when it was read.
    pub timestamp: TimestampNs,
    /// Where the program wrote it; `None` for a line that is no container line.
    pub stream: Option<OutputStream>,
    /// What it wrote.
    pub body: String,
    /// Where its last line begins in its file.
    pub offset: u64,
}

/// How lines become records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JoinSettings {
    /// How the runtime writes lines; `None` for files that are no container logs.
    pub dialect: Option<ContainerDialect>,
    /// Bytes of the longest record.
    pub record_bytes_max: usize,
    /// Drops what is over the limit instead of making more records of it.
    pub truncates: bool,
}

/// What the joiner could not take as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JoinCounts {
    /// Records that were split for their length.
    pub split: u64,
    /// Bytes dropped because the settings say so.
    pub truncated_bytes: u64,
    /// Lines that were no container lines.
    pub unscanned: u64,
}

/// Offsets below which records of standard output, standard error, and neither were acknowledged already.
pub(crate) type Skip = [u64; 3];

/// Index of lines without an output in [`Skip`].
pub(crate) const RAW: usize = 2;

/// A record of which the last piece has not come yet.
#[derive(Debug)]
struct Pending {
    file: FileKey,
    start: Position,
    timestamp: TimestampNs,
    content: Vec<u8>,
    pieces: u32,
    /// Acknowledged before: read over.
    is_known: bool,
}

/// One line of a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    pub(crate) file: FileKey,
    pub(crate) offset: u64,
    pub(crate) bytes: &'a [u8],
    pub(crate) skip: &'a Skip,
    pub(crate) now: TimestampNs,
}

/// Joins the pieces of the lines of one container, over all its files.
#[derive(Debug)]
pub(crate) struct Joiner {
    settings: JoinSettings,
    pending: [Option<Pending>; 2],
    pub(crate) counts: JoinCounts,
}

impl Joiner {
    pub(crate) fn new(settings: JoinSettings) -> Self {
        Self {
            settings,
            pending: [None, None],
            counts: JoinCounts::default(),
        }
    }

    pub(crate) fn is_container(&self) -> bool {
        self.settings.dialect.is_some()
    }

    /// Bytes after which a line of the file is cut.
    pub(crate) fn line_bytes_max(&self) -> usize {
        match self.settings.dialect {
            Some(_) => self.settings.record_bytes_max + crate::limits::LINE_OVERHEAD_BYTES,
            None => self.settings.record_bytes_max,
        }
    }

    /// Where the unfinished record of a stream began, when it is not acknowledged.
    pub(crate) fn pending_start(&self, stream: usize) -> Option<(FileKey, Position)> {
        let pending = self.pending[stream].as_ref().filter(|pending| !pending.is_known)?;
        Some((pending.file, pending.start))
    }

    /// Which streams are inside a record that is acknowledged already.
    pub(crate) fn known_pending(&self) -> [bool; 2] {
        [0, 1].map(|stream: usize| self.pending[stream].as_ref().is_some_and(|pending| pending.is_known))
    }

    /// Begins a file in the middle of records that are acknowledged already.
    pub(crate) fn begin(&mut self, continues: [bool; 2]) {
        for (pending, continues) in self.pending.iter_mut().zip(continues) {
            if continues && pending.is_none() {
                *pending = Some(Pending {
                    file: FileKey::default(),
                    start: Position::default(),
                    timestamp: TimestampNs(0),
                    content: Vec::new(),
                    pieces: 0,
                    is_known: true,
                });
            }
        }
    }

    /// Takes the next line of a file; `clock` is the file's.
    pub(crate) fn accept(&mut self, line: Line<'_>, clock: &mut LineClock, records: &mut Vec<Record>) {
        let Some(dialect) = self.settings.dialect else {
            let timestamp = clock.observed(line.now);
            if line.offset >= line.skip[RAW] {
                self.emit(timestamp, None, line.bytes, line.offset, records);
            }
            return;
        };
        match scan(line.bytes, dialect) {
            Some(scanned) => self.accept_scanned(line, &scanned, clock, records),
            None => {
                let timestamp = clock.unstamped(line.now);
                if line.offset >= line.skip[RAW] {
                    self.counts.unscanned += 1;
                    self.emit(timestamp, None, line.bytes, line.offset, records);
                }
            }
        }
    }

    fn accept_scanned(
        &mut self,
        line: Line<'_>,
        scanned: &ContainerLine<'_>,
        clock: &mut LineClock,
        records: &mut Vec<Record>,
    ) {
        let index = scanned.stream as usize;
        // What was acknowledged ends before the place up to which it was.
        let continued = self.pending[index].take();
        let continued = continued.filter(|pending| !pending.is_known || line.offset < line.skip[index]);
        if let Some(mut pending) = continued {
            self.extend(&mut pending, scanned, line.offset, records);
            if scanned.is_partial {
                self.pending[index] = Some(pending);
            } else {
                self.finish(pending, scanned.stream, line.offset, records);
            }
            return;
        }
        let start = Position {
            offset: line.offset,
            clock: *clock,
            continues: [0, 1].map(|stream: usize| self.pending[stream].is_some()),
        };
        let timestamp = clock.stamped(scanned.timestamp);
        let is_known = line.offset < line.skip[index];
        if !scanned.is_partial {
            if !is_known {
                self.emit(timestamp, Some(scanned.stream), &scanned.content, line.offset, records);
            }
            return;
        }
        let mut pending = Pending {
            file: line.file,
            start,
            timestamp,
            content: Vec::new(),
            pieces: 0,
            is_known,
        };
        self.extend(&mut pending, scanned, line.offset, records);
        self.pending[index] = Some(pending);
    }

    fn extend(&mut self, pending: &mut Pending, line: &ContainerLine<'_>, offset: u64, records: &mut Vec<Record>) {
        if pending.is_known {
            return;
        }
        let limit = self.settings.record_bytes_max;
        pending.content.extend_from_slice(&line.content);
        if self.settings.truncates && pending.content.len() > limit {
            self.counts.truncated_bytes += (pending.content.len() - limit) as u64;
            pending.content.truncate(cut(&pending.content, limit));
        }
        while pending.content.len() > limit {
            let end = cut(&pending.content, limit);
            let rest = pending.content.split_off(end);
            let piece = std::mem::replace(&mut pending.content, rest);
            records.push(Record {
                timestamp: later(pending.timestamp, pending.pieces),
                stream: Some(line.stream),
                body: text(piece),
                offset,
            });
            self.counts.split += u64::from(pending.pieces == 0);
            pending.pieces += 1;
        }
    }

    fn finish(&mut self, pending: Pending, stream: OutputStream, offset: u64, records: &mut Vec<Record>) {
        if !pending.is_known {
            records.push(Record {
                timestamp: later(pending.timestamp, pending.pieces),
                stream: Some(stream),
                body: text(pending.content),
                offset,
            });
        }
    }

    /// Gives up waiting: what came of unfinished records becomes records.
    pub(crate) fn flush(&mut self, records: &mut Vec<Record>) {
        for stream in [OutputStream::Stdout, OutputStream::Stderr] {
            if let Some(pending) = self.pending[stream as usize].take() {
                let offset = pending.start.offset;
                self.finish(pending, stream, offset, records);
            }
        }
    }

    fn emit(
        &mut self,
        timestamp: TimestampNs,
        stream: Option<OutputStream>,
        mut content: &[u8],
        offset: u64,
        records: &mut Vec<Record>,
    ) {
        let limit = self.settings.record_bytes_max;
        let mut pieces = 0;
        while content.len() > limit {
            let (piece, rest) = content.split_at(cut(content, limit));
            let body = String::from_utf8_lossy(piece).into_owned();
            records.push(Record {
                timestamp: later(timestamp, pieces),
                stream,
                body,
                offset,
            });
            if self.settings.truncates {
                self.counts.truncated_bytes += rest.len() as u64;
                return;
            }
            self.counts.split += u64::from(pieces == 0);
            pieces += 1;
            content = rest;
        }
        let body = String::from_utf8_lossy(content).into_owned();
        records.push(Record {
            timestamp: later(timestamp, pieces),
            stream,
            body,
            offset,
        });
    }
}

/// Pieces of one line may be equal, and the store must not take the second for a repetition.
fn later(timestamp: TimestampNs, pieces: u32) -> TimestampNs {
    TimestampNs(timestamp.0.saturating_add(i64::from(pieces)))
}

/// Where to cut so that at most `limit` bytes stand before, and no UTF-8 character is cut through.
pub(crate) fn cut(content: &[u8], limit: usize) -> usize {
    let is_inside = |at: usize| content.get(at).is_some_and(|byte| byte & 0xc0 == 0x80);
    (limit.saturating_sub(3).max(1)..=limit)
        .rev()
        .find(|&at| !is_inside(at))
        .unwrap_or(limit)
}

fn text(content: Vec<u8>) -> String {
    String::from_utf8(content).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

#[cfg(test)]
mod tests;
