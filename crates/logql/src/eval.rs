//! Evaluation of queries over anything that can be scanned.
//!
//! Invariants: pure; the caller gives times, a [`Cancellation`] that is looked at between batches and between series,
//! and a [`QueryMemory`] that everything is taken from that grows with the data.

mod aggregate;
mod binary;
mod buckets;
mod log;
mod memory;
mod metric;
mod plan;
mod range;
mod result;
mod unwrap;
mod vector;

use longshore_model::{Cancellation, Labels, ScanError, ScanStats, Storage, TenantId, TimestampNs};
use thiserror::Error;

pub use log::{LogParams, log_query};
pub use memory::{MemoryError, MemoryPool, QueryMemory};
pub use metric::{InstantParams, RangeParams, instant_query, range_query};
pub use result::{LogResult, MetricResult, Point, ResultStream, Sample, Series, Value};

use crate::pipeline::CompileError;

/// What a query runs on.
#[derive(Clone)]
pub struct Context<'a> {
    /// Where the lines are.
    pub storage: &'a dyn Storage,
    /// Whose lines.
    pub tenant: &'a TenantId,
    /// Stops the query between batches, and between series.
    pub cancellation: Cancellation,
    /// What the query may hold.
    pub memory: QueryMemory,
    /// Most series that a query may make, Loki's `max_query_series`.
    pub series_max: usize,
    /// The moment of the query, which the template function `now` gives.
    pub now: TimestampNs,
}

impl Context<'_> {
    /// Fails when the query is cancelled.
    fn go_on(&self) -> Result<(), EvalError> {
        if self.cancellation.is_cancelled() {
            return Err(ScanError::Cancelled.into());
        }
        Ok(())
    }

    /// Takes memory for the next piece of work.
    fn hold(&self, bytes: usize) -> Result<(), EvalError> {
        self.go_on()?;
        Ok(self.memory.take(bytes)?)
    }
}

/// Why a query has no result.
#[derive(Debug, Error)]
pub enum EvalError {
    /// The query is legal, but cannot be run.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// A line that a stage could not work on would be counted. The text is Loki's.
    #[error(
        "pipeline error: '{kind}' for series: '{series}'.\n\
         Use a label filter to intentionally skip this error. (e.g | __error__!=\"{kind}\").\n\
         To skip all potential errors you can match empty errors.(e.g __error__=\"\")\n\
         The label filter can also be specified after unwrap. (e.g | unwrap latency | __error__=\"\" )\n"
    )]
    Pipeline {
        /// The value of `__error__`.
        kind: String,
        /// Labels of the line.
        series: Labels,
    },
    /// More series than allowed. The text is Loki's.
    #[error(
        "maximum number of series ({0}) reached for a single query; consider reducing query cardinality by adding \
         more specific stream selectors, reducing the time range, or aggregating results with functions like sum(), \
         count() or topk()"
    )]
    TooManySeries(usize),
    /// More memory than there is for it.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// The query cannot be answered: samples of two sides that do not find each other one to one, a function that
    /// only instant queries have.
    #[error("{0}")]
    Refused(String),
    /// The store could not be read, or the query was cancelled.
    #[error(transparent)]
    Scan(#[from] ScanError),
}

/// Adds what one scan read to what others did.
pub(crate) fn add_stats(total: &mut ScanStats, stats: ScanStats) {
    *total += stats;
}

#[cfg(test)]
mod tests;
