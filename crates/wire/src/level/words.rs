//! The first word of a line that names a level.
//!
//! A word counts only where something that ends words stands before and after it, so that `terror`, `errorCode`,
//! `log_error`, `/error-handler` and `misc:error` name none.

use super::Level;

/// May stand before a level word.
const BEFORE: u8 = 1;
/// May stand after a level word.
const AFTER: u8 = 2;
/// May begin a level word.
const INITIAL: u8 = 4;

/// What each byte may do.
const CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut classes = [0_u8; 256];
    let before_and_after = b" \t\r\n\"'|=[({";
    let before = b"";
    let after = b"])}:,!";
    let initials = b"tdiwefcTDIWEFC";
    let mut index = 0;
    while index < before_and_after.len() {
        classes[before_and_after[index] as usize] |= BEFORE | AFTER;
        index += 1;
    }
    index = 0;
    while index < before.len() {
        classes[before[index] as usize] |= BEFORE;
        index += 1;
    }
    index = 0;
    while index < after.len() {
        classes[after[index] as usize] |= AFTER;
        index += 1;
    }
    index = 0;
    while index < initials.len() {
        classes[initials[index] as usize] |= INITIAL;
        index += 1;
    }
    classes
}

/// Words by their initial, the longer of two with the same beginning first.
fn words(initial: u8) -> &'static [(&'static str, Level)] {
    match initial | 0x20 {
        b't' => &[("trace", Level::Trace)],
        b'd' => &[("debug", Level::Debug)],
        b'i' => &[("info", Level::Info)],
        b'w' => &[("warning", Level::Warn), ("warn", Level::Warn)],
        b'e' => &[("error", Level::Error), ("err", Level::Error)],
        b'f' => &[("fatal", Level::Fatal)],
        b'c' => &[("critical", Level::Critical)],
        _ => &[],
    }
}

/// The level of the first level word.
pub(super) fn first_level(line: &[u8]) -> Option<Level> {
    let mut may_begin = true;
    for (at, &byte) in line.iter().enumerate() {
        let class = CLASSES[usize::from(byte)];
        if may_begin
            && class & INITIAL != 0
            && let Some(level) = word_at(&line[at..])
        {
            return Some(level);
        }
        may_begin = class & BEFORE != 0;
    }
    None
}

fn word_at(rest: &[u8]) -> Option<Level> {
    let matches = |word: &str| {
        rest.get(..word.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
            && rest
                .get(word.len())
                .is_none_or(|next| CLASSES[usize::from(*next)] & AFTER != 0)
    };
    words(rest[0])
        .iter()
        .find(|(word, _)| matches(word))
        .map(|(_, level)| *level)
}
