//! Finds out which of a container's known files the files in its folder are, and in which order they are to be read.
//!
//! A file is recognised by its inode together with its fingerprint, so that an inode that was used again is not taken
//! for the old file; and by a long enough fingerprint alone, because a rotated file gets a new inode when it is
//! compressed or was copied.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use longshore_model::TimestampNs;
use longshore_wire::container::Rotation;

use super::chain::{Chain, FileKey, Phase, Tracked};
use super::files::{FileHandle, FileId, Files, Stat};
use super::fingerprint::{Fingerprint, read_full};
use super::joiner::Position;
use super::source::Source;
use super::tailer::Progress;
use crate::limits::{FINGERPRINT_ALONE_BYTES_MIN, LINGER, LISTINGS_MAX};

/// Where reading begins in files that nothing is known of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// At their first byte, rotated ones too.
    ReadAll,
    /// The live one at its first byte; rotated ones are taken as read.
    ReadLive,
    /// All are taken as read.
    Skip,
}

/// Where reading begins in files that nothing is known of, and which of the rotated ones count as read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Begin {
    pub(crate) unknown: Unknown,
    /// Rotated ones last written to before are taken as read.
    pub(crate) oldest: Option<TimestampNs>,
}

/// What an examination found that somebody should hear of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Findings {
    /// Files that vanished before they were read to their end.
    pub(crate) lost: Vec<PathBuf>,
    /// The live file became shorter or has another beginning.
    pub(crate) is_truncated: bool,
    /// Files that could not be opened or read.
    pub(crate) unreadable: Vec<(PathBuf, String)>,
}

/// A file in the folder, opened.
struct Candidate<H> {
    path: PathBuf,
    stat: Stat,
    rotation: Option<Rotation>,
    source: Source<H>,
    head: Vec<u8>,
}

/// Looks at the folder of a chain and brings its list of files up to date.
pub(crate) fn examine<F: Files>(
    files: &mut F,
    chain: &mut Chain<F::Handle>,
    number: u32,
    begin: Begin,
    fingerprint_bytes: usize,
    now: Duration,
    findings: &mut Findings,
) {
    let target = chain.target.clone();
    let (live, rotated) = list(files, &target);
    chain
        .files
        .iter_mut()
        .for_each(|file| lengthen_fingerprint(file, fingerprint_bytes));
    split_truncated(chain, number, live, fingerprint_bytes, findings);
    let mut search = Search {
        files,
        old: std::mem::take(&mut chain.files),
        live: None,
        fingerprint_bytes,
    };
    let mut look = |path: PathBuf, rotation, search: &mut Search<'_, F>| match search.find(&path, rotation) {
        Ok(Found::Known(tracked)) => Some(*tracked),
        Ok(Found::Unknown(candidate)) => Some(new_tracked(chain.new_key(number), *candidate, begin)),
        Ok(Found::Nothing) => None,
        Err(error) => {
            findings.unreadable.push((path.clone(), error.to_string()));
            // It stays as it is, for another time.
            search.take(|file| file.path == path)
        }
    };
    // The live file first: what its content is decides what a copy of it is.
    let live = live.and_then(|_| look(target, None, &mut search));
    search.live = live.as_ref().map(|file| (file.id, file.fingerprint));
    let found: Vec<_> = rotated
        .into_iter()
        .filter_map(|(path, rotation)| look(path, Some(rotation), &mut search))
        .collect();
    chain.files = leave_behind(search.old, now, findings);
    chain.is_changed = !chain.files.is_empty() || !findings.unreadable.is_empty();
    chain.files.extend(found);
    chain.files.extend(live);
}

/// The live file and the rotated ones, oldest first, at one moment: when a rotation comes in between, once more.
fn list<F: Files>(files: &mut F, target: &Path) -> (Option<Stat>, Vec<(PathBuf, Rotation)>) {
    let mut live = files.stat(target).ok();
    for _ in 0..LISTINGS_MAX {
        let mut rotated = files.siblings(target).unwrap_or_default();
        rotated.sort_by_key(|(_, rotation)| *rotation);
        // While a file is being compressed both forms are there; the plain one comes first.
        rotated.dedup_by_key(|(_, rotation)| rotation.order);
        let after = files.stat(target).ok();
        if live.map(|stat| stat.id) == after.map(|stat| stat.id) {
            return (after, rotated);
        }
        live = after;
    }
    (live, Vec::new())
}

