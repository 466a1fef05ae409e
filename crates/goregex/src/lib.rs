//! Regular expressions in Go's dialect (`regexp/syntax`, RE2) on the regex crate's engines.
//!
//! Saved queries and rules were written for Go. In Rust's dialect `\d`, `\w`, `\s` and `\b` are Unicode, `[a&&b]` is an
//! intersection, `{gid}` an error and `a**` legal; so the text is parsed here, and only the tree is shared.
//!
//! Invariants: every search is linear in the text searched; size of the automaton is bounded by
//! [`limits::AUTOMATON_BYTES_MAX`]; no input panics. Texts are expected to be valid UTF-8; bytes that are not match
//! nothing (in Go they match as U+FFFD).

pub mod limits;

mod error;
mod literal;
mod page_search;
mod parser;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use regex_automata::meta;
use regex_automata::util::captures::Captures as Slots;
use regex_automata::{Anchored, Input};
use regex_syntax::hir::{Hir, Look};

pub use crate::error::{Error, ErrorKind};
pub use crate::page_search::PageSearch;

/// A compiled expression; clones share it.
#[derive(Clone)]
pub struct Regex {
    inner: Arc<Inner>,
}

struct Inner {
    source: Box<str>,
    engine: meta::Regex,
    hir: Hir,
    names: Vec<Option<Box<str>>>,
    required_literals: Vec<Vec<u8>>,
    literal: Option<Vec<u8>>,
}

/// What one compiled expression may take, bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// The automaton. A larger one is [`ErrorKind::Large`].
    pub automaton_bytes_max: usize,
    /// Each of the two caches that a thread's searches fill as they go. With less of it expressions that are no plain
    /// text are searched for more slowly.
    pub cache_bytes_max: usize,
}

impl Default for Size {
    fn default() -> Self {
        Self {
            automaton_bytes_max: limits::AUTOMATON_BYTES_MAX,
            cache_bytes_max: limits::CACHE_BYTES_MAX,
        }
    }
}

/// Where the groups of an expression matched.
#[derive(Debug, Clone)]
pub struct Captures(Slots);

impl Captures {
    /// Bytes that group `index` matched; 0 is the whole match.
    pub fn get(&self, index: usize) -> Option<Range<usize>> {
        self.0.get_group(index).map(|span| span.range())
    }
}

impl Regex {
    /// Compiles an expression that may match anywhere in a text, as Go's `regexp.Compile`.
    ///
    /// # Errors
    /// What Go refuses, in Go's words, and what is too large.
    pub fn new(expression: &str) -> Result<Self, Error> {
        Self::sized(expression, Size::default())
    }

    /// As [`Regex::new`], of such a size.
    ///
    /// # Errors
    /// As for [`Regex::new`].
    pub fn sized(expression: &str, size: Size) -> Result<Self, Error> {
        let parsed = parser::parse(expression, false)?;
        let literal = literal::exact(&parsed.hir);
        Self::compile(expression, parsed.hir, parsed.names, literal, size)
    }

    /// Compiles an expression that must match the whole text, and whose dot matches a line feed too: what
    /// Prometheus and Loki do to label matchers, `^(?s:expression)$`.
    ///
    /// # Errors
    /// As for [`Regex::new`]; the text quotes the expression as it was given.
    pub fn anchored(expression: &str) -> Result<Self, Error> {
        Self::anchored_sized(expression, Size::default())
    }

    /// As [`Regex::anchored`], of such a size.
    ///
    /// # Errors
    /// As for [`Regex::anchored`].
    pub fn anchored_sized(expression: &str, size: Size) -> Result<Self, Error> {
        let parsed = parser::parse(expression, true)?;
        let literal = literal::exact(&parsed.hir);
        let hir = Hir::concat(vec![Hir::look(Look::Start), parsed.hir, Hir::look(Look::End)]);
        Self::compile(expression, hir, parsed.names, literal, size)
    }

    fn compile(
        expression: &str,
        hir: Hir,
        names: Vec<Option<Box<str>>>,
        literal: Option<Vec<u8>>,
        size: Size,
    ) -> Result<Self, Error> {
        let engine = build(&hir, size).ok_or_else(|| Error::new(ErrorKind::Large, expression))?;
        Ok(Self {
            inner: Arc::new(Inner {
                source: expression.into(),
                engine,
                required_literals: literal::required(&hir),
                hir,
                names,
                literal,
            }),
        })
    }

    /// The expression as it was given.
    pub fn as_str(&self) -> &str {
        &self.inner.source
    }

    /// Bytes that it takes, without the caches of searches.
    pub fn memory_bytes(&self) -> usize {
        self.inner.engine.memory_usage()
    }

    /// Whether it matches anywhere in the text.
    pub fn is_match(&self, text: &[u8]) -> bool {
        self.inner.engine.is_match(text)
    }

    /// The leftmost match that begins at or after `from`; anchors still refer to the whole text.
    ///
    /// # Panics
    /// When `from` lies after the end of the text.
    pub fn find(&self, text: &[u8], from: usize) -> Option<Range<usize>> {
        let input = Input::new(text).range(from..);
        self.inner.engine.find(input).map(|found| found.range())
    }

    /// Like [`Regex::find`], with the groups.
    ///
    /// # Panics
    /// When `from` lies after the end of the text.
    pub fn captures(&self, text: &[u8], from: usize) -> Option<Captures> {
        let mut slots = self.inner.engine.create_captures();
        let input = Input::new(text).range(from..).anchored(Anchored::No);
        self.inner.engine.search_captures(&input, &mut slots);
        slots.is_match().then_some(Captures(slots))
    }

    /// Names of the groups in order, `None` for one without; the first is the whole match. A name may stand twice.
    pub fn capture_names(&self) -> impl Iterator<Item = Option<&str>> {
        self.inner.names.iter().map(Option::as_deref)
    }

    /// Whether a match depends on what lies around it (`^`, `$`, `\b` and the like).
    pub fn has_look_around(&self) -> bool {
        !self.inner.hir.properties().look_set().is_empty()
    }

    /// Byte strings that each match contains, every one of them; empty when there are none.
    pub fn required_literals(&self) -> &[Vec<u8>] {
        &self.inner.required_literals
    }

    /// The literal that the expression consists of, when it is nothing else: a text matches when it contains the
    /// literal, or for [`Regex::anchored`] when it is the literal.
    pub fn as_literal(&self) -> Option<&[u8]> {
        self.inner.literal.as_deref()
    }

    /// A search for places in a buffer of many texts at which a match may lie; see [`PageSearch`].
    pub fn page_search(&self) -> Option<PageSearch> {
        PageSearch::of(&self.inner.hir, &self.inner.required_literals)
    }
}

/// Compiles within bounds; `None` when it does not fit.
fn build(hir: &Hir, size: Size) -> Option<meta::Regex> {
    let config = meta::Regex::config()
        .nfa_size_limit(Some(size.automaton_bytes_max))
        .hybrid_cache_capacity(size.cache_bytes_max);
    meta::Regex::builder().configure(config).build_from_hir(hir).ok()
}

impl fmt::Debug for Regex {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Regex({:?})", self.as_str())
    }
}

impl fmt::Display for Regex {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl PartialEq for Regex {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Regex {}

#[cfg(test)]
mod tests;
