//! Operators between numbers and series.
//!
//! Source: Prometheus' documentation, "Operators", "Vector matching", which Loki follows.

use std::collections::HashMap;

use longshore_model::Labels;

use super::plan::Key;
use super::range::{StepSeries, series_bytes};
use super::vector::cut;
use super::{Context, EvalError};
use crate::ast::{BinaryOp, BinaryOptions, Cardinality, Matching};

/// What an expression gives.
pub(super) enum Operand {
    /// The same number at every step.
    Scalar(f64),
    /// Series.
    Series(Vec<StepSeries>),
}

impl Operand {
    /// Bytes that it takes.
    pub(super) fn size_bytes(&self) -> usize {
        match self {
            Self::Scalar(_) => 0,
            Self::Series(series) => series.iter().map(StepSeries::size_bytes).sum(),
        }
    }
}

/// Applies an operator.
pub(super) fn apply(
    op: BinaryOp,
    options: &BinaryOptions,
    left: Operand,
    right: Operand,
    context: &Context<'_>,
) -> Result<Operand, EvalError> {
    Ok(match (left, right) {
        (Operand::Scalar(left), Operand::Scalar(right)) => Operand::Scalar(op.apply(left, right)),
        (Operand::Series(series), Operand::Scalar(scalar)) => {
            Operand::Series(with_scalar(op, options, series, |value| (value, scalar)))
        }
        (Operand::Scalar(scalar), Operand::Series(series)) => {
            Operand::Series(with_scalar(op, options, series, |value| (scalar, value)))
        }
        (Operand::Series(left), Operand::Series(right)) if op.is_logical() => {
            let key = matching_key(options.matching.as_ref());
            Operand::Series(logical(op, &key, left, &right, context)?)
        }
        (Operand::Series(left), Operand::Series(right)) => Operand::Series(matched(op, options, left, right, context)?),
    })
}

fn with_scalar(
    op: BinaryOp,
    options: &BinaryOptions,
    mut series: Vec<StepSeries>,
    sides: impl Fn(f64) -> (f64, f64),
) -> Vec<StepSeries> {
    for series in &mut series {
        for place in &mut series.values {
            *place = place.and_then(|value| {
                let (left, right) = sides(value);
                outcome(op, options.return_bool, left, right, value)
            });
        }
    }
    without_empty(series)
}

/// A comparison without `bool` keeps the value or drops the sample.
fn outcome(op: BinaryOp, return_bool: bool, left: f64, right: f64, kept: f64) -> Option<f64> {
    let result = op.apply(left, right);
    if op.is_comparison() && !return_bool {
        return (result != 0.0).then_some(kept);
    }
    Some(result)
}

fn without_empty(mut series: Vec<StepSeries>) -> Vec<StepSeries> {
    series.retain(|series| series.values.iter().any(Option::is_some));
    series
}

fn matching_key(matching: Option<&Matching>) -> Key {
    match matching {
        None => Key::Without(Vec::new()),
        Some(matching) if matching.on => Key::By(matching.labels.clone()),
        Some(matching) => Key::Without(matching.labels.clone()),
    }
}

fn by_key<'a>(
    series: &'a [StepSeries],
    key: &Key,
    context: &Context<'_>,
) -> Result<HashMap<Labels, Vec<&'a StepSeries>>, EvalError> {
    let mut map: HashMap<Labels, Vec<&StepSeries>> = HashMap::new();
    for series in series {
        context.hold(series_bytes(series.labels.size_bytes(), 0))?;
        map.entry(cut(&series.labels, key)).or_default().push(series);
    }
    Ok(map)
}

fn logical(
    op: BinaryOp,
    key: &Key,
    left: Vec<StepSeries>,
    right: &[StepSeries],
    context: &Context<'_>,
) -> Result<Vec<StepSeries>, EvalError> {
    let present = |others: Option<&Vec<&StepSeries>>, step: usize| {
        others.is_some_and(|others| others.iter().any(|series| series.values[step].is_some()))
    };
    let filter = |series: &StepSeries, others: &HashMap<Labels, Vec<&StepSeries>>, wanted: bool| {
        context.hold(series.size_bytes())?;
        let others = others.get(&cut(&series.labels, key));
        let value = |(step, value): (usize, &Option<f64>)| value.filter(|_| present(others, step) == wanted);
        Ok(StepSeries {
            labels: series.labels.clone(),
            values: series.values.iter().enumerate().map(value).collect(),
        })
    };
    let mut results: Vec<StepSeries> = match op {
        BinaryOp::Or => {
            let lefts = by_key(&left, key, context)?;
            let added: Result<Vec<StepSeries>, EvalError> =
                right.iter().map(|series| filter(series, &lefts, false)).collect();
            drop(lefts);
            left.into_iter().chain(added?).collect()
        }
        _ => {
            let rights = by_key(right, key, context)?;
            let left = left.iter().map(|series| filter(series, &rights, op == BinaryOp::And));
            left.collect::<Result<_, EvalError>>()?
        }
    };
    results.sort_by(|a, b| a.labels.cmp(&b.labels));
    Ok(merge_equal(without_empty(results)))
}

