//! `{"log":"the program's text\n","stream":"stdout","time":"2026-11-22T18:00:00.123456789Z"}`.
//!
//! A scanner of its own instead of a JSON library: control characters inside strings, which older runtimes wrote
//! unescaped, are taken as they are, and text without escapes is borrowed.

use std::borrow::Cow;

use longshore_model::TimestampNs;

use super::{ContainerLine, OutputStream};

/// Deepest nesting that is skipped in fields we do not need; the runtime's own fields nest once (`attrs`).
const SKIPPED_DEPTH_MAX: usize = 16;

/// Reads a line of Docker's JSON file; the keys come in any order, others are skipped. The program's line goes on
/// when `log` does not end in a line feed.
pub fn scan_docker(line: &[u8]) -> Option<ContainerLine<'_>> {
    let mut scanner = Scanner { rest: line };
    let (mut log, mut stream, mut time) = (None, None, None);
    scanner.expect(b'{')?;
    loop {
        let key = scanner.string()?;
        scanner.expect(b':')?;
        match &*key {
            b"log" => log = Some(scanner.string()?),
            b"stream" => stream = Some(scanner.string()?),
            b"time" => time = Some(scanner.string()?),
            _ => scanner.skip_value(0)?,
        }
        match scanner.next()? {
            b',' => {}
            b'}' => break,
            _ => return None,
        }
    }
    scanner.skip_blanks();
    if !scanner.rest.is_empty() {
        return None;
    }
    let stream = match &*stream? {
        b"stdout" => OutputStream::Stdout,
        b"stderr" => OutputStream::Stderr,
        _ => return None,
    };
    let log = log?;
    let is_partial = log.last() != Some(&b'\n');
    Some(ContainerLine {
        timestamp: TimestampNs::parse_rfc3339(&time?).ok()?,
        stream,
        is_partial,
        content: if is_partial { log } else { without_last_byte(log) },
    })
}

fn without_last_byte(text: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed([head @ .., _]) => Cow::Borrowed(head),
        Cow::Borrowed([]) => Cow::Borrowed(&[]),
        Cow::Owned(mut text) => {
            text.pop();
            Cow::Owned(text)
        }
    }
}

struct Scanner<'a> {
    rest: &'a [u8],
}

impl<'a> Scanner<'a> {
    fn skip_blanks(&mut self) {
        while let [b' ' | b'\t' | b'\r' | b'\n', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    fn next(&mut self) -> Option<u8> {
        self.skip_blanks();
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(byte)
    }

    fn expect(&mut self, wanted: u8) -> Option<()> {
        (self.next()? == wanted).then_some(())
    }

    fn string(&mut self) -> Option<Cow<'a, [u8]>> {
        self.expect(b'"')?;
        let end = memchr::memchr2(b'"', b'\\', self.rest)?;
        let (head, tail) = self.rest.split_at(end);
        self.rest = tail;
        if self.rest.first() == Some(&b'"') {
            self.rest = &self.rest[1..];
            return Some(Cow::Borrowed(head));
        }
        let mut text = head.to_vec();
        loop {
            let (&byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            match byte {
                b'"' => return Some(Cow::Owned(text)),
                b'\\' => self.escape(&mut text)?,
                _ => {
                    let end = memchr::memchr2(b'"', b'\\', rest)?;
                    text.push(byte);
                    text.extend_from_slice(&rest[..end]);
                    self.rest = &rest[end..];
                }
            }
        }
    }

    fn escape(&mut self, text: &mut Vec<u8>) -> Option<()> {
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        let plain = match byte {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'b' => 0x08,
            b'f' => 0x0c,
            b'"' | b'\\' | b'/' => byte,
            b'u' => {
                let character = self.unicode_escape()?;
                text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                return Some(());
            }
            _ => return None,
        };
        text.push(plain);
        Some(())
    }

    /// The character of `\uXXXX`; half of a surrogate pair alone becomes U+FFFD.
    fn unicode_escape(&mut self) -> Option<char> {
        let first = self.four_digits()?;
        if (0xd800..0xdc00).contains(&first)
            && let Some(rest) = self.rest.strip_prefix(b"\\u")
        {
            let before = self.rest;
            self.rest = rest;
            let second = self.four_digits()?;
            if (0xdc00..0xe000).contains(&second) {
                return char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00));
            }
            self.rest = before;
        }
        Some(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn four_digits(&mut self) -> Option<u32> {
        let (digits, rest) = self.rest.split_at_checked(4)?;
        self.rest = rest;
        digits
            .iter()
            .try_fold(0, |sum, &byte| Some(sum * 16 + (byte as char).to_digit(16)?))
    }

    fn skip_value(&mut self, depth: usize) -> Option<()> {
        if depth > SKIPPED_DEPTH_MAX {
            return None;
        }
        self.skip_blanks();
        match self.rest.first()? {
            b'"' => self.string().map(|_| ()),
            b'{' | b'[' => self.skip_nested(depth),
            _ => {
                let end = self.rest.iter().position(|byte| matches!(byte, b',' | b'}' | b']'))?;
                self.rest = &self.rest[end..];
                Some(())
            }
        }
    }

    fn skip_nested(&mut self, depth: usize) -> Option<()> {
        let is_object = self.next()? == b'{';
        self.skip_blanks();
        if let [b'}' | b']', rest @ ..] = self.rest {
            self.rest = rest;
            return Some(());
        }
        loop {
            if is_object {
                self.string()?;
                self.expect(b':')?;
            }
            self.skip_value(depth + 1)?;
            match self.next()? {
                b',' => {}
                b'}' | b']' => return Some(()),
                _ => return None,
            }
        }
    }
}
