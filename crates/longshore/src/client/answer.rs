//! Loki's JSON answers, taken apart by hand so that an unknown server's extra keys never matter.

use anyhow::Context as _;
use longshore_model::{Labels, TimestampNs};
use serde_json::{Map, Value};

/// What a query gave.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct QueryResult {
    /// By kind.
    pub(crate) data: QueryData,
    /// The server's statistics, as it sent them.
    pub(crate) stats: Value,
    /// `data.result` as it was sent, for output in the server's own form.
    pub(crate) raw: Value,
}

/// The kinds of results.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum QueryData {
    /// Lines of all streams, in the order in which the server sent them.
    Streams(Vec<LogEntry>),
    /// Samples of a metric query; an instant query gives one a series, a scalar one without labels.
    Series(Vec<Series>),
}

/// One line with the labels of its stream.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct LogEntry {
    /// Stream labels, structured metadata and parsed labels, merged by the server.
    pub(crate) labels: Labels,
    /// When.
    pub(crate) at: TimestampNs,
    /// The line without its line feed.
    pub(crate) line: String,
}

/// A labelled row of samples.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Series {
    /// Empty for a scalar.
    pub(crate) labels: Labels,
    /// In order of time.
    pub(crate) samples: Vec<Sample>,
}

/// A value at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sample {
    /// When.
    pub(crate) at: TimestampNs,
    /// The number as the server wrote it.
    pub(crate) value: String,
}

impl QueryResult {
    /// Reads the body of `query` or `query_range`.
    pub(crate) fn from_json(mut body: Value) -> anyhow::Result<Self> {
        let data = body.get_mut("data").context("the answer has no 'data'")?;
        let kind = data
            .get("resultType")
            .and_then(Value::as_str)
            .context("the answer has no 'resultType'")?
            .to_owned();
        let stats = data.get_mut("stats").map(Value::take).unwrap_or_default();
        let raw = data.get_mut("result").map(Value::take).unwrap_or_default();
        let data = match kind.as_str() {
            "streams" => QueryData::Streams(streams(&raw)?),
            "matrix" => QueryData::Series(each_series(&raw, |series| {
                array(series, "values")?.iter().map(sample).collect()
            })?),
            "vector" => QueryData::Series(each_series(&raw, |series| {
                Ok(vec![sample(series.get("value").context("a series has no 'value'")?)?])
            })?),
            "scalar" => QueryData::Series(vec![Series {
                labels: Labels::empty(),
                samples: vec![sample(&raw)?],
            }]),
            other => anyhow::bail!("the answer has the unknown result type '{other}'"),
        };
        Ok(Self { data, stats, raw })
    }
}

/// The entries of a `streams` array, as query results and live frames hold it.
pub(crate) fn streams(result: &Value) -> anyhow::Result<Vec<LogEntry>> {
    let mut entries = Vec::new();
    for stream in result.as_array().map(Vec::as_slice).unwrap_or_default() {
        let labels = label_set(stream.get("stream"))?;
        for value in array(stream, "values")? {
            let text = |index: usize| {
                value
                    .get(index)
                    .and_then(Value::as_str)
                    .context("a value is no [time, line]")
            };
            let at = TimestampNs(text(0)?.parse().context("a timestamp is no number")?);
            entries.push(LogEntry {
                labels: labels.clone(),
                at,
                line: text(1)?.to_owned(),
            });
        }
    }
    Ok(entries)
}

fn each_series(result: &Value, samples: impl Fn(&Value) -> anyhow::Result<Vec<Sample>>) -> anyhow::Result<Vec<Series>> {
    let series = result.as_array().context("the result is no list")?;
    series
        .iter()
        .map(|series| {
            Ok(Series {
                labels: label_set(series.get("metric"))?,
                samples: samples(series)?,
            })
        })
        .collect()
}

/// `[seconds, "value"]`, the seconds with up to three decimals.
fn sample(pair: &Value) -> anyhow::Result<Sample> {
    let seconds = pair.get(0).and_then(Value::as_f64).context("a sample has no time")?;
    let value = pair
        .get(1)
        .and_then(Value::as_str)
        .context("a sample has no value")?
        .to_owned();
    // Through milliseconds, which a double holds exactly for the next millennia; nanoseconds it does not.
    Ok(Sample {
        at: TimestampNs((seconds * 1e3).round() as i64 * 1_000_000),
        value,
    })
}

fn array<'a>(of: &'a Value, key: &str) -> anyhow::Result<&'a [Value]> {
    of.get(key)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .with_context(|| format!("a series has no '{key}'"))
}

fn label_set(labels: Option<&Value>) -> anyhow::Result<Labels> {
    let none = Map::new();
    let labels = labels
        .map_or(Some(&none), Value::as_object)
        .context("labels are no object")?;
    labels
        .iter()
        .map(|(name, value)| Ok((name.as_str(), value.as_str().context("a label value is no text")?)))
        .collect()
}

/// `data` as a list of texts; no `data` means none.
pub(crate) fn strings(body: &Value) -> anyhow::Result<Vec<String>> {
    match body.get("data") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(data) => serde_json::from_value(data.clone()).context("the answer is no list of texts"),
    }
}

/// `data` as a list of label sets.
pub(crate) fn label_sets(body: &Value) -> anyhow::Result<Vec<Labels>> {
    let sets = body
        .get("data")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    sets.iter().map(|set| label_set(Some(set))).collect()
}
