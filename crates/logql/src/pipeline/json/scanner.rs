//! Walking over the bytes of a JSON text.
//!
//! Invariant: the position only moves forward and every loop moves it, so the work is linear in the text.

use std::borrow::Cow;

use crate::pipeline::ends::quote_or_backslash;

/// What is wrong with a text; the words are those users know from Loki.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pipeline) enum Mistake {
    NoObject,
    NotClosed,
    UnknownValue,
    BadString,
    BadEscape,
    Malformed,
}

impl Mistake {
    pub(in crate::pipeline) fn text(self) -> &'static str {
        match self {
            Self::NoObject => "Value looks like object, but can't find closing '}' symbol",
            Self::NotClosed => "Value is array, but can't find closing ']' symbol",
            Self::UnknownValue => "Unknown value type",
            Self::BadString => "Value is string, but can't find closing '\"' symbol",
            Self::BadEscape => "Encountered an invalid escape sequence in a string",
            Self::Malformed => "Malformed JSON error",
        }
    }
}

/// A value as it stands in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pipeline) enum Value<'a> {
    /// Between its quotes, escapes and all.
    String(&'a str),
    /// A number, `true` or `false`, as written.
    Scalar(&'a str),
    /// With its brackets.
    Object(&'a str),
    /// With its brackets.
    Array(&'a str),
    Null,
}

/// Bytes of which numbers and words are made.
const SCALAR: [bool; 256] = {
    let mut belongs = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        belongs[byte] = (byte as u8).is_ascii_alphanumeric() || matches!(byte as u8, b'+' | b'-' | b'.');
        byte += 1;
    }
    belongs
};

/// A position in a text.
pub(in crate::pipeline) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// Whether a backslash stood in the last string that was read, so that few are looked through for escapes.
    last_has_escapes: bool,
}

impl<'a> Scanner<'a> {
    pub(in crate::pipeline) fn new(line: &'a [u8]) -> Self {
        // Lines are UTF-8; of one that is not, the part before the bad byte is what can be read.
        let text = match std::str::from_utf8(line) {
            Ok(text) => text,
            Err(error) => std::str::from_utf8(&line[..error.valid_up_to()]).unwrap_or(""),
        };
        Self {
            text,
            at: 0,
            last_has_escapes: false,
        }
    }

    fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while matches!(bytes.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    pub(in crate::pipeline) fn at_object(&mut self) -> bool {
        self.peek() == Some(b'{')
    }

    pub(in crate::pipeline) fn at_array(&mut self) -> bool {
        self.peek() == Some(b'[')
    }

    pub(in crate::pipeline) fn open_object(&mut self) -> Result<(), Mistake> {
        if self.take(b'{') {
            Ok(())
        } else {
            Err(Mistake::NoObject)
        }
    }

    /// The next key of the object that was opened, with the colon read; `None` at its end.
    pub(in crate::pipeline) fn next_key(&mut self, first: &mut bool) -> Result<Option<Cow<'a, str>>, Mistake> {
        Ok(self.next_raw_key(first)?.map(unescape))
    }

    /// As [`Scanner::next_key`], with the escapes as they stand. All can be resolved: a bad one in a key is a mistake,
    /// while it makes a value empty.
    pub(in crate::pipeline) fn next_raw_key(&mut self, first: &mut bool) -> Result<Option<&'a str>, Mistake> {
        let is_first = std::mem::take(first);
        let next = match self.peek() {
            Some(b'}') => {
                self.at += 1;
                return Ok(None);
            }
            None if is_first => return Err(Mistake::Malformed),
            next if is_first => next,
            Some(b',') => {
                self.at += 1;
                match self.peek() {
                    // A comma more than there should be is forgiven.
                    Some(b'}') => {
                        self.at += 1;
                        return Ok(None);
                    }
                    None => return Err(Mistake::NotClosed),
                    next => next,
                }
            }
            Some(_) => return Err(Mistake::NoObject),
            None => return Err(Mistake::NotClosed),
        };
        if next != Some(b'"') {
            return Err(Mistake::NoObject);
        }
        let key = self.string().map_err(|_| Mistake::Malformed)?;
        if self.last_has_escapes && unescape_text(key).is_none() {
            return Err(Mistake::BadEscape);
        }
        if self.take(b':') {
            Ok(Some(key))
        } else {
            Err(Mistake::Malformed)
        }
    }

    /// Reads the value that is next.
    pub(in crate::pipeline) fn value(&mut self) -> Result<Value<'a>, Mistake> {
        match self.peek() {
            Some(b'"') => self.string().map(Value::String),
            Some(b'{') => self.brackets().map(Value::Object),
            Some(b'[') => self.brackets().map(Value::Array),
            Some(b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => self.scalar(),
            Some(_) => Err(Mistake::UnknownValue),
            None => Err(Mistake::Malformed),
        }
    }

    /// Moves into the object to the value of a key.
    pub(in crate::pipeline) fn enter_key(&mut self, wanted: &str) -> Result<bool, Mistake> {
        self.open_object()?;
        let mut first = true;
        while let Some(key) = self.next_key(&mut first)? {
            if key == wanted {
                return Ok(true);
            }
            self.value()?;
        }
        Ok(false)
    }

    /// Moves into the array to an element.
    pub(in crate::pipeline) fn enter_index(&mut self, wanted: usize) -> Result<bool, Mistake> {
        self.take(b'[');
        for _ in 0..wanted {
            if self.peek() == Some(b']') {
                return Ok(false);
            }
            self.value()?;
            if !self.take(b',') {
                return Ok(false);
            }
        }
        Ok(self.peek() != Some(b']'))
    }

    /// Whether the object that begins at a place comes to an end.
    pub(in crate::pipeline) fn is_closed(&self, at: usize) -> bool {
        let mut from_there = Scanner { at, ..*self };
        from_there.brackets().is_ok()
    }

    /// The place of the next byte that is not blank.
    pub(in crate::pipeline) fn place(&mut self) -> usize {
        self.peek();
        self.at
    }

    fn scalar(&mut self) -> Result<Value<'a>, Mistake> {
        let rest = &self.text[self.at..];
        let length = rest.bytes().take_while(|&b| SCALAR[usize::from(b)]).count();
        self.at += length;
        let word = &rest[..length];
        match word.as_bytes().first() {
            Some(b'-' | b'0'..=b'9') => Ok(Value::Scalar(word)),
            _ if word == "null" => Ok(Value::Null),
            _ if word == "true" || word == "false" => Ok(Value::Scalar(word)),
            _ => Err(Mistake::UnknownValue),
        }
    }

    /// Reads a string; the position is at its first quote.
    fn string(&mut self) -> Result<&'a str, Mistake> {
        let start = self.at + 1;
        let bytes = self.text.as_bytes();
        let mut at = start;
        let mut has_escapes = false;
        loop {
            at = quote_or_backslash(bytes, at).ok_or(Mistake::BadString)?;
            if bytes[at] == b'"' {
                self.at = at + 1;
                self.last_has_escapes = has_escapes;
                return Ok(&self.text[start..at]);
            }
            // Skips what is escaped; of a longer character its first byte, which is no quote.
            at += 2;
            has_escapes = true;
        }
    }

    /// Reads an object or array whole.
    fn brackets(&mut self) -> Result<&'a str, Mistake> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mistake = if bytes[start] == b'{' {
            Mistake::NoObject
        } else {
            Mistake::NotClosed
        };
        let mut depth = 0_usize;
        while let Some(&byte) = bytes.get(self.at) {
            match byte {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Ok(&self.text[start..self.at]);
            }
        }
        Err(mistake)
    }
}

