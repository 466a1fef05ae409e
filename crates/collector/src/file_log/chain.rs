//! The files of one container in order of age, and the turn in which the oldest unread one is read.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use longshore_model::TimestampNs;
use longshore_wire::container::Rotation;

use super::files::{FileHandle, FileId, Stat};
use super::fingerprint::{Fingerprint, read_full};
use super::joiner::{Joiner, Line, Position, RAW, Record, Skip};
use super::source::Source;
use super::tailer::{FileInfo, Progress, Waiting};
use crate::limits::{LINGER, READ_QUANTUM_BYTES};

/// Now, by two clocks: the wall's for records, a steady one for waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moment {
    /// Time of day.
    pub wall: TimestampNs,
    /// Time since some fixed moment.
    pub steady: Duration,
}

/// Names one content of one file as long as the tailer lives; a truncated file gets a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct FileKey {
    /// The files it belongs to.
    pub(crate) chain: u32,
    /// Which of them.
    pub(crate) file: u32,
}

/// How far along a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// To be read, now or after older ones.
    Reading,
    /// Read to its end, and the next one has begun; late writes are still taken.
    Lingering { until: Duration },
    /// Read to its end for good.
    Drained,
}

/// One content of one file.
#[derive(Debug)]
pub(crate) struct Tracked<H> {
    pub(crate) key: FileKey,
    pub(crate) id: FileId,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) path: PathBuf,
    /// Its place among rotated files; `None` for the live one.
    pub(crate) rotation: Option<Rotation>,
    pub(crate) source: Option<Source<H>>,
    /// It is not open, because others need the room.
    pub(crate) aside: Option<Aside>,
    /// Since when no path leads to it.
    pub(crate) missing_since: Option<Duration>,
    /// Where reading goes on.
    pub(crate) position: Position,
    /// Where reading began in this process.
    pub(crate) start: Position,
    pub(crate) skip: Skip,
    pub(crate) reported: Progress,
    pub(crate) committed: Progress,
    pub(crate) phase: Phase,
    /// The end was reached: at which size, and when first.
    pub(crate) end_seen: Option<(u64, Duration)>,
}

/// A file that was closed although it is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Aside {
    /// The file as it was when it was closed. With any other, what is at its path may be another file of the same inode.
    pub(crate) stat: Stat,
    /// There is something to read in it; otherwise it rests until it changes.
    pub(crate) is_wanted: bool,
}

impl<H> Tracked<H> {
    /// Everything was read and acknowledged.
    pub(crate) fn is_done(&self) -> bool {
        self.phase == Phase::Drained && self.committed.resume_offset() >= self.position.offset
    }

    pub(crate) fn close(&mut self) {
        self.phase = Phase::Drained;
        self.source = None;
        self.aside = None;
    }

    /// The end was seen where reading stands, so that nothing is known to be unread.
    pub(crate) fn is_at_end(&self) -> bool {
        self.end_seen.is_some_and(|(size, _)| size == self.position.offset)
            && self.aside.is_none_or(|aside| !aside.is_wanted)
    }

    /// It was closed with bytes behind the end that was seen last. Without them it has no turn before the next look:
    /// files that wait for time to pass would be opened and closed for each other without end.
    pub(crate) fn has_grown_aside(&self) -> bool {
        let is_end = |stat: Stat| self.end_seen.is_some_and(|(size, _)| size == stat.size);
        self.aside.is_some_and(|aside| aside.is_wanted && !is_end(aside.stat))
    }
}

impl<H: FileHandle> Tracked<H> {
    /// Identity and size, of a file that is not open as they were; `None` where nothing is known.
    pub(crate) fn stat(&self) -> io::Result<Option<Stat>> {
        match &self.source {
            Some(source) => source.stat().map(Some),
            None => Ok(self.aside.map(|aside| aside.stat)),
        }
    }
}

