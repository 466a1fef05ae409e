//! Reading the keys of one map.

use std::time::Duration;

use longshore_model::ByteSize;

use super::values::{self, Wrong, duration_text, join_path};
use super::{Report, nearest};
use crate::Secret;
use crate::limits::KNOWN_KEYS_LISTED_MAX;
use crate::yaml::{Kind, Node, Pair};

/// What is printed instead of a secret.
const REDACTED: &str = "[REDACTED]";

/// One map of the file while its keys are read.
pub(crate) struct Section<'a> {
    pub(crate) report: &'a Report,
    /// Key path from the top.
    pub(crate) path: String,
    /// Where it begins; 0 when it is not in the file.
    pub(crate) line: usize,
    pairs: &'a [Pair],
    asked: Vec<String>,
    effective: Vec<(String, Node)>,
}

/// One element of a list.
pub(crate) struct Item<'a> {
    pub(crate) report: &'a Report,
    pub(crate) path: String,
    pub(crate) node: &'a Node,
}

impl<'a> Section<'a> {
    /// Reads a map with a function and gives its result and the effective map. Keys the function did not ask for are
    /// errors.
    pub(crate) fn read<T>(
        report: &'a Report,
        path: &str,
        node: Option<&'a Node>,
        read: impl FnOnce(&mut Self) -> T,
    ) -> (T, Node) {
        let mut section = Self {
            report,
            path: path.to_owned(),
            line: node.map_or(0, |node| node.line),
            pairs: &[],
            asked: Vec::new(),
            effective: Vec::new(),
        };
        if let Some(node) = node.filter(|node| !node.is_null()) {
            match node.pairs() {
                Some(pairs) => section.pairs = pairs,
                None => report.error(
                    node.line,
                    path,
                    format!("expects a map, but is {}", node.describe()),
                    "write one 'key: value' a line, indented below it",
                ),
            }
        }
        let value = read(&mut section);
        section.refuse_unknown_keys();
        (value, Node::map(section.effective))
    }

    fn refuse_unknown_keys(&self) {
        for pair in self.pairs {
            if self.asked.contains(&pair.key) {
                continue;
            }
            let place = if self.path.is_empty() {
                "at the top".to_owned()
            } else {
                format!("in {}", self.path)
            };
            let fix = match nearest(&pair.key, self.asked.iter().map(String::as_str)) {
                Some(known) => format!("did you mean '{known}'?"),
                None if self.asked.is_empty() => "this section takes no keys".to_owned(),
                None if self.asked.len() > KNOWN_KEYS_LISTED_MAX => {
                    "remove it, no known key is spelt like it".to_owned()
                }
                None => {
                    let mut known: Vec<&str> = self.asked.iter().map(String::as_str).collect();
                    known.sort_unstable();
                    format!("known keys are: {}", known.join(", "))
                }
            };
            let message = format!("unknown key '{}' {place}", pair.key);
            self.report
                .error(pair.line, &join_path(&self.path, &pair.key), message, fix);
        }
    }

