//! Loki's JSON read back into the values that are compared.

use longshore_logql::eval::{Point, Sample, Series, Value as Found};
use longshore_logql::{Processed, ResultLabels};
use longshore_model::{Labels, TimestampNs};
use serde_json::Value;

use super::super::{integer, labels};

fn bad(answer: &Value) -> String {
    format!("an answer of another shape: {:.300}", answer.to_string())
}

/// The text that `format_query` gives.
pub(super) fn text(answer: &Value) -> Result<String, String> {
    let text = answer["data"].as_str().ok_or_else(|| bad(answer))?;
    Ok(text.to_owned())
}

/// The one line of an answer that tells categories apart, or none.
pub(super) fn one_line(answer: &Value) -> Result<Option<Processed>, String> {
    let data = &answer["data"];
    let streams = data["result"].as_array().filter(|_| data["resultType"] == "streams");
    let mut lines = Vec::new();
    for stream in streams.ok_or_else(|| bad(answer))? {
        for value in stream["values"].as_array().ok_or_else(|| bad(answer))? {
            let line = value[1].as_str().ok_or_else(|| bad(answer))?;
            lines.push(Processed {
                labels: ResultLabels {
                    stream: labels(&stream["stream"]),
                    structured_metadata: labels(&value[2]["structuredMetadata"]),
                    parsed: labels(&value[2]["parsed"]),
                },
                line: line.to_owned().into(),
            });
        }
    }
    match lines.len() {
        0 | 1 => Ok(lines.pop()),
        count => Err(format!("{count} lines where one was pushed: {lines:?}")),
    }
}

fn point(value: &Value) -> Option<Point> {
    let seconds = value[0].as_f64()?;
    let number = value[1].as_str()?;
    Some(Point {
        // Answers tell milliseconds.
        timestamp: TimestampNs((seconds * 1e3).round() as i64 * 1_000_000),
        value: number.replace("Inf", "inf").parse().ok()?,
    })
}

fn metric(value: &Value) -> Option<Labels> {
    value["metric"].is_object().then(|| labels(&value["metric"]))
}

/// The values of a metric query.
pub(super) fn numbers(answer: &Value) -> Result<Found, String> {
    let result = &answer["data"]["result"];
    let list = || result.as_array().into_iter().flatten();
    let found = match answer["data"]["resultType"].as_str() {
        Some("scalar") => point(result).map(Found::Scalar),
        Some("vector") => {
            let sample = |value: &Value| {
                Some(Sample {
                    labels: metric(value)?,
                    value: point(&value["value"])?.value,
                })
            };
            let at = list().next().and_then(|first| point(&first["value"]));
            let samples = list().map(sample).collect::<Option<Vec<_>>>();
            samples.map(|samples| Found::Vector {
                at: at.map_or(TimestampNs(integer(&Value::Null)), |point| point.timestamp),
                samples,
            })
        }
        Some("matrix") => {
            let series = |value: &Value| {
                let points = value["values"].as_array()?.iter().map(point);
                Some(Series {
                    labels: metric(value)?,
                    points: points.collect::<Option<_>>()?,
                })
            };
            list().map(series).collect::<Option<Vec<_>>>().map(Found::Matrix)
        }
        _ => None,
    };
    found.ok_or_else(|| bad(answer))
}
