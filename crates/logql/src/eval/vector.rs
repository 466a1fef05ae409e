//! `label_replace`, and label sets cut down for matching.

use longshore_goregex::Regex;
use longshore_model::Labels;

use super::plan::Key;
use super::range::StepSeries;
use crate::expand::expand;

/// The labels that the key keeps.
pub(super) fn cut(labels: &Labels, key: &Key) -> Labels {
    labels.iter().filter(|(name, _)| key.keeps(name)).collect()
}

/// Sets a label from another one where the expression matches the whole of that.
pub(super) fn label_replace(
    mut series: Vec<StepSeries>,
    destination: &str,
    replacement: &str,
    source: &str,
    regex: &Regex,
) -> Vec<StepSeries> {
    for series in &mut series {
        let value = series.labels.get(source).unwrap_or("").to_owned();
        let Some(captures) = regex.captures(value.as_bytes(), 0) else {
            continue;
        };
        let new = expand(replacement, &value, regex, &captures);
        let others = series.labels.iter().filter(|(name, _)| *name != destination);
        // An empty value takes the label away.
        let set = Some((destination, new.as_str())).filter(|(_, value)| !value.is_empty());
        series.labels = others.chain(set).collect();
    }
    series
}
