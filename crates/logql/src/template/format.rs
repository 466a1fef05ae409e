//! `printf`: Go's verbs and flags.

use std::fmt::{Error, Result as Written, Write};

use super::Environment;
use super::float;
use super::value::Value;
use crate::bounded_text::BoundedText;
use crate::limits::TEMPLATE_BYTES_MAX;

/// One `%...` of a format.
#[derive(Debug, Default, Clone)]
struct Directive {
    minus: bool,
    plus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

/// The text that a format and its arguments make.
pub(super) fn sprintf(
    environment: &Environment<'_>,
    format: &str,
    arguments: &[Value<'_>],
    out: &mut BoundedText,
) -> Written {
    let mut next = 0;
    let mut reordered = false;
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        out.write_str(&rest[..at])?;
        rest = &rest[at + 1..];
        let (directive, after) = directive(rest, arguments, &mut next, &mut reordered);
        let Some(verb) = after.chars().next() else {
            return out.write_str("%!(NOVERB)");
        };
        rest = &after[verb.len_utf8()..];
        if verb == '%' {
            out.write_str("%")?;
            continue;
        }
        match arguments.get(next) {
            Some(argument) => out.write_str(&one(environment, &directive, verb, argument)?)?,
            None => write!(out, "%!{verb}(MISSING)")?,
        }
        next += 1;
    }
    out.write_str(rest)?;
    if !reordered && next < arguments.len() {
        out.write_str("%!(EXTRA ")?;
        for (index, value) in arguments[next..].iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(out, "{comma}{}", typed(environment, value)?)?;
        }
        out.write_str(")")?;
    }
    Ok(())
}

/// Reads flags, width and precision; `[n]` and `*` take arguments.
fn directive<'f>(
    format: &'f str,
    arguments: &[Value<'_>],
    next: &mut usize,
    reordered: &mut bool,
) -> (Directive, &'f str) {
    let mut directive = Directive::default();
    let flags = format.bytes().take_while(|byte| b"-+# 0".contains(byte)).count();
    for flag in format[..flags].bytes() {
        match flag {
            b'-' => directive.minus = true,
            b'+' => directive.plus = true,
            b'#' => directive.sharp = true,
            b' ' => directive.space = true,
            _ => directive.zero = true,
        }
    }
    let mut rest = &format[flags..];
    let mut index = |rest: &'f str, next: &mut usize| -> &'f str {
        let inside = rest.strip_prefix('[').and_then(|inside| inside.split_once(']'));
        match inside.and_then(|(number, after)| Some((number.parse::<usize>().ok()?.checked_sub(1)?, after))) {
            Some((place, after)) => {
                *reordered = true;
                *next = place;
                after
            }
            None => rest,
        }
    };
    rest = index(rest, next);
    (directive.width, rest) = number(rest, arguments, next);
    if let Some(after) = rest.strip_prefix('.') {
        let after = index(after, next);
        let (precision, after) = number(after, arguments, next);
        directive.precision = Some(precision.unwrap_or(0));
        rest = after;
    }
    rest = index(rest, next);
    if directive.minus {
        directive.zero = false;
    }
    (directive, rest)
}

fn number<'f>(rest: &'f str, arguments: &[Value<'_>], next: &mut usize) -> (Option<usize>, &'f str) {
    let bounded = |value: usize| value.min(TEMPLATE_BYTES_MAX);
    if let Some(after) = rest.strip_prefix('*') {
        let value = match arguments.get(*next) {
            Some(Value::Int(value) | Value::Int64(value)) => usize::try_from(*value).ok(),
            _ => None,
        };
        *next += 1;
        return (value.map(bounded), after);
    }
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (number, after) = rest.split_at(digits);
    (number.parse().ok().map(bounded), after)
}

/// `string=text`, for what does not fit.
fn typed(environment: &Environment<'_>, value: &Value<'_>) -> Result<String, Error> {
    Ok(match value {
        Value::Nil => "<nil>".to_owned(),
        _ => format!("{}={}", value.type_name(), &*environment.text_of(value)?),
    })
}

