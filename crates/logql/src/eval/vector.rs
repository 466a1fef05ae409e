//! `label_replace`, and label sets cut down for matching.

use longshore_goregex::{Captures, Regex};
use longshore_model::Labels;

use super::plan::Key;
use super::range::StepSeries;

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

/// Puts groups in the places of `$1`, `${1}`, `$name`, as Go's `Regexp.Expand`; `$$` is a dollar.
fn expand(template: &str, value: &str, regex: &Regex, captures: &Captures) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some(at) = rest.find('$') {
        text.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            text.push('$');
            rest = after;
            continue;
        }
        let braced = rest.strip_prefix('{').and_then(|body| body.split_once('}'));
        let (name, after) = braced.unwrap_or_else(|| {
            let end = rest
                .find(|c: char| c != '_' && !c.is_alphanumeric())
                .unwrap_or(rest.len());
            rest.split_at(end)
        });
        if name.is_empty() {
            text.push('$');
            continue;
        }
        let index = name
            .parse::<usize>()
            .ok()
            .or_else(|| regex.capture_names().position(|group| group == Some(name)));
        if let Some(range) = index.and_then(|index| captures.get(index)) {
            text.push_str(value.get(range).unwrap_or(""));
        }
        rest = after;
    }
    text.push_str(rest);
    text
}
