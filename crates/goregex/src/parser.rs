//! Go's `regexp/syntax` dialect with its Perl flags, read into the regex crate's intermediate form.
//!
//! Invariants: an explicit stack, so depth of input is no depth of recursion; what Go refuses is refused with Go's
//! kind of error and the same piece of the expression; names of groups are kept beside the tree, because Go lets a
//! name stand twice and the engine does not.

mod class;
mod escape;
mod group;
mod repeat;

use regex_syntax::hir::{Capture, Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Look};

use crate::error::{Error, ErrorKind};
use crate::limits::{AUTOMATON_BYTES_MAX, NESTING_MAX};

/// A parsed expression.
#[derive(Debug)]
pub(crate) struct Parsed {
    /// The tree; its captures have indexes but no names.
    pub(crate) hir: Hir,
    /// Names of the groups, index 0 is the whole match.
    pub(crate) names: Vec<Option<Box<str>>>,
}

/// Switches that `(?imsU)` sets.
#[derive(Debug, Clone, Copy, Default)]
struct Flags {
    fold_case: bool,
    multi_line: bool,
    dot_matches_newline: bool,
    swap_greed: bool,
}

/// A finished piece.
#[derive(Debug)]
struct Node {
    hir: Hir,
    /// Product of the counts of repetitions within each other, which Go bounds by 1000.
    repeat_product: u32,
}

/// An open group: what was read in it so far, and what to go back to when it closes.
#[derive(Debug)]
struct Frame {
    /// Index of the capture; `None` for `(?:`.
    capture: Option<u32>,
    /// Switches outside of the group.
    outer_flags: Flags,
    /// Finished alternatives.
    alternatives: Vec<Node>,
    /// The alternative being read.
    items: Vec<Node>,
}

impl Frame {
    fn new(capture: Option<u32>, outer_flags: Flags) -> Self {
        Self {
            capture,
            outer_flags,
            alternatives: Vec::new(),
            items: Vec::new(),
        }
    }

    fn end_alternative(&mut self) {
        let items = std::mem::take(&mut self.items);
        self.alternatives.push(join(items, Hir::concat));
    }

    fn finish(mut self) -> Node {
        self.end_alternative();
        join(self.alternatives, Hir::alternation)
    }
}

fn join(nodes: Vec<Node>, make: fn(Vec<Hir>) -> Hir) -> Node {
    let repeat_product = nodes.iter().map(|node| node.repeat_product).max().unwrap_or(1);
    let hir = make(nodes.into_iter().map(|node| node.hir).collect());
    Node { hir, repeat_product }
}

struct Parser<'a> {
    whole: &'a str,
    rest: &'a str,
    flags: Flags,
    /// Never empty: the first is the expression itself.
    frames: Vec<Frame>,
    names: Vec<Option<Box<str>>>,
    /// Ranges of all classes so far.
    class_ranges: usize,
}

/// Parses an expression.
pub(crate) fn parse(expression: &str, dot_matches_newline: bool) -> Result<Parsed, Error> {
    let flags = Flags {
        dot_matches_newline,
        ..Flags::default()
    };
    let mut parser = Parser {
        whole: expression,
        rest: expression,
        flags,
        frames: vec![Frame::new(None, flags)],
        names: vec![None],
        class_ranges: 0,
    };
    parser.run()?;
    let frame = parser.frames.pop().expect("the outermost frame is never popped");
    Ok(Parsed {
        hir: frame.finish().hir,
        names: parser.names,
    })
}

