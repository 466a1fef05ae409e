//! Numbers, durations, sizes and bracketed ranges.

use longshore_model::{parse_go_duration, parse_prometheus_duration};

use super::Kind;
use crate::units::size_bytes;

/// Most characters of a duration or size behind its first number. Nothing that is one is so long, and without a bound
/// `.1.1.1` would be searched to its end for each of its numbers. Hit: only the first number is a token.
const UNIT_CHARACTERS_MAX: usize = 64;

/// A number, a duration or a size, and its length.
pub(super) fn number(rest: &str) -> (Kind, usize) {
    let length = number_length(rest);
    let longer = |belongs: fn(char) -> bool| {
        let mut tail = rest[length..].chars().take_while(|&c| belongs(c));
        let unit: usize = tail.by_ref().take(UNIT_CHARACTERS_MAX).map(char::len_utf8).sum();
        if tail.next().is_some() { length } else { length + unit }
    };
    let end = longer(|c| c.is_ascii_digit() || c == '.' || "nsuµmhdwy".contains(c));
    if end > length
        && let Some(ns) = duration_ns(&rest[..end])
    {
        return (Kind::Duration(ns), end);
    }
    let end = longer(|c| "bBiIkKmMgGtTpPeE".contains(c));
    if end > length
        && let Some(bytes) = size_bytes(&rest[..end])
    {
        return (Kind::Bytes(bytes), end);
    }
    (Kind::Number(rest[..length].to_owned()), length)
}

/// Length of a number as Go writes it. Prefixed ones (`0x1F`) are cut whole, so that the message names them whole.
fn number_length(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let run = |from: usize, belongs: fn(&u8) -> bool| from + bytes[from..].iter().take_while(|b| belongs(b)).count();
    if let [b'0', b'x' | b'X' | b'o' | b'O' | b'b' | b'B', digit, ..] = bytes
        && digit.is_ascii_hexdigit()
    {
        let mut end = run(2, |b| b.is_ascii_hexdigit() || *b == b'_');
        if matches!(bytes[1], b'x' | b'X') && bytes.get(end) == Some(&b'.') {
            end = run(end + 1, u8::is_ascii_hexdigit);
        }
        if matches!(bytes.get(end), Some(b'p' | b'P')) {
            let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            end = run(end + 1 + sign, u8::is_ascii_digit);
        }
        return end;
    }
    let mut end = run(0, u8::is_ascii_digit);
    if bytes.get(end) == Some(&b'.') {
        end = run(end + 1, u8::is_ascii_digit);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        if bytes.get(end + 1 + sign).is_some_and(u8::is_ascii_digit) {
            end = run(end + 1 + sign, u8::is_ascii_digit);
        }
    }
    end
}

/// A number as Go's `ParseFloat` reads it: hexadecimal ones need an exponent, a power of two.
pub(crate) fn float(text: &str) -> Option<f64> {
    let lower = text.to_ascii_lowercase();
    let Some(digits) = lower.strip_prefix("0x") else {
        return text.parse().ok();
    };
    let (mantissa, exponent) = digits.split_once('p')?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let value = u64::from_str_radix(&format!("{whole}{fraction}"), 16).ok()?;
    let exponent = exponent.parse::<i32>().ok()?;
    let shift = exponent.checked_sub(i32::try_from(fraction.len()).ok()?.checked_mul(4)?)?;
    Some(value as f64 * 2_f64.powi(shift))
}

/// Go's durations first, because only they have fractions; then Prometheus', which have days, weeks and years.
fn duration_ns(text: &str) -> Option<i64> {
    if let Ok(ns) = parse_go_duration(text) {
        return Some(ns);
    }
    let duration = parse_prometheus_duration(text).ok()?;
    i64::try_from(duration.as_nanos()).ok()
}

/// `[5m]`.
pub(super) fn range(rest: &str) -> (Kind, usize) {
    let Some(end) = rest.find(']') else {
        return (
            Kind::RangeMistake("missing closing ']' in duration".to_owned()),
            rest.len(),
        );
    };
    let text = &rest[1..end];
    let kind = match duration_ns(text.trim()) {
        Some(ns) if ns >= 0 => Kind::Range(ns),
        _ => Kind::RangeMistake(range_mistake(text)),
    };
    (kind, end + 1)
}

fn range_mistake(text: &str) -> String {
    if text.is_empty() {
        return "empty duration string".to_owned();
    }
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            break;
        }
        rest = &rest[digits..];
        let unit = &rest[..rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len())];
        if !["ms", "s", "m", "h", "d", "w", "y", ""].contains(&unit) {
            return format!("unknown unit \"{unit}\" in duration \"{text}\"");
        }
        rest = &rest[unit.len()..];
    }
    format!("not a valid duration string: \"{text}\"")
}