/// What one turn did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Something was read; there may be more.
    Read,
    /// Nothing to read until something changes.
    Idle,
    /// The folder must be looked at first: the file was truncated, replaced or lost.
    Examine,
}

/// What a turn may use.
#[derive(Debug)]
pub(crate) struct TurnLimits {
    pub(crate) records_max: usize,
    pub(crate) fingerprint_bytes: usize,
    /// When an unfinished last line of a file that is no container log counts as a line.
    pub(crate) flush_period: Option<Duration>,
}

/// All files that one path has had, oldest first.
#[derive(Debug)]
pub(crate) struct Chain<H> {
    pub(crate) target: PathBuf,
    pub(crate) info: Arc<FileInfo>,
    pub(crate) files: Vec<Tracked<H>>,
    pub(crate) joiner: Joiner,
    pub(crate) next_file: u32,
    /// In the queue of files to read.
    pub(crate) is_queued: bool,
    /// The folder must be looked at.
    pub(crate) is_changed: bool,
    /// Since when no path leads to a live file.
    pub(crate) gone_since: Option<Duration>,
    pub(crate) waiting: Waiting,
}

impl<H: FileHandle> Chain<H> {
    /// Reads one quantum of the oldest unread file, and what came late to files before it.
    pub(crate) fn turn(
        &mut self,
        now: Moment,
        limits: &TurnLimits,
        buffer: &mut Vec<u8>,
        records: &mut Vec<Record>,
    ) -> io::Result<Turn> {
        let mut index = 0;
        while index < self.files.len() {
            let turn = match self.files[index].phase {
                Phase::Drained => Turn::Idle,
                Phase::Lingering { until } => self.linger(index, until, now, limits, buffer, records)?,
                Phase::Reading if self.files[index].aside.is_some() => return Ok(Turn::Idle),
                Phase::Reading => {
                    let turn = self.read(index, now, limits, buffer, records)?;
                    let is_finished = turn == Turn::Read && self.is_exhausted(index);
                    if (turn == Turn::Idle || is_finished) && !self.at_end(index, now, limits, buffer, records)? {
                        return Ok(Turn::Idle);
                    }
                    turn
                }
            };
            if turn != Turn::Idle {
                return Ok(turn);
            }
            index += 1;
        }
        Ok(Turn::Idle)
    }

    fn linger(
        &mut self,
        index: usize,
        until: Duration,
        now: Moment,
        limits: &TurnLimits,
        buffer: &mut Vec<u8>,
        records: &mut Vec<Record>,
    ) -> io::Result<Turn> {
        let turn = self.read(index, now, limits, buffer, records)?;
        if turn == Turn::Idle && now.steady >= until {
            self.take_tail(index, now, buffer, records)?;
            self.files[index].close();
        }
        Ok(turn)
    }

    /// Handles the end of a file. `true` when the next file's turn has come.
    fn at_end(
        &mut self,
        index: usize,
        now: Moment,
        limits: &TurnLimits,
        buffer: &mut Vec<u8>,
        records: &mut Vec<Record>,
    ) -> io::Result<bool> {
        let has_tail = !buffer.is_empty();
        let has_next = index + 1 < self.files.len();
        let file = &mut self.files[index];
        let Some(source) = &file.source else { return Ok(false) };
        let size = source.stat()?.size;
        let since = match file.end_seen {
            Some((seen, since)) if seen == size => since,
            _ => now.steady,
        };
        file.end_seen = Some((size, since));
        let is_quiet = now.steady >= since + LINGER;
        if !source.may_grow() {
            self.take_tail(index, now, buffer, records)?;
            self.files[index].close();
            return Ok(true);
        }
        if has_next {
            if has_tail && !is_quiet {
                return Ok(false);
            }
            if !is_quiet && !self.has_successor_begun(index)? {
                return Ok(false);
            }
            if has_tail {
                self.take_tail(index, now, buffer, records)?;
            }
            self.files[index].phase = Phase::Lingering {
                until: now.steady + LINGER,
            };
            return Ok(true);
        }
        let is_gone = self.files[index].missing_since.is_some()
            && self.gone_since.is_some_and(|gone| now.steady >= gone + LINGER);
        if is_gone && is_quiet {
            self.take_tail(index, now, buffer, records)?;
            self.joiner.flush(records);
            self.files[index].close();
            return Ok(false);
        }
        let flush = limits.flush_period.filter(|_| has_tail && !self.joiner.is_container());
        if flush.is_some_and(|period| now.steady >= since + period) {
            self.take_tail(index, now, buffer, records)?;
        }
        Ok(false)
    }

