//! Range aggregations: lines of a moving window become series.
//!
//! A window ends at its step and is open at its start: `(t - range, t]`. Counts need no window: each line adds itself
//! at the first step that sees it and takes itself away after the last, so the work per line does not depend on how
//! much windows overlap.

use std::borrow::Cow;
use std::sync::Arc;

use longshore_model::{Batch, Direction, Labels, ScanRequest, ScanStats, TimeRange, TimestampNs};

use super::aggregate::Table;
use super::buckets::Buckets;
use super::plan::{Key, Plan};
use super::unwrap::{CompiledUnwrap, windows};
use super::{Context, EvalError, QueryMemory};
use crate::ast::{Grouping, LogRange, RangeOp};
use crate::pipeline::{LabelState, Moment, Pipeline, is_parser_error, searches, without_clashes};

/// The moments a query is evaluated at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Steps {
    pub(super) start: i64,
    pub(super) step: i64,
    /// At least 1.
    pub(super) count: usize,
}

impl Steps {
    pub(super) fn at(&self, index: usize) -> TimestampNs {
        TimestampNs(self.start + self.step * index as i64)
    }

    /// The steps whose window of this length holds the moment.
    fn seeing(&self, at: i64, window: i64) -> Seen {
        let since = |moment: i64| moment.saturating_sub(self.start);
        // The first step at or after the moment, and the first whose window has left it behind.
        let first = since(at).saturating_sub(1).div_euclid(self.step).saturating_add(1);
        let end = since(at.saturating_add(window - 1))
            .div_euclid(self.step)
            .saturating_add(1);
        let count = self.count as i64;
        let (first, end) = (first.clamp(0, count), end.clamp(0, count));
        let step = |index: i64| self.start.saturating_add(self.step.saturating_mul(index));
        // What lies before the first step's place, or behind the last one's, is all the same.
        let since_first = if first == 0 {
            i64::MIN
        } else {
            step(first - 1).saturating_add(1)
        };
        let till_first = if first == count {
            i64::MAX
        } else {
            step(first).saturating_add(1)
        };
        let since_end = if end == 0 {
            i64::MIN
        } else {
            step(end - 1).saturating_sub(window - 1)
        };
        let till_end = if end == count {
            i64::MAX
        } else {
            step(end).saturating_sub(window - 1)
        };
        Seen {
            from: since_first.max(since_end),
            to: till_first.min(till_end),
            first: first as usize,
            end: end as usize,
        }
    }
}

/// The steps `[first, end)` that see a moment, and the moments `[from, to)` that are seen by the same: rows come in
/// order of time, so the divisions are made once for many rows.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    from: i64,
    to: i64,
    first: usize,
    end: usize,
}

/// A series with a place for each step; `None` where it has no value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StepSeries {
    pub(super) labels: Labels,
    pub(super) values: Vec<Option<f64>>,
}

/// What a series takes beside its values and the texts of its labels: two boxes for each of a few labels, its places.
const SERIES_BYTES: usize = 512;
/// A value in its place, or a count of lines with one of bytes.
const VALUE_BYTES: usize = size_of::<Option<f64>>();
/// A sample, and half of one for the sort.
const SAMPLE_BYTES: usize = size_of::<(i64, f64)>() * 3 / 2;
/// Places that a series of samples begins with.
const SAMPLES_FIRST: usize = 4;

/// Bytes that a series with so many values takes.
pub(super) fn series_bytes(labels_bytes: usize, values: usize) -> usize {
    values
        .saturating_mul(VALUE_BYTES)
        .saturating_add(labels_bytes + SERIES_BYTES)
}

impl StepSeries {
    /// Bytes that it takes.
    pub(super) fn size_bytes(&self) -> usize {
        series_bytes(self.labels.size_bytes(), self.values.len())
    }
}

/// A range aggregation as it stands in the query.
#[derive(Clone, Copy)]
pub(super) struct RangeCall<'a> {
    pub(super) op: RangeOp,
    pub(super) parameter: Option<f64>,
    pub(super) range: &'a LogRange,
    pub(super) grouping: Option<&'a Grouping>,
}

