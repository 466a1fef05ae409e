//! Finding where a word or a string ends, eight bytes at a time.
//!
//! Most keys and values are so short that they are over before the set-up of a search would be.

/// Bytes after which a search is quicker once it runs.
const SHORT_BYTES: usize = 32;

const QUOTES: u64 = u64::from_le_bytes([b'"'; 8]);
const BACKSLASHES: u64 = u64::from_le_bytes([b'\\'; 8]);
const EQUALS: u64 = u64::from_le_bytes([b'='; 8]);
const LOWEST: u64 = u64::from_le_bytes([0x01; 8]);
const HIGHEST: u64 = u64::from_le_bytes([0x80; 8]);

/// The first quote or backslash at or after a place.
pub(super) fn quote_or_backslash(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while at < from + SHORT_BYTES {
        let Some(word) = word_at(bytes, at) else {
            break;
        };
        let hits = below(word ^ QUOTES, 1) | below(word ^ BACKSLASHES, 1);
        if hits != 0 {
            return Some(at + place(hits));
        }
        at += 8;
    }
    memchr::memchr2(b'"', b'\\', bytes.get(at..)?).map(|hit| at + hit)
}

/// The first blank, quote or equals sign at or after a place, or the end; any byte up to the blank counts as one.
pub(super) fn word_end(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(word) = word_at(bytes, at) {
        let hits = below(word, b' ' + 1) | below(word ^ QUOTES, 1) | below(word ^ EQUALS, 1);
        if hits != 0 {
            return at + place(hits);
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    let end = rest.iter().position(|&b| b <= b' ' || b == b'=' || b == b'"');
    end.map_or(bytes.len(), |length| at + length)
}

/// The first blank at or after a place, or the end; any byte up to the blank counts as one.
pub(super) fn blank(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(word) = word_at(bytes, at) {
        let hits = below(word, b' ' + 1);
        if hits != 0 {
            return at + place(hits);
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    rest.iter()
        .position(|&b| b <= b' ')
        .map_or(bytes.len(), |length| at + length)
}

fn word_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().copied().map(u64::from_le_bytes)
}

/// The highest bit of each byte that is less than `limit`, at most 128; above the lowest of them others may be set
/// too.
fn below(word: u64, limit: u8) -> u64 {
    word.wrapping_sub(LOWEST * u64::from(limit)) & !word & HIGHEST
}

/// Number of the byte with the lowest of such bits.
fn place(hits: u64) -> usize {
    hits.trailing_zeros() as usize / 8
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn finds_what_a_loop_finds(text in "[a-d \\x00\\x1f!\"\\\\=é\u{2022}]{0,80}", from in 0_usize..90) {
            let bytes = text.as_bytes();
            let first = |wanted: fn(u8) -> bool| {
                let rest = bytes.get(from..).unwrap_or_default();
                rest.iter().position(|&byte| wanted(byte)).map(|at| from + at)
            };
            prop_assert_eq!(quote_or_backslash(bytes, from), first(|byte| matches!(byte, b'"' | b'\\')));
            if from <= bytes.len() {
                let end = first(|byte| byte <= b' ' || matches!(byte, b'"' | b'=')).unwrap_or(bytes.len());
                prop_assert_eq!(word_end(bytes, from), end);
                prop_assert_eq!(blank(bytes, from), first(|byte| byte <= b' ').unwrap_or(bytes.len()));
            }
        }
    }
}