    /// Whether the last read came to the end of a file that cannot grow. It is finished in the same turn, so that the
    /// checkpoint that has its last line knows it as read whole: it may be deleted before the next.
    fn is_exhausted(&self, index: usize) -> bool {
        let file = &self.files[index];
        file.source.as_ref().is_some_and(|source| !source.may_grow())
            && file.end_seen.is_some_and(|(size, _)| size == file.position.offset)
    }

    /// Whether the runtime has written to a file after this one: then it does not write to this one any more.
    fn has_successor_begun(&self, index: usize) -> io::Result<bool> {
        for later in &self.files[index + 1..] {
            let is_written = later.aside.is_some_and(|aside| aside.is_wanted);
            if is_written || later.stat()?.is_none_or(|stat| stat.size > 0) {
                return Ok(true);
            }
        }
        Ok(self.files.len() > index + 2)
    }

    /// Reads up to a quantum of whole lines. What is left in `buffer` is the unfinished line after them.
    fn read(
        &mut self,
        index: usize,
        now: Moment,
        limits: &TurnLimits,
        buffer: &mut Vec<u8>,
        records: &mut Vec<Record>,
    ) -> io::Result<Turn> {
        buffer.clear();
        let line_bytes_max = self.joiner.line_bytes_max();
        let file = &mut self.files[index];
        let Some(source) = &mut file.source else {
            return Ok(Turn::Examine);
        };
        if source.may_grow() {
            let size = source.stat()?.size;
            if size < file.position.offset {
                return Ok(Turn::Examine);
            }
            if size == file.position.offset {
                return Ok(Turn::Idle);
            }
        }
        let start = file.position.offset;
        let mut wanted = READ_QUANTUM_BYTES;
        let count = loop {
            let filled = buffer.len();
            buffer.resize(wanted, 0);
            let count = read_full(
                &mut buffer[filled..],
                |at, part| source.read_at(at, part),
                start + filled as u64,
            )?;
            buffer.truncate(filled + count);
            let has_line = memchr::memchr(b'\n', &buffer[filled..]).is_some();
            if has_line || buffer.len() < wanted || buffer.len() > line_bytes_max {
                break buffer.len();
            }
            wanted = (wanted * 2).min(line_bytes_max + 1);
        };
        if count == 0 {
            return Ok(Turn::Idle);
        }
        if !check_fingerprint(file, start, limits.fingerprint_bytes, buffer)? {
            buffer.clear();
            return Ok(Turn::Examine);
        }
        let used = self.take_lines(index, now, limits.records_max, buffer, records);
        buffer.drain(..used);
        let file = &mut self.files[index];
        if count < wanted && buffer.is_empty() && file.source.as_ref().is_some_and(|source| !source.may_grow()) {
            file.end_seen = Some((file.position.offset, now.steady));
        }
        Ok(if used > 0 { Turn::Read } else { Turn::Idle })
    }

