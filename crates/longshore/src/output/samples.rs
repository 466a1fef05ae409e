//! Results of metric queries.

use std::io::{self, Write};

use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::{Mode, OutputArgs, time};
use crate::client::{QueryResult, Series};

/// Prints series: by default a row a sample (time, value, labels), with `jsonl` one object a series, with `raw` the
/// server's own JSON, indented, as logcli prints it.
pub(crate) fn print_series(
    result: &QueryResult,
    series: &[Series],
    arguments: &OutputArgs,
    out: &mut impl Write,
) -> io::Result<()> {
    let zone = arguments.timezone.zone();
    match arguments.output {
        Mode::Raw => writeln!(out, "{:#}", result.raw),
        Mode::Jsonl => series
            .iter()
            .try_for_each(|series| writeln!(out, "{}", as_json(series, &zone))),
        Mode::Default => print_table(series, arguments, &zone, out),
    }
}

fn print_table(series: &[Series], arguments: &OutputArgs, zone: &TimeZone, out: &mut impl Write) -> io::Result<()> {
    let values = series
        .iter()
        .flat_map(|series| &series.samples)
        .map(|sample| sample.value.len());
    let width = values.max().unwrap_or(0);
    for series in series {
        let labels = if arguments.no_labels {
            String::new()
        } else {
            format!("  {}", series.labels)
        };
        for sample in &series.samples {
            let at = time::format(sample.at, zone, false);
            writeln!(out, "{at}  {:>width$}{labels}", sample.value)?;
        }
    }
    Ok(())
}

fn as_json(series: &Series, zone: &TimeZone) -> Value {
    let labels: Map<String, Value> = series
        .labels
        .iter()
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect();
    let samples: Vec<Value> = series
        .samples
        .iter()
        .map(|sample| json!([time::format(sample.at, zone, true), sample.value]))
        .collect();
    json!({ "labels": labels, "values": samples })
}