/// A file that was short when it was met has a longer beginning now, by which it is known better.
fn lengthen_fingerprint<H: FileHandle>(file: &mut Tracked<H>, fingerprint_bytes: usize) {
    if file.fingerprint.length >= fingerprint_bytes {
        return;
    }
    let Some(source @ Source::Plain(_)) = &mut file.source else {
        return;
    };
    if let Ok(head) = read_head(source, fingerprint_bytes)
        && file.fingerprint.matches(&head)
    {
        file.fingerprint = Fingerprint::of(&head);
    }
}

/// What a path leads to.
enum Found<H> {
    Known(Box<Tracked<H>>),
    Unknown(Box<Candidate<H>>),
    Nothing,
}

/// The known files that were not found yet, and what is needed to recognise them.
struct Search<'a, F: Files> {
    files: &'a mut F,
    old: Vec<Tracked<F::Handle>>,
    live: Option<(FileId, Fingerprint)>,
    fingerprint_bytes: usize,
}

impl<F: Files> Search<'_, F> {
    fn find(&mut self, path: &Path, rotation: Option<Rotation>) -> io::Result<Found<F::Handle>> {
        let stat = match self.files.stat(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
            stat => stat?,
        };
        if let Some(mut tracked) = self.take_unopened(path, stat, rotation) {
            tracked.path = path.to_owned();
            tracked.rotation = rotation;
            tracked.missing_since = None;
            return Ok(Found::Known(Box::new(tracked)));
        }
        let candidate = match open(self.files, path, rotation, self.fingerprint_bytes) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
            candidate => candidate?,
        };
        if self.is_copy_of_live(&candidate) {
            return Ok(Found::Nothing);
        }
        // The number alone says little of a file that was empty when it was met last: it may have been used again.
        // An archive is written at once, so one with content is none that was empty.
        let may_have_grown = !is_compressed(rotation) || candidate.head.is_empty();
        let same_inode = |file: &Tracked<_>| {
            let is_known = file.fingerprint.length > 0 || may_have_grown;
            is_known && file.id == candidate.stat.id && file.fingerprint.matches(&candidate.head)
        };
        let same_content = |file: &Tracked<_>| {
            file.fingerprint.length >= FINGERPRINT_ALONE_BYTES_MIN && file.fingerprint.matches(&candidate.head)
        };
        let known = self
            .take(|file| same_inode(file) && same_content(file))
            .or_else(|| rotation.and_then(|_| self.take(same_content)))
            .or_else(|| self.take(same_inode));
        Ok(match known {
            Some(mut tracked) => {
                adopt_path(&mut tracked, candidate);
                Found::Known(Box::new(tracked))
            }
            None => Found::Unknown(Box::new(candidate)),
        })
    }

    fn take(&mut self, is_it: impl Fn(&Tracked<F::Handle>) -> bool) -> Option<Tracked<F::Handle>> {
        let index = self.old.iter().position(is_it)?;
        Some(self.old.remove(index))
    }

    /// Recognises a file without opening it: it is held open, it was read to its end under the same path and has not
    /// grown since, or it was put aside under the same path and has not changed since.
    fn take_unopened(&mut self, path: &Path, stat: Stat, rotation: Option<Rotation>) -> Option<Tracked<F::Handle>> {
        self.take(|file| {
            let is_still = is_compressed(rotation) || stat.size <= file.position.offset;
            let is_settled = file.phase == Phase::Drained && file.path == path && rotation.is_some() && is_still;
            let is_aside = file.path == path && file.aside.is_some_and(|aside| aside.stat == stat);
            file.id == stat.id && (file.source.is_some() || is_settled || is_aside)
        })
    }

    /// A copy is made before the original is truncated. Until that has happened, the copy holds nothing new.
    fn is_copy_of_live(&self, candidate: &Candidate<F::Handle>) -> bool {
        candidate.rotation.is_some()
            && self.live.is_some_and(|(id, fingerprint)| {
                id != candidate.stat.id
                    && fingerprint.length >= FINGERPRINT_ALONE_BYTES_MIN
                    && fingerprint.matches(&candidate.head)
            })
    }
}