    /// Hands the whole lines of the buffer to the joiner and says how many bytes they were.
    fn take_lines(
        &mut self,
        index: usize,
        now: Moment,
        records_max: usize,
        buffer: &[u8],
        records: &mut Vec<Record>,
    ) -> usize {
        let line_bytes_max = self.joiner.line_bytes_max();
        let mut used = 0;
        while used < buffer.len() && records.len() < records_max {
            let rest = &buffer[used..];
            let (length, with_end) = match memchr::memchr(b'\n', rest) {
                Some(at) if at <= line_bytes_max => (at, at + 1),
                None if rest.len() <= line_bytes_max => break,
                _ => {
                    self.joiner.counts.split += 1;
                    let length = super::joiner::cut(rest, line_bytes_max);
                    (length, length)
                }
            };
            self.take_line(index, &rest[..length], with_end as u64, now, records);
            used += with_end;
        }
        used
    }

    fn take_line(&mut self, index: usize, bytes: &[u8], step: u64, now: Moment, records: &mut Vec<Record>) {
        let file = &mut self.files[index];
        if file.position == file.start {
            self.joiner.begin(file.start.continues);
        }
        let line = Line {
            file: file.key,
            offset: file.position.offset,
            bytes,
            skip: &file.skip,
            now: now.wall,
        };
        self.joiner.accept(line, &mut file.position.clock, records);
        file.position.offset += step;
        file.position.continues = [false; 2];
    }

    /// Takes the unfinished last line as it is.
    fn take_tail(
        &mut self,
        index: usize,
        now: Moment,
        buffer: &mut Vec<u8>,
        records: &mut Vec<Record>,
    ) -> io::Result<()> {
        if !buffer.is_empty() {
            let tail = std::mem::take(buffer);
            self.take_line(index, &tail, tail.len() as u64, now, records);
        }
        Ok(())
    }

    /// How far a file may be committed once everything that was handed out so far is acknowledged.
    fn progress(&self, index: usize) -> Progress {
        let file = &self.files[index];
        let here = Position {
            continues: self.joiner.known_pending(),
            ..file.position
        };
        let mut places = [here; 3];
        for (stream, place) in places.iter_mut().enumerate().take(RAW) {
            if let Some((began_in, start)) = self.joiner.pending_start(stream) {
                if began_in == file.key {
                    *place = start;
                } else if self.files.iter().take(index).any(|older| older.key == began_in) {
                    *place = file.start;
                }
            }
        }
        let resume = places.iter().min_by_key(|place| place.offset).unwrap_or(&file.position);
        let known = |stream: usize| places[stream].offset.max(file.skip[stream]);
        Progress {
            offsets: [known(0), known(1), known(RAW)],
            clock: resume.clock,
            continues: resume.continues,
        }
    }

    /// The files whose progress changed since it was last asked for.
    pub(crate) fn report(&mut self) -> Vec<(FileKey, Progress)> {
        let mut changed = Vec::new();
        for index in 0..self.files.len() {
            let progress = self.progress(index);
            let file = &mut self.files[index];
            if progress != file.reported {
                file.reported = progress;
                changed.push((file.key, progress));
            }
        }
        changed
    }

    pub(crate) fn new_key(&mut self, chain: u32) -> FileKey {
        self.next_file += 1;
        FileKey {
            chain,
            file: self.next_file,
        }
    }
}

/// Whether the file still begins as it did; takes more of it into the fingerprint while that is short. `read` is what
/// was just read at `start`.
fn check_fingerprint<H: FileHandle>(
    file: &mut Tracked<H>,
    start: u64,
    bytes_max: usize,
    read: &[u8],
) -> io::Result<bool> {
    let Some(Source::Plain(handle)) = &file.source else {
        return Ok(true);
    };
    let mut owned = Vec::new();
    let head = if start == 0 {
        &read[..read.len().min(bytes_max)]
    } else {
        owned.resize(bytes_max, 0);
        let count = read_full(&mut owned, |at, part| handle.read_at(at, part), 0)?;
        &owned[..count]
    };
    if !file.fingerprint.matches(head) {
        return Ok(false);
    }
    if head.len() > file.fingerprint.length {
        file.fingerprint = Fingerprint::of(head);
    }
    Ok(true)
}
