//! Everything that begins with a backslash, outside and inside of `[...]`.
//!
//! Source: Go's `regexp/syntax` package documentation, "Escape sequences", "Empty strings".

use regex_syntax::hir::{Class, Hir, Look};

use super::Parser;
use crate::error::{Error, ErrorKind};

/// A character that an escape named. Go lets an escape name half a surrogate pair, which no UTF-8 text contains.
pub(super) type Escaped = Option<char>;

impl Parser<'_> {
    pub(super) fn parse_backslash(&mut self) -> Result<(), Error> {
        let text = self.rest;
        match text.as_bytes().get(1) {
            Some(b'A') => self.push_look(Look::Start, 2),
            Some(b'z') => self.push_look(Look::End, 2),
            Some(b'b') => self.push_look(Look::WordAscii, 2),
            Some(b'B') => self.push_look(Look::WordAsciiNegate, 2),
            Some(b'Q') => {
                let (literal, rest) = text[2..].split_once("\\E").unwrap_or((&text[2..], ""));
                literal.chars().for_each(|character| self.push_literal(character));
                self.rest = rest;
            }
            _ => {
                if let Some(class) = self.parse_unicode_class()? {
                    self.push(Hir::class(Class::Unicode(class)));
                } else if let Some(class) = self.parse_perl_class() {
                    self.push(Hir::class(Class::Unicode(class)));
                } else if let Some(character) = self.parse_escape()? {
                    self.push_literal(character);
                } else {
                    self.push(Hir::fail());
                }
            }
        }
        Ok(())
    }

    /// Reads the escape of one character.
    pub(super) fn parse_escape(&mut self) -> Result<Escaped, Error> {
        let text = self.rest;
        let body = &text[1..];
        let Some(character) = body.chars().next() else {
            return Err(Error::new(ErrorKind::TrailingBackslash, ""));
        };
        let mut length = character.len_utf8();
        let plain = match character {
            'a' => Some('\u{7}'),
            'f' => Some('\u{c}'),
            'n' => Some('\n'),
            'r' => Some('\r'),
            't' => Some('\t'),
            'v' => Some('\u{b}'),
            other if other.is_ascii() && !other.is_ascii_alphanumeric() => Some(other),
            _ => None,
        };
        let code = match character {
            '0' | '1'..='7' => octal(body)
                .inspect(|&(_, digits)| length = digits)
                .map(|(code, _)| code),
            'x' => {
                let (code, consumed) = hexadecimal(&body[1..]);
                length = 1 + consumed;
                code
            }
            _ => plain.map(u32::from),
        };
        match code {
            Some(code) => {
                self.rest = &body[length..];
                Ok(char::from_u32(code))
            }
            None => Err(Error::new(ErrorKind::InvalidEscape, &text[..1 + length])),
        }
    }
}

/// `\12` or `\012`, up to three digits; a single digit other than 0 would be a back-reference, which Go has not.
fn octal(body: &str) -> Option<(u32, usize)> {
    let digits = body
        .bytes()
        .take(3)
        .take_while(|byte| (b'0'..=b'7').contains(byte))
        .count();
    if digits == 1 && !body.starts_with('0') {
        return None;
    }
    u32::from_str_radix(&body[..digits], 8).ok().map(|code| (code, digits))
}

/// What follows `\x`: the code, and how many bytes were looked at, also when it is wrong.
fn hexadecimal(body: &str) -> (Option<u32>, usize) {
    let Some(digits) = body.strip_prefix('{') else {
        let consumed: usize = body.chars().take(2).map(char::len_utf8).sum();
        let text = &body[..consumed];
        let valid = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let code = valid.then(|| u32::from_str_radix(text, 16).ok()).flatten();
        return (code, consumed);
    };
    let mut code = 0_u32;
    for (offset, character) in digits.char_indices() {
        let consumed = 1 + offset + character.len_utf8();
        match character.to_digit(16) {
            Some(digit) => code = code * 16 + digit,
            None if character == '}' && offset > 0 => return (Some(code), consumed),
            None => return (None, consumed),
        }
        if code > u32::from(char::MAX) {
            return (None, consumed);
        }
    }
    (None, body.len())
}
