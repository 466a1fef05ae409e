//! `{app="web", env=~"prod|stage"}`.

use super::{Parser, Result};
use crate::ast::{MatchOp, Matcher, Selector};
use crate::automata::Place;
use crate::error::ParseError;
use crate::lexer::Kind;
use crate::span::Span;

const OPERATORS: &[&str] = &["=", "=~", "!~", "!="];

impl Parser {
    pub(super) fn selector(&mut self) -> Result<Selector> {
        let start = self.span();
        self.expect_word("{", &[])?;
        let mut matchers = Vec::new();
        if !self.take_word("}") {
            matchers.push(self.matcher(&["IDENTIFIER", "}"])?);
            while !self.take_word("}") {
                self.expect_word(",", &["}", ","])?;
                matchers.push(self.matcher(&["IDENTIFIER"])?);
            }
        }
        Ok(Selector {
            matchers,
            span: start.to(self.last_span()),
        })
    }

    fn matcher(&mut self, expected: &[&str]) -> Result<Matcher> {
        let start = self.span();
        let name = self.expect_identifier(expected)?;
        let op = self.match_op().ok_or_else(|| self.unexpected(OPERATORS))?;
        self.advance();
        let value = self.expect_string(&["STRING"])?;
        self.compiled_matcher(name, op, value, start.to(self.last_span()))
    }

    /// Makes a matcher, compiling its expression.
    pub(super) fn compiled_matcher(&mut self, name: String, op: MatchOp, value: String, span: Span) -> Result<Matcher> {
        let regex = match op {
            MatchOp::Regex | MatchOp::NotRegex => {
                let compiled = self.automata.regex(&value, Place::Whole);
                Some(compiled.map_err(|error| ParseError::meaning(error.to_string(), span))?)
            }
            MatchOp::Equal | MatchOp::NotEqual => None,
        };
        Ok(Matcher {
            name,
            op,
            value,
            regex,
            span,
        })
    }

    /// The operator that is next, not read.
    pub(super) fn match_op(&self) -> Option<MatchOp> {
        match self.peek() {
            Kind::Word("=") => Some(MatchOp::Equal),
            Kind::Word("!=") => Some(MatchOp::NotEqual),
            Kind::Word("=~") => Some(MatchOp::Regex),
            Kind::Word("!~") => Some(MatchOp::NotRegex),
            _ => None,
        }
    }
}
