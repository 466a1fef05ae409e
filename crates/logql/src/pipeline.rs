//! A log expression made ready to run over lines.
//!
//! Invariants: compiled once, shared by threads; per line nothing is allocated that the line does not keep; a stage
//! that cannot do its work marks the line with `__error__` and lets it pass, as Loki does, so that a filter or the
//! reader decides.

mod decolorize;
mod ends;
mod format;
mod guard;
mod ip;
mod json;
mod json_path;
mod label_filter;
mod labels;
mod line_filter;
mod logfmt;
mod pattern_parser;
mod picks;
mod search;
mod stage;
mod unpack;

use std::borrow::Cow;

use bytes::Bytes;
use longshore_model::{Entry, Labels, StreamSelector, TimestampNs};
use thiserror::Error;

pub(crate) use json::unescape_text;
pub(crate) use label_filter::CompiledLabelFilter;
pub use labels::ResultLabels;
pub(crate) use labels::{ERROR_LABEL, LabelState, Moment, is_parser_error, without_clashes};
pub(crate) use search::searches;

use crate::ast::{LogExpr, Selector};
use crate::automata::Automata;
use guard::Guard;
use stage::CompiledStage;

/// A pipeline that cannot be run.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CompileError {
    /// A stage's argument is wrong; the text is Loki's.
    #[error("parse error : stage '{stage}' : {message}")]
    Stage {
        /// The stage as printed.
        stage: String,
        /// What is wrong.
        message: String,
    },
}

/// A log expression made ready to run.
#[derive(Debug)]
pub struct Pipeline {
    selector: Selector,
    stages: Vec<CompiledStage>,
    guard: Option<Guard>,
}

/// An entry that passed a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Processed {
    /// Its labels by where they came from.
    pub labels: ResultLabels,
    /// Its text, which stages may have changed.
    pub line: Bytes,
}

impl Pipeline {
    /// Makes a log expression ready.
    ///
    /// # Errors
    /// A stage whose argument is wrong.
    pub fn new(expr: &LogExpr) -> Result<Self, CompileError> {
        let mut automata = Automata::default();
        let stages = expr.stages.iter().map(|stage| CompiledStage::new(stage, &mut automata));
        let stages = stages.collect::<Result<_, _>>()?;
        Ok(Self {
            selector: expr.selector.clone(),
            stages,
            guard: Guard::of(&expr.stages),
        })
    }

    /// Whether lines of this stream are wanted at all.
    pub fn matches_stream(&self, labels: &Labels) -> bool {
        self.selector.matches(labels)
    }

    /// Whether every line of its streams passes as it is.
    pub(crate) fn has_no_stage(&self) -> bool {
        self.stages.is_empty()
    }

    /// Runs one entry of a stream that [`Pipeline::matches_stream`] through the stages; `None` when it is filtered
    /// out. For live tail.
    pub fn process(&self, stream: &Labels, entry: &Entry) -> Option<Processed> {
        // A tail has no moment of its own: a line is as good as new.
        self.process_at(stream, entry, entry.timestamp)
    }

    /// As [`Pipeline::process`], at the moment that the template function `now` is to give.
    pub fn process_at(&self, stream: &Labels, entry: &Entry, now: TimestampNs) -> Option<Processed> {
        let metadata = without_clashes(stream, &entry.structured_metadata);
        let mut state = LabelState::default();
        state.begin(stream, &metadata);
        state.set_moment(Moment {
            timestamp_ns: entry.timestamp.0,
            now_ns: now.0,
        });
        let line = self.run(&mut state, &entry.line)?;
        let line = match line {
            Cow::Borrowed(same) if same.len() == entry.line.len() => entry.line.clone(),
            changed => Bytes::from(changed.into_owned()),
        };
        Some(Processed {
            labels: state.result(),
            line,
        })
    }

    /// Runs a line; the state must have begun with its labels.
    pub(crate) fn run<'l>(&self, state: &mut LabelState, line: &'l [u8]) -> Option<Cow<'l, [u8]>> {
        let mut line = Cow::Borrowed(line);
        for (number, stage) in self.stages.iter().enumerate() {
            let lets_pass = |guard: &Guard| guard.lets_pass(number, state, &line);
            if !self.guard.as_ref().is_none_or(lets_pass) || !stage.run(state, &mut line) {
                return None;
            }
        }
        Some(line)
    }

    /// Leaves out parsers, for queries that look at no label: Loki does not parse then either, so a line that cannot
    /// be parsed is no error.
    ///
    /// What `unpack` makes of a line stays as long as something is left that reads it, `sizes` included.
    pub(crate) fn without_parsers(mut self, sizes: bool) -> Self {
        let reads = |stage: &CompiledStage| stage.reads_line() && !stage.is_parser();
        let last_reader = if sizes {
            Some(self.stages.len())
        } else {
            self.stages.iter().rposition(reads)
        };
        // It counts stages, and looks at labels, which nothing here does.
        self.guard = None;
        let mut index = 0;
        self.stages.retain(|stage| {
            let is_needed = stage.is_unpack() && last_reader.is_some_and(|last| index < last);
            index += 1;
            !stage.is_parser() || is_needed
        });
        self
    }

    /// Leaves out the stages whose text nobody reads: where lines are counted, the last `line_format`. Loki does not
    /// run these either, so a template that fails is no error.
    pub(crate) fn without_last_texts(mut self) -> Self {
        let reads = |stage: &CompiledStage| stage.reads_line() && !stage.only_writes_line();
        let last_reader = self.stages.iter().rposition(reads);
        let mut index = 0;
        // The guard counts stages up to the first parser, which reads text: none of these is taken away.
        self.stages.retain(|stage| {
            let is_needed = !stage.only_writes_line() || last_reader.is_some_and(|last| index < last);
            index += 1;
            is_needed
        });
        self
    }

    /// Whether a condition looks at what went wrong with a line.
    pub(crate) fn filters_errors(&self) -> bool {
        let mut names = Vec::new();
        for stage in &self.stages {
            if let CompiledStage::LabelFilter(filter) = stage {
                filter.names_read(&mut names);
            }
        }
        names.iter().any(|name| name == ERROR_LABEL)
    }

    /// Whether any stage reads the text of a line.
    pub(crate) fn reads_lines(&self) -> bool {
        self.stages.iter().any(CompiledStage::reads_line)
    }

    /// Whether any stage looks at labels or makes some.
    pub(crate) fn touches_labels(&self) -> bool {
        self.stages
            .iter()
            .any(|stage| stage.is_parser() || stage.reads_labels())
    }

    /// Names of the labels that stages look at; `None` when one looks at all.
    pub(crate) fn names_read(&self) -> Option<Vec<String>> {
        let mut names = Vec::new();
        self.stages
            .iter()
            .all(|stage| stage.names_read(&mut names))
            .then_some(names)
    }

    /// Whether any stage looks at labels other than to add some.
    pub(crate) fn reads_labels(&self) -> bool {
        self.stages.iter().any(CompiledStage::reads_labels)
    }
}

#[cfg(test)]
mod tests;
