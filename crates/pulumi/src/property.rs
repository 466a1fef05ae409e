//! Values as they travel between program and engine: JSON in which secrets and unknown values are marked.
//!
//! Layout of a secret: an object with two keys, the signature key and `value`. An unknown value, which only a preview
//! has, is a certain string. Numbers are doubles on the wire.
//!
//! Source: the signatures are constants of Pulumi's protocol, `sdk/go/common/resource/sig/sig.go` and
//! `sdk/go/common/resource/plugin/rpc.go` of github.com/pulumi/pulumi, v3.259.0.
//!
//! Invariant: what `from_wire` makes of `to_wire`'s result is the value again, for numbers up to 2^53.

use prost_types::value::Kind;
use serde_json::{Map, Number, Value};

use crate::error::Error;
use crate::limits::VALUE_DEPTH_MAX;

#[cfg(test)]
mod tests;

/// The key that makes an object a special value.
const SIGNATURE: &str = "4dabf18193072939515e22adb298388d";
/// The signature of a secret.
const SECRET: &str = "1b47061264138c4ac30d75fd1eb44270";
/// The key of the value inside a secret.
const SECRET_VALUE: &str = "value";
/// What stands for a value that is not known before the update.
const UNKNOWN: &str = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
/// The same for other types, in the order bool, number, list, asset, archive, object. They are only read.
const UNKNOWN_OF_OTHER_TYPES: [&str; 6] = [
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
    "030794c1-ac77-496b-92df-f27374a8bd58",
    "e48ece36-62e2-4504-bad9-02848725956a",
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
];

/// Largest whole number that a double holds without loss.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

/// Marks a value as secret: the engine encrypts it in the state and shows `[secret]`.
pub fn secret(value: Value) -> Value {
    if is_secret(&value) {
        return value;
    }
    Value::Object(Map::from_iter([
        (SIGNATURE.to_owned(), Value::from(SECRET)),
        (SECRET_VALUE.to_owned(), value),
    ]))
}

/// The mark for a value that is not known before the update.
pub fn unknown() -> Value {
    Value::from(UNKNOWN)
}

/// Whether the value itself, not one inside it, is marked as secret.
pub fn is_secret(value: &Value) -> bool {
    value.get(SIGNATURE).and_then(Value::as_str) == Some(SECRET)
}

/// Whether the value itself, not one inside it, is the mark for unknown.
pub fn is_unknown(value: &Value) -> bool {
    value
        .as_str()
        .is_some_and(|text| text == UNKNOWN || UNKNOWN_OF_OTHER_TYPES.contains(&text))
}

/// What was found in a value when its marks were taken off.
#[derive(Debug, Clone, PartialEq)]
pub struct Plain {
    /// The value without marks; `None` when it or a part of it is unknown.
    pub value: Option<Value>,
    /// Whether it or a part of it is secret.
    pub secret: bool,
}

/// Takes the marks off.
///
/// # Errors
/// When the value is nested too deeply.
pub fn plain(value: Value) -> Result<Plain, Error> {
    let (mut secret, mut known) = (false, true);
    let value = strip(value, VALUE_DEPTH_MAX, &mut secret, &mut known)?;
    Ok(Plain {
        value: known.then_some(value),
        secret,
    })
}

/// Follows keys into a value, through secrets, and takes the marks off what is there: null where nothing is, unknown
/// where the way leads into something unknown.
///
/// # Errors
/// When the value is nested too deeply.
pub fn plain_at(mut value: Value, path: &[String]) -> Result<Plain, Error> {
    let mut secret = false;
    for key in path {
        while is_secret(&value) {
            secret = true;
            value = child(value, SECRET_VALUE);
        }
        if is_unknown(&value) {
            return Ok(Plain { value: None, secret });
        }
        value = child(value, key);
    }
    let found = plain(value)?;
    Ok(Plain {
        secret: secret || found.secret,
        ..found
    })
}

fn child(value: Value, key: &str) -> Value {
    match value {
        Value::Object(mut object) => object.remove(key).unwrap_or_default(),
        _ => Value::Null,
    }
}

fn strip(value: Value, depth: usize, secret: &mut bool, known: &mut bool) -> Result<Value, Error> {
    let deeper = depth.checked_sub(1).ok_or(Error::TooDeep)?;
    *known &= !is_unknown(&value);
    let marked = is_secret(&value);
    Ok(match value {
        Value::Object(mut object) if marked => {
            *secret = true;
            let inner = object.remove(SECRET_VALUE).unwrap_or_default();
            strip(inner, deeper, secret, known)?
        }
        Value::Object(object) => Value::Object(
            object
                .into_iter()
                .map(|(key, value)| Ok((key, strip(value, deeper, secret, known)?)))
                .collect::<Result<_, Error>>()?,
        ),
        Value::Array(list) => Value::Array(
            list.into_iter()
                .map(|value| strip(value, deeper, secret, known))
                .collect::<Result<_, Error>>()?,
        ),
        other => other,
    })
}

/// To the protocol's form.
///
/// # Errors
/// When the value is nested too deeply.
pub fn to_wire(object: &Map<String, Value>) -> Result<prost_types::Struct, Error> {
    struct_of(object, VALUE_DEPTH_MAX)
}

fn struct_of(object: &Map<String, Value>, depth: usize) -> Result<prost_types::Struct, Error> {
    let fields = object
        .iter()
        .map(|(key, value)| Ok((key.clone(), value_of(value, depth)?)))
        .collect::<Result<_, Error>>()?;
    Ok(prost_types::Struct { fields })
}

fn value_of(value: &Value, depth: usize) -> Result<prost_types::Value, Error> {
    let deeper = depth.checked_sub(1).ok_or(Error::TooDeep)?;
    let kind = match value {
        Value::Null => Kind::NullValue(0),
        Value::Bool(flag) => Kind::BoolValue(*flag),
        Value::Number(number) => Kind::NumberValue(
            number
                .as_f64()
                .expect("without arbitrary precision every number is a double"),
        ),
        Value::String(text) => Kind::StringValue(text.clone()),
        Value::Array(list) => Kind::ListValue(prost_types::ListValue {
            values: list
                .iter()
                .map(|value| value_of(value, deeper))
                .collect::<Result<_, _>>()?,
        }),
        Value::Object(object) => Kind::StructValue(struct_of(object, deeper)?),
    };
    Ok(prost_types::Value { kind: Some(kind) })
}

/// From the protocol's form. The decoder of the wire has bounded the depth already.
pub fn from_wire(object: prost_types::Struct) -> Map<String, Value> {
    object
        .fields
        .into_iter()
        .map(|(key, value)| (key, value_from(value)))
        .collect()
}

fn value_from(value: prost_types::Value) -> Value {
    match value.kind {
        None | Some(Kind::NullValue(_)) => Value::Null,
        Some(Kind::BoolValue(flag)) => Value::Bool(flag),
        Some(Kind::NumberValue(number)) => Value::from(number_from(number)),
        Some(Kind::StringValue(text)) => Value::String(text),
        Some(Kind::ListValue(list)) => list.values.into_iter().map(value_from).collect(),
        Some(Kind::StructValue(object)) => Value::Object(from_wire(object)),
    }
}

/// Whole numbers become integers again, as Kubernetes' fields want them; what is no number in JSON becomes null.
fn number_from(number: f64) -> Option<Number> {
    #[expect(clippy::cast_possible_truncation, reason = "it is whole and in range")]
    if number.fract() == 0.0 && number.abs() <= WHOLE_MAX {
        return Some(Number::from(number as i64));
    }
    Number::from_f64(number)
}
