//! Functions over numbers; they take anything that can be read as one.

use super::convert::{to_float, to_whole};
use super::decimal::{self, Operation};
use super::value::Value;

type Outcome<'a> = Result<Value<'a>, String>;

/// Folds whole numbers.
pub(super) fn fold<'a>(arguments: &[Value<'a>], step: impl Fn(i64, i64) -> i64) -> Outcome<'a> {
    let numbers = arguments.iter().map(to_whole);
    Ok(Value::Int64(numbers.reduce(step).unwrap_or(0)))
}

/// Divides, or gives the remainder.
pub(super) fn divide<'a>(arguments: &[Value<'a>], remainder: bool) -> Outcome<'a> {
    let (left, right) = (to_whole(&arguments[0]), to_whole(&arguments[1]));
    if right == 0 {
        return Err("runtime error: integer divide by zero".to_owned());
    }
    let value = if remainder {
        left.wrapping_rem(right)
    } else {
        left.wrapping_div(right)
    };
    Ok(Value::Int64(value))
}

/// Folds floating point numbers.
pub(super) fn fold_float<'a>(arguments: &[Value<'a>], step: impl Fn(f64, f64) -> f64) -> Outcome<'a> {
    let numbers = arguments.iter().map(to_float);
    Ok(Value::Float(numbers.reduce(step).unwrap_or(0.0)))
}

/// Folds decimal fractions.
pub(super) fn fold_decimal<'a>(arguments: &[Value<'a>], operation: Operation) -> Outcome<'a> {
    let mut numbers = arguments.iter().map(to_float);
    let first = numbers.next().unwrap_or(0.0);
    let folded = numbers.try_fold(first, |left, right| decimal::apply(operation, left, right));
    folded
        .map(Value::Float)
        .ok_or_else(|| "decimal division by 0".to_owned())
}

/// Rounds to so many decimals; from `half` on it goes up.
pub(super) fn round(value: f64, decimals: i64, half: f64) -> f64 {
    let power = 10_f64.powi(i32::try_from(decimals).unwrap_or(0));
    let shifted = power * value;
    let rounded = if shifted.fract() >= half {
        shifted.ceil()
    } else {
        shifted.floor()
    };
    rounded / power
}
