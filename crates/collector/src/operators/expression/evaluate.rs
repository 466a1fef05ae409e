//! The value of a tree for one record.

use std::borrow::Cow;
use std::cmp::Ordering;

use longshore_model::otel::{Attributes, Value, attribute};
use longshore_wire::otel_labels::value_text;

use super::{Binary, Context, Function, Node};

const TRUE: &Value = &Value::Bool(true);
const FALSE: &Value = &Value::Bool(false);
const NIL: &Value = &Value::Empty;

pub(super) fn evaluate<'a>(node: &'a Node, context: &Context<'a>) -> Result<Cow<'a, Value>, String> {
    Ok(match node {
        Node::Literal(value) => Cow::Borrowed(value),
        Node::List(items) => {
            let values: Result<_, _> = items
                .iter()
                .map(|item| evaluate(item, context).map(Cow::into_owned))
                .collect();
            Cow::Owned(Value::Array(values?))
        }
        Node::Body => Cow::Borrowed(&context.record.body),
        Node::Attributes => Cow::Owned(Value::Map(context.record.attributes.clone())),
        Node::Resource => Cow::Owned(Value::Map(context.resource.attributes.clone())),
        Node::Member(of, key) => member(of, key, context)?,
        Node::Not(inner) => truth(!is_true(inner, context)?),
        Node::Negate(inner) => Cow::Owned(match &*evaluate(inner, context)? {
            Value::Int(number) => Value::Int(number.wrapping_neg()),
            Value::Double(number) => Value::Double(-number),
            other => return Err(format!("cannot negate {}", type_name(other))),
        }),
        Node::Matches(text, regex) => {
            let text = evaluate(text, context)?;
            truth(regex.is_match(text_of(&text, "matches")?.as_bytes()))
        }
        Node::Conditional(parts) => {
            let [condition, yes, no] = &**parts;
            evaluate(if is_true(condition, context)? { yes } else { no }, context)?
        }
        Node::Binary(operation, left, right) => binary(*operation, left, right, context)?,
        Node::Call(function, arguments) => {
            let value = arguments
                .first()
                .map_or(Ok(Cow::Borrowed(NIL)), |argument| evaluate(argument, context))?;
            Cow::Owned(call(*function, &value)?)
        }
    })
}

fn truth(truth: bool) -> Cow<'static, Value> {
    Cow::Borrowed(if truth { TRUE } else { FALSE })
}

fn is_true(node: &Node, context: &Context<'_>) -> Result<bool, String> {
    match &*evaluate(node, context)? {
        Value::Bool(truth) => Ok(*truth),
        other => Err(format!("expected true or false, found {}", type_name(other))),
    }
}

fn member<'a>(of: &'a Node, key: &'a Node, context: &Context<'a>) -> Result<Cow<'a, Value>, String> {
    let key = evaluate(key, context)?;
    let found = |map: &'a Attributes, key: &str| Cow::Borrowed(attribute(map, key).unwrap_or(NIL));
    match (of, &*key) {
        (Node::Attributes, Value::String(key)) => return Ok(found(&context.record.attributes, key)),
        (Node::Resource, Value::String(key)) => return Ok(found(&context.resource.attributes, key)),
        _ => {}
    }
    let of = evaluate(of, context)?;
    Ok(Cow::Owned(match (&*of, &*key) {
        (Value::Map(map), Value::String(key)) => attribute(map, key).cloned().unwrap_or_default(),
        (Value::Array(items), Value::Int(index)) => usize::try_from(*index)
            .ok()
            .and_then(|index| items.get(index))
            .cloned()
            .unwrap_or_default(),
        (Value::Empty, _) => Value::Empty,
        (other, _) => return Err(format!("{} has no members", type_name(other))),
    }))
}