impl RangeCall<'_> {
    /// Whether a `sum` around it may be pushed into it.
    pub(super) fn can_sum(&self) -> bool {
        use RangeOp::{BytesOverTime, BytesRate, CountOverTime, Rate, SumOverTime};
        match self.range.unwrap {
            None => matches!(self.op, CountOverTime | Rate | BytesOverTime | BytesRate),
            Some(_) => matches!(self.op, Rate | SumOverTime),
        }
    }

    /// Reads the lines and makes the series, sorted by labels; fails as soon as there are more than `series_max`.
    pub(super) fn run(
        &self,
        sum: Option<Key>,
        series_max: usize,
        steps: Steps,
        context: &Context<'_>,
        stats: &mut ScanStats,
    ) -> Result<Vec<StepSeries>, EvalError> {
        if self.range.interval_ns == 0 && self.op != RangeOp::AbsentOverTime {
            // A window without length holds no line.
            return Ok(Vec::new());
        }
        match self.read(sum.clone(), series_max, steps, context, stats, true) {
            // What went wrong is told with all labels of the line, so these are read after all.
            Err(EvalError::Pipeline { .. }) => self.read(sum, series_max, steps, context, stats, false),
            result => result,
        }
    }

    /// As [`RangeCall::run`]; `lean` leaves out labels on which no value depends.
    fn read(
        &self,
        sum: Option<Key>,
        series_max: usize,
        steps: Steps,
        context: &Context<'_>,
        stats: &mut ScanStats,
        lean: bool,
    ) -> Result<Vec<StepSeries>, EvalError> {
        let pipeline = Pipeline::new(&self.range.log)?;
        let plan = Plan::new(self.op, self.range, self.grouping, sum, pipeline);
        let unwrap = self.range.unwrap.as_ref().map(CompiledUnwrap::new).transpose()?;
        let (window, offset) = (self.range.interval_ns.max(1), self.range.offset_ns);
        let state = LabelState::wanting(self.names_read(&plan, unwrap.as_ref()));
        // Rows that no stage looks at and that the same steps see are the same.
        let is_same_step = |from: TimestampNs, to: TimestampNs| {
            let at = |moment: TimestampNs| moment.0.saturating_add(offset);
            at(to) < steps.seeing(at(from), window).to
        };
        let mut source = context.storage.scan(ScanRequest {
            tenant: context.tenant,
            selector: Arc::new(&self.range.log.selector),
            time: self.time_read(steps),
            direction: Direction::Forward,
            searches: searches(&self.range.log),
            columns: plan.columns,
            metadata_names: state.names_wanted().filter(|_| lean),
            alike: plan.counts_only.then_some(&is_same_step),
            cancellation: context.cancellation.clone(),
        })?;
        let time = TimeRange::ALL;
        let mut collector = Collector {
            plan: &plan,
            steps,
            window,
            offset,
            sizes: matches!(self.op, RangeOp::BytesOverTime | RangeOp::BytesRate),
            state,
            seen: Seen::default(),
            table: Table::default(),
            series: Vec::new(),
            is_absent: self.op == RangeOp::AbsentOverTime,
            op: self.op,
            series_max,
            memory: &context.memory,
            now_ns: context.now.0,
            passed: 0,
            unwrap,
        };
        while let Some(batch) = source.next_batch(time)? {
            context.go_on()?;
            collector.add(&batch)?;
        }
        let read = ScanStats {
            passed_lines: collector.passed,
            ..source.stats()
        };
        super::add_stats(stats, read);
        self.finish(collector, context)
    }

    /// From the first window's beginning to the last one's end.
    fn time_read(&self, steps: Steps) -> TimeRange {
        let (window, offset) = (self.range.interval_ns.max(1), self.range.offset_ns);
        let first = steps.start.saturating_sub(offset).saturating_sub(window);
        let last = steps.at(steps.count - 1).0.saturating_sub(offset);
        TimeRange {
            start: TimestampNs(first.saturating_add(1)),
            end: TimestampNs(last.saturating_add(1)),
        }
    }

    /// Labels on which the result can depend; `None` when on all.
    fn names_read(&self, plan: &Plan, unwrap: Option<&CompiledUnwrap>) -> Option<Vec<String>> {
        let Key::By(labels) = &plan.key else {
            return None;
        };
        let mut names = plan.pipeline.names_read()?;
        names.extend(labels.iter().cloned());
        if let Some(unwrap) = unwrap {
            unwrap.names_read(&mut names);
        }
        Some(names)
    }

    fn finish(&self, collector: Collector<'_>, context: &Context<'_>) -> Result<Vec<StepSeries>, EvalError> {
        let (steps, window) = (collector.steps, collector.window);
        let seconds = window as f64 / 1e9;
        let values = |gathered: Gathered| match (self.op, gathered) {
            (op, Gathered::Counts { lines, bytes }) => {
                let amount: &[i64] = if collector.sizes { &bytes } else { &lines };
                let (mut present, mut sum) = (0, 0);
                let value = |(line, amount): (&i64, &i64)| {
                    present += line;
                    sum += amount;
                    let value = match op {
                        RangeOp::Rate | RangeOp::BytesRate => sum as f64 / seconds,
                        _ => sum as f64,
                    };
                    (present > 0).then_some(value)
                };
                Ok(lines.iter().zip(amount).take(steps.count).map(value).collect())
            }
            (op, Gathered::Buckets(buckets)) => buckets.windows(op, (steps, window), context),
            (op, Gathered::Samples(samples)) => windows(op, self.parameter, samples, (steps, window), context),
        };
        let labels = collector.table.into_labels();
        let mut series = Vec::with_capacity(labels.len());
        for (labels, gathered) in labels.into_iter().zip(collector.series) {
            context.go_on()?;
            let values = values(gathered)?;
            series.push(StepSeries { labels, values });
        }
        if self.op == RangeOp::AbsentOverTime {
            return Ok(absent(&self.range.log, &series, steps));
        }
        series.sort_by(|a, b| a.labels.cmp(&b.labels));
        Ok(series)
    }
}

