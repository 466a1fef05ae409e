//! Why a text is no regular expression, in Go's words.

use std::fmt;

/// The kind of a mistake; the texts are those of Go's `regexp/syntax.ErrorCode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// `[b-a]`, `\p{Nothing}`, `[[:nothing:]]`.
    InvalidCharRange,
    /// `\q`.
    InvalidEscape,
    /// `(?P<a-b>x)`.
    InvalidNamedCapture,
    /// `(?=x)`.
    InvalidPerlOp,
    /// `a**`.
    InvalidRepeatOp,
    /// `a{1001}`.
    InvalidRepeatSize,
    /// `[a`.
    MissingBracket,
    /// `(a`.
    MissingParen,
    /// `*a`.
    MissingRepeatArgument,
    /// A last `\`.
    TrailingBackslash,
    /// `a)`.
    UnexpectedParen,
    /// More groups within each other than [`crate::limits::NESTING_MAX`].
    NestingDepth,
    /// Compiled, it would need more than [`crate::limits::AUTOMATON_BYTES_MAX`].
    Large,
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::InvalidCharRange => "invalid character class range",
            Self::InvalidEscape => "invalid escape sequence",
            Self::InvalidNamedCapture => "invalid named capture",
            Self::InvalidPerlOp => "invalid or unsupported Perl syntax",
            Self::InvalidRepeatOp => "invalid nested repetition operator",
            Self::InvalidRepeatSize => "invalid repeat count",
            Self::MissingBracket => "missing closing ]",
            Self::MissingParen => "missing closing )",
            Self::MissingRepeatArgument => "missing argument to repetition operator",
            Self::TrailingBackslash => "trailing backslash at end of expression",
            Self::UnexpectedParen => "unexpected )",
            Self::NestingDepth => "expression nests too deeply",
            Self::Large => "expression too large",
        })
    }
}

/// A regular expression that Go would refuse (or that is too large for us): always the caller's fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("error parsing regexp: {kind}: `{expression}`")]
pub struct Error {
    /// What is wrong.
    pub kind: ErrorKind,
    /// The part of the expression that is wrong.
    pub expression: String,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, expression: &str) -> Self {
        Self {
            kind,
            expression: expression.to_owned(),
        }
    }
}
