//! The functions that a template may call: Go's own and Loki's.

use std::fmt::{Result as Written, Write};

use super::builtins;
use super::compare;
use super::convert::{to_float, to_whole};
use super::decimal::Operation;
use super::escape;
use super::exec::Scope;
use super::format;
use super::math;
use super::text;
use super::time;
use super::value::Value;
use crate::bounded_text::BoundedText;

type Outcome<'a> = Result<Value<'a>, String>;

/// A function.
pub(super) struct Function {
    pub(super) name: &'static str,
    /// Types of the arguments that it must have.
    pub(super) fixed: &'static [Param],
    /// Type of those that may follow.
    pub(super) rest: Option<Param>,
    /// Does the work; arguments have been counted and their types checked.
    pub(super) run: for<'a> fn(&Scope<'a>, &[Value<'a>]) -> Outcome<'a>,
}

impl std::fmt::Debug for Function {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.name)
    }
}

/// What an argument must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Param {
    Any,
    Text,
    Whole,
    Float,
    Time,
}

impl Param {
    /// The type's name in Go.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Any => "interface {}",
            Self::Text => "string",
            Self::Whole => "int",
            Self::Float => "float64",
            Self::Time => "time.Time",
        }
    }
}

impl Function {
    /// Type of an argument.
    pub(super) fn param(&self, index: usize) -> Param {
        self.fixed.get(index).copied().or(self.rest).unwrap_or(Param::Any)
    }
}

/// The function of a name.
pub(super) fn find(name: &str) -> Option<&'static Function> {
    let mut tables = [builtins::FUNCTIONS, TEXTS, NUMBERS, TIMES, OTHERS].into_iter();
    tables.find_map(|table| table.iter().find(|function| function.name == name))
}

const A: Param = Param::Any;
const T: Param = Param::Text;
const W: Param = Param::Whole;

/// Text of an argument whose type was checked.
pub(super) fn string<'v>(value: &'v Value<'_>) -> &'v str {
    match value {
        Value::Text(text) => text,
        _ => "",
    }
}

fn integer(value: &Value<'_>) -> i64 {
    to_whole(value)
}

/// An entry of a table.
pub(super) const fn function(
    name: &'static str,
    fixed: &'static [Param],
    rest: Option<Param>,
    run: for<'a> fn(&Scope<'a>, &[Value<'a>]) -> Outcome<'a>,
) -> Function {
    Function { name, fixed, rest, run }
}

fn own<'a>(text: impl Into<String>) -> Outcome<'a> {
    Ok(Value::text(text))
}

/// For what may be much longer than its arguments.
fn made<'a>(scope: &Scope<'a>, write: impl FnOnce(&mut BoundedText) -> Written) -> Outcome<'a> {
    scope.environment.made(write)
}

