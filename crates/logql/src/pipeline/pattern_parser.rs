//! `| pattern`: the text in the holes of a pattern becomes labels.

use memchr::memmem;

use super::LabelState;
use crate::pattern::{self, Piece};

/// The stage made ready.
#[derive(Debug)]
pub(super) struct PatternStage {
    pieces: Vec<Piece>,
}

impl PatternStage {
    pub(super) fn new(text: &str) -> Result<Self, String> {
        let pieces = pattern::check_parser(text).map_err(|problem| format!("invalid pattern parser: {problem}"))?;
        Ok(Self { pieces })
    }

    /// A literal that begins the pattern must begin the line; a hole reaches to where the literal behind it is found
    /// first, or to the end of the line when it is not, which ends the work. As in Loki an empty line gives nothing.
    pub(super) fn run(&self, labels: &mut LabelState, line: &[u8]) {
        if line.is_empty() {
            return;
        }
        let mut rest = line;
        let mut pieces = self.pieces.as_slice();
        if let [Piece::Literal(text), after @ ..] = pieces {
            let Some(behind) = rest.strip_prefix(text.as_bytes()) else {
                return;
            };
            rest = behind;
            pieces = after;
        }
        while let [Piece::Capture(name), after @ ..] = pieces {
            let Some(Piece::Literal(text)) = after.first() else {
                add(labels, name, rest);
                return;
            };
            let Some(at) = memmem::find(rest, text.as_bytes()) else {
                add(labels, name, rest);
                return;
            };
            add(labels, name, &rest[..at]);
            rest = &rest[at + text.len()..];
            pieces = &after[1..];
        }
    }
}

fn add(labels: &mut LabelState, name: &str, value: &[u8]) {
    if name != "_" {
        labels.set_parsed(name, &String::from_utf8_lossy(value));
    }
}