/// 1 where no series has a value, with the labels that the selector fixes.
fn absent(log: &crate::ast::LogExpr, series: &[StepSeries], steps: Steps) -> Vec<StepSeries> {
    let matchers = &log.selector.matchers;
    let fixed = matchers.iter().filter(|matcher| {
        let twice = matchers.iter().filter(|other| other.name == matcher.name).count() > 1;
        matcher.op == crate::ast::MatchOp::Equal && !matcher.value.is_empty() && !twice
    });
    let labels = fixed
        .map(|matcher| (matcher.name.as_str(), matcher.value.as_str()))
        .collect();
    let value = |step: usize| series.iter().all(|series| series.values[step].is_none()).then_some(1.0);
    let values: Vec<Option<f64>> = (0..steps.count).map(value).collect();
    if values.iter().all(Option::is_none) {
        return Vec::new();
    }
    vec![StepSeries { labels, values }]
}

/// What a series has gathered.
enum Gathered {
    /// Differences from step to step; one place more than steps, for what ends after the last.
    Counts { lines: Vec<i64>, bytes: Vec<i64> },
    /// Unwrapped values, put together by the steps that see them.
    Buckets(Buckets),
    /// Every unwrapped value with its time, unsorted.
    Samples(Vec<(i64, f64)>),
}

struct Collector<'a> {
    plan: &'a Plan,
    unwrap: Option<CompiledUnwrap>,
    steps: Steps,
    window: i64,
    offset: i64,
    sizes: bool,
    state: LabelState,
    seen: Seen,
    table: Table,
    series: Vec<Gathered>,
    /// Nothing but whether there is a line matters, so one series holds all.
    is_absent: bool,
    op: RangeOp,
    series_max: usize,
    memory: &'a QueryMemory,
    now_ns: i64,
    /// Lines that count.
    passed: u64,
}

