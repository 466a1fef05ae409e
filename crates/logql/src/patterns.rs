//! The patterns that the lines of a selection follow, each with how many lines follow it when.
//!
//! Computed over the lines themselves at the time of the query, so that a pattern is exact, survives a restart, and
//! needs nothing while lines come in. The clustering is of the Drain family; see `cluster`.
//!
//! Invariant: each line that a pattern counts passes the filter `|> "pattern"`, unless the line has angle brackets
//! around a name, which a filter would read as a capture.

mod cluster;
mod template;
mod words;

use std::borrow::Cow;
use std::sync::Arc;

use longshore_model::{Batch, Columns, Direction, Labels, ScanError, ScanRequest, ScanStats, TimeRange};

use crate::ast::LogExpr;
use crate::eval::{Context, EvalError};
use crate::pipeline::{LabelState, Moment, Pipeline, searches, without_clashes};
use cluster::Clusters;

/// The structured metadata that patterns are told apart by.
const LEVEL: &str = "detected_level";

/// What lines are looked at, and how they are counted.
#[derive(Debug, Clone, Copy)]
pub struct PatternParams {
    /// Half-open `[start, end)`.
    pub time: TimeRange,
    /// Lines are counted for each so many nanoseconds, above 0.
    pub step_ns: i64,
    /// Most lines, about the newest; `None` for all.
    pub lines_max: Option<u64>,
}

/// What several lines have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// Text with `<_>` where the lines differ.
    pub text: String,
    /// The lines' `detected_level`; empty when they have none.
    pub level: String,
    /// Lines of each step that has some, by the step's start in nanoseconds, ascending.
    pub samples: Vec<(i64, u64)>,
}

/// What a search for patterns found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Patterns {
    /// The one that most lines follow first.
    pub patterns: Vec<Pattern>,
    /// What was read.
    pub stats: ScanStats,
}

/// Finds the patterns of the lines that pass a log query.
///
/// # Errors
/// A stage that cannot be run, a store that cannot be read, or cancellation.
pub fn find_patterns(expr: &LogExpr, params: PatternParams, context: &Context<'_>) -> Result<Patterns, EvalError> {
    assert!(params.step_ns > 0, "a step has a length");
    let pipeline = Pipeline::new(expr)?;
    if params.time.is_empty() {
        return Ok(Patterns::default());
    }
    let mut source = context.storage.scan(ScanRequest {
        tenant: context.tenant,
        selector: Arc::new(&expr.selector),
        time: params.time,
        direction: Direction::Backward,
        searches: searches(expr),
        columns: Columns {
            lines: true,
            metadata: true,
        },
        metadata_names: None,
        alike: None,
        cancellation: context.cancellation.clone(),
    })?;
    let mut search = Search {
        pipeline: (!expr.stages.is_empty()).then_some(pipeline),
        now_ns: context.now.0,
        params,
        state: LabelState::default(),
        clusters: Clusters::default(),
        lines_left: params.lines_max.unwrap_or(u64::MAX),
    };
    while search.lines_left > 0
        && let Some(batch) = source.next_batch(params.time)?
    {
        if context.cancellation.is_cancelled() {
            return Err(ScanError::Cancelled.into());
        }
        search.add(&batch);
        context.memory.settle(search.clusters.size_bytes())?;
    }
    let stats = source.stats();
    let patterns = search.clusters.finish();
    Ok(Patterns { patterns, stats })
}

struct Search {
    /// `None` for a query without stages.
    pipeline: Option<Pipeline>,
    now_ns: i64,
    params: PatternParams,
    state: LabelState,
    clusters: Clusters,
    lines_left: u64,
}

impl Search {
    fn add(&mut self, batch: &Batch) {
        let levels: Vec<&str> = (batch.metadata.dictionary.iter())
            .map(|metadata| metadata.get(LEVEL).unwrap_or_default())
            .collect();
        for row in (0..batch.rows()).rev() {
            let at = batch.timestamps[row];
            if self.lines_left == 0 {
                return;
            }
            if !self.params.time.contains(at) {
                continue;
            }
            let index = batch.metadata.rows.get(row).map(|&index| index as usize);
            let level = index.map_or("", |index| levels[index]);
            let Some(line) = self.line(batch, row) else { continue };
            let bucket = at.0.div_euclid(self.params.step_ns);
            self.clusters
                .add(level, &line, bucket.saturating_mul(self.params.step_ns));
            self.lines_left -= 1;
        }
    }

    /// The text of a row as the stages leave it, `None` when they filter it out.
    fn line<'b>(&mut self, batch: &'b Batch, row: usize) -> Option<Cow<'b, [u8]>> {
        let line = batch.lines.get(row);
        let Some(pipeline) = &self.pipeline else {
            return Some(Cow::Borrowed(line));
        };
        let none = Labels::empty();
        let metadata = without_clashes(&batch.labels, batch.metadata.get(row).unwrap_or(&none));
        self.state.begin(&batch.labels, &metadata);
        self.state.set_moment(Moment {
            timestamp_ns: batch.timestamps[row].0,
            now_ns: self.now_ns,
        });
        pipeline.run(&mut self.state, line)
    }
}

#[cfg(test)]
mod tests;
