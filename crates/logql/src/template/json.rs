//! `fromJson`: a JSON text as a tree.
//!
//! Invariant: recursion is bounded by [`DEPTH_MAX`]; what is no JSON gives nothing.

use crate::pipeline::unescape_text;

/// Deeper texts are refused.
const DEPTH_MAX: usize = 100;

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Json>),
    Map(Vec<(String, Json)>),
}

/// Reads a whole text; `None` when it is no JSON.
pub(super) fn parse(text: &str) -> Option<Json> {
    let mut reader = Reader { rest: text };
    let value = reader.value(0)?;
    reader.skip_blanks();
    reader.rest.is_empty().then_some(value)
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn take(&mut self, text: &str) -> bool {
        self.skip_blanks();
        let after = self.rest.strip_prefix(text);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn value(&mut self, depth: usize) -> Option<Json> {
        self.skip_blanks();
        match self.rest.bytes().next()? {
            _ if depth > DEPTH_MAX => None,
            b'{' => self.map(depth),
            b'[' => self.list(depth),
            b'"' => self.string().map(Json::Text),
            b't' => self.take("true").then_some(Json::Bool(true)),
            b'f' => self.take("false").then_some(Json::Bool(false)),
            b'n' => self.take("null").then_some(Json::Null),
            _ => self.number(),
        }
    }

    fn map(&mut self, depth: usize) -> Option<Json> {
        self.take("{");
        let mut entries = Vec::new();
        if self.take("}") {
            return Some(Json::Map(entries));
        }
        loop {
            self.skip_blanks();
            let key = self.string()?;
            if !self.take(":") {
                return None;
            }
            entries.push((key, self.value(depth + 1)?));
            if self.take("}") {
                return Some(Json::Map(entries));
            }
            if !self.take(",") {
                return None;
            }
        }
    }

    fn list(&mut self, depth: usize) -> Option<Json> {
        self.take("[");
        let mut items = Vec::new();
        if self.take("]") {
            return Some(Json::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.take("]") {
                return Some(Json::List(items));
            }
            if !self.take(",") {
                return None;
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        let body = self.rest.strip_prefix('"')?;
        let mut escaped = false;
        let end = body.bytes().position(|byte| {
            let ends = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        })?;
        let (raw, after) = (&body[..end], &body[end + 1..]);
        if raw.bytes().any(|byte| byte < b' ') {
            return None;
        }
        self.rest = after;
        unescape_text(raw).map(|text| text.into_owned())
    }

    fn number(&mut self) -> Option<Json> {
        let belongs = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E');
        let end = self.rest.find(|c| !belongs(c)).unwrap_or(self.rest.len());
        let (number, after) = self.rest.split_at(end);
        self.rest = after;
        let digits = number.strip_prefix('-').unwrap_or(number).as_bytes();
        let well_formed = match digits {
            [b'0', second, ..] => !second.is_ascii_digit(),
            [first, ..] => first.is_ascii_digit(),
            [] => false,
        };
        number
            .parse()
            .ok()
            .filter(|_| well_formed && !number.ends_with('.'))
            .map(Json::Number)
    }
}
