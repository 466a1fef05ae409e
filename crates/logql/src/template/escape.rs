//! Texts made safe for other places: HTML, JavaScript, addresses, base64.

use std::fmt::{Result as Written, Write};

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::bounded_text::BoundedText;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// For HTML, texts and values of attributes.
pub(super) fn html(text: &str, out: &mut BoundedText) -> Written {
    for character in text.chars() {
        match character {
            '&' => out.write_str("&amp;")?,
            '<' => out.write_str("&lt;")?,
            '>' => out.write_str("&gt;")?,
            '"' => out.write_str("&#34;")?,
            '\'' => out.write_str("&#39;")?,
            '\0' => out.write_char(char::REPLACEMENT_CHARACTER)?,
            c => out.write_char(c)?,
        }
    }
    Ok(())
}

/// For strings of JavaScript.
pub(super) fn javascript(text: &str, out: &mut BoundedText) -> Written {
    for character in text.chars() {
        match character {
            '\\' => out.write_str("\\\\")?,
            '\'' => out.write_str("\\'")?,
            '"' => out.write_str("\\\"")?,
            '<' => out.write_str("\\u003C")?,
            '>' => out.write_str("\\u003E")?,
            '&' => out.write_str("\\u0026")?,
            '=' => out.write_str("\\u003D")?,
            c if c.is_control() => write!(out, "\\u{:04X}", u32::from(c))?,
            c => out.write_char(c)?,
        }
    }
    Ok(())
}

/// For the query of an address.
pub(super) fn query(text: &str, out: &mut BoundedText) -> Written {
    for byte in text.bytes() {
        match byte {
            b' ' => out.write_char('+')?,
            b if b.is_ascii_alphanumeric() || b"-_.~".contains(&b) => out.write_char(char::from(b))?,
            b => write!(out, "%{b:02X}")?,
        }
    }
    Ok(())
}

/// The text of a query of an address.
pub(super) fn unescape_query(text: &str) -> Result<String, String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
                let value = digits
                    .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
                    .and_then(|digits| u8::from_str_radix(digits, 16).ok());
                let Some(value) = value else {
                    let shown = String::from_utf8_lossy(&after[..after.len().min(2)]);
                    let quoted = longshore_model::quote_label_value(&format!("%{shown}"));
                    return Err(format!("invalid URL escape {quoted}"));
                };
                out.push(value);
                rest = &after[2..];
            }
            b => out.push(b),
        }
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}

/// In base64.
pub(super) fn base64(text: &str) -> String {
    BASE64.encode(text)
}

/// Out of base64, padded or not; the text of the mistake takes the place of the value, as in Loki.
pub(super) fn unbase64(text: &str) -> String {
    use base64::DecodeError::{InvalidByte, InvalidLastSymbol, InvalidLength, InvalidPadding};
    let compact: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    match BASE64.decode(&compact) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => {
            let place = match error {
                InvalidByte(place, _) | InvalidLastSymbol(place, _) => place,
                InvalidLength(_) | InvalidPadding => compact.len(),
            };
            format!("illegal base64 data at input byte {place}")
        }
    }
}
