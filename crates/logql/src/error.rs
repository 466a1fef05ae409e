//! Why a text is no query.

use std::fmt;

use crate::span::{Position, Span};

/// A mistake in a query, always the caller's; texts follow Loki's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// What is wrong, without the place.
    pub message: String,
    /// Line and column; `None` for mistakes of meaning, for which Loki names no place.
    pub position: Option<Position>,
    /// The piece of the query that is wrong, as near as is known, to underline it.
    pub span: Span,
}

impl ParseError {
    /// A mistake of meaning, found in the given piece.
    pub(crate) fn meaning(message: impl Into<String>, span: Span) -> Self {
        Self {
            message: message.into(),
            position: None,
            span,
        }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            Some(Position { line, column }) => {
                write!(formatter, "parse error at line {line}, col {column}: {}", self.message)
            }
            None => write!(formatter, "parse error : {}", self.message),
        }
    }
}

impl std::error::Error for ParseError {}