/// Functions whose arguments are texts and their places, in the order that Go's `strings` has (upper case names) or
/// with the text last, as pipes want it (lower case names).
const TEXTS: &[Function] = &[
    function("ToLower", &[T], None, |_, v| {
        own(text::change_case(false, string(&v[0])))
    }),
    function("ToUpper", &[T], None, |_, v| {
        own(text::change_case(true, string(&v[0])))
    }),
    function("lower", &[T], None, |_, v| own(text::change_case(false, string(&v[0])))),
    function("upper", &[T], None, |_, v| own(text::change_case(true, string(&v[0])))),
    function("title", &[T], None, |_, v| own(text::title(string(&v[0])))),
    function("Replace", &[T, T, T, W], None, |scope, v| {
        let (text, old, new) = (string(&v[0]), string(&v[1]), string(&v[2]));
        made(scope, |out| text::replace(text, old, new, integer(&v[3]), out))
    }),
    function("replace", &[T, T, T], None, |scope, v| {
        let (text, old, new) = (string(&v[2]), string(&v[0]), string(&v[1]));
        made(scope, |out| text::replace(text, old, new, -1, out))
    }),
    function("Trim", &[T, T], None, |_, v| {
        own(string(&v[0]).trim_matches(|c| string(&v[1]).contains(c)))
    }),
    function("trimAll", &[T, T], None, |_, v| {
        own(string(&v[1]).trim_matches(|c| string(&v[0]).contains(c)))
    }),
    function("TrimLeft", &[T, T], None, |_, v| {
        own(string(&v[0]).trim_start_matches(|c| string(&v[1]).contains(c)))
    }),
    function("TrimRight", &[T, T], None, |_, v| {
        own(string(&v[0]).trim_end_matches(|c| string(&v[1]).contains(c)))
    }),
    function("TrimPrefix", &[T, T], None, |_, v| {
        own(without_prefix(string(&v[0]), string(&v[1])))
    }),
    function("trimPrefix", &[T, T], None, |_, v| {
        own(without_prefix(string(&v[1]), string(&v[0])))
    }),
    function("TrimSuffix", &[T, T], None, |_, v| {
        own(without_suffix(string(&v[0]), string(&v[1])))
    }),
    function("trimSuffix", &[T, T], None, |_, v| {
        own(without_suffix(string(&v[1]), string(&v[0])))
    }),
    function("TrimSpace", &[T], None, |_, v| own(string(&v[0]).trim())),
    function("trim", &[T], None, |_, v| own(string(&v[0]).trim())),
    function("trunc", &[W, T], None, |_, v| {
        own(text::truncate(integer(&v[0]), string(&v[1])))
    }),
    function("substr", &[W, W, T], None, |_, v| {
        text::substring(integer(&v[0]), integer(&v[1]), string(&v[2])).map(Value::text)
    }),
    function("contains", &[T, T], None, |_, v| {
        Ok(Value::Bool(string(&v[1]).contains(string(&v[0]))))
    }),
    function("hasPrefix", &[T, T], None, |_, v| {
        Ok(Value::Bool(string(&v[1]).starts_with(string(&v[0]))))
    }),
    function("hasSuffix", &[T, T], None, |_, v| {
        Ok(Value::Bool(string(&v[1]).ends_with(string(&v[0]))))
    }),
    function("indent", &[W, T], None, |scope, v| {
        let padding = text::repeat(integer(&v[0]), " ")?;
        made(scope, |out| text::indent(&padding, string(&v[1]), out))
    }),
    function("nindent", &[W, T], None, |scope, v| {
        let padding = text::repeat(integer(&v[0]), " ")?;
        made(scope, |out| {
            out.write_str("\n")?;
            text::indent(&padding, string(&v[1]), out)
        })
    }),
    function("repeat", &[W, T], None, |_, v| {
        text::repeat(integer(&v[0]), string(&v[1])).map(Value::text)
    }),
    function("alignLeft", &[W, T], None, |_, v| {
        text::align(false, integer(&v[0]), string(&v[1])).map(Value::text)
    }),
    function("alignRight", &[W, T], None, |_, v| {
        text::align(true, integer(&v[0]), string(&v[1])).map(Value::text)
    }),
    function("b64enc", &[T], None, |_, v| own(escape::base64(string(&v[0])))),
    function("b64dec", &[T], None, |_, v| own(escape::unbase64(string(&v[0])))),
    function("urlencode", &[T], None, |scope, v| {
        made(scope, |out| escape::query(string(&v[0]), out))
    }),
    function("urldecode", &[T], None, |_, v| {
        escape::unescape_query(string(&v[0])).map(Value::text)
    }),
    function("regexReplaceAll", &[T, T, T], None, |scope, v| {
        let regex = scope.regex(string(&v[0]))?;
        made(scope, |out| {
            crate::expand::replace_all(&regex, string(&v[1]), string(&v[2]), out)
        })
    }),
    function("regexReplaceAllLiteral", &[T, T, T], None, |scope, v| {
        let regex = scope.regex(string(&v[0]))?;
        made(scope, |out| {
            crate::expand::replace_all_literal(&regex, string(&v[1]), string(&v[2]), out)
        })
    }),
    function("count", &[T, T], None, |scope, v| {
        let regex = scope.regex(string(&v[0]))?;
        Ok(Value::Int(crate::expand::count_matches(&regex, string(&v[1]))))
    }),
];

fn without_prefix<'t>(text: &'t str, prefix: &str) -> &'t str {
    text.strip_prefix(prefix).unwrap_or(text)
}

fn without_suffix<'t>(text: &'t str, suffix: &str) -> &'t str {
    text.strip_suffix(suffix).unwrap_or(text)
}