    /// The node of a key; the key is known from now on.
    pub(crate) fn node(&mut self, key: &str) -> Option<&'a Node> {
        self.asked.push(key.to_owned());
        self.pairs.iter().find(|pair| pair.key == key).map(|pair| &pair.value)
    }

    /// The node of a key, without making the key known.
    pub(crate) fn peek(&self, key: &str) -> Option<&'a Node> {
        self.pairs.iter().find(|pair| pair.key == key).map(|pair| &pair.value)
    }

    /// As [`Section::node`], `None` for null too.
    pub(crate) fn value(&mut self, key: &str) -> Option<&'a Node> {
        self.node(key).filter(|node| !node.is_null())
    }

    /// The line of a key, or of the section where the key is not given.
    pub(crate) fn line_of(&self, key: &str) -> usize {
        self.pairs
            .iter()
            .find(|pair| pair.key == key)
            .map_or(self.line, |pair| pair.line)
    }

    /// Whether a key is given with a value.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.pairs.iter().any(|pair| pair.key == key && !pair.value.is_null())
    }

    /// All pairs; every key is known from now on.
    pub(crate) fn all(&mut self) -> &'a [Pair] {
        self.asked.extend(self.pairs.iter().map(|pair| pair.key.clone()));
        self.pairs
    }

    /// Writes to the effective configuration.
    pub(crate) fn show(&mut self, key: &str, node: Node) {
        self.effective.push((key.to_owned(), node));
    }

    /// An error about a key.
    pub(crate) fn wrong(&self, key: &str, message: impl Into<String>, fix: impl Into<String>) {
        self.report
            .error(self.line_of(key), &join_path(&self.path, key), message, fix);
    }

    /// A warning about a key.
    pub(crate) fn warn(&self, key: &str, message: impl Into<String>, fix: impl Into<String>) {
        self.report
            .warn(self.line_of(key), &join_path(&self.path, key), message, fix);
    }

    /// Whether an unknown key looks like this one, misspelt; then that is reported, not that the key is missing.
    pub(crate) fn is_misspelt(&self, key: &str) -> bool {
        self.pairs
            .iter()
            .any(|pair| pair.key != key && nearest(&pair.key, [key]).is_some())
    }

    /// A value by any reader; errors are reported and give `None`.
    pub(crate) fn read_value<T>(
        &mut self,
        key: &str,
        default: Option<T>,
        read: impl Fn(&Node) -> Result<T, Wrong>,
        show: impl Fn(&T) -> Node,
    ) -> Option<T> {
        let value = match self.value(key).map(read) {
            None => default,
            Some(Ok(value)) => Some(value),
            Some(Err(wrong)) => {
                self.wrong(key, wrong.message, wrong.fix);
                default
            }
        };
        if let Some(value) = &value {
            self.show(key, show(value));
        }
        value
    }

    pub(crate) fn boolean(&mut self, key: &str, default: bool) -> bool {
        self.read_value(key, Some(default), values::boolean, |value| {
            Node::plain(value.to_string())
        })
        .unwrap_or(default)
    }

    pub(crate) fn unsigned(&mut self, key: &str, default: u64) -> u64 {
        self.read_value(key, Some(default), values::unsigned, |value| {
            Node::plain(value.to_string())
        })
        .unwrap_or(default)
    }

    /// A whole number, without a default.
    pub(crate) fn optional_unsigned(&mut self, key: &str) -> Option<u64> {
        self.read_value(key, None, values::unsigned, |value| Node::plain(value.to_string()))
    }

    pub(crate) fn signed(&mut self, key: &str, default: i64) -> i64 {
        self.read_value(key, Some(default), values::signed, |value| {
            Node::plain(value.to_string())
        })
        .unwrap_or(default)
    }

    pub(crate) fn float(&mut self, key: &str, default: f64) -> f64 {
        self.read_value(key, Some(default), values::float, |value| {
            Node::plain(value.to_string())
        })
        .unwrap_or(default)
    }

    pub(crate) fn text(&mut self, key: &str) -> Option<String> {
        self.read_value(key, None, values::text, |text| Node::text(text))
    }

    pub(crate) fn text_or(&mut self, key: &str, default: &str) -> String {
        self.read_value(key, Some(default.to_owned()), values::text, |text| Node::text(text))
            .unwrap_or_default()
    }

    /// A text that is not printed again.
    pub(crate) fn secret(&mut self, key: &str) -> Option<Secret> {
        self.read_value(
            key,
            None,
            |node| values::text(node).map(Secret::new),
            |_| Node::text(REDACTED),
        )
    }

    /// A list of texts, empty when not given.
    pub(crate) fn texts(&mut self, key: &str) -> Vec<String> {
        let show = |texts: &Vec<String>| Node::list(texts.iter().map(Node::text).collect());
        self.read_value(key, None, values::texts, show).unwrap_or_default()
    }

    /// A list of texts with a default.
    pub(crate) fn texts_or(&mut self, key: &str, default: &[&str]) -> Vec<String> {
        let default = default.iter().map(|text| (*text).to_owned()).collect();
        let show = |texts: &Vec<String>| Node::list(texts.iter().map(Node::text).collect());
        self.read_value(key, Some(default), values::texts, show)
            .unwrap_or_default()
    }

    /// Go's durations.
    pub(crate) fn duration(&mut self, key: &str, default: Duration) -> Duration {
        self.read_value(key, Some(default), values::go_duration, show_duration)
            .unwrap_or(default)
    }

    /// Go's durations, without a default.
    pub(crate) fn optional_duration(&mut self, key: &str) -> Option<Duration> {
        self.read_value(key, None, values::go_duration, show_duration)
    }

    /// Go's durations where a negative one means something, in nanoseconds.
    pub(crate) fn signed_duration_ns(&mut self, key: &str, default_ns: i64) -> i64 {
        let show = |ns: &i64| {
            let sign = if *ns < 0 { "-" } else { "" };
            Node::plain(format!(
                "{sign}{}",
                duration_text(Duration::from_nanos(ns.unsigned_abs()))
            ))
        };
        self.read_value(key, Some(default_ns), values::signed_go_duration, show)
            .unwrap_or(default_ns)
    }

    /// Prometheus' durations (`7d`, `1w`).
    pub(crate) fn long_duration(&mut self, key: &str, default: Duration) -> Duration {
        self.read_value(key, Some(default), values::prometheus_duration, show_duration)
            .unwrap_or(default)
    }

    /// Loki's sizes (`4MB` is 4 * 1024 * 1024 bytes).
    pub(crate) fn binary_size(&mut self, key: &str, default: ByteSize) -> ByteSize {
        self.read_value(key, Some(default), values::binary_size, |size| {
            Node::plain(binary_size_text(*size))
        })
        .unwrap_or(default)
    }

    /// OpenTelemetry's sizes in bytes (`4MB` is 4,000,000).
    pub(crate) fn decimal_size(&mut self, key: &str, default: u64) -> u64 {
        let show =
            |bytes: &u64| Node::plain(ByteSize(*bytes).to_string().trim_end_matches('B').to_owned() + unit_end(*bytes));
        self.read_value(key, Some(default), values::decimal_size, show)
            .unwrap_or(default)
    }

    /// One of some words; the first of equal values is the one that is printed.
    pub(crate) fn choice<T: Copy + PartialEq>(&mut self, key: &str, default: T, choices: &[(&str, T)]) -> T {
        let name = |value: &T| {
            choices
                .iter()
                .find(|(_, choice)| choice == value)
                .map_or("", |(name, _)| *name)
        };
        let read = |node: &Node| choose(node, choices);
        self.read_value(key, Some(default), read, |value| Node::text(name(value)))
            .unwrap_or(default)
    }

    /// A section below this one, read with all its defaults when it is not given.
    pub(crate) fn child<T>(&mut self, key: &str, read: impl FnOnce(&mut Section<'a>) -> T) -> T {
        let node = self.node(key);
        let (value, effective) = Section::read(self.report, &join_path(&self.path, key), node, read);
        if effective.pairs().is_some_and(|pairs| !pairs.is_empty()) {
            self.show(key, effective);
        }
        value
    }

    /// A section that is read only when it is given.
    pub(crate) fn optional_child<T>(&mut self, key: &str, read: impl FnOnce(&mut Section<'a>) -> T) -> Option<T> {
        let node = self.value(key)?;
        let (value, effective) = Section::read(self.report, &join_path(&self.path, key), Some(node), read);
        self.show(key, effective);
        Some(value)
    }

    /// A list of maps.
    pub(crate) fn children<T>(&mut self, key: &str, mut read: impl FnMut(&mut Section<'a>) -> Option<T>) -> Vec<T> {
        self.items(key, |item| {
            let (value, effective) = Section::read(item.report, &item.path, Some(item.node), &mut read);
            Some((value?, effective))
        })
    }

    /// A list of anything.
    pub(crate) fn items<T>(&mut self, key: &str, mut read: impl FnMut(&Item<'a>) -> Option<(T, Node)>) -> Vec<T> {
        let Some(node) = self.value(key) else {
            return Vec::new();
        };
        let Kind::List(items) = &node.kind else {
            let message = format!("expects a list, but is {}", node.describe());
            self.wrong(key, message, "begin each element with '- '");
            return Vec::new();
        };
        let path = join_path(&self.path, key);
        let (mut values, mut shown) = (Vec::new(), Vec::new());
        for (index, node) in items.iter().enumerate() {
            let item = Item {
                report: self.report,
                path: format!("{path}[{index}]"),
                node,
            };
            if let Some((value, effective)) = read(&item) {
                values.push(value);
                shown.push(effective);
            }
        }
        self.show(key, Node::list(shown));
        values
    }

    /// Keys that upstream knows and that we cannot do yet.
    pub(crate) fn not_supported(&mut self, keys: &[&str]) {
        for key in keys {
            if self.value(key).is_some() {
                self.wrong(
                    key,
                    format!("'{key}' is known upstream, but not supported here yet"),
                    "remove the key",
                );
            }
        }
    }

    /// Keys that upstream knows and that mean nothing here.
    pub(crate) fn without_effect(&mut self, keys: &[&str]) {
        for key in keys {
            if self.node(key).is_some() {
                self.report
                    .without_effect(self.line_of(key), &join_path(&self.path, key));
            }
        }
    }
}

impl<'a> Item<'a> {
    /// The element as a text.
    pub(crate) fn text(&self) -> Option<String> {
        values::text(self.node)
            .map_err(|wrong| self.wrong(wrong.message, wrong.fix))
            .ok()
    }

    /// An error about this element.
    pub(crate) fn wrong(&self, message: impl Into<String>, fix: impl Into<String>) {
        self.report.error(self.node.line, &self.path, message, fix);
    }
}

fn choose<T: Copy>(node: &Node, choices: &[(&str, T)]) -> Result<T, Wrong> {
    let given = values::text(node)?;
    let mut names: Vec<&str> = choices
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| !name.is_empty())
        .collect();
    let exact = choices.iter().find(|(name, _)| *name == given);
    let same = exact.or_else(|| choices.iter().find(|(name, _)| name.eq_ignore_ascii_case(&given)));
    if let Some((_, value)) = same {
        return Ok(*value);
    }
    let hint = nearest(&given, names.iter().copied()).map(|name| format!("did you mean '{name}'? "));
    names.dedup();
    Err(Wrong::new(
        format!("'{given}' is not known here"),
        format!("{}write one of: {}", hint.unwrap_or_default(), names.join(", ")),
    ))
}

fn show_duration(duration: &Duration) -> Node {
    Node::plain(duration_text(*duration))
}

/// A size in the units Loki reads.
fn binary_size_text(size: ByteSize) -> String {
    size.to_string().replace("iB", "B")
}

/// `ByteSize` prints `1500B` where OpenTelemetry wants the bare number.
fn unit_end(bytes: u64) -> &'static str {
    if bytes != 0 && bytes.is_multiple_of(1024) {
        "B"
    } else {
        ""
    }
}
