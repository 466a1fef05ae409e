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
    Literal(Box<Finder<'static>>),
    Regex(Regex),
    Pattern(Vec<Piece>),
    Ip(IpMatcher),
}

impl CompiledLineFilter {
    pub(super) fn new(filter: &LineFilter) -> Result<Self, String> {
        let operand = |operand: &LineOperand| {
            Ok(match operand {
                LineOperand::Ip(text) if matches!(filter.op, LineFilterOp::Contains | LineFilterOp::NotContains) => {
                    Operand::Ip(IpMatcher::new(text)?)
                }
                LineOperand::Ip(_) => return Err("ip: invalid operation".to_owned()),
                LineOperand::Text { regex: Some(regex), .. } => match regex.as_literal() {
                    Some(literal) => literal_operand(literal),
                    None => Operand::Regex(regex.clone()),
                },
                LineOperand::Text { value, .. } if is_regex(filter.op) => {
                    Operand::Regex(Regex::new(value).map_err(|error| error.to_string())?)
                }
                LineOperand::Text { value, .. } if is_pattern(filter.op) => {
                    Operand::Pattern(pattern::check_filter(value).map_err(|error| error.to_string())?)
                }
                LineOperand::Text { value, .. } => literal_operand(value.as_bytes()),
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

fn literal_operand(literal: &[u8]) -> Operand {
    Operand::Literal(Box::new(Finder::new(literal).into_owned()))
}

fn is_regex(op: LineFilterOp) -> bool {
    matches!(op, LineFilterOp::Matches | LineFilterOp::NotMatches)
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

/// Whether a line has the literals in order with something in every hole between them.
///
/// As in Loki a first literal may stand anywhere, each literal is taken where it is found first, and a pattern that
/// ends with a literal must reach the end of the line, one that ends with a hole must not.
fn matches_pattern(pieces: &[Piece], line: &[u8]) -> bool {
    let mut at = 0;
    for (index, piece) in pieces.iter().enumerate() {
        let Piece::Literal(text) = piece else {
            continue;
        };
        match memmem::find(&line[at..], text.as_bytes()) {
            Some(found) if found > 0 || index == 0 => at += found + text.len(),
            _ => return false,
        }
    }
    let ends_with_hole = matches!(pieces.last(), Some(Piece::Capture(_)));
    ends_with_hole == (at < line.len())
}
