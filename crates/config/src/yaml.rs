//! YAML as a tree of nodes that know their line.
//!
//! Scalars stay text until somebody asks for a type, so that `1.10` is still `1.10` where a text is wanted.
//! Invariants: keys of a map are texts and do not repeat; anchors, aliases and merge keys are resolved.

mod build;
mod difference;
mod print;
mod scalar;

#[cfg(test)]
mod tests;

pub(crate) use build::parse;
pub use difference::yaml_difference;
pub(crate) use print::print;
pub(crate) use scalar::Resolved;

/// A value and where it begins.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    /// From 1; 0 when it was not in the file.
    pub line: usize,
    pub kind: Kind,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Vec<Pair>),
}

/// A scalar's text; `plain` ones may be numbers, truth values or nothing.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scalar {
    pub text: String,
    pub plain: bool,
}

/// A key of a map and its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pair {
    pub key: String,
    /// Line of the key.
    pub line: usize,
    pub value: Node,
}

impl Node {
    /// A scalar that is typed by its looks.
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self::scalar(text.into(), true)
    }

    /// A scalar that is text whatever it looks like.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::scalar(text.into(), false)
    }

    fn scalar(text: String, plain: bool) -> Self {
        Self {
            line: 0,
            kind: Kind::Scalar(Scalar { text, plain }),
        }
    }

    /// A map that is not in the file.
    pub(crate) fn map(pairs: Vec<(String, Node)>) -> Self {
        let pairs = pairs.into_iter().map(|(key, value)| Pair { key, line: 0, value });
        Self {
            line: 0,
            kind: Kind::Map(pairs.collect()),
        }
    }

    /// A list that is not in the file.
    pub(crate) fn list(items: Vec<Node>) -> Self {
        Self {
            line: 0,
            kind: Kind::List(items),
        }
    }

    /// The same value as if it stood at a line.
    pub(crate) fn at_line(mut self, line: usize) -> Self {
        self.line = line;
        self
    }

    /// Nothing: an empty value, `~` or `null`.
    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.kind, Kind::Scalar(scalar) if scalar.resolve() == Resolved::Null)
    }

    /// A text without a character, `""`.
    pub(crate) fn is_empty_text(&self) -> bool {
        matches!(&self.kind, Kind::Scalar(scalar) if scalar.text.is_empty())
    }

    /// The pairs of a map.
    pub(crate) fn pairs(&self) -> Option<&[Pair]> {
        match &self.kind {
            Kind::Map(pairs) => Some(pairs),
            _ => None,
        }
    }

    /// The pairs of a map, to be changed; a null becomes an empty map.
    pub(crate) fn pairs_mut(&mut self) -> Option<&mut Vec<Pair>> {
        if self.is_null() {
            self.kind = Kind::Map(Vec::new());
        }
        match &mut self.kind {
            Kind::Map(pairs) => Some(pairs),
            _ => None,
        }
    }

    /// The value of a map's key.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        Some(&self.pairs()?.iter().find(|pair| pair.key == key)?.value)
    }

    /// What the value is, for messages: `a list`, `the text 'x'`.
    pub(crate) fn describe(&self) -> String {
        match &self.kind {
            Kind::List(_) => "a list".to_owned(),
            Kind::Map(_) => "a map".to_owned(),
            Kind::Scalar(_) if self.is_null() => "empty".to_owned(),
            Kind::Scalar(scalar) => format!("'{}'", scalar.text),
        }
    }
}
