//! What the lines of one cluster have in common: words that stay, and holes.

use super::words::{CUT, WORD, Word};
use crate::pattern::{Piece, pieces};

/// The hole of a pattern.
const HOLE: &str = "<_>";

/// The words of a pattern, `None` where lines differ.
#[derive(Debug)]
pub(super) struct Template(Vec<Option<Box<[u8]>>>);

/// How well a line fits a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// Only words with digits differ.
    Whole,
    /// So many words of those that matter are the same.
    Partly { same: usize, of: usize },
}

impl Template {
    /// The template of one line.
    pub(super) fn new(words: &[Word], line: &[u8]) -> Self {
        let word = |word: &Word| Some(line[word.bytes.clone()].into());
        Self(words.iter().map(word).collect())
    }

    /// What the words take.
    pub(super) fn size_bytes(&self) -> usize {
        let word =
            |word: &Option<Box<[u8]>>| size_of::<Option<Box<[u8]>>>() + word.as_ref().map_or(0, |word| word.len());
        self.0.iter().map(word).sum()
    }

    /// Compares a line of the same shape. Words with digits are expected to differ, and keys not to.
    pub(super) fn fit(&self, words: &[Word], line: &[u8]) -> Fit {
        let (mut same, mut of, mut is_whole) = (0, 0, true);
        for (mine, word) in self.0.iter().zip(words) {
            if word.has_digit {
                continue;
            }
            let is_same = mine.as_ref().is_some_and(|mine| **mine == line[word.bytes.clone()]);
            is_whole &= is_same || mine.is_none();
            if word.is_key && is_same {
                continue;
            }
            of += 1;
            same += usize::from(is_same);
        }
        if is_whole { Fit::Whole } else { Fit::Partly { same, of } }
    }

    /// Makes holes where the line differs.
    pub(super) fn widen(&mut self, words: &[Word], line: &[u8]) {
        for (mine, word) in self.0.iter_mut().zip(words) {
            if mine.as_ref().is_some_and(|mine| **mine != line[word.bytes.clone()]) {
                *mine = None;
            }
        }
    }

    /// The pattern, from the shape of its lines (behind the level).
    pub(super) fn text(&self, shape: &[u8]) -> String {
        let mut text = Vec::new();
        let mut words = self.0.iter();
        for &byte in shape {
            match byte {
                WORD => match words.next() {
                    Some(Some(word)) => text.extend_from_slice(word),
                    _ => text.extend_from_slice(HOLE.as_bytes()),
                },
                CUT => text.extend_from_slice(HOLE.as_bytes()),
                separator => text.push(separator),
            }
        }
        as_filter(&String::from_utf8_lossy(&text))
    }
}

/// What a pattern filter takes: no name in a hole, and no two holes side by side.
fn as_filter(text: &str) -> String {
    let mut filter = String::with_capacity(text.len());
    let mut after_hole = false;
    for piece in pieces(text) {
        match piece {
            Piece::Literal(literal) => {
                filter.push_str(&literal);
                after_hole = false;
            }
            Piece::Capture(_) if after_hole => {}
            Piece::Capture(_) => {
                filter.push_str(HOLE);
                after_hole = true;
            }
        }
    }
    filter
}