const NUMBERS: &[Function] = &[
    function("int", &[A], None, |_, v| Ok(Value::Int(to_whole(&v[0])))),
    function("float64", &[A], None, |_, v| Ok(Value::Float(to_float(&v[0])))),
    function("add", &[], Some(A), |_, v| math::fold(v, i64::wrapping_add)),
    function("sub", &[A, A], None, |_, v| math::fold(v, i64::wrapping_sub)),
    function("mul", &[A], Some(A), |_, v| math::fold(v, i64::wrapping_mul)),
    function("div", &[A, A], None, |_, v| math::divide(v, false)),
    function("mod", &[A, A], None, |_, v| math::divide(v, true)),
    function("max", &[A], Some(A), |_, v| math::fold(v, i64::max)),
    function("min", &[A], Some(A), |_, v| math::fold(v, i64::min)),
    function("addf", &[], Some(A), |_, v| math::fold_decimal(v, Operation::Add)),
    function("subf", &[A], Some(A), |_, v| math::fold_decimal(v, Operation::Subtract)),
    function("mulf", &[A], Some(A), |_, v| math::fold_decimal(v, Operation::Multiply)),
    function("divf", &[A], Some(A), |_, v| math::fold_decimal(v, Operation::Divide)),
    function("maxf", &[A], Some(A), |_, v| math::fold_float(v, f64::max)),
    function("minf", &[A], Some(A), |_, v| math::fold_float(v, f64::min)),
    function("ceil", &[A], None, |_, v| Ok(Value::Float(to_float(&v[0]).ceil()))),
    function("floor", &[A], None, |_, v| Ok(Value::Float(to_float(&v[0]).floor()))),
    function("round", &[A, W], Some(Param::Float), |_, v| {
        let half = v.get(2).map_or(0.5, to_float);
        Ok(Value::Float(math::round(to_float(&v[0]), integer(&v[1]), half)))
    }),
    function("bytes", &[T], None, |_, v| {
        let text = string(&v[0]);
        let size = crate::units::size_bytes(text).map(|bytes| Value::Float(bytes as f64));
        size.ok_or_else(|| crate::units::size_mistake(text))
    }),
    function("duration", &[T], None, |_, v| seconds(string(&v[0]))),
    function("duration_seconds", &[T], None, |_, v| seconds(string(&v[0]))),
];

fn seconds<'a>(text: &str) -> Outcome<'a> {
    let ns = longshore_model::parse_go_duration(text).map_err(|_| crate::units::duration_mistake(text))?;
    Ok(Value::Float(crate::units::go_seconds(ns)))
}

const TIMES: &[Function] = &[
    function("now", &[], None, |scope, _| {
        Ok(Value::Time(time::of_ns(scope.environment.now_ns)))
    }),
    function("__timestamp__", &[], None, |scope, _| {
        Ok(Value::Time(time::of_ns(scope.environment.timestamp_ns)))
    }),
    function("date", &[T, A], None, |scope, v| {
        own(time::date(scope.environment, string(&v[0]), &v[1]))
    }),
    function("toDate", &[T, T], None, |_, v| {
        Ok(Value::Time(time::parse(string(&v[0]), None, string(&v[1]))))
    }),
    function("toDateInZone", &[T, T, T], None, |_, v| {
        Ok(Value::Time(time::parse(
            string(&v[0]),
            Some(string(&v[1])),
            string(&v[2]),
        )))
    }),
    function("unixToTime", &[T], None, |_, v| {
        time::of_epoch(string(&v[0])).map(Value::Time)
    }),
    function("unixEpoch", &[Param::Time], None, |_, v| own(time::unix(&v[0], 1))),
    function("unixEpochMillis", &[Param::Time], None, |_, v| {
        own(time::unix(&v[0], 1_000))
    }),
    function("unixEpochNanos", &[Param::Time], None, |_, v| {
        own(time::unix(&v[0], 1_000_000_000))
    }),
];

const OTHERS: &[Function] = &[
    function("__line__", &[], None, |scope, _| own(text::line(scope.environment))),
    function("default", &[A], Some(A), |scope, v| {
        let given = v.get(1).filter(|given| given.is_true(scope.environment));
        Ok(given.unwrap_or(&v[0]).clone())
    }),
    function("fromJson", &[T], None, |scope, v| {
        builtins::from_json(scope.environment, string(&v[0]))
    }),
    function("printf", &[T], Some(A), |scope, v| {
        made(scope, |out| {
            format::sprintf(scope.environment, string(&v[0]), &v[1..], out)
        })
    }),
    function("eq", &[A], Some(A), |_, v| compare::equal(v).map(Value::Bool)),
    function("html", &[], Some(A), |scope, v| escaped(scope, v, escape::html)),
    function("js", &[], Some(A), |scope, v| escaped(scope, v, escape::javascript)),
    function("urlquery", &[], Some(A), |scope, v| escaped(scope, v, escape::query)),
];

/// Arguments joined as `print` joins them, made safe for another place.
fn escaped<'a>(scope: &Scope<'a>, values: &[Value<'a>], escape: fn(&str, &mut BoundedText) -> Written) -> Outcome<'a> {
    let joined = made(scope, |out| builtins::print(scope.environment, values, out))?;
    made(scope, |out| escape(string(&joined), out))
}
