//! Values as numbers, as the functions that take anything read them.

use super::value::Value;

/// A whole number as Go's `ParseInt` with base 0: `0x`, `0o`, `0b` and a leading zero mean a base, `_` separates.
pub(super) fn whole(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let lower = digits.to_ascii_lowercase();
    let (base, digits) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, &lower[..]),
    };
    let digits = digits.replace('_', "");
    if digits.is_empty() || digits.starts_with(['+', '-']) {
        return None;
    }
    let value = i128::from_str_radix(&digits, base).ok()?;
    i64::try_from(if negative { -value } else { value }).ok()
}

/// Any value as a whole number; what is none is 0.
pub(super) fn to_whole(value: &Value<'_>) -> i64 {
    match value {
        Value::Int(value) | Value::Int64(value) => *value,
        Value::Float(value) => *value as i64,
        Value::Bool(value) => i64::from(*value),
        // Decimals are cut off, not rounded.
        Value::Text(text) => whole(text.split_once('.').map_or(&**text, |(whole, _)| whole)).unwrap_or(0),
        _ => 0,
    }
}

/// Any value as a floating point number; what is none is 0.
pub(super) fn to_float(value: &Value<'_>) -> f64 {
    match value {
        Value::Int(value) | Value::Int64(value) => *value as f64,
        Value::Float(value) => *value,
        Value::Bool(value) => f64::from(u8::from(*value)),
        Value::Text(text) => text.replace('_', "").parse().unwrap_or(0.0),
        _ => 0.0,
    }
}
