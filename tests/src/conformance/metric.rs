//! Metric queries over generated streams.

use longshore_logql::eval::{InstantParams, QueryMemory, RangeParams, Sample, Series, Value as Found};
use longshore_logql::{Context, Expr, instant_query, parse, range_query};
use longshore_model::{Cancellation, Entry, Labels, StreamEntries, TenantId, TimestampNs};
use serde_json::Value;

use super::memory::Memory;
use super::{Outcome, cases, integer, labels, outcome};

/// Loki's limit while the cases were recorded.
const SERIES_MAX: usize = 5000;
/// What a query may hold.
const MEMORY_BYTES: usize = 256 << 20;
/// Relative; floating point sums depend on the order of their terms.
const TOLERANCE: f64 = 1e-9;

pub(super) fn run(document: &Value) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for scenario in document["scenarios"].as_array().into_iter().flatten() {
        let streams = scenario["streams"].as_array().into_iter().flatten();
        let memory = Memory {
            streams: streams.map(stream).collect(),
        };
        outcomes.extend(
            cases(scenario)
                .iter()
                .map(|case| outcome(case, "query", difference(&memory, case))),
        );
    }
    outcomes
}

/// The lines that a generator of the cases makes.
pub(super) fn stream(value: &Value) -> StreamEntries {
    let metadata = labels(&value["structured_metadata"]);
    let entry = |index: i64| Entry {
        timestamp: TimestampNs(integer(&value["start_ns"]) + index * integer(&value["step_ns"])),
        line: value["line"]
            .as_str()
            .unwrap_or("")
            .replace("{{.i}}", &index.to_string())
            .into(),
        structured_metadata: metadata.clone(),
    };
    StreamEntries {
        // A label without a value is no label.
        labels: labels(&value["labels"])
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .collect(),
        entries: (0..integer(&value["count"])).map(entry).collect(),
    }
}

fn evaluate(memory: &Memory, case: &Value) -> Result<Found, String> {
    let expr = match parse(case["query"].as_str().unwrap_or("")) {
        Ok(Expr::Sample(expr)) => expr,
        Ok(Expr::Log(_)) => return Err("it is a log query".to_owned()),
        Err(mistake) => return Err(mistake.to_string()),
    };
    let tenant = TenantId::single();
    let context = Context {
        storage: memory,
        tenant: &tenant,
        cancellation: Cancellation::default(),
        memory: QueryMemory::alone(MEMORY_BYTES),
        series_max: SERIES_MAX,
        now: TimestampNs(integer(&case["time_ns"]).max(integer(&case["end_ns"]))),
    };
    let result = if case["kind"] == "instant" {
        let at = TimestampNs(integer(&case["time_ns"]));
        instant_query(&expr, InstantParams { at }, &context)
    } else {
        let params = RangeParams {
            start: TimestampNs(integer(&case["start_ns"])),
            end: TimestampNs(integer(&case["end_ns"])),
            step_ns: integer(&case["step_ns"]),
        };
        range_query(&expr, params, &context)
    };
    result.map(|result| result.value).map_err(|error| error.to_string())
}

fn difference(memory: &Memory, case: &Value) -> Option<String> {
    difference_of(case, evaluate(memory, case))
}

