//! `longshore series`: the streams there are.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use longshore_model::Labels;

use crate::client::ConnectionArgs;
use crate::clock;
use crate::output::print_lines;
use crate::time_range::RangeArgs;

const EXAMPLES: &str = "Examples:
  longshore series                                       all streams of the last hour
  longshore series '{service_name=\"checkout\"}' --since 24h
  longshore series --analyze-labels                      how many values each label has";

/// Arguments of `longshore series`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SeriesArgs {
    /// Stream selectors; without one all streams are listed
    #[arg(value_name = "SELECTOR")]
    matchers: Vec<String>,
    /// Print for each label in how many streams it stands and how many values it has
    #[arg(long)]
    analyze_labels: bool,
    #[command(flatten)]
    range: RangeArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Prints them, one a line.
pub(crate) async fn run(arguments: SeriesArgs) -> anyhow::Result<()> {
    let range = arguments.range.resolve(clock::now())?;
    let mut series = arguments
        .connection
        .client()?
        .series(&arguments.matchers, range)
        .await?;
    series.sort();
    if arguments.analyze_labels {
        return Ok(print_lines(analysis(&series))?);
    }
    Ok(print_lines(series)?)
}

/// A table: label, number of values, number of streams; most values first.
fn analysis(series: &[Labels]) -> Vec<String> {
    let mut by_name: BTreeMap<&str, (BTreeSet<&str>, usize)> = BTreeMap::new();
    for (name, value) in series.iter().flat_map(Labels::iter) {
        let (values, streams) = by_name.entry(name).or_default();
        values.insert(value);
        *streams += 1;
    }
    let mut rows: Vec<(&str, usize, usize)> = by_name
        .into_iter()
        .map(|(name, (values, streams))| (name, values.len(), streams))
        .collect();
    rows.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let width = rows.iter().map(|row| row.0.len()).max().unwrap_or(0).max("label".len());
    let mut table = vec![format!("{:width$}  {:>7}  {:>7}", "label", "values", "streams")];
    table.extend(
        rows.iter()
            .map(|(name, values, streams)| format!("{name:width$}  {values:>7}  {streams:>7}")),
    );
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn analysis_counts_values_and_streams() {
        let series = [
            Labels::new([("app", "a"), ("pod", "1")]),
            Labels::new([("app", "a"), ("pod", "2")]),
        ];
        assert_eq!(
            analysis(&series),
            [
                "label   values  streams",
                "pod          2        2",
                "app          1        2"
            ]
        );
    }
}
