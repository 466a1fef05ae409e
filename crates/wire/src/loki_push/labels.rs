//! The text form of a stream's labels, `{app="web", pod="a\"b"}`; `Labels`' `Display` writes it.

use std::borrow::Cow;

use longshore_model::Labels;
use thiserror::Error;

use crate::otel_labels::sanitize_name;

/// Why a text is no label set; the column counts bytes from 1.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum LabelsError {
    /// Something else than expected.
    #[error("1:{column}: parse error: unexpected {found}, expected {expected}")]
    Unexpected {
        /// Where.
        column: usize,
        /// What stands there.
        found: String,
        /// What should.
        expected: &'static str,
    },
    /// A quoted value without its end, or with an escape that Go does not know.
    #[error("1:{column}: parse error: invalid quoted string")]
    Quoted {
        /// Where the quote begins.
        column: usize,
    },
    /// A name that stands twice.
    #[error("duplicate label name: '{0}'")]
    Duplicate(String),
}

/// Reads a label set. Values are Go strings in quotes, double or single, or in backticks; labels with an empty value are
/// dropped. A name may be such a string too; one that LogQL could not name is changed as OpenTelemetry's names are.
pub fn parse_labels(text: &str) -> Result<Labels, LabelsError> {
    let mut parser = Parser { text, at: 0 };
    parser.expect('{', "\"{\"")?;
    let mut pairs: Vec<(Cow<'_, str>, String)> = Vec::new();
    loop {
        parser.skip_blanks();
        if parser.accept('}') {
            break;
        }
        let name = parser.name()?;
        parser.expect('=', "\"=\"")?;
        let value = parser.value()?;
        if pairs.iter().any(|(known, _)| *known == name) {
            return Err(LabelsError::Duplicate(name.into_owned()));
        }
        pairs.push((name, value));
        parser.skip_blanks();
        if parser.accept('}') {
            break;
        }
        parser.expect(',', "\",\" or \"}\"")?;
    }
    parser.skip_blanks();
    if parser.at < text.len() {
        return Err(parser.unexpected("the end"));
    }
    let pairs = pairs.into_iter().filter(|(_, value)| !value.is_empty());
    Ok(Labels::new(pairs.map(|(name, value)| match is_label_name(&name) {
        true => (name.into_owned(), value),
        false => (sanitize_name(&name).into_owned(), value),
    })))
}

/// Whether a label may have this name, and LogQL can name it: letters, digits and `_`, no digit first.
pub fn is_label_name(name: &str) -> bool {
    let is_good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.bytes().all(is_good) && !name.as_bytes().first().is_none_or(u8::is_ascii_digit)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn accept(&mut self, wanted: char) -> bool {
        let found = self.rest().starts_with(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn expect(&mut self, wanted: char, expected: &'static str) -> Result<(), LabelsError> {
        self.skip_blanks();
        if self.accept(wanted) {
            Ok(())
        } else {
            Err(self.unexpected(expected))
        }
    }

    fn unexpected(&self, expected: &'static str) -> LabelsError {
        let found = self.rest().chars().next();
        LabelsError::Unexpected {
            column: self.at + 1,
            found: found.map_or("end of input".to_owned(), |character| format!("{character:?}")),
            expected,
        }
    }

    fn name(&mut self) -> Result<Cow<'a, str>, LabelsError> {
        let rest = self.rest();
        if rest.starts_with(['"', '\'', '`']) {
            return self.value().map(Cow::Owned);
        }
        let end = rest
            .bytes()
            .position(|b| !b.is_ascii_alphanumeric() && b != b'_')
            .unwrap_or(rest.len());
        if end == 0 || rest.as_bytes()[0].is_ascii_digit() {
            return Err(self.unexpected("a label name"));
        }
        self.at += end;
        Ok(Cow::Borrowed(&rest[..end]))
    }

    fn value(&mut self) -> Result<String, LabelsError> {
        self.skip_blanks();
        let start = self.at;
        let error = LabelsError::Quoted { column: start + 1 };
        if self.accept('`') {
            let end = self.rest().find('`').ok_or(error)?;
            let value = &self.rest()[..end];
            self.at += end + 1;
            return Ok(value.replace('\r', ""));
        }
        let quote = if self.accept('\'') { '\'' } else { '"' };
        if quote == '"' && !self.accept('"') {
            return Err(self.unexpected("a quoted value"));
        }
        let mut value = String::new();
        loop {
            let rest = self.rest();
            let end = rest.find([quote, '\\']).ok_or_else(|| error.clone())?;
            value.push_str(&rest[..end]);
            self.at += end + 1;
            if rest.as_bytes()[end] != b'\\' {
                return Ok(value);
            }
            let taken = unescape(&rest[end + 1..], &mut value).ok_or_else(|| error.clone())?;
            self.at += taken;
        }
    }
}

/// Appends what an escape sequence stands for (the text begins after the backslash); returns the bytes it took.
/// `\xNN` and octal escapes stand for bytes in Go; above 0x7f they become U+FFFD, as labels are text here.
fn unescape(text: &str, value: &mut String) -> Option<usize> {
    let kind = *text.as_bytes().first()?;
    let simple = match kind {
        b'a' => '\u{7}',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'v' => '\u{b}',
        b'\\' => '\\',
        b'"' => '"',
        b'\'' => '\'',
        b'x' | b'u' | b'U' | b'0'..=b'7' => return unescape_number(text, kind, value),
        _ => return None,
    };
    value.push(simple);
    Some(1)
}

fn unescape_number(text: &str, kind: u8, value: &mut String) -> Option<usize> {
    let (skip, digits, radix) = match kind {
        b'x' => (1, 2, 16),
        b'u' => (1, 4, 16),
        b'U' => (1, 8, 16),
        _ => (0, 3, 8),
    };
    let code = u32::from_str_radix(text.get(skip..skip + digits)?, radix).ok()?;
    let is_byte = matches!(kind, b'x' | b'0'..=b'7');
    let character = match code {
        0x80.. if is_byte => char::REPLACEMENT_CHARACTER,
        _ => char::from_u32(code)?,
    };
    value.push(character);
    Some(skip + digits)
}
