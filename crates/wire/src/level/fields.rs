//! Level fields of JSON and logfmt lines, found by scanners that know just enough of the two syntaxes: malformed or
//! truncated lines give what stands before the fault.

use memchr::{memchr, memchr2};

use super::{Level, LevelFields};

/// Whether the line begins as a JSON object does.
pub(crate) fn looks_like_json(line: &[u8]) -> bool {
    line.trim_ascii_start().first() == Some(&b'{')
}

/// The level by the first field that tells it with a text, in the outer object or in one within it, not too deep. Objects
/// in arrays do not count. When that text is no level, no other field is asked, as in Loki.
pub(super) fn json_level(line: &[u8], fields: &LevelFields) -> Option<Level> {
    let (mut depth, mut arrays) = (0_u32, 0_u32);
    let mut at = 0;
    while let Some(&byte) = line.get(at) {
        at += 1;
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            b'[' => arrays += 1,
            b']' => arrays = arrays.saturating_sub(1),
            b'"' => {
                let (text, after) = json_string(line, at)?;
                at = after;
                if depth > fields.json_depth_max || arrays > 0 || fields.rank(text).is_none() {
                    continue;
                }
                if let Some((value, _)) = json_text_value(line, at) {
                    return Level::from_word(value);
                }
            }
            _ => {}
        }
    }
    None
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

/// The keys and values of a line, as in `level=info msg="it works"`, without quotes.
pub(crate) fn logfmt_pairs(line: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let equals = at + memchr(b'=', line.get(at..)?)?;
        let key_start = line[at..equals]
            .iter()
            .rposition(|byte| *byte <= b' ')
            .map_or(at, |blank| at + blank + 1);
        let (value, after) = logfmt_value(line, equals + 1);
        at = after;
        Some((&line[key_start..equals], value))
    })
}

/// The level by the most trusted field that has one, as in `level=info`.
pub(super) fn logfmt_level(line: &[u8], fields: &LevelFields) -> Option<Level> {
    let mut best: Option<(usize, Level)> = None;
    for (key, value) in logfmt_pairs(line) {
        if let Some(rank) = fields.rank(key)
            && best.is_none_or(|(best, _)| rank < best)
            && let Some(level) = Level::from_word(value)
        {
            if rank == 0 {
                return Some(level);
            }
            best = Some((rank, level));
        }
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
