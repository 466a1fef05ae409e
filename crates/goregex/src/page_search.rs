//! Finding candidates in a buffer in which many lines lie end to end, without separators.
//!
//! Invariants: the search is a necessary condition, made from the expression by only ever weakening it (anchors go,
//! whole factors of a product go), so every line that matches contains a hit that begins inside of it, wherever the
//! search began before that; a hit is no proof. A hit is at most
//! [`PAGE_MATCH_BYTES_MAX`](crate::limits::PAGE_MATCH_BYTES_MAX) long, so a scan over a page is linear.

use memchr::memmem;
use regex_automata::{Input, meta};
use regex_syntax::hir::{Hir, HirKind, Repetition};

use crate::Size;
use crate::limits::{PAGE_AUTOMATON_BYTES_MAX, PAGE_MATCH_BYTES_MAX};

/// A search for candidates; see the invariants of this module.
#[derive(Debug, Clone)]
pub struct PageSearch {
    engine: Engine,
    required_literals: Vec<Vec<u8>>,
}

#[derive(Debug, Clone)]
enum Engine {
    Literal(Box<memmem::Finder<'static>>),
    Regex(Box<meta::Regex>),
}

impl PageSearch {
    /// A search for one literal.
    pub fn literal(literal: &[u8]) -> Option<Self> {
        (!literal.is_empty()).then(|| Self {
            engine: Engine::Literal(Box::new(memmem::Finder::new(literal).into_owned())),
            required_literals: vec![literal.to_vec()],
        })
    }

    /// The best search that an expression allows; `None` when an empty line may match or no part is bounded.
    pub(crate) fn of(hir: &Hir, required_literals: &[Vec<u8>]) -> Option<Self> {
        if let Some(longest) = required_literals.iter().max_by_key(|literal| literal.len()) {
            let mut search = Self::literal(longest)?;
            search.required_literals = required_literals.to_vec();
            return Some(search);
        }
        let mut factors = Factors::default();
        factors.add(&without_looks(hir));
        factors.end_run();
        let size = Size {
            automaton_bytes_max: PAGE_AUTOMATON_BYTES_MAX,
            ..Size::default()
        };
        let best = factors.runs.into_iter().max_by_key(minimum_bytes)?;
        Some(Self {
            engine: Engine::Regex(Box::new(crate::build(&best, size)?)),
            required_literals: Vec::new(),
        })
    }

    /// Start of the first hit at or after `from`.
    pub fn find(&self, buffer: &[u8], from: usize) -> Option<usize> {
        match &self.engine {
            Engine::Literal(finder) => finder.find(buffer.get(from..)?).map(|at| from + at),
            Engine::Regex(engine) if from <= buffer.len() => {
                engine.find(Input::new(buffer).range(from..)).map(|found| found.start())
            }
            Engine::Regex(_) => None,
        }
    }

    /// Byte strings that each matching line contains, every one of them.
    pub fn required_literals(&self) -> &[Vec<u8>] {
        &self.required_literals
    }
}

fn minimum_bytes(hir: &Hir) -> usize {
    hir.properties().minimum_len().unwrap_or(0)
}

/// A product cut where it is unbounded: each run is a necessary condition of the whole.
#[derive(Default)]
struct Factors {
    run: Vec<Hir>,
    runs: Vec<Hir>,
}

impl Factors {
    fn add(&mut self, hir: &Hir) {
        let bounded = hir
            .properties()
            .maximum_len()
            .is_some_and(|max| max <= PAGE_MATCH_BYTES_MAX);
        match hir.kind() {
            HirKind::Capture(capture) => self.add(&capture.sub),
            HirKind::Concat(items) => items.iter().for_each(|item| self.add(item)),
            _ if bounded => {
                let length: usize = self.run.iter().filter_map(|item| item.properties().maximum_len()).sum();
                if length + hir.properties().maximum_len().unwrap_or(0) > PAGE_MATCH_BYTES_MAX {
                    self.end_run();
                }
                self.run.push(hir.clone());
            }
            HirKind::Repetition(repetition) if repetition.min >= 1 => {
                self.end_run();
                self.add(&repetition.sub);
                self.end_run();
            }
            _ => self.end_run(),
        }
    }

    fn end_run(&mut self) {
        let run = Hir::concat(std::mem::take(&mut self.run));
        if minimum_bytes(&run) > 0 {
            self.runs.push(run);
        }
    }
}

/// The tree with every anchor and word border taken as met.
fn without_looks(hir: &Hir) -> Hir {
    if hir.properties().look_set().is_empty() {
        return hir.clone();
    }
    match hir.kind() {
        HirKind::Look(_) => Hir::empty(),
        HirKind::Capture(capture) => without_looks(&capture.sub),
        HirKind::Concat(items) => Hir::concat(items.iter().map(without_looks).collect()),
        HirKind::Alternation(items) => Hir::alternation(items.iter().map(without_looks).collect()),
        HirKind::Repetition(repetition) => Hir::repetition(Repetition {
            sub: Box::new(without_looks(&repetition.sub)),
            ..repetition.clone()
        }),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) => hir.clone(),
    }
}
