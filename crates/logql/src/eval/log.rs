//! Log queries: the newest or oldest lines that pass.
//!
//! Invariants: never more than `limit` lines are kept; once so many are, the scan is told that it need not bring what
//! could not replace one of them.

mod groups;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;

use bytes::Bytes;
use longshore_model::{Batch, Columns, Direction, Labels, ScanError, ScanRequest, TimeRange, TimestampNs};

use self::groups::Groups;
use super::{Context, EvalError, LogResult, MemoryError, QueryMemory, ResultStream};
use crate::ast::LogExpr;
use crate::pipeline::{LabelState, Moment, Pipeline, searches, without_clashes};

/// What a kept line takes beside its text: its place here and in the result, and the allocation.
const LINE_BYTES: usize = 256;

/// Which lines a log query wants.
#[derive(Debug, Clone, Copy)]
pub struct LogParams {
    /// Half-open `[start, end)`.
    pub time: TimeRange,
    /// Most lines.
    pub limit: usize,
    /// Which end of the range first.
    pub direction: Direction,
}

/// A line that is kept. The order is by worth: greater is the one to give up first.
struct Kept {
    timestamp: TimestampNs,
    /// Breaks ties in the order of the scan.
    sequence: u64,
    direction: Direction,
    group: u32,
    line: Bytes,
}

impl Kept {
    fn key(&self) -> (TimestampNs, u64) {
        (self.timestamp, self.sequence)
    }

    fn size_bytes(&self) -> usize {
        self.line.len() + LINE_BYTES
    }
}

impl Ord for Kept {
    fn cmp(&self, other: &Self) -> Ordering {
        match self.direction {
            Direction::Forward => self.key().cmp(&other.key()),
            Direction::Backward => other
                .timestamp
                .cmp(&self.timestamp)
                .then(self.sequence.cmp(&other.sequence)),
        }
    }
}

impl PartialOrd for Kept {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Kept {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Kept {}

/// Runs a log query.
///
/// # Errors
/// A stage that cannot be run, a store that cannot be read, or cancellation.
pub fn log_query(expr: &LogExpr, params: LogParams, context: &Context<'_>) -> Result<LogResult, EvalError> {
    let pipeline = Pipeline::new(expr)?;
    if params.limit == 0 || params.time.is_empty() {
        return Ok(LogResult::default());
    }
    let mut source = context.storage.scan(ScanRequest {
        tenant: context.tenant,
        selector: Arc::new(&expr.selector),
        time: params.time,
        direction: params.direction,
        searches: searches(expr),
        columns: Columns {
            lines: true,
            metadata: true,
        },
        metadata_names: None,
        alike: None,
        cancellation: context.cancellation.clone(),
    })?;
    let mut query = Query {
        pipeline: &pipeline,
        now_ns: context.now.0,
        params,
        wanted: params.time,
        state: LabelState::default(),
        groups: Groups::default(),
        kept: BinaryHeap::new(),
        sequence: 0,
        memory: &context.memory,
    };
    while let Some(batch) = source.next_batch(query.wanted)? {
        if context.cancellation.is_cancelled() {
            return Err(ScanError::Cancelled.into());
        }
        query.add(&batch)?;
        if query.wanted.is_empty() {
            break;
        }
    }
    let mut stats = source.stats();
    stats.passed_lines = query.sequence;
    let streams = query.finish();
    Ok(LogResult { streams, stats })
}

struct Query<'a> {
    pipeline: &'a Pipeline,
    now_ns: i64,
    params: LogParams,
    /// What could still enter the result.
    wanted: TimeRange,
    state: LabelState,
    groups: Groups,
    kept: BinaryHeap<Kept>,
    sequence: u64,
    memory: &'a QueryMemory,
}

impl Query<'_> {
    fn add(&mut self, batch: &Batch) -> Result<(), MemoryError> {
        let distinct: Vec<Cow<'_, Labels>> = (batch.metadata.dictionary.iter())
            .map(|metadata| without_clashes(&batch.labels, metadata))
            .collect();
        let none = Labels::empty();
        let mut previous = None;
        let rows = batch.rows();
        for step in 0..rows {
            // Best lines first, so that the rest of the batch falls out early.
            let row = match self.params.direction {
                Direction::Forward => step,
                Direction::Backward => rows - 1 - step,
            };
            if !self.wanted.contains(batch.timestamps[row]) {
                continue;
            }
            let index = batch.metadata.rows.get(row).copied();
            if previous == Some(index) {
                self.state.begin_same();
            } else {
                let metadata = index.map_or(&none, |index| &*distinct[index as usize]);
                self.state.begin(&batch.labels, metadata);
                previous = Some(index);
            }
            self.add_row(batch, row)?;
        }
        Ok(())
    }

    fn add_row(&mut self, batch: &Batch, row: usize) -> Result<(), MemoryError> {
        self.state.set_moment(Moment {
            timestamp_ns: batch.timestamps[row].0,
            now_ns: self.now_ns,
        });
        let Some(line) = self.pipeline.run(&mut self.state, batch.lines.get(row)) else {
            return Ok(());
        };
        self.memory.take(line.len() + LINE_BYTES)?;
        let kept = Kept {
            timestamp: batch.timestamps[row],
            sequence: self.sequence,
            direction: self.params.direction,
            group: self.groups.keep(&self.state, self.memory)?,
            // A copy: sharing would keep a whole page in memory for each line.
            line: Bytes::copy_from_slice(&line),
        };
        self.sequence += 1;
        self.kept.push(kept);
        if self.kept.len() > self.params.limit
            && let Some(gone) = self.kept.pop()
        {
            self.groups.let_go(gone.group, self.memory);
            self.memory.give_back(gone.size_bytes());
        }
        if self.kept.len() == self.params.limit
            && let Some(worst) = self.kept.peek()
        {
            // Of lines with the same time the ones that came first stay.
            match self.params.direction {
                Direction::Forward => self.wanted.end = worst.timestamp,
                Direction::Backward => self.wanted.start = TimestampNs(worst.timestamp.0.saturating_add(1)),
            }
        }
        Ok(())
    }

    fn finish(self) -> Vec<ResultStream> {
        let mut streams: Vec<ResultStream> = (self.groups.into_labels())
            .map(|labels| ResultStream {
                labels,
                entries: Vec::new(),
            })
            .collect();
        for kept in self.kept.into_sorted_vec() {
            streams[kept.group as usize].entries.push((kept.timestamp, kept.line));
        }
        streams.retain(|stream| !stream.entries.is_empty());
        streams.sort_by(|a, b| a.labels.cmp(&b.labels));
        streams
    }
}
