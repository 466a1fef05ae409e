//! Finds out which of a container's known files the files in its folder are, and in which order they are to be read.
//!
//! A file is recognised by its inode together with its fingerprint, so that an inode that was used again is not taken
//! for the old file; and by a long enough fingerprint alone, because a rotated file gets a new inode when it is
//! compressed or was copied.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use longshore_wire::container::Rotation;

use super::chain::{Chain, FileKey, Phase, Tracked};
use super::files::{FileId, Files, Stat};
use super::fingerprint::{Fingerprint, read_full};
use super::joiner::Position;
use super::source::Source;
use super::tailer::Progress;
use crate::limits::{FINGERPRINT_ALONE_BYTES_MIN, LINGER};

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
    unknown: Unknown,
    fingerprint_bytes: usize,
    now: Duration,
    findings: &mut Findings,
) {
    let mut rotated = files.siblings(&chain.target).unwrap_or_default();
    rotated.sort_by_key(|(_, rotation)| *rotation);
    // While a file is being compressed both forms are there; the plain one comes first.
    rotated.dedup_by_key(|(_, rotation)| rotation.order);
    let live = files.stat(&chain.target).ok();
    split_truncated(chain, number, live, fingerprint_bytes, findings);
    let mut old = std::mem::take(&mut chain.files);
    let mut found = Vec::with_capacity(old.len() + 1);
    let target = chain.target.clone();
    let present = rotated
        .into_iter()
        .map(|(path, rotation)| (path, Some(rotation)))
        .chain([(target, None)]);
    for (path, rotation) in present {
        let Ok(stat) = files.stat(&path) else { continue };
        if let Some(tracked) = claim_unopened(&mut old, &path, stat, rotation) {
            found.push(tracked);
            continue;
        }
        let candidate = match open(files, &path, rotation, fingerprint_bytes) {
            Ok(candidate) => candidate,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => {
                findings.unreadable.push((path.clone(), error.to_string()));
                keep_unopened(&mut old, &path, &mut found);
                continue;
            }
        };
        if rotation.is_some() && is_copy_of_live(&old, live, &candidate) {
            continue;
        }
        match claim(&mut old, &candidate) {
            Some(mut tracked) => {
                adopt_path(&mut tracked, candidate);
                found.push(tracked);
            }
            None => {
                let key = chain.new_key(number);
                found.push(new_tracked(key, candidate, unknown));
            }
        }
    }
    chain.files = leave_behind(old, now, findings);
    chain.is_changed = !chain.files.is_empty() || !findings.unreadable.is_empty();
    chain.files.append(&mut found);
}

/// A live file that shrank or begins differently is two: the old content, which a copy in the folder may still hold,
/// and the new one.
fn split_truncated<H: super::files::FileHandle>(
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

/// Recognises a file without opening it: its path and inode are the known ones, or it is held open.
fn claim_unopened<H>(
    old: &mut Vec<Tracked<H>>,
    path: &Path,
    stat: Stat,
    rotation: Option<Rotation>,
) -> Option<Tracked<H>> {
    let index = old.iter().position(|file| {
        let is_settled = file.phase == Phase::Drained && file.path == path;
        file.id == stat.id && (file.source.is_some() || is_settled)
    })?;
    let mut tracked = old.remove(index);
    // A rotated file that was taken as read and has grown since is read on; the live file is never taken as read.
    if tracked.source.is_none()
        && (rotation.is_none() || stat.size > tracked.position.offset)
        && !is_compressed(rotation)
    {
        old.insert(index, tracked);
        return None;
    }
    tracked.path = path.to_owned();
    tracked.rotation = rotation;
    tracked.missing_since = None;
    Some(tracked)
}

fn is_compressed(rotation: Option<Rotation>) -> bool {
    rotation.is_some_and(|rotation| rotation.is_compressed)
}

/// A file that cannot be opened now stays as it is, for another time.
fn keep_unopened<H>(old: &mut Vec<Tracked<H>>, path: &Path, found: &mut Vec<Tracked<H>>) {
    if let Some(index) = old.iter().position(|file| file.path == path) {
        found.push(old.remove(index));
    }
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

fn read_head<H: super::files::FileHandle>(source: &mut Source<H>, fingerprint_bytes: usize) -> io::Result<Vec<u8>> {
    let mut head = vec![0; fingerprint_bytes];
    let count = read_full(&mut head, |at, part| source.read_at(at, part), 0)?;
    head.truncate(count);
    Ok(head)
}

/// A copy is made before the original is truncated. Until that has happened, the copy holds nothing new.
fn is_copy_of_live<H>(old: &[Tracked<H>], live: Option<Stat>, candidate: &Candidate<H>) -> bool {
    let Some(live) = live else { return false };
    candidate.stat.id != live.id
        && old.iter().any(|file| {
            file.id == live.id
                && file.fingerprint.length >= FINGERPRINT_ALONE_BYTES_MIN
                && file.fingerprint.matches(&candidate.head)
        })
}

fn claim<H>(old: &mut Vec<Tracked<H>>, candidate: &Candidate<H>) -> Option<Tracked<H>> {
    let same_inode = |file: &Tracked<H>| file.id == candidate.stat.id && file.fingerprint.matches(&candidate.head);
    let same_content = |file: &Tracked<H>| {
        file.fingerprint.length >= FINGERPRINT_ALONE_BYTES_MIN && file.fingerprint.matches(&candidate.head)
    };
    let index = old.iter().position(same_inode).or_else(|| {
        candidate.rotation?;
        old.iter().position(same_content)
    })?;
    Some(old.remove(index))
}

fn adopt_path<H>(tracked: &mut Tracked<H>, candidate: Candidate<H>) {
    tracked.path = candidate.path;
    tracked.id = candidate.stat.id;
    tracked.missing_since = None;
    tracked.rotation = candidate.rotation;
    let has_grown = !is_compressed(candidate.rotation) && candidate.stat.size > tracked.position.offset;
    let reads_on = candidate.rotation.is_none() || has_grown || tracked.phase != Phase::Drained;
    if tracked.source.is_none() && reads_on {
        tracked.source = Some(candidate.source);
        tracked.phase = Phase::Reading;
    }
}

fn new_tracked<H>(key: FileKey, candidate: Candidate<H>, unknown: Unknown) -> Tracked<H> {
    let is_live = candidate.rotation.is_none();
    let is_read = match unknown {
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
        let since = *file.missing_since.get_or_insert(now);
        let is_settled = file.source.is_some() || (file.phase == Phase::Drained && !file.is_done());
        if is_settled || now < since + LINGER {
            kept.push(file);
        } else if file.phase != Phase::Drained && file.id != FileId::default() {
            findings.lost.push(file.path);
        }
    }
    kept
}
