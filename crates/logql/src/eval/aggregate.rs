//! Label sets by number, and vector aggregations over them.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use longshore_model::Labels;

use super::plan::Key;
use super::range::{StepSeries, series_bytes};
use super::{Context, EvalError};
use crate::ast::VectorOp;

/// What a series takes as a member of a group: its group, its place in the sort of a step, a set of labels at most.
const MEMBER_BYTES: usize = 256;

/// Distinct label sets, numbered from 0 in the order in which they came.
#[derive(Default)]
pub(super) struct Table {
    table: HashTable<usize>,
    labels: Vec<(u64, Labels)>,
}

impl Table {
    /// Number of the set; a new one gets the next. The pairs may come in any order; a name must not stand twice.
    pub(super) fn index_of<'a, I>(&mut self, pairs: impl Fn() -> I) -> usize
    where
        I: Iterator<Item = (&'a str, &'a str)>,
    {
        let hasher = FixedState::default();
        let (mut hash, mut count) = (0_u64, 0);
        for pair in pairs() {
            hash = hash.wrapping_add(hasher.hash_one(pair));
            count += 1;
        }
        let known = self.table.find(hash, |&index| {
            let (other, labels) = &self.labels[index];
            *other == hash && labels.len() == count && pairs().all(|(name, value)| labels.get(name) == Some(value))
        });
        if let Some(&index) = known {
            return index;
        }
        let index = self.labels.len();
        self.labels.push((hash, pairs().collect()));
        let labels = &self.labels;
        self.table.insert_unique(hash, index, |&index| labels[index].0);
        index
    }

    /// Bytes of the texts of a set.
    pub(super) fn labels_bytes(&self, index: usize) -> usize {
        self.labels[index].1.size_bytes()
    }

    /// Number of sets.
    pub(super) fn len(&self) -> usize {
        self.labels.len()
    }

    /// The sets by number.
    pub(super) fn into_labels(self) -> Vec<Labels> {
        self.labels.into_iter().map(|(_, labels)| labels).collect()
    }
}

/// Aggregates the series of each group, step by step.
///
/// # Errors
/// Cancellation, or too little memory.
pub(super) fn aggregate(
    op: VectorOp,
    parameter: Option<u64>,
    key: &Key,
    series: Vec<StepSeries>,
    context: &Context<'_>,
) -> Result<Vec<StepSeries>, EvalError> {
    if matches!(op, VectorOp::Sort | VectorOp::SortDesc) {
        return Ok(sorted(op == VectorOp::Sort, series));
    }
    let mut table = Table::default();
    let mut groups = Vec::with_capacity(series.len());
    for series in &series {
        groups.push(table.index_of(|| series.labels.iter().filter(|(name, _)| key.keeps(name))));
        context.hold(MEMBER_BYTES)?;
    }
    match op {
        VectorOp::Topk | VectorOp::Bottomk | VectorOp::ApproxTopk => {
            let count = usize::try_from(parameter.unwrap_or(1)).unwrap_or(usize::MAX);
            let smallest = op == VectorOp::Bottomk;
            let picked = pick(smallest, count, (&groups, table.len()), series, context)?;
            Ok(sorted(smallest, picked))
        }
        _ => reduce(op, &groups, table, &series, context),
    }
}

fn reduce(
    op: VectorOp,
    groups: &[usize],
    table: Table,
    series: &[StepSeries],
    context: &Context<'_>,
) -> Result<Vec<StepSeries>, EvalError> {
    let steps = series.first().map_or(0, |series| series.values.len());
    for group in 0..table.len() {
        context.hold(steps.saturating_mul(size_of::<Moments>()) + series_bytes(table.labels_bytes(group), steps))?;
    }
    let mut states: Vec<Vec<Moments>> = vec![vec![Moments::default(); steps]; table.len()];
    for (series, &group) in series.iter().zip(groups) {
        context.go_on()?;
        for (state, value) in states[group].iter_mut().zip(&series.values) {
            if let Some(value) = value {
                state.add(*value);
            }
        }
    }
    let finish = |states: Vec<Moments>| states.iter().map(|state| state.finish(op)).collect();
    let mut results: Vec<StepSeries> = (table.into_labels().into_iter().zip(states))
        .map(|(labels, states)| StepSeries {
            labels,
            values: finish(states),
        })
        .collect();
    results.sort_by(|a, b| a.labels.cmp(&b.labels));
    Ok(results)
}

/// Running figures of the values of a group at a step.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    count: f64,
    sum: f64,
    min: f64,
    max: f64,
    mean: f64,
    /// Sum of squared distances from the mean (Welford).
    squares: f64,
}

impl Moments {
    fn add(&mut self, value: f64) {
        let first = self.count == 0.0;
        self.count += 1.0;
        self.sum += value;
        // A NaN gives way to any number.
        if first || self.min.is_nan() || value < self.min {
            self.min = value;
        }
        if first || self.max.is_nan() || value > self.max {
            self.max = value;
        }
        let distance = value - self.mean;
        self.mean += distance / self.count;
        self.squares += distance * (value - self.mean);
    }

    fn finish(&self, op: VectorOp) -> Option<f64> {
        let value = match op {
            VectorOp::Sum => self.sum,
            VectorOp::Count => self.count,
            VectorOp::Min => self.min,
            VectorOp::Max => self.max,
            VectorOp::Stdvar => self.squares / self.count,
            VectorOp::Stddev => (self.squares / self.count).sqrt(),
            _ if self.mean.is_finite() => self.mean,
            // The running mean loses infinities.
            _ => self.sum / self.count,
        };
        (self.count > 0.0).then_some(value)
    }
}

/// Leaves the largest (or smallest) values of each group at each step; NaN comes last.
fn pick(
    smallest: bool,
    count: usize,
    (groups, group_count): (&[usize], usize),
    mut series: Vec<StepSeries>,
    context: &Context<'_>,
) -> Result<Vec<StepSeries>, EvalError> {
    let steps = series.first().map_or(0, |series| series.values.len());
    for step in 0..steps {
        context.go_on()?;
        let mut members: Vec<Vec<(f64, usize)>> = vec![Vec::new(); group_count];
        for (index, series) in series.iter().enumerate() {
            if let Some(value) = series.values[step] {
                members[groups[index]].push((value, index));
            }
        }
        for mut members in members {
            members.sort_by(|a, b| order(smallest, a.0, b.0));
            for &(_, index) in members.iter().skip(count) {
                series[index].values[step] = None;
            }
        }
    }
    series.retain(|series| series.values.iter().any(Option::is_some));
    Ok(series)
}

/// Sorts by value where there is one moment only; over many there is no such order.
fn sorted(ascending: bool, mut series: Vec<StepSeries>) -> Vec<StepSeries> {
    if series.first().is_some_and(|series| series.values.len() == 1) {
        let value = |series: &StepSeries| series.values[0].unwrap_or(f64::NAN);
        series.sort_by(|a, b| order(ascending, value(a), value(b)));
    }
    series
}

/// Order of values for `topk` and `sort`: descending, or ascending; NaN last.
fn order(ascending: bool, a: f64, b: f64) -> std::cmp::Ordering {
    let by_value = if ascending { a.total_cmp(&b) } else { b.total_cmp(&a) };
    a.is_nan().cmp(&b.is_nan()).then(by_value)
}