impl Collector<'_> {
    fn add(&mut self, batch: &Batch) -> Result<(), EvalError> {
        let distinct: Vec<Cow<'_, Labels>> = (batch.metadata.dictionary.iter())
            .map(|metadata| without_clashes(&batch.labels, metadata))
            .collect();
        let none = Labels::empty();
        // While no stage touches labels, the series of a row depends on its metadata alone.
        let same = !self.plan.pipeline.touches_labels() && self.unwrap.is_none();
        let mut known: Vec<Option<usize>> = vec![None; distinct.len().max(1)];
        // Then a row whose series is known needs no look at all, unless its text matters.
        let countable = same && !self.plan.columns.lines;
        if self.plan.counts_only || countable && batch.metadata.rows.is_empty() {
            return self.add_counts(batch);
        }
        let mut previous = None;
        for row in 0..batch.rows() {
            let at = batch.timestamps[row].0.saturating_add(self.offset);
            if at < self.seen.from || at >= self.seen.to {
                self.seen = self.steps.seeing(at, self.window);
            }
            if self.seen.first >= self.seen.end {
                continue;
            }
            let index = batch.metadata.rows.get(row).copied();
            let place = index.unwrap_or(0) as usize;
            if let (true, Some(series)) = (countable, known[place]) {
                self.count(series, at, 0.0, 1)?;
                continue;
            }
            if previous == Some(index) {
                self.state.begin_same();
            } else {
                let metadata = index.map_or(&none, |index| &*distinct[index as usize]);
                self.state.begin(&batch.labels, metadata);
                previous = Some(index);
            }
            let line: &[u8] = if self.plan.columns.lines {
                batch.lines.get(row)
            } else {
                &[]
            };
            self.state.set_moment(Moment {
                timestamp_ns: batch.timestamps[row].0,
                now_ns: self.now_ns,
            });
            let Some(line) = self.plan.pipeline.run(&mut self.state, line) else {
                continue;
            };
            let value = match &self.unwrap {
                Some(unwrap) => match unwrap.value(&mut self.state) {
                    Some(value) => value,
                    None => continue,
                },
                None => line.len() as f64,
            };
            self.refuse_errors()?;
            let series = match known[place] {
                Some(series) => series,
                None => self.series_of_state()?,
            };
            if same {
                known[place] = Some(series);
            }
            self.count(series, at, value, 1)?;
        }
        Ok(())
    }

    /// Counts rows that all belong to one series, all that the same steps see at once.
    fn add_counts(&mut self, batch: &Batch) -> Result<(), EvalError> {
        self.state.begin(&batch.labels, &Labels::empty());
        let mut series = None;
        let mut left = batch.timestamps.as_slice();
        while let Some(first) = left.first() {
            let at = first.0.saturating_add(self.offset);
            self.seen = self.steps.seeing(at, self.window);
            let same = left.partition_point(|row| row.0.saturating_add(self.offset) < self.seen.to);
            // The bounds of a saturated moment may leave out even itself.
            let (same, rest) = left.split_at(same.max(1));
            left = rest;
            if self.seen.first >= self.seen.end {
                continue;
            }
            let alike = if left.is_empty() { batch.alike } else { 0 };
            let series = match series {
                Some(series) => series,
                None => *series.insert(self.series_of_state()?),
            };
            self.count(series, at, 0.0, same.len() + alike)?;
        }
        Ok(())
    }

    fn refuse_errors(&self) -> Result<(), EvalError> {
        let Some(kind) = self.state.error() else {
            return Ok(());
        };
        // As in Loki a grouping that asks for errors of parsers counts their lines; what failed later fails the query.
        if self.plan.counts_errors && is_parser_error(kind) {
            return Ok(());
        }
        Err(EvalError::Pipeline {
            kind: kind.to_owned(),
            series: self.state.iter().collect(),
        })
    }

    /// Index of the series that the line belongs to; makes it if it is new.
    fn series_of_state(&mut self) -> Result<usize, EvalError> {
        let state = &self.state;
        let index = match &self.plan.key {
            // All that could be absent is one.
            _ if self.is_absent => self.table.index_of(std::iter::empty),
            Key::By(names) => {
                // A name may stand twice in the grouping, never in the result.
                let is_first = |at: &usize| !names[..*at].contains(&names[*at]);
                let pair = |at: usize| Some((names[at].as_str(), state.get(&names[at])?));
                self.table
                    .index_of(|| (0..names.len()).filter(is_first).filter_map(pair))
            }
            key => self.table.index_of(|| state.iter().filter(|(name, _)| key.keeps(name))),
        };
        if index == self.series.len() {
            let places = self.steps.count + 1;
            if index >= self.series_max {
                return Err(EvalError::TooManySeries(self.series_max));
            }
            self.memory.take(series_bytes(self.table.labels_bytes(index), places))?;
            self.series.push(if self.unwrap.is_some() && !self.is_absent {
                match super::buckets::serves(self.op) {
                    true => Gathered::Buckets(Buckets::default()),
                    false => Gathered::Samples(Vec::new()),
                }
            } else {
                Gathered::Counts {
                    lines: vec![0; places],
                    bytes: if self.sizes { vec![0; places] } else { Vec::new() },
                }
            });
        }
        Ok(index)
    }

    /// Counts rows at a moment; only one that has a value.
    fn count(&mut self, series: usize, at: i64, value: f64, rows: usize) -> Result<(), EvalError> {
        self.passed += rows as u64;
        let Seen { first, end, .. } = self.seen;
        match &mut self.series[series] {
            Gathered::Counts { lines, bytes } => {
                lines[first] += rows as i64;
                lines[end] -= rows as i64;
                if self.sizes {
                    bytes[first] += value as i64;
                    bytes[end] -= value as i64;
                }
            }
            Gathered::Buckets(buckets) => buckets.add(self.op, (first, end), (at, value), self.memory)?,
            Gathered::Samples(samples) => {
                if samples.len() == samples.capacity() {
                    let more = samples.capacity().max(SAMPLES_FIRST);
                    self.memory.take(more * SAMPLE_BYTES)?;
                    samples.reserve_exact(more);
                }
                samples.push((at, value));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
