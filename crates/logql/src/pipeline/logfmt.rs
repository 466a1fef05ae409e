//! `| logfmt`: `key=value key2="a b"` become labels.
//!
//! What separates is any byte up to the blank. A word that is no pair is skipped, or ends the parsing with an error
//! under `--strict`; places in errors count bytes from 1.

use std::borrow::Cow;

use super::ends::{blank, quote_or_backslash, word_end};
use super::labels::{LOGFMT_ERROR, LabelState, append_as_label, is_label_name};
use crate::ast::Extraction;

/// So many extractions are compared one by one, which is faster than to search them.
const SEARCHED_MAX: usize = 16;

/// The stage made ready.
#[derive(Debug)]
pub(super) struct LogfmtStage {
    strict: bool,
    keep_empty: bool,
    /// Label and key, sorted by key; none means every pair.
    extractions: Vec<(String, String)>,
    /// Labels, sorted.
    labels: Vec<String>,
}

struct Mistake {
    what: &'static str,
    /// From 1.
    place: usize,
}

impl LogfmtStage {
    pub(super) fn new(strict: bool, keep_empty: bool, extractions: &[Extraction]) -> Result<Self, String> {
        let pair = |extraction: &Extraction| {
            let key = extraction.expression.clone();
            if key.contains(|c: char| c <= ' ' || c == '"' || c == '=') {
                return Err(format!("cannot parse expression [{key}]: syntax error: unexpected KEY"));
            }
            Ok((extraction.label.clone(), key))
        };
        let mut extractions: Vec<_> = extractions.iter().map(pair).collect::<Result<_, String>>()?;
        extractions.sort_by(|(_, left), (_, right)| left.cmp(right));
        let mut labels: Vec<String> = extractions.iter().map(|(label, _)| label.clone()).collect();
        labels.sort_unstable();
        Ok(Self {
            strict,
            keep_empty,
            extractions,
            labels,
        })
    }

    pub(super) fn run(&self, labels: &mut LabelState, line: &[u8]) {
        let text = std::str::from_utf8(line).unwrap_or("");
        let mut pairs = Pairs {
            text,
            at: 0,
            has_replacement: text.contains(char::REPLACEMENT_CHARACTER),
        };
        for (label, _) in &self.extractions {
            labels.set_missing(label);
        }
        let mut name = String::new();
        while let Some(pair) = pairs.next_pair() {
            match pair {
                Ok((key, value)) => {
                    if self.take(labels, &mut name, key, &value) {
                        return;
                    }
                }
                Err(mistake) if self.strict => {
                    let details = format!("logfmt syntax error at pos {} : {}", mistake.place, mistake.what);
                    labels.set_error(LOGFMT_ERROR, &details);
                    return;
                }
                Err(_) => pairs.skip_word(),
            }
        }
    }

    /// True when what follows matters to nobody.
    fn take(&self, labels: &mut LabelState, name: &mut String, key: &str, value: &str) -> bool {
        if !self.extractions.is_empty() {
            let first = place(&self.extractions, |(_, wanted)| wanted, key);
            let named = self.extractions[first..].iter().take_while(|(_, wanted)| wanted == key);
            let mut is_named = false;
            for (label, _) in named {
                labels.set_parsed(label, value);
                is_named = true;
            }
            // As in Loki, what is called as a label is called counts too when no expression names it.
            let first = place(&self.labels, |label| label, key);
            if !is_named && self.labels.get(first).is_some_and(|label| label == key) {
                labels.set_parsed(key, value);
            }
            // Of a key that stands twice the last value counts here.
            return false;
        }
        if value.is_empty() && !self.keep_empty {
            return false;
        }
        if labels.rules_out(key) {
            return false;
        }
        if is_label_name(key) {
            return add(labels, key, value);
        }
        name.clear();
        if key.starts_with(|first: char| first.is_ascii_digit()) {
            name.push('_');
        }
        append_as_label(name, key);
        add(labels, name, value)
    }
}

