//! Bytes that should be text, made into text.

use std::borrow::Cow;

use bytes::Bytes;

/// Text of a slice of `buffer`: the slice itself when it is UTF-8, else a copy with U+FFFD for what is not.
pub(crate) fn shared_text(buffer: &Bytes, slice: &[u8]) -> Bytes {
    match String::from_utf8_lossy(slice) {
        Cow::Borrowed(text) => buffer.slice_ref(text.as_bytes()),
        Cow::Owned(text) => text.into(),
    }
}

/// Text of bytes, with U+FFFD for what is not UTF-8.
pub(crate) fn owned_text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Appends bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: [u8; 16] = *b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
        .map(char::from)
        .collect()
}

/// Reads hexadecimal digits of either case.
pub(crate) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| (byte as char).to_digit(16).map(|digit| digit as u8);
    let pairs = text.as_bytes().chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    pairs.map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_what_is_not_utf8() {
        let buffer = Bytes::from_static(b"good b\xffd");
        let good = shared_text(&buffer, &buffer[..4]);
        assert_eq!(good, "good");
        assert_eq!(good.as_ptr(), buffer.as_ptr(), "valid text is not copied");
        assert_eq!(shared_text(&buffer, &buffer[5..]), "b\u{fffd}d");
    }

    #[test]
    fn hexadecimal_both_ways() {
        assert_eq!(hex(&[0, 0xab, 0x7f]), "00ab7f");
        assert_eq!(from_hex("00Ab7f"), Some(vec![0, 0xab, 0x7f]));
        assert_eq!(from_hex("abc"), None);
        assert_eq!(from_hex("zz"), None);
    }
}
