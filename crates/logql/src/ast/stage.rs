//! Stages of a pipeline.

use longshore_goregex::Regex;

use super::{LabelFilter, Matcher};
use crate::span::Span;

/// One step that each line goes through.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// What it does.
    pub kind: StageKind,
    /// Place.
    pub span: Span,
}

/// The kinds of stages.
#[derive(Debug, Clone, PartialEq)]
pub enum StageKind {
    /// `|= "x" or "y"`
    LineFilter(LineFilter),
    /// `| json`, `| json a="b.c"`; no extractions means all fields.
    Json(Vec<Extraction>),
    /// `| logfmt`
    Logfmt {
        /// `--strict`: the first mistake in a line ends its parsing with an error.
        strict: bool,
        /// `--keep-empty`: keys without a value become empty labels.
        keep_empty: bool,
        /// No extractions means all fields.
        extractions: Vec<Extraction>,
    },
    /// `` | regexp `(?P<name>.*)` ``
    Regexp(Regex),
    /// `| pattern "<ip> <_>"`
    Pattern(String),
    /// `| unpack`
    Unpack,
    /// `| level="error"`
    LabelFilter(LabelFilter),
    /// `| line_format "{{.msg}}"`
    LineFormat(String),
    /// `| label_format a=b, c="{{.d}}"`
    LabelFormat(Vec<LabelFormat>),
    /// `| decolorize`
    Decolorize,
    /// `| drop a, b="x"`
    Drop(Vec<LabelPick>),
    /// `| keep a, b="x"`
    Keep(Vec<LabelPick>),
}

/// `label="expression"` of the `json` and `logfmt` stages; a bare `label` means itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extraction {
    /// The label to make.
    pub label: String,
    /// Where in the line its value is.
    pub expression: String,
}

/// `new=old` or `new="template"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelFormat {
    /// The label to set.
    pub label: String,
    /// What to set it to.
    pub value: FormatValue,
}

/// What `label_format` sets a label to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormatValue {
    /// The value of another label, which goes away.
    Rename(String),
    /// A template's text.
    Template(String),
}

/// A label that `drop` or `keep` names, with or without a condition.
#[derive(Debug, Clone, PartialEq)]
pub enum LabelPick {
    /// Whatever its value.
    Name(String),
    /// Only when the condition holds.
    Matcher(Matcher),
}

impl LabelPick {
    /// The label.
    pub fn name(&self) -> &str {
        match self {
            Self::Name(name) => name,
            Self::Matcher(matcher) => &matcher.name,
        }
    }
}

/// A condition on the text of a line.
#[derive(Debug, Clone, PartialEq)]
pub struct LineFilter {
    /// The operator.
    pub op: LineFilterOp,
    /// A positive filter passes when any of these matches, a negative one when none does. Never empty.
    pub operands: Vec<LineOperand>,
}

/// The right side of a line filter.
#[derive(Debug, Clone, PartialEq)]
pub enum LineOperand {
    /// `"text"`; its meaning is the operator's.
    Text {
        /// As written.
        value: String,
        /// Compiled, for the regular expression operators; `None` there when it does not compile.
        regex: Option<Regex>,
    },
    /// `ip("10.0.0.0/8")`: the line contains such an address.
    Ip(String),
}

/// Operators of line filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineFilterOp {
    /// `|=`
    Contains,
    /// `!=`
    NotContains,
    /// `|~`
    Matches,
    /// `!~`
    NotMatches,
    /// `|>`
    Pattern,
    /// `!>`
    NotPattern,
}

impl LineFilterOp {
    /// The operator as it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Contains => "|=",
            Self::NotContains => "!=",
            Self::Matches => "|~",
            Self::NotMatches => "!~",
            Self::Pattern => "|>",
            Self::NotPattern => "!>",
        }
    }

    /// Whether lines that match are refused.
    pub fn is_negative(self) -> bool {
        matches!(self, Self::NotContains | Self::NotMatches | Self::NotPattern)
    }
}
