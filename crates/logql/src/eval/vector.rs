//! `label_replace`, and label sets cut down for matching.

use longshore_goregex::Regex;
use longshore_model::Labels;

use super::plan::Key;
use super::range::StepSeries;
use super::{Context, EvalError};
use crate::expand::expand;

/// The labels that the key keeps.
pub(super) fn cut(labels: &Labels, key: &Key) -> Labels {
    labels.iter().filter(|(name, _)| key.keeps(name)).collect()
}

/// Sets a label from another one where the expression matches the whole of that.
pub(super) fn label_replace(
    mut series: Vec<StepSeries>,
    (destination, replacement, source): (&str, &str, &str),
    regex: &Regex,
    context: &Context<'_>,
) -> Result<Vec<StepSeries>, EvalError> {
    for series in &mut series {
        context.go_on()?;
        let value = series.labels.get(source).unwrap_or("").to_owned();
        let Some(captures) = regex.captures(value.as_bytes(), 0) else {
            continue;
        };
        let new = expand(replacement, &value, regex, &captures);
        context.hold(series.labels.size_bytes() + destination.len() + new.len())?;
        let others = series.labels.iter().filter(|(name, _)| *name != destination);
        // An empty value takes the label away.
        let set = Some((destination, new.as_str())).filter(|(_, value)| !value.is_empty());
        series.labels = others.chain(set).collect();
    }
    Ok(series)
}
