//! Unwrapped numbers of a series, put together as they come.
//!
//! Numbers that the same steps see are never told apart, so one bucket holds all of them: their sum, their least, or
//! whatever the function needs. There are at most two more of these than twice the steps, however many lines are read.
//!
//! Invariant: buckets stand in order of time, and both the first step that sees one and the first that does not only
//! grow with it.

use super::range::Steps;
use super::{Context, EvalError, QueryMemory};
use crate::ast::RangeOp;

/// Buckets that a series begins with.
const BUCKETS_FIRST: usize = 1;

/// Numbers that the steps `[first, end)` see.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    first: u32,
    end: u32,
    count: u32,
    /// The sum, the least, the greatest, the mean, or the first or last number.
    value: f64,
    /// Of a deviation: the sum of squared distances from the mean.
    squares: f64,
    /// When the first or last number was written.
    at: i64,
}

/// The numbers of one series.
#[derive(Debug, Default)]
pub(super) struct Buckets(Vec<Bucket>);

/// Whether a function can be put together from buckets; others need every number.
pub(super) fn serves(op: RangeOp) -> bool {
    !matches!(op, RangeOp::QuantileOverTime | RangeOp::RateCounter)
}

impl Bucket {
    /// Takes in what comes after it in time, or came after it.
    fn merge(&mut self, op: RangeOp, other: &Self) {
        let count = f64::from(self.count) + f64::from(other.count);
        match op {
            RangeOp::MinOverTime if other.value < self.value || self.value.is_nan() => self.value = other.value,
            RangeOp::MaxOverTime if other.value > self.value || self.value.is_nan() => self.value = other.value,
            RangeOp::MinOverTime | RangeOp::MaxOverTime => {}
            RangeOp::FirstOverTime if other.at < self.at => (self.at, self.value) = (other.at, other.value),
            RangeOp::LastOverTime if other.at >= self.at => (self.at, self.value) = (other.at, other.value),
            RangeOp::FirstOverTime | RangeOp::LastOverTime => {}
            RangeOp::StdvarOverTime | RangeOp::StddevOverTime => {
                let distance = other.value - self.value;
                let share = f64::from(other.count) / count;
                self.squares += other.squares + distance * distance * f64::from(self.count) * share;
                self.value += distance * share;
            }
            _ => self.value += other.value,
        }
        self.count = self.count.saturating_add(other.count);
    }

    fn finish(&self, op: RangeOp, window_seconds: f64) -> f64 {
        match op {
            RangeOp::AvgOverTime => self.value / f64::from(self.count),
            RangeOp::StdvarOverTime => self.squares / f64::from(self.count),
            RangeOp::StddevOverTime => (self.squares / f64::from(self.count)).sqrt(),
            RangeOp::Rate => self.value / window_seconds,
            _ => self.value,
        }
    }
}

impl Buckets {
    /// Adds a number that the steps `[first, end)` see.
    pub(super) fn add(
        &mut self,
        op: RangeOp,
        (first, end): (usize, usize),
        (at, value): (i64, f64),
        memory: &QueryMemory,
    ) -> Result<(), EvalError> {
        let new = Bucket {
            first: u32::try_from(first).unwrap_or(u32::MAX),
            end: u32::try_from(end).unwrap_or(u32::MAX),
            count: 1,
            value,
            squares: 0.0,
            at,
        };
        let key = |bucket: &Bucket| (bucket.first, bucket.end);
        // Lines come in order of time, nearly.
        let place = match self.0.last() {
            Some(last) if key(last) == key(&new) => Ok(self.0.len() - 1),
            Some(last) if key(last) < key(&new) => Err(self.0.len()),
            _ => self.0.binary_search_by_key(&key(&new), key),
        };
        match place {
            Ok(index) => self.0[index].merge(op, &new),
            Err(index) => {
                if self.0.len() == self.0.capacity() {
                    let more = self.0.capacity().max(BUCKETS_FIRST);
                    memory.take(more * size_of::<Bucket>())?;
                    self.0.reserve_exact(more);
                }
                self.0.insert(index, new);
            }
        }
        Ok(())
    }

    /// The value of each step.
    pub(super) fn windows(
        &self,
        op: RangeOp,
        (steps, window): (Steps, i64),
        context: &Context<'_>,
    ) -> Result<Vec<Option<f64>>, EvalError> {
        let seconds = window as f64 / 1e9;
        let (mut from, mut to) = (0, 0);
        let value = |step: usize| {
            // A window may hold every bucket, and there may be thousands of windows.
            context.go_on()?;
            while self.0.get(from).is_some_and(|bucket| bucket.end as usize <= step) {
                from += 1;
            }
            while self.0.get(to).is_some_and(|bucket| bucket.first as usize <= step) {
                to += 1;
            }
            let mut inside = self.0.get(from..to).unwrap_or_default().iter();
            let whole = inside.next().map(|first| {
                let mut whole = *first;
                inside.for_each(|bucket| whole.merge(op, bucket));
                whole
            });
            Ok(whole.map(|whole| whole.finish(op, seconds)))
        };
        (0..steps.count).map(value).collect()
    }
}