/// Resolves the escapes of a string; one with a bad escape counts as empty, as in Loki.
pub(in crate::pipeline) fn unescape(raw: &str) -> Cow<'_, str> {
    unescape_text(raw).unwrap_or_default()
}

/// Resolves the escapes of a string; `None` when one is bad.
pub(crate) fn unescape_text(raw: &str) -> Option<Cow<'_, str>> {
    if memchr::memchr(b'\\', raw.as_bytes()).is_none() {
        return Some(Cow::Borrowed(raw));
    }
    unescaped(raw).map(Cow::Owned)
}

fn unescaped(raw: &str) -> Option<String> {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        let kind = *rest.as_bytes().get(at + 1)?;
        let mut length = 2;
        text.push(match kind {
            b'"' | b'\\' | b'/' => char::from(kind),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let (character, consumed) = unicode(&rest[at..])?;
                length = consumed;
                character
            }
            _ => return None,
        });
        rest = rest.get(at + length..)?;
    }
    text.push_str(rest);
    Some(text)
}

/// `\u00e9`, or two of them that make a pair.
fn unicode(text: &str) -> Option<(char, usize)> {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u32::from_str_radix(digits, 16).ok()
    };
    let first = unit(0)?;
    if let Some(character) = char::from_u32(first) {
        return Some((character, 6));
    }
    let second = unit(6)?;
    let pair = (0xd800..0xdc00).contains(&first) && (0xdc00..0xe000).contains(&second);
    let code = 0x10000 + ((first & 0x3ff) << 10) + (second & 0x3ff);
    pair.then(|| char::from_u32(code).map(|character| (character, 12)))?
}
