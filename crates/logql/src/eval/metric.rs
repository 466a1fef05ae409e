//! Metric queries: expressions evaluated at one moment or at many.

use longshore_model::{ScanStats, TimestampNs};

use super::aggregate::aggregate;
use super::binary::{Operand, apply};
use super::plan::Key;
use super::range::{RangeCall, StepSeries, Steps, series_bytes};
use super::vector::label_replace;
use super::{Context, EvalError, MetricResult, Point, Sample, Series, Value};
use crate::ast::{BinaryOp, SampleExpr, SampleKind, VectorOp};

/// When a range query is evaluated.
#[derive(Debug, Clone, Copy)]
pub struct RangeParams {
    /// First moment.
    pub start: TimestampNs,
    /// Last moment, inclusive.
    pub end: TimestampNs,
    /// Between two moments, nanoseconds; what is below 1 counts as 1.
    pub step_ns: i64,
}

/// When an instant query is evaluated.
#[derive(Debug, Clone, Copy)]
pub struct InstantParams {
    /// The moment.
    pub at: TimestampNs,
}

/// Evaluates an expression at each step of a range.
///
/// # Errors
/// See [`EvalError`].
pub fn range_query(expr: &SampleExpr, params: RangeParams, context: &Context<'_>) -> Result<MetricResult, EvalError> {
    let step = params.step_ns.max(1);
    let length = params.end.0.saturating_sub(params.start.0);
    if length < 0 {
        return Ok(MetricResult {
            value: Value::Matrix(Vec::new()),
            stats: ScanStats::default(),
        });
    }
    let steps = Steps {
        start: params.start.0,
        step,
        count: usize::try_from(length / step).unwrap_or(usize::MAX - 1) + 1,
    };
    let mut evaluation = Evaluation::new(steps, context);
    let series = match evaluation.eval(expr, context.series_max)? {
        Operand::Scalar(value) => vec![constant(value, steps, context)?],
        Operand::Series(series) => series,
    };
    let series: Vec<Series> = series.into_iter().map(|series| points(series, steps)).collect();
    let series: Vec<Series> = series.into_iter().filter(|series| !series.points.is_empty()).collect();
    evaluation.check_count(series.len())?;
    Ok(MetricResult {
        value: Value::Matrix(series),
        stats: evaluation.stats,
    })
}

/// Evaluates an expression at one moment.
///
/// # Errors
/// See [`EvalError`].
pub fn instant_query(
    expr: &SampleExpr,
    params: InstantParams,
    context: &Context<'_>,
) -> Result<MetricResult, EvalError> {
    let steps = Steps {
        start: params.at.0,
        step: 1,
        count: 1,
    };
    let mut evaluation = Evaluation::new(steps, context);
    let value = match evaluation.eval(expr, context.series_max)? {
        Operand::Scalar(value) => Value::Scalar(Point {
            timestamp: params.at,
            value,
        }),
        Operand::Series(series) => {
            let sample = |series: StepSeries| {
                let value = series.values.first().copied().flatten()?;
                Some(Sample {
                    labels: series.labels,
                    value,
                })
            };
            let samples: Vec<Sample> = series.into_iter().filter_map(sample).collect();
            evaluation.check_count(samples.len())?;
            Value::Vector { at: params.at, samples }
        }
    };
    Ok(MetricResult {
        value,
        stats: evaluation.stats,
    })
}

fn points(series: StepSeries, steps: Steps) -> Series {
    let point = |(index, value): (usize, Option<f64>)| {
        value.map(|value| Point {
            timestamp: steps.at(index),
            value,
        })
    };
    Series {
        labels: series.labels,
        points: series.values.into_iter().enumerate().filter_map(point).collect(),
    }
}

fn constant(value: f64, steps: Steps, context: &Context<'_>) -> Result<StepSeries, EvalError> {
    context.hold(series_bytes(0, steps.count))?;
    Ok(StepSeries {
        labels: longshore_model::Labels::empty(),
        values: vec![Some(value); steps.count],
    })
}

/// The most series that the inner side of an expression may have, when so many may come of it: only where each of them
/// becomes one of the result.
fn inner_max(op: BinaryOp, other: &SampleExpr, series_max: usize) -> usize {
    let keeps_all = !op.is_comparison() && !op.is_logical() && matches!(other.kind, SampleKind::Literal(_));
    if keeps_all { series_max } else { usize::MAX }
}

struct Evaluation<'a, 'c> {
    steps: Steps,
    context: &'a Context<'c>,
    stats: ScanStats,
}

