//! Sets of characters: `[...]`, `[:alpha:]`, `\d`, `\pL`.
//!
//! Source: Go's `regexp/syntax` package documentation, "Character classes". Perl's and POSIX' classes are ASCII;
//! there are no set operations, a `[` within a set is a literal.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind};

use super::Parser;
use crate::error::{Error, ErrorKind};

const DIGIT: &[(char, char)] = &[('0', '9')];
const WORD: &[(char, char)] = &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];
/// Unlike POSIX' `[:space:]` without the vertical tab.
const PERL_SPACE: &[(char, char)] = &[('\t', '\n'), ('\u{c}', '\r'), (' ', ' ')];

impl Parser<'_> {
    /// Reads `[...]`.
    pub(super) fn parse_class(&mut self) -> Result<ClassUnicode, Error> {
        let whole = self.rest;
        self.rest = &self.rest[1..];
        let negated = self.rest.starts_with('^');
        if negated {
            self.rest = &self.rest[1..];
        }
        let mut class = ClassUnicode::empty();
        let mut first = true;
        while first || !self.rest.starts_with(']') {
            first = false;
            if let Some(part) = self.parse_posix_class()? {
                class.union(&part);
            } else if let Some(part) = self.parse_unicode_class()? {
                class.union(&part);
            } else if let Some(part) = self.parse_perl_class() {
                class.union(&part);
            } else {
                class.union(&self.parse_class_range(whole)?);
            }
        }
        self.rest = &self.rest[1..];
        if negated {
            class.negate();
        }
        Ok(class)
    }

    /// A single character or `a-z`.
    fn parse_class_range(&mut self, whole: &str) -> Result<ClassUnicode, Error> {
        let range_text = self.rest;
        let low = self.parse_class_character(whole)?;
        let mut high = low;
        // In `[a-]` the minus is itself.
        if self.rest.len() >= 2 && self.rest.starts_with('-') && !self.rest[1..].starts_with(']') {
            self.rest = &self.rest[1..];
            high = self.parse_class_character(whole)?;
            if high < low {
                let text = &range_text[..range_text.len() - self.rest.len()];
                return Err(Error::new(ErrorKind::InvalidCharRange, text));
            }
        }
        // Half a surrogate pair as a border stands for the nearest character inside.
        let low = char::from_u32(low).unwrap_or('\u{e000}');
        let high = char::from_u32(high).unwrap_or('\u{d7ff}');
        let mut class = ClassUnicode::empty();
        if low <= high {
            class.push(ClassUnicodeRange::new(low, high));
        }
        Ok(self.folded(class))
    }

    fn parse_class_character(&mut self, whole: &str) -> Result<u32, Error> {
        let Some(character) = self.rest.chars().next() else {
            return Err(Error::new(ErrorKind::MissingBracket, whole));
        };
        if character == '\\' {
            // A surrogate cannot be told from another here; any of them gives an empty range.
            return Ok(self.parse_escape()?.map_or(0xd800, u32::from));
        }
        self.rest = &self.rest[character.len_utf8()..];
        Ok(character.into())
    }

    /// `[:alpha:]` and `[:^alpha:]`; without a closing `:]` the `[` is a literal.
    fn parse_posix_class(&mut self) -> Result<Option<ClassUnicode>, Error> {
        let Some(end) = self.rest.strip_prefix("[:").and_then(|body| body.find(":]")) else {
            return Ok(None);
        };
        let (text, rest) = self.rest.split_at(end + 4);
        let name = &text[2..text.len() - 2];
        let (name, negated) = name.strip_prefix('^').map_or((name, false), |name| (name, true));
        let ranges = posix_ranges(name).ok_or_else(|| Error::new(ErrorKind::InvalidCharRange, text))?;
        self.rest = rest;
        Ok(Some(self.group(ranges, negated)))
    }

    /// `\d`, `\D`, `\s`, `\S`, `\w`, `\W`.
    pub(super) fn parse_perl_class(&mut self) -> Option<ClassUnicode> {
        let letter = *self.rest.strip_prefix('\\')?.as_bytes().first()?;
        let ranges = match letter.to_ascii_lowercase() {
            b'd' => DIGIT,
            b's' => PERL_SPACE,
            b'w' => WORD,
            _ => return None,
        };
        self.rest = &self.rest[2..];
        Some(self.group(ranges, letter.is_ascii_uppercase()))
    }

    /// `\pL`, `\p{Greek}`, `\P{^Lu}`.
    pub(super) fn parse_unicode_class(&mut self) -> Result<Option<ClassUnicode>, Error> {
        let text = self.rest;
        let mut negated = text.starts_with("\\P");
        if !negated && !text.starts_with("\\p") {
            return Ok(None);
        }
        let (whole, name) = match text[2..].chars().next() {
            Some('{') => {
                let end = text
                    .find('}')
                    .ok_or_else(|| Error::new(ErrorKind::InvalidCharRange, text))?;
                (&text[..=end], &text[3..end])
            }
            Some(letter) => (&text[..2 + letter.len_utf8()], &text[2..2 + letter.len_utf8()]),
            None => return Err(Error::new(ErrorKind::InvalidCharRange, text)),
        };
        let name = name.strip_prefix('^').inspect(|_| negated = !negated).unwrap_or(name);
        let class = unicode_table(name).ok_or_else(|| Error::new(ErrorKind::InvalidCharRange, whole))?;
        self.rest = &text[whole.len()..];
        let mut class = self.folded(class);
        if negated {
            class.negate();
        }
        Ok(Some(class))
    }

    fn group(&self, ranges: &[(char, char)], negated: bool) -> ClassUnicode {
        let ranges = ranges.iter().map(|&(low, high)| ClassUnicodeRange::new(low, high));
        let mut class = self.folded(ClassUnicode::new(ranges));
        if negated {
            class.negate();
        }
        class
    }

    fn folded(&self, mut class: ClassUnicode) -> ClassUnicode {
        if self.flags.fold_case {
            class.case_fold_simple();
        }
        class
    }
}

/// A general category or a script, by any spelling that Unicode's loose matching allows, as Go does since 1.25.
fn unicode_table(name: &str) -> Option<ClassUnicode> {
    if name.is_empty()
        || !name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b' '))
    {
        return None;
    }
    if matches!(name.to_ascii_lowercase().as_str(), "cs" | "surrogate") {
        return Some(ClassUnicode::empty());
    }
    ["gc", "sc"].iter().find_map(|property| {
        let hir = regex_syntax::parse(&format!("\\p{{{property}={name}}}")).ok()?;
        match hir.into_kind() {
            HirKind::Class(Class::Unicode(class)) => Some(class),
            _ => None,
        }
    })
}

fn posix_ranges(name: &str) -> Option<&'static [(char, char)]> {
    Some(match name {
        "alnum" => &[('0', '9'), ('A', 'Z'), ('a', 'z')],
        "alpha" => &[('A', 'Z'), ('a', 'z')],
        "ascii" => &[('\0', '\u{7f}')],
        "blank" => &[('\t', '\t'), (' ', ' ')],
        "cntrl" => &[('\0', '\u{1f}'), ('\u{7f}', '\u{7f}')],
        "digit" => DIGIT,
        "graph" => &[('!', '~')],
        "lower" => &[('a', 'z')],
        "print" => &[(' ', '~')],
        "punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        "space" => &[('\t', '\r'), (' ', ' ')],
        "upper" => &[('A', 'Z')],
        "word" => WORD,
        "xdigit" => &[('0', '9'), ('A', 'F'), ('a', 'f')],
        _ => return None,
    })
}