fn binary<'a>(
    operation: Binary,
    left: &'a Node,
    right: &'a Node,
    context: &Context<'a>,
) -> Result<Cow<'a, Value>, String> {
    match operation {
        Binary::And => return Ok(truth(is_true(left, context)? && is_true(right, context)?)),
        Binary::Or => return Ok(truth(is_true(left, context)? || is_true(right, context)?)),
        Binary::OrElse => {
            let left = evaluate(left, context)?;
            return if *left == Value::Empty {
                evaluate(right, context)
            } else {
                Ok(left)
            };
        }
        _ => {}
    }
    let (left, right) = (evaluate(left, context)?, evaluate(right, context)?);
    Ok(match operation {
        Binary::Equal => truth(is_equal(&left, &right)),
        Binary::NotEqual => truth(!is_equal(&left, &right)),
        Binary::Less => truth(compare(&left, &right)? == Ordering::Less),
        Binary::LessOrEqual => truth(compare(&left, &right)? != Ordering::Greater),
        Binary::Greater => truth(compare(&left, &right)? == Ordering::Greater),
        Binary::GreaterOrEqual => truth(compare(&left, &right)? != Ordering::Less),
        Binary::Contains => truth(text_of(&left, "contains")?.contains(text_of(&right, "contains")?)),
        Binary::StartsWith => truth(text_of(&left, "startsWith")?.starts_with(text_of(&right, "startsWith")?)),
        Binary::EndsWith => truth(text_of(&left, "endsWith")?.ends_with(text_of(&right, "endsWith")?)),
        Binary::In => truth(match &*right {
            Value::Array(items) => items.iter().any(|item| is_equal(&left, item)),
            Value::Map(map) => left.as_str().is_some_and(|key| attribute(map, key).is_some()),
            other => return Err(format!("in needs a list or a map, not {}", type_name(other))),
        }),
        _ => Cow::Owned(arithmetic(operation, &left, &right)?),
    })
}

fn arithmetic(operation: Binary, left: &Value, right: &Value) -> Result<Value, String> {
    if let (Binary::Add, Value::String(left), Value::String(right)) = (operation, left, right) {
        return Ok(Value::String(format!("{left}{right}")));
    }
    if let (Value::Int(left), Value::Int(right)) = (left, right) {
        match operation {
            Binary::Add => return Ok(Value::Int(left.wrapping_add(*right))),
            Binary::Subtract => return Ok(Value::Int(left.wrapping_sub(*right))),
            Binary::Multiply => return Ok(Value::Int(left.wrapping_mul(*right))),
            _ => {}
        }
    }
    let wrong = || format!("cannot calculate with {} and {}", type_name(left), type_name(right));
    let (left, right) = (number(left).ok_or_else(wrong)?, number(right).ok_or_else(wrong)?);
    Ok(Value::Double(match operation {
        Binary::Add => left + right,
        Binary::Subtract => left - right,
        Binary::Multiply => left * right,
        _ => left / right,
    }))
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(number) => Some(*number as f64),
        Value::Double(number) => Some(*number),
        _ => None,
    }
}

fn is_equal(left: &Value, right: &Value) -> bool {
    left == right
        || number(left)
            .zip(number(right))
            .is_some_and(|(left, right)| left == right)
}

fn compare(left: &Value, right: &Value) -> Result<Ordering, String> {
    let order = match (left, right) {
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        (Value::Int(left), Value::Int(right)) => Some(left.cmp(right)),
        _ => number(left)
            .zip(number(right))
            .and_then(|(left, right)| left.partial_cmp(&right)),
    };
    order.ok_or_else(|| format!("cannot compare {} with {}", type_name(left), type_name(right)))
}

fn text_of<'a>(value: &'a Value, operation: &str) -> Result<&'a str, String> {
    value
        .as_str()
        .ok_or_else(|| format!("{operation} needs text, found {}", type_name(value)))
}

fn call(function: Function, value: &Value) -> Result<Value, String> {
    Ok(match function {
        Function::Type => Value::String(type_name(value).to_owned()),
        Function::Length => Value::Int(match value {
            Value::String(text) => text.chars().count() as i64,
            Value::Array(items) => items.len() as i64,
            Value::Map(map) => map.len() as i64,
            other => return Err(format!("len() of {}", type_name(other))),
        }),
        Function::Lower => Value::String(text_of(value, "lower()")?.to_lowercase()),
        Function::Upper => Value::String(text_of(value, "upper()")?.to_uppercase()),
        Function::Trim => Value::String(text_of(value, "trim()")?.trim().to_owned()),
        Function::Text => Value::String(value_text(value).into_owned()),
        Function::Whole => match value {
            Value::Int(number) => Value::Int(*number),
            Value::Double(number) => Value::Int(*number as i64),
            other => {
                let text = text_of(other, "int()")?;
                Value::Int(text.parse().map_err(|_| format!("'{text}' is no whole number"))?)
            }
        },
    })
}

/// Names as expr-lang's `type()` gives them.
pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Empty => "nil",
        Value::String(_) => "string",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int",
        Value::Double(_) => "float",
        Value::Bytes(_) | Value::Array(_) => "array",
        Value::Map(_) => "map",
    }
}
