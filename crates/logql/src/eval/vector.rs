//! `label_replace`, and label sets cut down for matching.

use std::fmt::Write;

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

/// Counts the bytes of a text that is written to it.
struct Length(usize);

impl Write for Length {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0 += text.len();
        Ok(())
    }
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
        // A short replacement may name a long group often: how long the value gets is known before it is made.
        let mut length = Length(0);
        let measured = expand(replacement, &value, regex, &captures, &mut length);
        context.hold(series.labels.size_bytes() + destination.len() + length.0)?;
        let mut new = String::with_capacity(length.0);
        let made = expand(replacement, &value, regex, &captures, &mut new);
        debug_assert!(measured.is_ok() && made.is_ok(), "a text takes whatever is written");
        let others = series.labels.iter().filter(|(name, _)| *name != destination);
        // An empty value takes the label away.
        let set = Some((destination, new.as_str())).filter(|(_, value)| !value.is_empty());
        series.labels = others.chain(set).collect();
    }
    Ok(series)
}
