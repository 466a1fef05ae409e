//! Conditions on labels, made ready.

use longshore_model::parse_go_duration;

use super::LabelState;
use super::ip::IpMatcher;
use super::labels::is_error_label;
use crate::ast::{Comparison, LabelFilter, LabelFilterKind, Matcher};
use crate::units::{duration_mistake, size_bytes, size_mistake};

const ERROR_KIND: &str = "LabelFilterErr";

/// A condition on labels made ready.
#[derive(Debug)]
pub(crate) enum CompiledLabelFilter {
    Text(Matcher),
    Quantity {
        name: String,
        op: Comparison,
        value: Quantity,
    },
    Ip {
        name: String,
        negated: bool,
        matcher: IpMatcher,
    },
    And(Vec<Self>),
    Or(Vec<Self>),
}

/// What a label's value is read as and compared with.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Quantity {
    Number(f64),
    DurationNs(i64),
    Bytes(u64),
}

impl CompiledLabelFilter {
    pub(crate) fn new(filter: &LabelFilter) -> Result<Self, String> {
        let quantity = |name: &String, op: Comparison, value: Quantity| Self::Quantity {
            name: name.clone(),
            op,
            value,
        };
        Ok(match &filter.kind {
            LabelFilterKind::Text(matcher) => Self::Text(matcher.clone()),
            LabelFilterKind::Number { name, op, value } => quantity(name, *op, Quantity::Number(*value)),
            LabelFilterKind::Duration { name, op, value_ns } => quantity(name, *op, Quantity::DurationNs(*value_ns)),
            LabelFilterKind::Bytes { name, op, value_bytes } => quantity(name, *op, Quantity::Bytes(*value_bytes)),
            LabelFilterKind::Ip { name, negated, pattern } => Self::Ip {
                name: name.clone(),
                negated: *negated,
                matcher: IpMatcher::new(pattern)?,
            },
            LabelFilterKind::And(conditions) => Self::And(conditions.iter().map(Self::new).collect::<Result<_, _>>()?),
            LabelFilterKind::Or(conditions) => Self::Or(conditions.iter().map(Self::new).collect::<Result<_, _>>()?),
        })
    }

    /// Adds the names of the labels it looks at.
    pub(crate) fn names_read(&self, names: &mut Vec<String>) {
        match self {
            Self::Text(matcher) => names.push(matcher.name.clone()),
            Self::Quantity { name, .. } | Self::Ip { name, .. } => names.push(name.clone()),
            Self::And(conditions) | Self::Or(conditions) => {
                for condition in conditions {
                    condition.names_read(names);
                }
            }
        }
    }

    /// Whether the line passes. A value that cannot be compared marks the line and lets it pass.
    pub(crate) fn passes(&self, labels: &mut LabelState) -> bool {
        match self {
            Self::Text(matcher) => matcher.matches(labels.get(&matcher.name).unwrap_or("")),
            Self::And(conditions) => conditions.iter().all(|condition| condition.passes(labels)),
            Self::Or(conditions) => conditions.iter().any(|condition| condition.passes(labels)),
            // As in Loki a line that has failed passes here, with its error.
            Self::Ip { .. } if labels.error().is_some() => true,
            Self::Quantity { name, op, value } => {
                // Errors are texts; to a comparison of quantities they are not there.
                let Some(text) = labels.get(name).filter(|_| !is_error_label(name)) else {
                    return false;
                };
                match value.compare(*op, text) {
                    Ok(holds) => holds,
                    Err(details) => {
                        // The first error of a line is the one that is told.
                        if labels.error().is_none() {
                            labels.set_error(ERROR_KIND, &details);
                        }
                        true
                    }
                }
            }
            Self::Ip { name, negated, matcher } => match labels.get(name) {
                Some(text) => matcher.is_in_line(text.as_bytes()) != *negated,
                None => false,
            },
        }
    }
}

impl Quantity {
    fn compare(self, op: Comparison, text: &str) -> Result<bool, String> {
        match self {
            Self::Number(value) => text
                .parse::<f64>()
                .map(|number| op.holds(number, value))
                .map_err(|_| format!("strconv.ParseFloat: parsing \"{text}\": invalid syntax")),
            Self::DurationNs(value) => parse_go_duration(text)
                .map(|ns| op.holds(ns, value))
                .map_err(|_| duration_mistake(text)),
            Self::Bytes(value) => size_bytes(text)
                .map(|bytes| op.holds(bytes, value))
                .ok_or_else(|| size_mistake(text)),
        }
    }
}
