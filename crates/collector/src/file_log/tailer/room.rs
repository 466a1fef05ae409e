//! Keeps the files that are open at a time within their bound: more of them take turns.
//!
//! A file that is closed stays followed: it is looked at like the others, and opened in its turn when there is something
//! to read in it. Files at rest are closed first, because nothing of them can be lost; then those whose turn is far.
//!
//! Invariant: what can be read only while it is open stays open, and so does a file with a piece of a line that is not
//! complete. Where nothing may be closed the bound gives way, not a line.

use std::time::Duration;

use super::super::chain::{Aside, Chain, Moment, Phase};
use super::super::files::{FileHandle, Files, Stat};
use super::super::joiner::RAW;
use super::Tailer;
use crate::limits::{FINGERPRINT_ALONE_BYTES_MIN, ROOM_SHARE};

/// How much is against closing a file, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Closing {
    /// It was read to its end, which was first seen then.
    AtRest(Duration),
    /// Older ones of its path are to be read before it.
    LaterInTurn,
    /// It is to be read next, and was not begun.
    NotBegun,
    /// It is being read.
    Begun,
}

impl<F: Files> Tailer<F> {
    /// Whether the next file of a path may have its turn: it is open, or there is room, and it is opened.
    pub(super) fn admits(&mut self, number: u32, now: Moment) -> bool {
        if !self.chains.get(&number).is_some_and(Chain::wants_opening) {
            return true;
        }
        self.make_room(number, 1);
        if self.open_files >= self.settings.open_files_max && self.others_go_on() {
            return false;
        }
        if let Some(chain) = self.chains.get_mut(&number) {
            // The look at its folder opens it and finds out whether it is still the same. It is read in the same turn:
            // otherwise it could be closed for others again before anything was read, and they for it.
            chain.is_changed = true;
            if let Some(index) = chain.current() {
                let file = &mut chain.files[index];
                // There is more in it than was read: if it has gone, it was not read to its end.
                if file.aside.take().is_some_and(|aside| aside.is_wanted) {
                    file.end_seen = None;
                }
            }
        }
        self.look_at(number, now);
        true
    }

    /// Whether somebody in the queue can be read as it is, and so will make room.
    fn others_go_on(&self) -> bool {
        let mut queued = self.queue.iter().filter_map(|number| self.chains.get(number));
        queued.any(|chain| chain.current().is_some_and(|index| chain.files[index].source.is_some()))
    }

    /// Closes files until so many more may be opened; not the one of this path that is read next.
    pub(super) fn make_room(&mut self, number: u32, room: usize) {
        let open_files_max = self.settings.open_files_max;
        let needed = (self.open_files + room).saturating_sub(open_files_max);
        if needed == 0 {
            return;
        }
        let mut closable = Vec::new();
        for (&at, chain) in &self.chains {
            let kept = chain.current().filter(|_| at == number);
            let mine = (0..chain.files.len()).filter(|&index| Some(index) != kept);
            closable.extend(mine.filter_map(|index| Some((chain.closing(index)?, at, index))));
        }
        closable.sort_unstable();
        let spare = open_files_max / ROOM_SHARE;
        for (done, (closing, at, index)) in closable.into_iter().enumerate() {
            let is_at_rest = matches!(closing, Closing::AtRest(_));
            if done >= if is_at_rest { needed + spare } else { needed } {
                break;
            }
            let Some(chain) = self.chains.get_mut(&at) else {
                continue;
            };
            if chain.put_aside(index, is_at_rest) {
                self.open_files = self.open_files.saturating_sub(1);
            }
            if chain.current() == Some(index) && chain.files[index].has_grown_aside() {
                self.enqueue(at);
            }
        }
    }
}

impl<H: FileHandle> Chain<H> {
    pub(super) fn open_files(&self) -> usize {
        self.files.iter().filter(|file| file.source.is_some()).count()
    }

    /// The file that is read next.
    pub(super) fn current(&self) -> Option<usize> {
        self.files.iter().position(|file| file.phase == Phase::Reading)
    }

    /// Whether the file that is read next must be opened for it.
    pub(super) fn wants_opening(&self) -> bool {
        let Some(index) = self.current() else { return false };
        let is_last = index + 1 == self.files.len();
        self.files[index].aside.is_some_and(|aside| aside.is_wanted || !is_last)
    }

    /// The live file was written to.
    pub(super) fn wake(&mut self) {
        if let Some(aside) = self.files.last_mut().and_then(|file| file.aside.as_mut()) {
            aside.is_wanted = true;
        }
    }

    /// Compares the live file with what it was when it was closed.
    pub(super) fn notice_change(&mut self, live: Option<Stat>) {
        let Some(file) = self.files.last_mut().filter(|file| file.rotation.is_none()) else {
            return;
        };
        if let (Some(stat), Some(aside)) = (live, &mut file.aside)
            && stat != aside.stat
        {
            aside.is_wanted = true;
        }
    }

    /// How much is against closing a file; `None` when it has to stay open, or is not.
    fn closing(&self, index: usize) -> Option<Closing> {
        let file = &self.files[index];
        let source = file.source.as_ref()?;
        // It could not be opened again, or it is looked at all the time.
        if file.missing_since.is_some() || file.phase != Phase::Reading {
            return None;
        }
        if self.current() != Some(index) {
            return is_known_by_content(file.fingerprint.length).then_some(Closing::LaterInTurn);
        }
        let has_piece = (0..RAW).any(|stream| self.joiner.pending_start(stream).is_some());
        let is_live = file.rotation.is_none() && index + 1 == self.files.len();
        if let Some((size, since)) = file.end_seen.filter(|_| source.may_grow() && !has_piece && is_live) {
            // Behind an unfinished line its end may still come, or it counts as a line when the file goes.
            return (size == file.position.offset).then_some(Closing::AtRest(since));
        }
        if file.position == file.start {
            return is_known_by_content(file.fingerprint.length).then_some(Closing::NotBegun);
        }
        // An archive would have to be inflated from its beginning again.
        (source.may_grow() && !has_piece).then_some(Closing::Begun)
    }

    /// Closes a file. It is opened in its turn, or, at rest, when it has changed.
    fn put_aside(&mut self, index: usize, is_at_rest: bool) -> bool {
        let file = &mut self.files[index];
        let Some(Ok(stat)) = file.source.as_ref().map(|source| source.stat()) else {
            return false;
        };
        let is_wanted = !is_at_rest || stat.size != file.position.offset;
        file.aside = Some(Aside { stat, is_wanted });
        file.source = None;
        true
    }
}

/// Whether a file would be recognised if it were compressed while it is closed.
fn is_known_by_content(fingerprint_bytes: usize) -> bool {
    fingerprint_bytes >= FINGERPRINT_ALONE_BYTES_MIN
}
