//! Readers of single values: each gives the value, or what is wrong with a text that shows how to write it.

use std::time::Duration;

use longshore_model::{ByteSize, format_go_duration, parse_go_duration, parse_prometheus_duration};

use crate::limits::QUOTED_VALUE_CHARACTERS_MAX;
use crate::yaml::{Kind, Node, Resolved};

/// What is wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub message: String,
    pub fix: String,
}

impl Wrong {
    pub(crate) fn new(message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            fix: fix.into(),
        }
    }

    fn expects(what: &str, node: &Node, fix: impl Into<String>) -> Self {
        let mut given = node.describe();
        if let Some((cut, _)) = given.char_indices().nth(QUOTED_VALUE_CHARACTERS_MAX) {
            given.truncate(cut);
            given.push_str("...'");
        }
        Self::new(format!("expects {what}, but is {given}"), fix)
    }
}

/// `parent.key`, with keys that hold dots or slashes left as they are.
pub(crate) fn join_path(parent: &str, key: &str) -> String {
    if parent.is_empty() {
        key.to_owned()
    } else {
        format!("{parent}.{key}")
    }
}

/// A duration as Go prints it, without the empty rest: `168h`, `1m30s`.
pub(crate) fn duration_text(duration: Duration) -> String {
    let text = format_go_duration(duration);
    let text = text.strip_suffix("m0s").map_or(text.clone(), |rest| format!("{rest}m"));
    text.strip_suffix("h0m").map_or(text.clone(), |rest| format!("{rest}h"))
}

pub(super) fn boolean(node: &Node) -> Result<bool, Wrong> {
    match resolved(node) {
        Some(Resolved::Bool(value)) => Ok(value),
        _ => Err(Wrong::expects(
            "true or false",
            node,
            "write true or false, without quotes",
        )),
    }
}

pub(super) fn unsigned(node: &Node) -> Result<u64, Wrong> {
    let whole = |value: i64| u64::try_from(value).ok();
    let value = match resolved(node) {
        Some(Resolved::Int(value)) => whole(value),
        _ => None,
    };
    value.ok_or_else(|| {
        Wrong::expects(
            "a whole number of 0 or more",
            node,
            "write digits only, without a unit or quotes",
        )
    })
}

pub(super) fn signed(node: &Node) -> Result<i64, Wrong> {
    match resolved(node) {
        Some(Resolved::Int(value)) => Ok(value),
        _ => Err(Wrong::expects(
            "a whole number",
            node,
            "write digits only, without a unit or quotes",
        )),
    }
}

pub(super) fn float(node: &Node) -> Result<f64, Wrong> {
    match resolved(node) {
        Some(Resolved::Int(value)) => Ok(value as f64),
        Some(Resolved::Float(value)) if value.is_finite() => Ok(value),
        _ => Err(Wrong::expects("a number", node, "write a number such as 0.5")),
    }
}

/// Any scalar is a text: `v: 1.10` is `1.10`.
pub(super) fn text(node: &Node) -> Result<String, Wrong> {
    match &node.kind {
        Kind::Scalar(scalar) => Ok(scalar.text.clone()),
        _ => Err(Wrong::expects("a text", node, "write one text")),
    }
}

/// A list of texts, or one text for a list of one; `a,b` is a list of two, as upstream takes it.
pub(super) fn texts(node: &Node) -> Result<Vec<String>, Wrong> {
    match &node.kind {
        Kind::List(items) => items.iter().map(text).collect(),
        Kind::Scalar(scalar) => Ok(scalar.text.split(',').map(|part| part.trim().to_owned()).collect()),
        Kind::Map(_) => Err(Wrong::expects(
            "a list of texts",
            node,
            "write [a, b] or one '- a' a line",
        )),
    }
}

/// Nanoseconds.
pub(super) fn signed_go_duration(node: &Node) -> Result<i64, Wrong> {
    let given = text(node).map_err(|_| not_a_duration(node))?;
    parse_go_duration(given.trim()).map_err(|_| not_a_duration(node))
}

pub(super) fn go_duration(node: &Node) -> Result<Duration, Wrong> {
    let ns = signed_go_duration(node)?;
    u64::try_from(ns)
        .map(Duration::from_nanos)
        .map_err(|_| Wrong::expects("a duration that is not negative", node, "write 0s or more"))
}

pub(super) fn prometheus_duration(node: &Node) -> Result<Duration, Wrong> {
    let given = text(node).map_err(|_| not_a_duration(node))?;
    parse_prometheus_duration(given.trim()).map_err(|_| not_a_duration(node))
}

/// The fix guesses what was meant: a bare number gets a unit, days become hours.
fn not_a_duration(node: &Node) -> Wrong {
    let usual = "write a number with a unit, as in 500ms, 30s, 5m, 168h";
    let fix = match &node.kind {
        Kind::Scalar(scalar) => {
            let given = scalar.text.trim();
            let days = given.strip_suffix('d').and_then(|days| days.parse::<u64>().ok());
            match days {
                Some(days) if days < 100_000 => format!("write {}h, there is no unit for days here", days * 24),
                _ if !given.is_empty() && given.bytes().all(|byte| byte.is_ascii_digit()) => {
                    format!("write the unit: {given}s for seconds, {given}ms for milliseconds")
                }
                _ => usual.to_owned(),
            }
        }
        _ => usual.to_owned(),
    };
    Wrong::expects("a duration", node, fix)
}

/// Loki's sizes: `KB` is 1024 bytes.
pub(super) fn binary_size(node: &Node) -> Result<ByteSize, Wrong> {
    let given = text(node).map_err(|_| not_a_size(node))?;
    given.parse().map_err(|_| not_a_size(node))
}

/// OpenTelemetry's sizes: `KB` is 1000 bytes, `KiB` 1024.
pub(super) fn decimal_size(node: &Node) -> Result<u64, Wrong> {
    const UNITS: [(&str, u64); 5] = [
        ("", 1),
        ("k", 1000),
        ("m", 1_000_000),
        ("g", 1_000_000_000),
        ("t", 1_000_000_000_000),
    ];
    let given = text(node).map_err(|_| not_a_size(node))?.trim().to_ascii_lowercase();
    if given.ends_with("ib") || given.ends_with('i') {
        return binary_size(node).map(|size| size.0);
    }
    let digits = given
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(given.len());
    let (number, unit) = given.split_at(digits);
    let unit = unit.trim();
    let unit = unit.strip_suffix('b').unwrap_or(unit);
    let factor = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor);
    match (number.parse::<f64>(), factor) {
        (Ok(number), Some(factor)) if number * (factor as f64) < 9e18 => Ok((number * factor as f64) as u64),
        _ => Err(not_a_size(node)),
    }
}

fn not_a_size(node: &Node) -> Wrong {
    Wrong::expects(
        "a size",
        node,
        "write a number of bytes or a number with a unit, as in 1MiB, 512KiB, 1048576",
    )
}

fn resolved(node: &Node) -> Option<Resolved> {
    match &node.kind {
        Kind::Scalar(scalar) => Some(scalar.resolve()),
        _ => None,
    }
}