/// Puts series with the same labels together, which `or` makes when a series stands on both sides at different times.
fn merge_equal(series: Vec<StepSeries>) -> Vec<StepSeries> {
    let mut merged: Vec<StepSeries> = Vec::with_capacity(series.len());
    for next in series {
        match merged.last_mut() {
            Some(last) if last.labels == next.labels => {
                for (place, value) in last.values.iter_mut().zip(next.values) {
                    *place = place.or(value);
                }
            }
            _ => merged.push(next),
        }
    }
    merged
}

fn matched(
    op: BinaryOp,
    options: &BinaryOptions,
    left: Vec<StepSeries>,
    right: Vec<StepSeries>,
    context: &Context<'_>,
) -> Result<Vec<StepSeries>, EvalError> {
    let matching = options.matching.as_ref();
    let key = matching_key(matching);
    let cardinality = matching.map_or(Cardinality::OneToOne, |matching| matching.cardinality);
    let swapped = cardinality == Cardinality::OneToMany;
    let (many, one) = if swapped { (right, left) } else { (left, right) };
    let ones = by_key(&one, &key, context)?;
    refuse_duplicates(&ones, if swapped { "left" } else { "right" })?;
    // Results that there are, by what they match with; the steps at which each has a value.
    let mut taken: HashMap<(Labels, Option<Labels>), Vec<bool>> = HashMap::new();
    let mut results = Vec::new();
    for many in &many {
        let signature = cut(&many.labels, &key);
        for one in ones.get(&signature).into_iter().flatten() {
            let labels = result_labels(&many.labels, &one.labels, matching, &key);
            // Its labels stand among the taken ones too, with a mark for each step.
            context.hold(series_bytes(2 * labels.size_bytes(), 2 * many.values.len()))?;
            let distinct = (cardinality != Cardinality::OneToOne).then(|| labels.clone());
            let taken = taken.entry((signature.clone(), distinct));
            let taken = taken.or_insert_with(|| vec![false; many.values.len()]);
            let mut values = vec![None; many.values.len()];
            for (step, place) in values.iter_mut().enumerate() {
                let (Some(value), Some(other)) = (many.values[step], one.values[step]) else {
                    continue;
                };
                let (left, right) = if swapped { (other, value) } else { (value, other) };
                *place = outcome(op, options.return_bool, left, right, left);
                if place.is_some() && std::mem::replace(&mut taken[step], true) {
                    return Err(ambiguous(cardinality));
                }
            }
            results.push(StepSeries { labels, values });
        }
    }
    results.sort_by(|a, b| a.labels.cmp(&b.labels));
    Ok(merge_equal(without_empty(results)))
}

/// On the side of which one sample may match, no two of a moment may look alike, used or not.
fn refuse_duplicates(ones: &HashMap<Labels, Vec<&StepSeries>>, side: &str) -> Result<(), EvalError> {
    for candidates in ones.values().filter(|candidates| candidates.len() > 1) {
        let steps = candidates[0].values.len();
        let at = |step: usize| candidates.iter().filter(|series| series.values[step].is_some()).count();
        if (0..steps).any(|step| at(step) > 1) {
            return Err(EvalError::Refused(format!(
                "found duplicate series on the {side} hand-side;many-to-many matching not allowed: matching labels must \
                 be unique on one side"
            )));
        }
    }
    Ok(())
}

fn ambiguous(cardinality: Cardinality) -> EvalError {
    EvalError::Refused(match cardinality {
        Cardinality::OneToOne => {
            "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)".to_owned()
        }
        _ => "multiple matches for labels: grouping labels must ensure unique matches".to_owned(),
    })
}

fn result_labels(many: &Labels, one: &Labels, matching: Option<&Matching>, key: &Key) -> Labels {
    let Some(matching) = matching else {
        return many.clone();
    };
    if matching.cardinality == Cardinality::OneToOne {
        return cut(many, key);
    }
    let included = |name: &str| matching.include.iter().any(|label| label == name);
    let own = many.iter().filter(|(name, _)| !included(name));
    own.chain(one.iter().filter(|(name, _)| included(name))).collect()
}
