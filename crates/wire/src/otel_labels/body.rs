//! The text of an OpenTelemetry value: a body as a line, an attribute as the value of a label.
//!
//! Source: OpenTelemetry specification, "Mapping attributes to text"; Go's `pcommon.Value.AsString`, which Loki uses.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use longshore_model::otel::Value;

/// The line of a body: text as it is, lists and maps as JSON, bytes as base64, nothing as an empty line.
pub fn body_text(body: &Value) -> Cow<'_, str> {
    value_text(body)
}

/// A value as text, by the rules of [`body_text`].
pub fn value_text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Empty => Cow::Borrowed(""),
        Value::String(text) => Cow::Borrowed(text),
        Value::Bool(truth) => Cow::Borrowed(if *truth { "true" } else { "false" }),
        Value::Int(number) => Cow::Owned(number.to_string()),
        Value::Double(number) => Cow::Owned(double_text(*number)),
        Value::Bytes(bytes) => Cow::Owned(STANDARD.encode(bytes)),
        Value::Array(_) | Value::Map(_) => Cow::Owned(json(value).to_string()),
    }
}

/// The shortest form as JSON has it: plain digits between 1e-6 and 1e21, an exponent outside.
fn double_text(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let magnitude = number.abs();
    if magnitude != 0.0 && !(1e-6..1e21).contains(&magnitude) {
        let text = format!("{number:e}");
        return match text.split_once('e') {
            Some((digits, exponent)) if !exponent.starts_with('-') => format!("{digits}e+{exponent}"),
            _ => text,
        };
    }
    number.to_string()
}

/// The value as JSON; keys in order of name, as Go writes maps, so that a retry gives the same line.
fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Empty => serde_json::Value::Null,
        Value::String(text) => text.as_str().into(),
        Value::Bool(truth) => (*truth).into(),
        Value::Int(number) => (*number).into(),
        Value::Double(number) => {
            let is_whole = number.fract() == 0.0 && number.abs() < 1e15;
            if is_whole {
                (*number as i64).into()
            } else {
                (*number).into()
            }
        }
        Value::Bytes(bytes) => STANDARD.encode(bytes).into(),
        Value::Array(items) => items.iter().map(json).collect(),
        Value::Map(entries) => {
            let mut sorted: Vec<_> = entries.iter().collect();
            sorted.sort_by(|a, b| a.0.cmp(&b.0));
            serde_json::Value::Object(
                sorted
                    .into_iter()
                    .map(|(key, value)| (key.to_string(), json(value)))
                    .collect(),
            )
        }
    }
}