/// What differs of the numbers, or of the text of the refusal.
pub(super) fn difference_of(case: &Value, found: Result<Found, String>) -> Option<String> {
    let expect = &case["expect"];
    let found = match (found, expect["type"].as_str().unwrap_or("")) {
        (Err(text), "error") => {
            let contained = expect["contains"].as_str().is_none_or(|part| text.contains(part));
            let matched = expect["regex"]
                .as_str()
                .is_none_or(|expression| matches(expression, &text));
            return (!contained || !matched).then(|| format!("fails with {text}; expected: {expect}"));
        }
        (Err(text), _) => return Some(format!("fails with {text}")),
        (Ok(_), "error") => return Some(format!("runs; expected: {expect}")),
        (Ok(found), _) => found,
    };
    match (expect["type"].as_str().unwrap_or(""), &found) {
        ("empty", Found::Matrix(series)) => (!series.is_empty()).then(|| format!("{series:?}; expected nothing")),
        ("empty", Found::Vector { samples, .. }) => {
            (!samples.is_empty()).then(|| format!("{samples:?}; expected nothing"))
        }
        ("scalar", Found::Scalar(point)) => unequal(point.value, &expect["value"]),
        ("scalar", Found::Matrix(series)) => {
            let mut points = series.iter().flat_map(|series| &series.points);
            points.find_map(|point| unequal(point.value, &expect["value"]))
        }
        ("vector", Found::Vector { samples, .. }) => vector(samples, expect),
        ("matrix", Found::Matrix(series)) => matrix(series, case),
        (wanted, found) => Some(format!("{found:?}; expected a {wanted}")),
    }
}

fn matches(expression: &str, text: &str) -> bool {
    longshore_goregex::Regex::new(expression).is_ok_and(|regex| regex.is_match(text.as_bytes()))
}

fn unequal(ours: f64, theirs: &Value) -> Option<String> {
    let wanted = theirs.as_str().unwrap_or("").parse::<f64>().unwrap_or(f64::NAN);
    let distance = (ours - wanted).abs();
    let close = distance <= TOLERANCE || distance / ours.abs().max(wanted.abs()) <= TOLERANCE;
    let same = ours == wanted || ours.is_nan() && wanted.is_nan() || close;
    (!same).then(|| format!("{ours}; expected: {wanted}"))
}

fn expected_series(expect: &Value) -> Vec<(Labels, &Value)> {
    let series = expect["series"].as_array().into_iter().flatten();
    series.map(|series| (labels(&series["metric"]), series)).collect()
}

fn vector(samples: &[Sample], expect: &Value) -> Option<String> {
    let mut wanted = expected_series(expect);
    let mut found: Vec<&Sample> = samples.iter().collect();
    if expect["ordered"].as_bool() != Some(true) {
        wanted.sort_by(|a, b| a.0.cmp(&b.0));
        found.sort_by(|a, b| a.labels.cmp(&b.labels));
    }
    let same = found.len() == wanted.len() && found.iter().zip(&wanted).all(|(a, b)| a.labels == b.0);
    if !same {
        let names: Vec<&Labels> = wanted.iter().map(|(labels, _)| labels).collect();
        return Some(format!("{found:?}; expected: {names:?}"));
    }
    found.iter().zip(&wanted).find_map(|(sample, (labels, wanted))| {
        unequal(sample.value, &wanted["value"]).map(|text| format!("{labels}: {text}"))
    })
}

fn matrix(series: &[Series], case: &Value) -> Option<String> {
    let wanted = expected_series(&case["expect"]);
    let find = |labels: &Labels| series.iter().find(|series| series.labels == *labels);
    if series.len() != wanted.len() || wanted.iter().any(|(labels, _)| find(labels).is_none()) {
        let found: Vec<&Labels> = series.iter().map(|series| &series.labels).collect();
        let names: Vec<&Labels> = wanted.iter().map(|(labels, _)| labels).collect();
        return Some(format!("{found:?}; expected: {names:?}"));
    }
    let (start, step) = (integer(&case["start_ns"]), integer(&case["step_ns"]));
    for (labels, wanted) in &wanted {
        let Some(found) = find(labels) else { continue };
        for (index, value) in wanted["values"].as_array().into_iter().flatten().enumerate() {
            let at = TimestampNs(start + step * index as i64);
            let point = found.points.iter().find(|point| point.timestamp == at);
            let difference = match (point, value.is_null()) {
                (None, true) => None,
                (None, false) => Some(format!("nothing; expected: {value}")),
                (Some(point), true) => Some(format!("{}; expected nothing", point.value)),
                (Some(point), false) => unequal(point.value, value),
            };
            if let Some(text) = difference {
                return Some(format!("{labels} at step {index}: {text}"));
            }
        }
    }
    None
}
