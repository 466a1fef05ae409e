//! A group of alerting or recording rules, as it is sent to Loki's ruler.
//!
//! None is evaluated here; it is read so that whoever sends one hears of its mistakes first, in Loki's words.

use std::fmt;

use longshore_model::parse_prometheus_duration;

use crate::yaml::{self, Kind, Node};

/// Rules that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleGroup {
    /// What it is called.
    pub name: String,
    /// In the order of the file.
    pub rules: Vec<Rule>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// What it makes.
    pub kind: RuleKind,
    /// The alert's or the series' name.
    pub name: String,
    /// The query.
    pub expr: String,
}

/// What a rule makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleKind {
    /// Alerts.
    Alert,
    /// A series.
    Record,
}

impl RuleKind {
    /// The key that it is written under.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Record => "record",
        }
    }
}

/// Why a text is no rule group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleGroupError {
    /// No YAML, or not of a group.
    Unreadable,
    /// No name.
    NoName,
    /// Both kinds in one rule.
    TwoKinds,
    /// Neither kind.
    NoKind,
    /// No query.
    NoExpr,
    /// A series that cannot be called so.
    SeriesName(String),
}

/// The texts are Loki's.
impl fmt::Display for RuleGroupError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable => formatter.write_str("unable to decoded rule group"),
            Self::NoName => formatter.write_str("group 0: Groupname must not be empty"),
            Self::SeriesName(name) => write!(formatter, "invalid recording rule name: {name}"),
            Self::TwoKinds => formatter.write_str("only one of 'record' and 'alert' must be set"),
            Self::NoKind => formatter.write_str("one of 'record' or 'alert' must be set"),
            Self::NoExpr => formatter.write_str("field 'expr' must be set in rule"),
        }
    }
}

impl std::error::Error for RuleGroupError {}

/// Reads one group.
///
/// # Errors
/// The first mistake.
pub fn parse_rule_group(text: &str) -> Result<RuleGroup, RuleGroupError> {
    let tree = yaml::parse(text).map_err(|_| RuleGroupError::Unreadable)?;
    if tree.pairs().is_none() {
        return Err(RuleGroupError::Unreadable);
    }
    let name = text_of(&tree, "name")?.ok_or(RuleGroupError::NoName)?;
    let rules = match tree.get("rules").map(|node| &node.kind) {
        Some(Kind::List(rules)) => rules.iter().map(parse_rule).collect::<Result<Vec<_>, _>>()?,
        Some(Kind::Map(_)) => return Err(RuleGroupError::Unreadable),
        Some(Kind::Scalar(_)) | None => Vec::new(),
    };
    Ok(RuleGroup { name, rules })
}

fn parse_rule(node: &Node) -> Result<Rule, RuleGroupError> {
    if node.pairs().is_none() {
        return Err(RuleGroupError::Unreadable);
    }
    let (kind, name) = match (text_of(node, "alert")?, text_of(node, "record")?) {
        (Some(_), Some(_)) => return Err(RuleGroupError::TwoKinds),
        (Some(name), None) => (RuleKind::Alert, name),
        (None, Some(name)) => (RuleKind::Record, name),
        (None, None) => return Err(RuleGroupError::NoKind),
    };
    let expr = text_of(node, "expr")?.ok_or(RuleGroupError::NoExpr)?;
    let is_duration = |text: String| parse_prometheus_duration(&text).is_ok();
    if !text_of(node, "for")?.is_none_or(is_duration) {
        return Err(RuleGroupError::Unreadable);
    }
    if kind == RuleKind::Record && !is_series_name(&name) {
        return Err(RuleGroupError::SeriesName(name));
    }
    Ok(Rule { kind, name, expr })
}

/// Letters, digits, `_` and `:`, no digit first.
fn is_series_name(name: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphabetic() || c == '_' || c == ':';
    name.starts_with(is_letter) && name.chars().all(|c| is_letter(c) || c.is_ascii_digit())
}

/// A text that is not empty.
fn text_of(node: &Node, key: &str) -> Result<Option<String>, RuleGroupError> {
    match node.get(key).map(|node| &node.kind) {
        None => Ok(None),
        Some(Kind::Scalar(scalar)) => Ok(Some(scalar.text.clone()).filter(|text| !text.is_empty())),
        Some(_) => Err(RuleGroupError::Unreadable),
    }
}

#[cfg(test)]
mod tests {
    use super::{RuleGroupError, RuleKind, parse_rule_group};

    #[test]
    fn a_group_is_read() {
        let text =
            "name: errors\ninterval: 1m\nrules:\n  - alert: Many\n    expr: 'rate({a=\"b\"}[1m]) > 1'\n    for: 5m\n";
        let group = parse_rule_group(text).unwrap();
        assert_eq!((group.name.as_str(), group.rules.len()), ("errors", 1));
        assert_eq!(group.rules[0].kind, RuleKind::Alert);
        assert_eq!(group.rules[0].expr, "rate({a=\"b\"}[1m]) > 1");
    }

    #[test]
    fn mistakes_are_told() {
        let check = |text: &str, error: RuleGroupError| assert_eq!(parse_rule_group(text), Err(error), "{text}");
        check("- a: [", RuleGroupError::Unreadable);
        check("[]", RuleGroupError::Unreadable);
        check("", RuleGroupError::NoName);
        check("name: {a: b}", RuleGroupError::Unreadable);
        check("rules: []", RuleGroupError::NoName);
        check(
            "name: x\nrules: [{alert: a, expr: b, for: soon}]",
            RuleGroupError::Unreadable,
        );
        check(
            "name: x\nrules: [{record: a b, expr: c}]",
            RuleGroupError::SeriesName("a b".to_owned()),
        );
        check("name: x\nrules: [{expr: a}]", RuleGroupError::NoKind);
        check(
            "name: x\nrules: [{alert: a, record: b, expr: c}]",
            RuleGroupError::TwoKinds,
        );
        check("name: x\nrules: [{alert: a}]", RuleGroupError::NoExpr);
    }
}
