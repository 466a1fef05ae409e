//! Functions over texts.

use std::fmt::{Result as Written, Write};

use super::Environment;
use crate::bounded_text::BoundedText;

/// The value of a quoted text as Go writes it; `None` when it is none.
pub(super) fn unquote(quoted: &str) -> Option<String> {
    if let Some(raw) = quoted.strip_prefix('`') {
        return Some(raw.strip_suffix('`')?.replace('\r', ""));
    }
    let mut rest = quoted.strip_prefix('"')?.strip_suffix('"')?;
    let mut out = Vec::with_capacity(rest.len());
    while let Some(at) = rest.find('\\') {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        let kind = *rest.as_bytes().get(at + 1)?;
        let mut length = 2;
        let number = |from: usize, digits: usize, base: u32| {
            let text = rest.get(at + from..at + from + digits)?;
            u32::from_str_radix(text, base).ok()
        };
        let simple = match kind {
            b'a' => 7,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 11,
            b'\\' | b'"' | b'\'' => kind,
            b'x' => {
                length = 4;
                u8::try_from(number(2, 2, 16)?).ok()?
            }
            b'0'..=b'7' => {
                length = 4;
                u8::try_from(number(1, 3, 8)?).ok()?
            }
            b'u' | b'U' => {
                let digits = if kind == b'u' { 4 } else { 8 };
                length = 2 + digits;
                let character = char::from_u32(number(2, digits, 16)?)?;
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                rest = rest.get(at + length..)?;
                continue;
            }
            _ => return None,
        };
        out.push(simple);
        rest = rest.get(at + length..)?;
    }
    out.extend_from_slice(rest.as_bytes());
    Some(String::from_utf8_lossy(&out).into_owned())
}

/// Bytes of a text, half-open; what is cut off within a character becomes U+FFFD.
fn cut(text: &str, from: usize, to: usize) -> String {
    String::from_utf8_lossy(&text.as_bytes()[from..to]).into_owned()
}

/// The first bytes, or with a negative count the last.
pub(super) fn truncate(count: i64, text: &str) -> String {
    let length = text.len() as i64;
    if count < 0 && length + count > 0 {
        cut(text, (length + count) as usize, text.len())
    } else if count >= 0 && length > count {
        cut(text, 0, count as usize)
    } else {
        text.to_owned()
    }
}

/// Bytes from one place to another; negative places mean the ends.
pub(super) fn substring(start: i64, end: i64, text: &str) -> Result<String, String> {
    let length = text.len() as i64;
    let fault = |what: String| Err(format!("runtime error: slice bounds out of range {what}"));
    if start < 0 {
        return match end {
            end if end < 0 => fault(format!("[:{end}]")),
            end if end > length => fault(format!("[:{end}] with length {length}")),
            end => Ok(cut(text, 0, end as usize)),
        };
    }
    let end = if end < 0 || end > length { length } else { end };
    if start > end {
        return fault(format!("[{start}:{end}]"));
    }
    Ok(cut(text, start as usize, end as usize))
}

/// The first letter of each word in upper case.
pub(super) fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut begins = true;
    for character in text.chars() {
        if begins {
            // Go's title case is one character.
            let mut upper = character.to_uppercase();
            match (upper.next(), upper.next()) {
                (Some(upper), None) => out.push(upper),
                _ => out.push(character),
            }
        } else {
            out.push(character);
        }
        begins = !(character.is_alphanumeric() || character == '_' || character == '\'' && !begins);
    }
    out
}

/// In upper or lower case, letter by letter as Go does it: what would become two letters stays.
pub(super) fn change_case(upper: bool, text: &str) -> String {
    let change = |character: char| {
        let single = |mut changed: Box<dyn Iterator<Item = char>>| match (changed.next(), changed.next()) {
            (Some(changed), None) => changed,
            _ => character,
        };
        if character.is_ascii() {
            return if upper {
                character.to_ascii_uppercase()
            } else {
                character.to_ascii_lowercase()
            };
        }
        if upper {
            single(Box::new(character.to_uppercase()))
        } else {
            single(Box::new(character.to_lowercase()))
        }
    };
    text.chars().map(change).collect()
}

/// Every line moved to the right.
pub(super) fn indent(padding: &str, text: &str, out: &mut BoundedText) -> Written {
    out.write_str(padding)?;
    replace(text, "\n", &format!("\n{padding}"), -1, out)
}

/// The text several times.
pub(super) fn repeat(count: i64, text: &str) -> Result<String, String> {
    let count = usize::try_from(count).map_err(|_| "strings: negative Repeat count".to_owned())?;
    if count.saturating_mul(text.len()) > crate::limits::TEMPLATE_BYTES_MAX {
        return Err("strings: Repeat output length overflow".to_owned());
    }
    Ok(text.repeat(count))
}

/// Cut or filled to so many characters.
pub(super) fn align(right: bool, count: i64, text: &str) -> Result<String, String> {
    let Ok(count) = usize::try_from(count) else {
        return Ok(text.to_owned());
    };
    let length = text.chars().count();
    if length < count {
        let padding = repeat((count - length) as i64, " ")?;
        return Ok(if right {
            format!("{padding}{text}")
        } else {
            format!("{text}{padding}")
        });
    }
    Ok(if right {
        text.chars().skip(length - count).collect()
    } else {
        text.chars().take(count).collect()
    })
}

/// Occurrences replaced, the first `count` or with a negative count all.
pub(super) fn replace(text: &str, old: &str, new: &str, count: i64, out: &mut BoundedText) -> Written {
    let mut from = 0;
    for (at, found) in text
        .match_indices(old)
        .take(usize::try_from(count).unwrap_or(usize::MAX))
    {
        out.write_str(&text[from..at])?;
        out.write_str(new)?;
        from = at + found.len();
    }
    out.write_str(&text[from..])
}

/// The text of the line.
pub(super) fn line(environment: &Environment<'_>) -> String {
    String::from_utf8_lossy(environment.line).into_owned()
}