impl<'a> Parser<'a> {
    fn run(&mut self) -> Result<(), Error> {
        // The operator just read, from its first byte on: only a repetition directly after it is refused.
        let mut last_repeat: Option<&'a str> = None;
        while let Some(character) = self.rest.chars().next() {
            let mut repeat = None;
            match character {
                '(' if self.rest[1..].starts_with('?') => self.parse_perl_group()?,
                '(' => {
                    self.rest = &self.rest[1..];
                    self.open_group(Some(None))?;
                }
                '|' => {
                    self.rest = &self.rest[1..];
                    self.frame().end_alternative();
                }
                ')' => self.close_group()?,
                '^' => self.push_look(
                    if self.flags.multi_line {
                        Look::StartLF
                    } else {
                        Look::Start
                    },
                    1,
                ),
                '$' => self.push_look(if self.flags.multi_line { Look::EndLF } else { Look::End }, 1),
                '.' => self.push_dot(),
                '[' => {
                    let class = self.parse_class()?;
                    self.push(Hir::class(Class::Unicode(class)));
                }
                '*' | '+' | '?' | '{' => {
                    let before = self.rest;
                    if self.parse_repetition(last_repeat)? {
                        repeat = Some(before);
                    }
                }
                '\\' => self.parse_backslash()?,
                literal => {
                    self.rest = &self.rest[literal.len_utf8()..];
                    self.push_literal(literal);
                }
            }
            // Each range becomes a transition, so no automaton of them would fit; `\pL` is three bytes and 600 ranges.
            if self.class_ranges.saturating_mul(size_of::<ClassUnicodeRange>()) > AUTOMATON_BYTES_MAX {
                return Err(Error::new(ErrorKind::Large, self.whole));
            }
            last_repeat = repeat;
        }
        if self.frames.len() > 1 {
            return Err(Error::new(ErrorKind::MissingParen, self.whole));
        }
        Ok(())
    }

    fn frame(&mut self) -> &mut Frame {
        self.frames.last_mut().expect("the outermost frame is never popped")
    }

    fn push(&mut self, hir: Hir) {
        if let HirKind::Class(Class::Unicode(class)) = hir.kind() {
            self.class_ranges += class.ranges().len();
        }
        self.frame().items.push(Node { hir, repeat_product: 1 });
    }

    fn push_look(&mut self, look: Look, length: usize) {
        self.rest = &self.rest[length..];
        self.push(Hir::look(look));
    }

    fn push_dot(&mut self) {
        self.rest = &self.rest[1..];
        let mut class = ClassUnicode::empty();
        if !self.flags.dot_matches_newline {
            class.push(ClassUnicodeRange::new('\n', '\n'));
        }
        class.negate();
        self.push(Hir::class(Class::Unicode(class)));
    }

    fn push_literal(&mut self, literal: char) {
        let mut buffer = [0; 4];
        let mut hir = Hir::literal(literal.encode_utf8(&mut buffer).as_bytes());
        if self.flags.fold_case {
            let mut class = ClassUnicode::new([ClassUnicodeRange::new(literal, literal)]);
            class.case_fold_simple();
            hir = Hir::class(Class::Unicode(class));
        }
        self.push(hir);
    }

    /// Opens a group: `None` does not capture, `Some(name)` does.
    fn open_group(&mut self, capture: Option<Option<&str>>) -> Result<(), Error> {
        if self.frames.len() > NESTING_MAX {
            return Err(Error::new(ErrorKind::NestingDepth, self.whole));
        }
        let index = capture.map(|name| {
            self.names.push(name.map(Into::into));
            self.names.len() as u32 - 1
        });
        self.frames.push(Frame::new(index, self.flags));
        Ok(())
    }

    fn close_group(&mut self) -> Result<(), Error> {
        if self.frames.len() < 2 {
            return Err(Error::new(ErrorKind::UnexpectedParen, self.whole));
        }
        let frame = self.frames.pop().expect("there are at least two");
        self.rest = &self.rest[1..];
        self.flags = frame.outer_flags;
        let capture = frame.capture;
        let mut node = frame.finish();
        if let Some(index) = capture {
            node.hir = Hir::capture(Capture {
                index,
                name: None,
                sub: Box::new(node.hir),
            });
        }
        self.frame().items.push(node);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
