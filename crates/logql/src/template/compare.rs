//! `eq`, `lt` and their kin.

use std::cmp::Ordering;

use super::value::Value;

const INCOMPATIBLE: &str = "incompatible types for comparison";

/// Whether two values are the same; only values of one kind can be asked.
fn same(left: &Value<'_>, right: &Value<'_>) -> Result<bool, String> {
    Ok(match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Int(left) | Value::Int64(left), Value::Int(right) | Value::Int64(right)) => left == right,
        (Value::Float(left), Value::Float(right)) => left == right,
        (Value::Text(left), Value::Text(right)) => **left == **right,
        (Value::Time(left), Value::Time(right)) => left == right,
        (Value::Nil, Value::Nil) => true,
        (Value::Nil, _) | (_, Value::Nil) => false,
        (Value::List(_) | Value::Map(_) | Value::Labels, _) | (_, Value::List(_) | Value::Map(_) | Value::Labels) => {
            return Err(format!("non-comparable type {}: {}", "value", left.type_name()));
        }
        _ => return Err(INCOMPATIBLE.to_owned()),
    })
}

/// Whether the first equals any of the others.
pub(super) fn equal(arguments: &[Value<'_>]) -> Result<bool, String> {
    let Some((first, others)) = arguments.split_first().filter(|(_, others)| !others.is_empty()) else {
        return Err("missing argument for comparison".to_owned());
    };
    for other in others {
        if same(first, other)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The order of two values of one kind.
pub(super) fn order(left: &Value<'_>, right: &Value<'_>) -> Result<Option<Ordering>, String> {
    match (left, right) {
        (Value::Int(left) | Value::Int64(left), Value::Int(right) | Value::Int64(right)) => Ok(Some(left.cmp(right))),
        (Value::Float(left), Value::Float(right)) => Ok(left.partial_cmp(right)),
        (Value::Text(left), Value::Text(right)) => Ok(Some((**left).cmp(right))),
        (Value::Bool(_), Value::Bool(_)) => Err("invalid type for comparison".to_owned()),
        _ => Err(INCOMPATIBLE.to_owned()),
    }
}
