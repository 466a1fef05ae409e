//! Strings, quoted as in Go.

use super::Kind;

const NOT_TERMINATED: &str = "literal not terminated";
const BAD_ESCAPE: &str = "invalid char escape";

/// A string at the start of the text, and its length with quotes.
pub(super) fn string(rest: &str) -> (Kind, usize) {
    if let Some(body) = rest.strip_prefix('`') {
        return match body.find('`') {
            // Go drops carriage returns from raw strings.
            Some(end) => (Kind::String(body[..end].replace('\r', "")), end + 2),
            None => (Kind::Mistake(NOT_TERMINATED.to_owned()), rest.len()),
        };
    }
    let mut bytes = Vec::new();
    let mut at = 1;
    loop {
        let Some(character) = rest[at..].chars().next() else {
            return (Kind::Mistake(NOT_TERMINATED.to_owned()), rest.len());
        };
        match character {
            '"' => {
                // Go's `\xff` names a byte; texts here are UTF-8, so a lone one becomes U+FFFD.
                let text = String::from_utf8(bytes)
                    .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
                return (Kind::String(text), at + 1);
            }
            '\n' => return (Kind::Mistake(NOT_TERMINATED.to_owned()), at),
            '\\' => match escape(&rest[at..], &mut bytes) {
                Some(length) => at += length,
                None => return (Kind::Mistake(BAD_ESCAPE.to_owned()), rest.len()),
            },
            other => {
                bytes.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes());
                at += other.len_utf8();
            }
        }
    }
}

/// Appends what an escape stands for; gives its length.
fn escape(rest: &str, bytes: &mut Vec<u8>) -> Option<usize> {
    let kind = *rest.as_bytes().get(1)?;
    let plain = match kind {
        b'a' => Some(7),
        b'b' => Some(8),
        b'f' => Some(12),
        b'n' => Some(b'\n'),
        b'r' => Some(b'\r'),
        b't' => Some(b'\t'),
        b'v' => Some(11),
        b'\\' | b'"' => Some(kind),
        _ => None,
    };
    if let Some(byte) = plain {
        bytes.push(byte);
        return Some(2);
    }
    let (start, digits, radix) = match kind {
        b'x' => (2, 2, 16),
        b'u' => (2, 4, 16),
        b'U' => (2, 8, 16),
        b'0'..=b'7' => (1, 3, 8),
        _ => return None,
    };
    let text = rest.get(start..start + digits)?;
    if !text.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    let code = u32::from_str_radix(text, radix).ok()?;
    match kind {
        b'u' | b'U' => bytes.extend_from_slice(char::from_u32(code)?.encode_utf8(&mut [0; 4]).as_bytes()),
        _ => bytes.push(u8::try_from(code).ok()?),
    }
    Some(start + digits)
}

/// What is wrong with a text in single quotes, which LogQL has not.
pub(super) fn character_mistake(rest: &str) -> String {
    let line = rest[1..].split('\n').next().unwrap_or("");
    if line.contains('\'') {
        "invalid char literal".to_owned()
    } else {
        NOT_TERMINATED.to_owned()
    }
}
