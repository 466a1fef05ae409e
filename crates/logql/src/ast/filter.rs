//! Conditions on labels within a pipeline.

use super::Matcher;
use crate::span::Span;

/// A condition on the labels of a line.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelFilter {
    /// What is asked.
    pub kind: LabelFilterKind,
    /// Place.
    pub span: Span,
}

/// The kinds of conditions.
#[derive(Debug, Clone, PartialEq)]
pub enum LabelFilterKind {
    /// `level="error"`, `path=~"/api/.*"`.
    Text(Matcher),
    /// `status >= 500`.
    Number {
        /// The label.
        name: String,
        /// The operator.
        op: Comparison,
        /// Compared with.
        value: f64,
    },
    /// `took > 250ms`.
    Duration {
        /// The label.
        name: String,
        /// The operator.
        op: Comparison,
        /// Compared with, nanoseconds.
        value_ns: i64,
    },
    /// `size > 2KiB`.
    Bytes {
        /// The label.
        name: String,
        /// The operator.
        op: Comparison,
        /// Compared with, bytes.
        value_bytes: u64,
    },
    /// `addr = ip("10.0.0.0/8")`.
    Ip {
        /// The label.
        name: String,
        /// Whether it is `!=`.
        negated: bool,
        /// An address, a range `a-b` or a network in CIDR notation.
        pattern: String,
    },
    /// All, from left to right; written `and`, `,` or with nothing between. Two or more.
    And(Vec<LabelFilter>),
    /// Any, from left to right. Two or more.
    Or(Vec<LabelFilter>),
}

/// How two quantities are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `==`, also written `=`.
    Equal,
    /// `!=`
    NotEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
}

impl Comparison {
    /// The operator as Loki prints it.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
        }
    }

    /// Whether it holds.
    pub fn holds<T: PartialOrd + Copy>(self, left: T, right: T) -> bool {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
        }
    }
}
