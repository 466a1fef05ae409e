//! A line cut into words and what stands between them.
//!
//! Words are what may differ between lines of one pattern; separators may not. Paths, addresses, times and names with
//! dots, dashes or colons inside are one word each. A word holds no separator and what follows it begins with one, so
//! a filter finds where a hole ends.

use std::hash::Hasher;
use std::ops::Range;

use foldhash::fast::FixedState;

use crate::limits::{PATTERN_LINE_BYTES_MAX, PATTERN_WORDS_MAX};

/// Stands between two runs of separators in a shape: no byte of UTF-8.
pub(super) const WORD: u8 = 0xFF;
/// Ends the shape of a line that is longer than what is looked at.
pub(super) const CUT: u8 = 0xFE;

/// One word of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// Where it stands in the line.
    pub(super) bytes: Range<usize>,
    /// Has a digit: probably a number, a time, an identifier.
    pub(super) has_digit: bool,
    /// Names the value that follows, as in `key=` and `"key":`.
    pub(super) is_key: bool,
}

/// A line's words and shape; made once and filled again for each line.
#[derive(Debug, Default)]
pub(super) struct Words {
    pub(super) words: Vec<Word>,
    /// The level, then the runs of separators, with [`WORD`] where each word stands.
    pub(super) shape: Vec<u8>,
    /// Lines with the same level, separators and words without digits have the same.
    pub(super) skeleton: u64,
}

/// What a byte may be part of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Word,
    Digit,
    Separator,
}

/// The class of each byte; everything beyond ASCII is part of a word.
static CLASSES: [Class; 256] = {
    let mut classes = [Class::Word; 256];
    let mut byte = 0;
    while byte <= b' ' as usize {
        classes[byte] = Class::Separator;
        byte += 1;
    }
    let separators = b"\"'`=,;()[]{}<>|\x7f";
    let mut index = 0;
    while index < separators.len() {
        classes[separators[index] as usize] = Class::Separator;
        index += 1;
    }
    let mut digit = b'0' as usize;
    while digit <= b'9' as usize {
        classes[digit] = Class::Digit;
        digit += 1;
    }
    classes
};

fn class(byte: u8) -> Class {
    CLASSES[byte as usize]
}

impl Words {
    /// Takes a line apart.
    pub(super) fn cut(&mut self, level: &str, line: &[u8]) {
        self.words.clear();
        self.shape.clear();
        self.shape.extend_from_slice(level.as_bytes());
        self.shape.push(WORD);
        let mut skeleton = std::hash::BuildHasher::build_hasher(&FixedState::default());
        let end = floor_boundary(line, PATTERN_LINE_BYTES_MAX);
        let mut at = 0;
        let mut is_cut = end < line.len();
        loop {
            let from = at;
            while at < end && (class(line[at]) == Class::Separator || line[at] == b':') {
                at += 1;
            }
            let separators = &line[from..at];
            self.mark_key(separators);
            self.shape.extend_from_slice(separators);
            if at == end {
                break;
            }
            if self.words.len() == PATTERN_WORDS_MAX {
                is_cut = true;
                break;
            }
            // A colon separates only before a word, as in `"key":1`; within, it is part of times and addresses.
            let word = next_word(&line[..end], at);
            at = word.bytes.end;
            if !word.has_digit {
                skeleton.write(&line[word.bytes.clone()]);
            }
            self.shape.push(WORD);
            self.words.push(word);
        }
        if is_cut {
            self.shape.push(CUT);
        }
        skeleton.write(&self.shape);
        self.skeleton = skeleton.finish();
    }

    /// The word before these separators is a key if they say so.
    fn mark_key(&mut self, separators: &[u8]) {
        let follows_key = separators.starts_with(b"=") || separators.starts_with(b"\":");
        if follows_key && let Some(word) = self.words.last_mut() {
            word.is_key = true;
        }
    }
}

/// The word that begins at `start`.
fn next_word(line: &[u8], start: usize) -> Word {
    let mut end = start;
    let mut has_digit = false;
    while end < line.len() {
        match class(line[end]) {
            Class::Separator => break,
            Class::Digit => has_digit = true,
            Class::Word => {}
        }
        end += 1;
    }
    Word {
        bytes: start..end,
        has_digit,
        is_key: line[end - 1] == b':',
    }
}

/// The largest end of at most `max` bytes that cuts no character.
fn floor_boundary(line: &[u8], max: usize) -> usize {
    if line.len() <= max {
        return line.len();
    }
    let is_continuation = |&at: &usize| line[at] & 0xC0 == 0x80;
    (0..=max).rev().find(|at| !is_continuation(at)).unwrap_or(0)
}
