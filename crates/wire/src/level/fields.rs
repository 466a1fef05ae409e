//! Level fields of JSON and logfmt lines, found by scanners that know just enough of the two syntaxes: malformed or
//! truncated lines give what stands before the fault.

use memchr::{memchr, memchr2};

use super::{Level, LevelFields};

/// Deepest object whose fields count, in levels of braces and brackets.
const DEPTH_MAX: u32 = 2;

/// Whether the line begins as a JSON object does.
pub(super) fn looks_like_json(line: &[u8]) -> bool {
    line.trim_ascii_start().first() == Some(&b'{')
}

/// The level by a field of the outer object, else by one of an object directly in it.
pub(super) fn json_level(line: &[u8], fields: &LevelFields) -> Option<Level> {
    let mut nested = None;
    let mut depth = 0_u32;
    let mut at = 0;
    while let Some(&byte) = line.get(at) {
        at += 1;
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                let (text, after) = json_string(line, at)?;
                at = after;
                if depth > DEPTH_MAX || fields.rank(text).is_none() {
                    continue;
                }
                let Some((value, after)) = json_text_value(line, at) else {
                    continue;
                };
                at = after;
                match Level::from_word(value) {
                    Some(level) if depth == 1 => return Some(level),
                    level => nested = nested.or(level),
                }
            }
            _ => {}
        }
    }
    nested
}

/// The string whose content begins at `start`, still escaped, and the place after its closing quote.
fn json_string(line: &[u8], start: usize) -> Option<(&[u8], usize)> {
    let mut at = start;
    loop {
        let hit = at + memchr2(b'"', b'\\', line.get(at..)?)?;
        if line[hit] == b'"' {
            return Some((&line[start..hit], hit + 1));
        }
        at = hit + 2;
    }
}

/// The string that follows a colon, if what stands at `at` is the rest of a field with one.
fn json_text_value(line: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let at = skip_blanks(line, at);
    if line.get(at) != Some(&b':') {
        return None;
    }
    let at = skip_blanks(line, at + 1);
    if line.get(at) != Some(&b'"') {
        return None;
    }
    json_string(line, at + 1)
}

fn skip_blanks(line: &[u8], mut at: usize) -> usize {
    while line.get(at).is_some_and(u8::is_ascii_whitespace) {
        at += 1;
    }
    at
}

/// The level by the most trusted field that has one, as in `level=info`.
pub(super) fn logfmt_level(line: &[u8], fields: &LevelFields) -> Option<Level> {
    let mut at = 0;
    let mut best: Option<(usize, Level)> = None;
    while let Some(equals) = memchr(b'=', line.get(at..).unwrap_or_default()).map(|offset| at + offset) {
        let key_start = line[at..equals]
            .iter()
            .rposition(|byte| *byte <= b' ')
            .map_or(at, |blank| at + blank + 1);
        let key = &line[key_start..equals];
        let (value, after) = logfmt_value(line, equals + 1);
        if let Some(rank) = fields.rank(key)
            && best.is_none_or(|(best, _)| rank < best)
            && let Some(level) = Level::from_word(value)
        {
            if rank == 0 {
                return Some(level);
            }
            best = Some((rank, level));
        }
        at = after;
    }
    best.map(|(_, level)| level)
}

/// The value that begins at `start`, without its quotes, and the place after it.
fn logfmt_value(line: &[u8], start: usize) -> (&[u8], usize) {
    if line.get(start) == Some(&b'"')
        && let Some(quoted) = json_string(line, start + 1)
    {
        return quoted;
    }
    let rest = line.get(start..).unwrap_or_default();
    let length = rest.iter().position(|byte| *byte <= b' ').unwrap_or(rest.len());
    (&rest[..length], start + length)
}