/// A live file that shrank or begins differently is two: the old content, which a copy in the folder may still hold,
/// and the new one.
fn split_truncated<H: FileHandle>(
    chain: &mut Chain<H>,
    number: u32,
    live: Option<Stat>,
    fingerprint_bytes: usize,
    findings: &mut Findings,
) {
    let Some(stat) = live else { return };
    let Some(index) = chain
        .files
        .iter()
        .position(|file| file.id == stat.id && file.source.is_some())
    else {
        return;
    };
    let key = chain.new_key(number);
    let file = &mut chain.files[index];
    let Some(source) = &mut file.source else { return };
    if !source.may_grow() {
        return;
    }
    let Ok(head) = read_head(source, fingerprint_bytes) else {
        return;
    };
    if stat.size >= file.position.offset && file.fingerprint.matches(&head) {
        return;
    }
    findings.is_truncated = true;
    let renewed = Tracked {
        key,
        id: stat.id,
        fingerprint: Fingerprint::of(&head),
        path: file.path.clone(),
        rotation: file.rotation,
        source: file.source.take(),
        aside: None,
        missing_since: None,
        position: Position::default(),
        start: Position::default(),
        skip: [0; 3],
        reported: Progress::default(),
        committed: Progress::default(),
        phase: Phase::Reading,
        end_seen: None,
    };
    file.id = FileId::default();
    chain.files.insert(index + 1, renewed);
}

fn is_compressed(rotation: Option<Rotation>) -> bool {
    rotation.is_some_and(|rotation| rotation.is_compressed)
}

fn open<F: Files>(
    files: &mut F,
    path: &Path,
    rotation: Option<Rotation>,
    fingerprint_bytes: usize,
) -> io::Result<Candidate<F::Handle>> {
    let mut source = Source::new(files.open(path)?, is_compressed(rotation));
    let head = read_head(&mut source, fingerprint_bytes)?;
    Ok(Candidate {
        path: path.to_owned(),
        stat: source.stat()?,
        rotation,
        source,
        head,
    })
}

fn read_head<H: FileHandle>(source: &mut Source<H>, fingerprint_bytes: usize) -> io::Result<Vec<u8>> {
    let mut head = vec![0; fingerprint_bytes];
    let count = read_full(&mut head, |at, part| source.read_at(at, part), 0)?;
    head.truncate(count);
    Ok(head)
}

fn adopt_path<H>(tracked: &mut Tracked<H>, candidate: Candidate<H>) {
    tracked.path = candidate.path;
    tracked.id = candidate.stat.id;
    tracked.missing_since = None;
    tracked.rotation = candidate.rotation;
    tracked.aside = None;
    let has_grown = !is_compressed(candidate.rotation) && candidate.stat.size > tracked.position.offset;
    let reads_on = candidate.rotation.is_none() || has_grown || tracked.phase != Phase::Drained;
    if tracked.source.is_none() && reads_on {
        tracked.source = Some(candidate.source);
        tracked.phase = Phase::Reading;
    }
}

fn new_tracked<H>(key: FileKey, candidate: Candidate<H>, begin: Begin) -> Tracked<H> {
    let is_live = candidate.rotation.is_none();
    let is_too_old = begin.oldest.is_some_and(|oldest| candidate.stat.modified < oldest);
    let is_read = match begin.unknown {
        _ if is_too_old && !is_live => false,
        Unknown::ReadAll => true,
        Unknown::ReadLive => is_live,
        Unknown::Skip => false,
    };
    let offset = if is_read { 0 } else { candidate.stat.size };
    let position = Position {
        offset,
        ..Position::default()
    };
    let progress = Progress {
        offsets: [offset; 3],
        ..Progress::default()
    };
    let is_kept_open = is_read || is_live;
    Tracked {
        key,
        id: candidate.stat.id,
        fingerprint: Fingerprint::of(&candidate.head),
        path: candidate.path,
        rotation: candidate.rotation,
        source: is_kept_open.then_some(candidate.source),
        aside: None,
        missing_since: None,
        position,
        start: position,
        skip: [0; 3],
        reported: progress,
        committed: progress,
        phase: if is_kept_open { Phase::Reading } else { Phase::Drained },
        end_seen: None,
    }
}

/// Files that no path leads to any more: open ones are read to their end, others are forgotten after a while. Not at
/// once, because a file that is just being renamed is nowhere to be seen for a moment.
fn leave_behind<H>(old: Vec<Tracked<H>>, now: Duration, findings: &mut Findings) -> Vec<Tracked<H>> {
    let mut kept = Vec::new();
    for mut file in old {
        // The old content of a truncated file: a copy would have been there by now.
        if file.id == FileId::default() {
            continue;
        }
        let since = *file.missing_since.get_or_insert(now);
        let is_settled = file.source.is_some() || (file.phase == Phase::Drained && !file.is_done());
        if is_settled || now < since + LINGER {
            kept.push(file);
        } else if file.phase != Phase::Drained && !file.is_at_end() {
            findings.lost.push(file.path);
        }
    }
    kept
}
