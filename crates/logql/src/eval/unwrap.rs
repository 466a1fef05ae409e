//! Numbers from labels, and aggregations that need every number of a window.

use longshore_model::parse_go_duration;

use super::range::Steps;
use super::{Context, EvalError};
use crate::ast::{Conversion, RangeOp, Unwrap};
use crate::pipeline::{CompileError, CompiledLabelFilter, LabelState};
use crate::units::{go_seconds, size_bytes};

const ERROR_KIND: &str = "SampleExtractionErr";

/// `| unwrap` made ready.
pub(super) struct CompiledUnwrap {
    label: String,
    conversion: Option<Conversion>,
    filters: Vec<CompiledLabelFilter>,
}

impl CompiledUnwrap {
    pub(super) fn new(unwrap: &Unwrap) -> Result<Self, EvalError> {
        let filter = |filter| {
            CompiledLabelFilter::new(filter).map_err(|message| CompileError::Stage {
                stage: unwrap.to_string(),
                message,
            })
        };
        Ok(Self {
            label: unwrap.label.clone(),
            conversion: unwrap.conversion,
            filters: unwrap.filters.iter().map(filter).collect::<Result<_, _>>()?,
        })
    }

    /// Adds the names of the labels it looks at.
    pub(super) fn names_read(&self, names: &mut Vec<String>) {
        names.push(self.label.clone());
        self.filters.iter().for_each(|filter| filter.names_read(names));
    }

    /// The number of a line; `None` when it has none or a condition refuses it. What is no number marks the line.
    pub(super) fn value(&self, labels: &mut LabelState) -> Option<f64> {
        // An empty label is none, as parsers make one of what an expression names and the line has not.
        let text = labels.get(&self.label).filter(|text| !text.is_empty())?;
        let value = match self.conversion {
            None => text.trim().parse::<f64>().ok(),
            Some(Conversion::Bytes) => size_bytes(text).map(|bytes| bytes as f64),
            Some(Conversion::Duration | Conversion::DurationSeconds) => parse_go_duration(text).ok().map(go_seconds),
        };
        if value.is_none() && labels.error().is_none() {
            let details = format!("strconv.ParseFloat: parsing \"{text}\": invalid syntax");
            labels.set_error(ERROR_KIND, &details);
        }
        self.filters
            .iter()
            .all(|filter| filter.passes(labels))
            .then_some(value.unwrap_or(0.0))
    }
}

/// Applies the function to the window of each step.
pub(super) fn windows(
    op: RangeOp,
    parameter: Option<f64>,
    mut samples: Vec<(i64, f64)>,
    (steps, window): (Steps, i64),
    context: &Context<'_>,
) -> Result<Vec<Option<f64>>, EvalError> {
    samples.sort_by_key(|&(at, _)| at);
    let value = |index: usize| {
        // A window may hold every sample, and there may be thousands of windows.
        context.go_on()?;
        let end = steps.at(index).0;
        let first = samples.partition_point(|&(at, _)| at <= end - window);
        let last = samples.partition_point(|&(at, _)| at <= end);
        let inside = &samples[first..last];
        Ok((!inside.is_empty()).then(|| over_window(op, parameter, inside, (end, window))))
    };
    (0..steps.count).map(value).collect()
}

fn over_window(op: RangeOp, parameter: Option<f64>, samples: &[(i64, f64)], (end, window): (i64, i64)) -> f64 {
    match op {
        RangeOp::RateCounter => increase(samples, end - window, end) / (window as f64 / 1e9),
        _ => {
            let values = samples.iter().map(|&(_, value)| value).collect();
            quantile(parameter.unwrap_or(f64::NAN), values)
        }
    }
}

/// How much a counter grew in a window, a fall counting as a new start from zero.
///
/// The growth between the first and the last value is extended to the borders of the window, as Prometheus does: by
/// at most half of the mean distance of values where a border is far away, and not below a count of zero.
fn increase(samples: &[(i64, f64)], start: i64, end: i64) -> f64 {
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else {
        return 0.0;
    };
    let growth = |pair: &[(i64, f64)]| {
        let (before, after) = (pair[0].1, pair[1].1);
        if after < before { after } else { after - before }
    };
    let grown: f64 = samples.windows(2).map(growth).sum();
    let seconds = |from: i64, to: i64| (to - from) as f64 / 1e9;
    let sampled = seconds(first.0, last.0);
    if sampled <= 0.0 {
        return grown;
    }
    let mean_distance = sampled / (samples.len() - 1) as f64;
    let far = mean_distance * 1.1;
    let extended = |distance: f64| if distance < far { distance } else { mean_distance / 2.0 };
    let mut before = extended(seconds(start, first.0));
    if grown > 0.0 && first.1 >= 0.0 {
        before = before.min(sampled * (first.1 / grown));
    }
    grown * (sampled + before + extended(seconds(last.0, end))) / sampled
}

/// The value below which the given share lies, between two values by proportion.
fn quantile(share: f64, mut values: Vec<f64>) -> f64 {
    if values.is_empty() || share.is_nan() {
        return f64::NAN;
    }
    if share < 0.0 {
        return f64::NEG_INFINITY;
    }
    if share > 1.0 {
        return f64::INFINITY;
    }
    values.sort_by(f64::total_cmp);
    let rank = share * (values.len() - 1) as f64;
    let lower = rank.floor() as usize;
    let upper = (lower + 1).min(values.len() - 1);
    let weight = rank - rank.floor();
    values[lower] * (1.0 - weight) + values[upper] * weight
}
