//! What a scalar's text means.

use super::Scalar;

/// A scalar with its type, by YAML 1.2's core schema and what Go's YAML adds to it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Resolved {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
}

impl Scalar {
    /// The scalar's type by its looks; a quoted one is always text.
    pub(crate) fn resolve(&self) -> Resolved {
        let text = self.text.as_str();
        if !self.plain {
            return Resolved::Text(text.to_owned());
        }
        match text {
            "" | "~" | "null" | "Null" | "NULL" => Resolved::Null,
            "true" | "True" | "TRUE" => Resolved::Bool(true),
            "false" | "False" | "FALSE" => Resolved::Bool(false),
            _ => number(text).unwrap_or_else(|| Resolved::Text(text.to_owned())),
        }
    }
}

fn number(text: &str) -> Option<Resolved> {
    match text.trim_start_matches(['-', '+']) {
        ".inf" | ".Inf" | ".INF" => {
            let infinity = if text.starts_with('-') {
                f64::NEG_INFINITY
            } else {
                f64::INFINITY
            };
            return Some(Resolved::Float(infinity));
        }
        ".nan" | ".NaN" | ".NAN" => return Some(Resolved::Float(f64::NAN)),
        _ => {}
    }
    let first = text.trim_start_matches(['-', '+']).bytes().next()?;
    if !(first.is_ascii_digit() || first == b'.') {
        return None;
    }
    let bare = text.replace('_', "");
    integer(&bare).map(Resolved::Int).or_else(|| {
        let looks_like_float = bare
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte));
        let value = looks_like_float.then(|| bare.parse::<f64>().ok())??;
        Some(Resolved::Float(value))
    })
}

/// Decimal, `0x`, `0o`, `0b`, and the octal of YAML 1.1 (`0640`), as Go's YAML reads it.
fn integer(text: &str) -> Option<i64> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (-1_i128, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x', ..] => (16, &digits[2..]),
        [b'0', b'o', ..] => (8, &digits[2..]),
        [b'0', b'b', ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    if !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let magnitude = i128::from_str_radix(digits, radix).ok()?;
    i64::try_from(sign * magnitude).ok()
}