impl<'a, 'c> Evaluation<'a, 'c> {
    fn new(steps: Steps, context: &'a Context<'c>) -> Self {
        Self {
            steps,
            context,
            stats: ScanStats::default(),
        }
    }

    fn check_count(&self, count: usize) -> Result<(), EvalError> {
        if count > self.context.series_max {
            return Err(EvalError::TooManySeries(self.context.series_max));
        }
        Ok(())
    }

    /// Evaluates; what is left of the memory that it took is what its result holds.
    fn eval(&mut self, expr: &SampleExpr, series_max: usize) -> Result<Operand, EvalError> {
        self.context.go_on()?;
        let before = self.context.memory.used_bytes();
        let operand = self.eval_kind(expr, series_max)?;
        self.context.memory.settle(before + operand.size_bytes())?;
        Ok(operand)
    }

    /// Evaluates operators from left to right, without recursion however many there are.
    fn eval_chain(&mut self, expr: &SampleExpr, series_max: usize) -> Result<Operand, EvalError> {
        let before = self.context.memory.used_bytes();
        let (first, links) = expr.chain();
        // What each operation may make, the last first; then what the first operand may.
        let mut maxima = vec![series_max];
        for link in links.iter().rev() {
            maxima.push(inner_max(link.op, link.right, maxima[maxima.len() - 1]));
        }
        let mut maxima = maxima.into_iter().rev();
        let mut left = self.eval(first, maxima.next().unwrap_or(series_max))?;
        for (link, series_max) in links.into_iter().zip(maxima) {
            let right = self.eval(link.right, inner_max(link.op, link.left, series_max))?;
            left = apply(link.op, link.options, left, right, self.context)?;
            self.context.memory.settle(before + left.size_bytes())?;
        }
        Ok(left)
    }

    fn eval_kind(&mut self, expr: &SampleExpr, series_max: usize) -> Result<Operand, EvalError> {
        Ok(match &expr.kind {
            SampleKind::Literal(value) => Operand::Scalar(*value),
            SampleKind::Vector(value) => Operand::Series(vec![constant(*value, self.steps, self.context)?]),
            SampleKind::RangeAggregation {
                op,
                parameter,
                range,
                grouping,
            } => {
                let call = RangeCall {
                    op: *op,
                    parameter: *parameter,
                    range,
                    grouping: grouping.as_ref(),
                };
                Operand::Series(self.range(call, None, series_max)?)
            }
            SampleKind::VectorAggregation {
                op,
                parameter,
                inner,
                grouping,
            } => {
                let key = Key::of_aggregation(grouping.as_ref());
                if *op == VectorOp::ApproxTopk && self.steps.count > 1 {
                    return Err(EvalError::Refused(
                        "approx_topk is only supported on instant queries".to_owned(),
                    ));
                }
                if *op == VectorOp::Sum
                    && let Some(call) = range_call(inner).filter(RangeCall::can_sum)
                {
                    return Ok(Operand::Series(self.range(call, Some(key), series_max)?));
                }
                let series = self.series(inner)?;
                Operand::Series(aggregate(*op, *parameter, &key, series, self.context)?)
            }
            SampleKind::Binary { .. } => self.eval_chain(expr, series_max)?,
            SampleKind::LabelReplace {
                inner,
                destination,
                replacement,
                source,
                regex,
            } => {
                let series = self.series(inner)?;
                Operand::Series(label_replace(
                    series,
                    (destination, replacement, source),
                    regex,
                    self.context,
                )?)
            }
        })
    }

    fn series(&mut self, expr: &SampleExpr) -> Result<Vec<StepSeries>, EvalError> {
        Ok(match self.eval(expr, usize::MAX)? {
            Operand::Series(series) => series,
            Operand::Scalar(value) => vec![constant(value, self.steps, self.context)?],
        })
    }

    fn range(
        &mut self,
        call: RangeCall<'_>,
        sum: Option<Key>,
        series_max: usize,
    ) -> Result<Vec<StepSeries>, EvalError> {
        call.run(sum, series_max, self.steps, self.context, &mut self.stats)
    }
}

fn range_call(expr: &SampleExpr) -> Option<RangeCall<'_>> {
    let SampleKind::RangeAggregation {
        op,
        parameter,
        range,
        grouping,
    } = &expr.kind
    else {
        return None;
    };
    Some(RangeCall {
        op: *op,
        parameter: *parameter,
        range,
        grouping: grouping.as_ref(),
    })
}