/// Where a key stands first among sorted ones, or the end.
fn place<T>(sorted: &[T], key_of: impl Fn(&T) -> &String, key: &str) -> usize {
    if sorted.len() > SEARCHED_MAX {
        return sorted.partition_point(|item| key_of(item).as_str() < key);
    }
    sorted
        .iter()
        .position(|item| key_of(item) == key)
        .unwrap_or(sorted.len())
}

fn add(labels: &mut LabelState, name: &str, value: &str) -> bool {
    let wanted = labels.wants(name, false);
    if wanted {
        labels.add_parsed(name, value);
    }
    wanted && labels.has_all_wanted()
}

struct Pairs<'a> {
    text: &'a str,
    at: usize,
    /// Whether U+FFFD stands anywhere in the text, looked up once for all pairs.
    has_replacement: bool,
}

impl<'a> Pairs<'a> {
    /// The next pair, or what is wrong with the next word; `None` at the end of the line.
    fn next_pair(&mut self) -> Option<Result<(&'a str, Cow<'a, str>), Mistake>> {
        let bytes = self.text.as_bytes();
        self.at += bytes[self.at..].iter().take_while(|&&byte| byte <= b' ').count();
        let start = self.at;
        if start == bytes.len() {
            return None;
        }
        let end = word_end(bytes, start);
        self.at = end;
        let key = &self.text[start..end];
        let mistake = |what: &'static str, at: usize| Some(Err(Mistake { what, place: at + 1 }));
        match bytes.get(end) {
            Some(b'"') => mistake("unexpected '\"'", end),
            Some(b'=') if key.is_empty() => mistake("unexpected '='", end),
            _ if self.has_replacement && key.contains(char::REPLACEMENT_CHARACTER) => mistake("invalid key", end),
            Some(b'=') => {
                self.at += 1;
                Some(self.value().map(|value| (key, value)))
            }
            _ => Some(Ok((key, Cow::Borrowed("")))),
        }
    }

    fn value(&mut self) -> Result<Cow<'a, str>, Mistake> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        if bytes.get(start) == Some(&b'"') {
            return self.quoted();
        }
        let end = word_end(bytes, start);
        self.at = end;
        match bytes.get(end) {
            Some(b'=') => Err(Mistake {
                what: "unexpected '='",
                place: end + 1,
            }),
            Some(b'"') => Err(Mistake {
                what: "unexpected '\"'",
                place: end + 1,
            }),
            _ => Ok(self.readable(Cow::Borrowed(&self.text[start..end]))),
        }
    }

    fn quoted(&mut self) -> Result<Cow<'a, str>, Mistake> {
        let start = self.at + 1;
        let bytes = self.text.as_bytes();
        let mut at = start;
        let mut is_plain = true;
        while let Some(hit) = quote_or_backslash(bytes, at) {
            at = hit;
            if bytes[at] == b'"' {
                self.at = at + 1;
                let raw = &self.text[start..at];
                if is_plain {
                    return Ok(self.readable(Cow::Borrowed(raw)));
                }
                return match super::json::unescape_text(raw) {
                    Some(text) => Ok(self.readable(text)),
                    None => Err(Mistake {
                        what: "invalid quoted value",
                        place: at + 1,
                    }),
                };
            }
            is_plain = false;
            at += 2;
        }
        self.at = bytes.len();
        Err(Mistake {
            what: "unterminated quoted value",
            place: bytes.len() + 1,
        })
    }

    fn skip_word(&mut self) {
        self.at = blank(self.text.as_bytes(), self.at);
    }

    /// Loki replaces what was no UTF-8 by a blank.
    fn readable(&self, text: Cow<'a, str>) -> Cow<'a, str> {
        if !self.has_replacement {
            return text;
        }
        text.replace(char::REPLACEMENT_CHARACTER, " ").into()
    }
}
