//! `|=`, `!=`, `|~`, `!~`, `|>`, `!>` on the text of a line.

use longshore_goregex::Regex;
use memchr::memmem::{self, Finder};

use super::ip::IpMatcher;
use crate::ast::{LineFilter, LineFilterOp, LineOperand};
use crate::pattern::{self, Piece};

/// A line filter made ready.
#[derive(Debug)]
pub(super) struct CompiledLineFilter {
    negative: bool,
    operands: Vec<Operand>,
}

#[derive(Debug)]
enum Operand {
    Literal(Finder<'static>),
    Regex(Regex),
    Pattern(Vec<Piece>),
    Ip(IpMatcher),
}

impl CompiledLineFilter {
    pub(super) fn new(filter: &LineFilter) -> Result<Self, String> {
        let operand = |operand: &LineOperand| {
            Ok(match operand {
                LineOperand::Ip(text) => Operand::Ip(IpMatcher::new(text)?),
                LineOperand::Text { regex: Some(regex), .. } => match regex.as_literal() {
                    Some(literal) => Operand::Literal(Finder::new(literal).into_owned()),
                    None => Operand::Regex(regex.clone()),
                },
                LineOperand::Text { value, .. } if is_pattern(filter.op) => Operand::Pattern(pattern::pieces(value)),
                LineOperand::Text { value, .. } => Operand::Literal(Finder::new(value.as_bytes()).into_owned()),
            })
        };
        Ok(Self {
            negative: filter.op.is_negative(),
            operands: filter.operands.iter().map(operand).collect::<Result<_, String>>()?,
        })
    }

    pub(super) fn passes(&self, line: &[u8]) -> bool {
        self.operands.iter().any(|operand| operand.matches(line)) != self.negative
    }
}

fn is_pattern(op: LineFilterOp) -> bool {
    matches!(op, LineFilterOp::Pattern | LineFilterOp::NotPattern)
}

impl Operand {
    fn matches(&self, line: &[u8]) -> bool {
        match self {
            Self::Literal(finder) => finder.find(line).is_some(),
            Self::Regex(regex) => regex.is_match(line),
            Self::Pattern(pieces) => matches_pattern(pieces, line),
            Self::Ip(matcher) => matcher.is_in_line(line),
        }
    }
}

/// Whether a line has the literals in order with something in every hole. A pattern that begins or ends with a
/// literal is bound to that end of the line.
fn matches_pattern(pieces: &[Piece], line: &[u8]) -> bool {
    let Some(last) = pieces.len().checked_sub(1) else {
        return line.is_empty();
    };
    let mut at = 0;
    let mut hole = false;
    for (index, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Capture(_) if index == last => return at < line.len(),
            Piece::Capture(_) => hole = true,
            Piece::Literal(text) => {
                let text = text.as_bytes();
                let rest = &line[at..];
                let found = match (hole, index == last) {
                    (false, false) => rest.starts_with(text).then_some(0),
                    (false, true) => (rest == text).then_some(0),
                    // At least one byte belongs to the hole.
                    (true, true) => rest
                        .len()
                        .checked_sub(text.len())
                        .filter(|&at| at > 0 && rest.ends_with(text)),
                    (true, false) => rest
                        .get(1..)
                        .and_then(|tail| memmem::find(tail, text))
                        .map(|found| found + 1),
                };
                let Some(found) = found else {
                    return false;
                };
                at += found + text.len();
                hole = false;
            }
        }
    }
    true
}
