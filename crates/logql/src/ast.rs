//! The tree of a query.
//!
//! Invariants: made by the parser only, which has checked it; every piece knows its place in the text (equality
//! ignores nothing, so compare printed forms when places do not matter); regular expressions are compiled.

mod filter;
mod metric;
mod stage;

pub use filter::{Comparison, LabelFilter, LabelFilterKind};
pub use metric::{
    BinaryOp, BinaryOptions, Cardinality, Conversion, Grouping, Link, LogRange, Matching, RangeOp, SampleExpr,
    SampleKind, Unwrap, VectorOp,
};
pub use stage::{
    Extraction, FormatValue, LabelFormat, LabelPick, LineFilter, LineFilterOp, LineOperand, Stage, StageKind,
};

use longshore_goregex::Regex;
use longshore_model::{Labels, StreamSelector};

use crate::span::Span;

/// A whole query.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// Gives lines.
    Log(LogExpr),
    /// Gives numbers.
    Sample(SampleExpr),
}

/// Streams, and what happens to each of their lines.
#[derive(Debug, Clone, PartialEq)]
pub struct LogExpr {
    /// Which streams.
    pub selector: Selector,
    /// The stages in order.
    pub stages: Vec<Stage>,
    /// Place.
    pub span: Span,
}

/// `{app="web", env!="dev"}`.
#[derive(Debug, Clone, PartialEq)]
pub struct Selector {
    /// All of these must hold.
    pub matchers: Vec<Matcher>,
    /// Place.
    pub span: Span,
}

/// How a label is compared with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatchOp {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`
    Regex,
    /// `!~`
    NotRegex,
}

impl MatchOp {
    /// The operator as it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Regex => "=~",
            Self::NotRegex => "!~",
        }
    }
}

/// One condition on a label; a label that is missing counts as empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Matcher {
    /// The label.
    pub name: String,
    /// The operator.
    pub op: MatchOp,
    /// The text compared with.
    pub value: String,
    /// The value compiled, for the regular expression operators; it must match the whole label.
    pub regex: Option<Regex>,
    /// Place.
    pub span: Span,
}

impl Matcher {
    /// Whether a label's value satisfies it.
    pub fn matches(&self, value: &str) -> bool {
        let regex_matches =
            |regex: &Option<Regex>| regex.as_ref().is_some_and(|regex| regex.is_match(value.as_bytes()));
        match self.op {
            MatchOp::Equal => self.value == value,
            MatchOp::NotEqual => self.value != value,
            MatchOp::Regex => regex_matches(&self.regex),
            MatchOp::NotRegex => !regex_matches(&self.regex),
        }
    }
}

impl StreamSelector for Selector {
    fn matches(&self, labels: &Labels) -> bool {
        self.matchers
            .iter()
            .all(|matcher| matcher.matches(labels.get(&matcher.name).unwrap_or("")))
    }
}
