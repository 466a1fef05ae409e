//! Functions that every template of Go has, and JSON as values.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::{Result as Written, Write};
use std::rc::Rc;

use super::Environment;
use super::compare;
use super::convert::to_whole;
use super::functions::{Function, Param, function};
use super::value::{VALUE_BYTES, Value};
use crate::bounded_text::BoundedText;

type Outcome<'a> = Result<Value<'a>, String>;

const A: Param = Param::Any;

pub(super) const FUNCTIONS: &[Function] = &[
    function("and", &[A], Some(A), |_, v| Ok(v[0].clone())),
    function("or", &[A], Some(A), |_, v| Ok(v[0].clone())),
    function("not", &[A], None, |scope, v| {
        Ok(Value::Bool(!v[0].is_true(scope.environment)))
    }),
    function("ne", &[A, A], None, |_, v| {
        compare::equal(v).map(|same| Value::Bool(!same))
    }),
    function("lt", &[A, A], None, |_, v| ordered(v, |order| order == Ordering::Less)),
    function("le", &[A, A], None, |_, v| {
        ordered(v, |order| order != Ordering::Greater)
    }),
    function("gt", &[A, A], None, |_, v| {
        ordered(v, |order| order == Ordering::Greater)
    }),
    function("ge", &[A, A], None, |_, v| ordered(v, |order| order != Ordering::Less)),
    function("len", &[A], None, |scope, v| length(scope.environment, &v[0])),
    function("index", &[A], Some(A), |scope, v| index(scope.environment, v)),
    function("slice", &[A], Some(A), |_, v| slice(v)),
    function("print", &[], Some(A), |scope, v| {
        scope.environment.made(|out| print(scope.environment, v, out))
    }),
    function("println", &[], Some(A), |scope, v| {
        scope.environment.made(|out| print_line(scope.environment, v, out))
    }),
    function("call", &[A], Some(A), |_, v| match &v[0] {
        Value::Nil => Err("call of nil".to_owned()),
        other => Err(format!("non-function of type {}", other.type_name())),
    }),
];

/// Whether a function stops at the first argument that is (`or`) or is not (`and`) true.
pub(super) fn short_circuit(name: &str) -> Option<bool> {
    match name {
        "or" => Some(true),
        "and" => Some(false),
        _ => None,
    }
}

fn ordered<'a>(values: &[Value<'_>], holds: impl Fn(Ordering) -> bool) -> Outcome<'a> {
    Ok(Value::Bool(compare::order(&values[0], &values[1])?.is_some_and(holds)))
}

/// Values one after another, with a blank where neither neighbour is a text.
pub(super) fn print(environment: &Environment<'_>, values: &[Value<'_>], out: &mut BoundedText) -> Written {
    let mut after_text = true;
    for value in values {
        let is_text = matches!(value, Value::Text(_));
        if !after_text && !is_text {
            out.write_str(" ")?;
        }
        value.print(environment, out)?;
        after_text = is_text;
    }
    Ok(())
}

/// Values one after another with blanks between, and the end of a line.
fn print_line(environment: &Environment<'_>, values: &[Value<'_>], out: &mut BoundedText) -> Written {
    for (index, value) in values.iter().enumerate() {
        out.write_str(if index == 0 { "" } else { " " })?;
        value.print(environment, out)?;
    }
    out.write_str("\n")
}

fn length<'a>(environment: &Environment<'_>, value: &Value<'_>) -> Outcome<'a> {
    let length = match value {
        Value::Text(text) => text.len(),
        Value::List(items) => items.len(),
        Value::Map(map) => map.len(),
        Value::Labels => environment.fields.all().len(),
        Value::Nil => return Err("len of nil pointer".to_owned()),
        other => return Err(format!("len of type {}", other.type_name())),
    };
    Ok(Value::Int(length as i64))
}

fn place(value: &Value<'_>, length: usize) -> Result<usize, String> {
    let index = match value {
        Value::Int(index) | Value::Int64(index) => *index,
        Value::Nil => return Err("cannot index slice/array with nil".to_owned()),
        other => return Err(format!("cannot index slice/array with type {}", other.type_name())),
    };
    usize::try_from(index)
        .ok()
        .filter(|&index| index <= length)
        .ok_or_else(|| format!("index out of range: {index}"))
}

fn index<'a>(environment: &Environment<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    let mut value = values[0].clone();
    for key in &values[1..] {
        value = match (&value, key) {
            (Value::Text(text), key) => {
                let at = place(key, text.len())?;
                let byte = text
                    .as_bytes()
                    .get(at)
                    .ok_or_else(|| format!("index out of range: {at}"))?;
                Value::Int(i64::from(*byte))
            }
            (Value::List(items), key) => {
                let at = place(key, items.len())?;
                items
                    .get(at)
                    .cloned()
                    .ok_or_else(|| format!("index out of range: {at}"))?
            }
            (Value::Map(map), Value::Text(key)) => map.get(&**key).cloned().unwrap_or(Value::Nil),
            (Value::Labels, Value::Text(key)) => {
                let fields = environment.fields;
                Value::Text(fields.get(key).unwrap_or("").into())
            }
            (Value::Map(_) | Value::Labels, key) => {
                return Err(format!("value has type {}; should be string", key.type_name()));
            }
            (Value::Nil, _) => return Err("index of untyped nil".to_owned()),
            (other, _) => return Err(format!("can't index item of type {}", other.type_name())),
        };
    }
    Ok(value)
}

fn slice<'a>(values: &[Value<'a>]) -> Outcome<'a> {
    let (value, places) = (&values[0], &values[1..]);
    let length = match value {
        Value::Text(_) if places.len() > 2 => return Err("cannot 3-index slice a string".to_owned()),
        Value::Text(text) => text.len(),
        Value::List(items) => items.len(),
        Value::Nil => return Err("slice of untyped nil".to_owned()),
        other => return Err(format!("can't slice item of type {}", other.type_name())),
    };
    if places.len() > 3 {
        return Err(format!("too many slice indexes: {}", places.len()));
    }
    let from = places.first().map_or(Ok(0), |at| place(at, length))?;
    let to = places.get(1).map_or(Ok(length), |at| place(at, length))?;
    if from > to {
        return Err(format!("invalid slice index: {from} > {to}"));
    }
    Ok(match value {
        Value::Text(text) => Value::text(String::from_utf8_lossy(&text.as_bytes()[from..to])),
        Value::List(items) => Value::List(Rc::new(items[from..to].to_vec())),
        _ => Value::Int(to_whole(value)),
    })
}

/// A JSON text as a value; nothing when it is none. The shortest value of a list is two bytes of the text and a place
/// in memory, so each is charged before there is any.
pub(super) fn from_json<'a>(environment: &Environment<'_>, text: &str) -> Outcome<'a> {
    let values = text.bytes().filter(|byte| b",[{:".contains(byte)).count();
    environment.charge(values.saturating_mul(VALUE_BYTES))?;
    Ok(super::json::parse(text).map_or(Value::Nil, of_json))
}

fn of_json<'a>(json: super::json::Json) -> Value<'a> {
    use super::json::Json;
    match json {
        Json::Null => Value::Nil,
        Json::Bool(value) => Value::Bool(value),
        Json::Number(value) => Value::Float(value),
        Json::Text(text) => Value::text(text),
        Json::List(items) => Value::List(Rc::new(items.into_iter().map(of_json).collect())),
        Json::Map(entries) => {
            let entries = entries.into_iter().map(|(key, value)| (key.into(), of_json(value)));
            Value::Map(Rc::new(entries.collect::<BTreeMap<_, _>>()))
        }
    }
}
