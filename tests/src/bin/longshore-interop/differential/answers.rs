//! Answers as a reader of dashboards takes them: series and streams in no order, lines in theirs, numbers to nine
//! digits.

use std::collections::BTreeMap;

use longshore_tests::http::Response;
use serde_json::{Map, Value, json};

/// Relative; sums of floating point numbers depend on the order of their terms.
const TOLERANCE: f64 = 1e-9;

/// The status and what matters of the body.
pub(super) fn read(answer: &Response) -> Value {
    let text = answer.text();
    let body = match serde_json::from_str::<Value>(&text) {
        Ok(body) if answer.status == 200 => normal(&body),
        _ => Value::String(without_column(text.trim_end())),
    };
    json!([answer.status, body])
}

fn normal(body: &Value) -> Value {
    let data = &body["data"];
    let result = data["result"].as_array();
    match (data["resultType"].as_str(), result) {
        (Some("streams"), Some(streams)) => by_name(streams, "stream", |stream| stream["values"].clone()),
        (Some("vector"), Some(series)) => by_name(series, "metric", |series| series["value"].clone()),
        (Some("matrix"), Some(series)) => by_name(series, "metric", |series| series["values"].clone()),
        (Some(kind), _) => json!([kind, data["result"]]),
        (None, _) => sorted(body),
    }
}

/// A map from labels as text.
fn by_name(items: &[Value], name: &str, values: impl Fn(&Value) -> Value) -> Value {
    let named: BTreeMap<String, Value> = items
        .iter()
        .map(|item| (sorted(&item[name]).to_string(), values(item)))
        .collect();
    Value::Object(named.into_iter().collect())
}

/// Keys of objects and items of lists in order.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let map: BTreeMap<&String, Value> = map.iter().map(|(key, value)| (key, sorted(value))).collect();
            Value::Object(
                map.into_iter()
                    .map(|(key, value)| (key.clone(), value))
                    .collect::<Map<_, _>>(),
            )
        }
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(sorted).collect();
            items.sort_by_key(Value::to_string);
            Value::Array(items)
        }
        other => other.clone(),
    }
}

/// Columns of generated parsers differ by where they look ahead.
fn without_column(text: &str) -> String {
    match text.split_once(", col ") {
        Some((before, after)) => {
            let rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
            format!("{before}{rest}")
        }
        None => text.to_owned(),
    }
}

/// Whether two answers say the same.
pub(super) fn is_same(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Array(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| is_same(ours, theirs))
        }
        (Value::Object(ours), Value::Object(theirs)) => {
            let found = |(name, ours): (&String, &Value)| theirs.get(name).is_some_and(|theirs| is_same(ours, theirs));
            ours.len() == theirs.len() && ours.iter().all(found)
        }
        (Value::String(ours), Value::String(theirs)) => {
            ours == theirs || is_near(ours.parse().ok(), theirs.parse().ok())
        }
        (Value::Number(ours), Value::Number(theirs)) => is_near(ours.as_f64(), theirs.as_f64()),
        _ => ours == theirs,
    }
}

fn is_near(ours: Option<f64>, theirs: Option<f64>) -> bool {
    let (Some(ours), Some(theirs)) = (ours, theirs) else {
        return false;
    };
    let distance = (ours - theirs).abs();
    ours == theirs || distance <= TOLERANCE || distance / ours.abs().max(theirs.abs()) <= TOLERANCE
}
