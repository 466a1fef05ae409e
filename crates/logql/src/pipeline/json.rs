//! `| json`: fields of a JSON object become labels.
//!
//! One pass over the bytes, no tree. Like Loki's parser it is forgiving: what stands after the object is ignored, and
//! labels found before a mistake stay, next to `__error__`.

mod scanner;

use std::borrow::Cow;
use std::cell::OnceCell;

pub(crate) use scanner::unescape_text;
pub(super) use scanner::{Mistake, Scanner, Value, unescape};

use super::json_path::{self, Step};
use super::labels::{JSON_ERROR, LabelState, append_as_label, is_label_name};
use crate::ast::Extraction;

/// Objects deeper than this are not looked into: their fields make no labels. Bounds the recursion.
const DEPTH_MAX: usize = 64;

/// The first byte of U+FFFD in UTF-8.
const REPLACEMENT_FIRST_BYTE: u8 = 0xef;

/// The stage made ready.
#[derive(Debug)]
pub(super) enum JsonStage {
    /// Every field, arrays left out.
    All,
    /// The named labels, each from a path.
    Paths(Vec<(String, Vec<Step>)>),
}

impl JsonStage {
    pub(super) fn new(extractions: &[Extraction]) -> Result<Self, String> {
        if extractions.is_empty() {
            return Ok(Self::All);
        }
        let path = |extraction: &Extraction| {
            let steps = json_path::parse(&extraction.expression)?;
            Ok((extraction.label.clone(), steps))
        };
        Ok(Self::Paths(
            extractions.iter().map(path).collect::<Result<_, String>>()?,
        ))
    }

    pub(super) fn run(&self, labels: &mut LabelState, line: &[u8]) {
        match self {
            Self::All => {
                let mut name = String::new();
                if let Err(mistake) = flatten(labels, &mut Scanner::new(line), &mut name, 0, &Readable::of(line)) {
                    labels.set_error(JSON_ERROR, mistake.text());
                }
            }
            Self::Paths(paths) => extract(labels, line, paths),
        }
    }
}

/// Whether U+FFFD stands in a line, looked up once for all values, and only if there is one that matters: Loki
/// replaces what was no UTF-8 by a blank.
struct Readable<'l> {
    line: &'l [u8],
    has_replacement: OnceCell<bool>,
}

impl<'l> Readable<'l> {
    fn of(line: &'l [u8]) -> Self {
        Self {
            line,
            has_replacement: OnceCell::new(),
        }
    }

    fn value<'v>(&self, raw: &'v str) -> Cow<'v, str> {
        let text = unescape(raw);
        // The first byte alone is rare enough to look no closer.
        let found = || memchr::memchr(REPLACEMENT_FIRST_BYTE, self.line).is_some();
        let looks = *self.has_replacement.get_or_init(found) || matches!(text, Cow::Owned(_));
        if looks && text.contains(char::REPLACEMENT_CHARACTER) {
            return text.replace(char::REPLACEMENT_CHARACTER, " ").into();
        }
        text
    }
}

/// Adds the fields of the object that begins here; `name` is the label of the object itself. True when what follows
/// matters to nobody.
fn flatten(
    labels: &mut LabelState,
    scanner: &mut Scanner<'_>,
    name: &mut String,
    depth: usize,
    readable: &Readable<'_>,
) -> Result<bool, Mistake> {
    scanner.open_object()?;
    let mut first = true;
    while let Some(raw) = scanner.next_raw_key(&mut first)? {
        if depth == 0 && labels.rules_out(raw) {
            scanner.value()?;
            continue;
        }
        let key = unescape(raw);
        // A key that is a label's name already needs none built.
        if depth == 0 && is_label_name(&key) {
            if !labels.wants(&key, true) {
                scanner.value()?;
                continue;
            }
            if !scanner.at_object() {
                if take_value(labels, scanner, &key, readable)? {
                    return Ok(true);
                }
                continue;
            }
        }
        let length = name.len();
        append_key(name, &key);
        let is_done = if scanner.at_object() && depth < DEPTH_MAX && labels.wants(name, true) {
            let (place, count) = (scanner.place(), labels.parsed_count());
            flatten(labels, scanner, name, depth + 1, readable).map_err(|mistake| {
                if scanner.is_closed(place) {
                    return mistake;
                }
                // Of an object that is cut off nothing is taken.
                labels.keep_parsed(count);
                Mistake::NoObject
            })?
        } else {
            take_value(labels, scanner, name, readable)?
        };
        if is_done {
            return Ok(true);
        }
        name.truncate(length);
    }
    Ok(false)
}

/// Reads a value and makes a label of it; true when what follows matters to nobody.
fn take_value(
    labels: &mut LabelState,
    scanner: &mut Scanner<'_>,
    name: &str,
    readable: &Readable<'_>,
) -> Result<bool, Mistake> {
    let value = scanner.value()?;
    if !labels.wants(name, false) {
        return Ok(false);
    }
    match value {
        Value::String(raw) => labels.add_parsed(name, &readable.value(raw)),
        Value::Scalar(raw) => labels.add_parsed(name, raw),
        Value::Null | Value::Array(_) | Value::Object(_) => {}
    }
    Ok(labels.has_all_wanted())
}

/// Appends a key to a label's name, what is not allowed in names replaced by `_`.
fn append_key(name: &mut String, key: &str) {
    let key = key.trim();
    if key.is_empty() {
        return;
    }
    if !name.is_empty() || key.starts_with(|first: char| first.is_ascii_digit()) {
        name.push('_');
    }
    append_as_label(name, key);
}

fn extract(labels: &mut LabelState, line: &[u8], paths: &[(String, Vec<Step>)]) {
    let Some(first) = line.first() else {
        return;
    };
    if !matches!(first, b'{' | b'[' | b'"') {
        labels.set_error(JSON_ERROR, "");
        return;
    }
    for (label, steps) in paths {
        let mut scanner = Scanner::new(line);
        // A mistake on the way there only means that there is no such value.
        let value = match descend(&mut scanner, steps) {
            Ok(true) => scanner.value(),
            Ok(false) | Err(_) => {
                labels.set_missing(label);
                continue;
            }
        };
        let text: Cow<'_, str> = match value {
            Ok(Value::String(raw)) => unescape(raw),
            Ok(Value::Scalar(raw) | Value::Object(raw) | Value::Array(raw)) => raw.into(),
            Ok(Value::Null) | Err(Mistake::Malformed) => "".into(),
            Err(mistake) => {
                labels.set_error(JSON_ERROR, mistake.text());
                "".into()
            }
        };
        labels.set_parsed(label, &text);
    }
}

/// Moves to the value that the steps lead to; false when there is none.
fn descend(scanner: &mut Scanner<'_>, steps: &[Step]) -> Result<bool, Mistake> {
    for step in steps {
        let found = match step {
            Step::Key(key) if scanner.at_object() => scanner.enter_key(key)?,
            Step::Index(index) if scanner.at_array() => scanner.enter_index(*index)?,
            _ => false,
        };
        if !found {
            return Ok(false);
        }
    }
    Ok(true)
}