fn one(environment: &Environment<'_>, directive: &Directive, verb: char, value: &Value<'_>) -> Result<String, Error> {
    let text = match (verb, value) {
        ('T', _) => value.type_name().replace("nil", "<nil>"),
        ('v', Value::Int(number) | Value::Int64(number)) => whole(directive, 'd', *number),
        ('v', Value::Float(number)) => floating(directive, 'g', *number),
        ('v', _) => environment.text_of(value)?.to_string(),
        ('s', Value::Text(text)) => shortened(directive, text),
        ('s', Value::Time(_) | Value::List(_) | Value::Map(_) | Value::Labels) => {
            shortened(directive, &environment.text_of(value)?)
        }
        ('q', Value::Text(text)) => longshore_model::quote_label_value(&shortened(directive, text)),
        ('x' | 'X', Value::Text(text)) => text.bytes().map(|byte| hexadecimal(verb, byte)).collect(),
        ('t', Value::Bool(value)) => value.to_string(),
        ('b' | 'c' | 'd' | 'o' | 'O' | 'q' | 'x' | 'X' | 'U', Value::Int(number) | Value::Int64(number)) => {
            whole(directive, verb, *number)
        }
        ('e' | 'E' | 'f' | 'F' | 'g' | 'G', Value::Float(number)) => floating(directive, verb, *number),
        _ => return Ok(format!("%!{verb}({})", typed(environment, value)?)),
    };
    let is_number = matches!(value, Value::Int(_) | Value::Int64(_) | Value::Float(_));
    Ok(padded(directive, text, is_number))
}

fn hexadecimal(verb: char, byte: u8) -> String {
    if verb == 'x' {
        format!("{byte:02x}")
    } else {
        format!("{byte:02X}")
    }
}

fn shortened(directive: &Directive, text: &str) -> String {
    match directive.precision {
        Some(precision) => text.chars().take(precision).collect(),
        None => text.to_owned(),
    }
}

fn sign(directive: &Directive, negative: bool) -> &'static str {
    match (negative, directive.plus, directive.space) {
        (true, ..) => "-",
        (false, true, _) => "+",
        (false, false, true) => " ",
        _ => "",
    }
}

fn whole(directive: &Directive, verb: char, number: i64) -> String {
    let magnitude = number.unsigned_abs();
    let character = || {
        u32::try_from(number)
            .ok()
            .and_then(char::from_u32)
            .unwrap_or(char::REPLACEMENT_CHARACTER)
    };
    let (prefix, digits) = match verb {
        'b' => ("0b", format!("{magnitude:b}")),
        'o' => ("0", format!("{magnitude:o}")),
        'O' => return format!("{}0o{magnitude:o}", sign(directive, number < 0)),
        'x' => ("0x", format!("{magnitude:x}")),
        'X' => ("0X", format!("{magnitude:X}")),
        'c' => return character().to_string(),
        'q' => return format!("'{}'", character()),
        'U' => return format!("U+{magnitude:04X}"),
        _ => ("", magnitude.to_string()),
    };
    let missing = directive.precision.unwrap_or(0).saturating_sub(digits.len());
    let prefix = if directive.sharp { prefix } else { "" };
    format!("{}{prefix}{}{digits}", sign(directive, number < 0), "0".repeat(missing))
}

fn floating(directive: &Directive, verb: char, number: f64) -> String {
    let magnitude = number.abs();
    let text = match verb {
        'e' | 'E' => float::exponential(magnitude, Some(directive.precision.unwrap_or(6))),
        'f' | 'F' => float::fixed(magnitude, Some(directive.precision.unwrap_or(6))),
        _ => float::general(magnitude, directive.precision),
    };
    let text = if verb.is_ascii_uppercase() {
        text.to_uppercase()
    } else {
        text
    };
    let text = text.trim_start_matches('+').to_owned();
    format!(
        "{}{text}",
        sign(directive, number.is_sign_negative() && !number.is_nan())
    )
}

fn padded(directive: &Directive, text: String, number: bool) -> String {
    let missing = directive.width.unwrap_or(0).saturating_sub(text.chars().count());
    if missing == 0 {
        return text;
    }
    if directive.minus {
        return format!("{text}{}", " ".repeat(missing));
    }
    if !directive.zero {
        return format!("{}{text}", " ".repeat(missing));
    }
    // Zeros stand between the sign and the digits.
    let signed = usize::from(number && text.starts_with(['+', '-', ' ']));
    let (sign, digits) = text.split_at(signed);
    format!("{sign}{}{digits}", "0".repeat(missing))
}
