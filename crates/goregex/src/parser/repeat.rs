//! `*`, `+`, `?` and `{n,m}`.
//!
//! Source: Go's `regexp/syntax` package documentation, "Repetitions"; a `{` that begins no count is a literal.

use regex_syntax::hir::{Hir, Repetition};

use super::{Node, Parser};
use crate::error::{Error, ErrorKind};
use crate::limits::REPEAT_COUNT_MAX;

/// Counts above this are all the same: too large.
const COUNT_SATURATED: u32 = 100_000_000;

impl<'a> Parser<'a> {
    /// Reads an operator and applies it; `Ok(false)` when the `{` was a literal.
    pub(super) fn parse_repetition(&mut self, last_repeat: Option<&'a str>) -> Result<bool, Error> {
        let before = self.rest;
        let operator = before.as_bytes()[0];
        let (min, max, after) = match operator {
            b'*' => (0, None, &before[1..]),
            b'+' => (1, None, &before[1..]),
            b'?' => (0, Some(1), &before[1..]),
            _ => match parse_counts(before) {
                Some(counts) => counts,
                None => {
                    self.rest = &before[1..];
                    self.push_literal('{');
                    return Ok(false);
                }
            },
        };
        let text_to = |after: &str| &before[..before.len() - after.len()];
        let too_large = min > REPEAT_COUNT_MAX || max.is_some_and(|max| max > REPEAT_COUNT_MAX || min > max);
        if too_large {
            return Err(Error::new(ErrorKind::InvalidRepeatSize, text_to(after)));
        }
        let lazy = after.starts_with('?');
        let after = if lazy { &after[1..] } else { after };
        if let Some(last) = last_repeat {
            let text = &last[..last.len() - after.len()];
            return Err(Error::new(ErrorKind::InvalidRepeatOp, text));
        }
        let Some(node) = self.frame().items.pop() else {
            return Err(Error::new(ErrorKind::MissingRepeatArgument, text_to(after)));
        };
        let node = repeat(node, min, max, lazy == self.flags.swap_greed);
        if operator == b'{' && node.repeat_product > REPEAT_COUNT_MAX {
            return Err(Error::new(ErrorKind::InvalidRepeatSize, text_to(after)));
        }
        self.frame().items.push(node);
        self.rest = after;
        Ok(true)
    }
}

fn repeat(node: Node, min: u32, max: Option<u32>, greedy: bool) -> Node {
    let repeat_product = match (min, max) {
        (_, Some(0)) => 1,
        (_, Some(1)) | (0 | 1, None) => node.repeat_product,
        (_, Some(max)) => node.repeat_product.saturating_mul(max),
        (min, None) => node.repeat_product.saturating_mul(min),
    };
    let hir = Hir::repetition(Repetition {
        min,
        max,
        greedy,
        sub: Box::new(node.hir),
    });
    Node { hir, repeat_product }
}

/// Reads `{n}`, `{n,}` or `{n,m}` and returns the counts with what follows; `None` when it is none of these.
fn parse_counts(text: &str) -> Option<(u32, Option<u32>, &str)> {
    let (min, rest) = parse_count(text.strip_prefix('{')?)?;
    if let Some(after) = rest.strip_prefix('}') {
        return Some((min, Some(min), after));
    }
    let rest = rest.strip_prefix(',')?;
    if let Some(after) = rest.strip_prefix('}') {
        return Some((min, None, after));
    }
    let (max, rest) = parse_count(rest)?;
    Some((min, Some(max), rest.strip_prefix('}')?))
}

fn parse_count(text: &str) -> Option<(u32, &str)> {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at(length);
    if digits.is_empty() || (digits.len() > 1 && digits.starts_with('0')) {
        return None;
    }
    let count = digits.parse().unwrap_or(COUNT_SATURATED).min(COUNT_SATURATED);
    Some((count, rest))
}
