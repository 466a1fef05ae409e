//! Tokens to a checked tree.
//!
//! Recursive descent with one token of look-ahead. Where Loki's generated parser names what it expected (it does when
//! at most four tokens could follow), the rules here name the same tokens in the same order.
//!
//! Invariants: recursion is bounded by [`NESTING_MAX`], and so is the depth of a tree that comes out, but for chains of
//! binary operators: their left sides may nest as deep as there are operators, [`OPERATORS_MAX`]. A tree that comes out
//! has been checked as Loki checks it.

mod label_filter;
mod metric;
mod pipeline;
mod range;
mod selector;
mod vector;

use crate::ast::{Expr, Matcher};
use crate::automata::Automata;
use crate::error::ParseError;
use crate::lexer::{self, Kind, Token};
use crate::limits::{NESTING_MAX, OPERATORS_MAX, QUERY_BYTES_MAX};
use crate::span::Span;

type Result<T> = std::result::Result<T, ParseError>;

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    /// Binary operators in the tree so far.
    operators: usize,
    automata: Automata,
}

/// Parses and checks a whole query.
///
/// # Errors
/// The first mistake, in Loki's words.
pub fn parse(query: &str) -> Result<Expr> {
    let expr = parse_about_any(query)?;
    metric::check_matchers(&expr)?;
    Ok(expr)
}

/// The same for a query that may be about every stream, as delete requests may.
pub(crate) fn parse_about_any(query: &str) -> Result<Expr> {
    let mut parser = Parser::new(query)?;
    let expr = parser.expr()?;
    parser.end()?;
    Ok(expr)
}

/// Parses a selector alone, as `series` and `labels` requests have it; `{}` and an empty text mean every stream.
///
/// # Errors
/// The first mistake, in Loki's words.
pub fn parse_matchers(query: &str) -> Result<Vec<Matcher>> {
    if query.trim().is_empty() {
        return Ok(Vec::new());
    }
    let mut parser = Parser::new(query)?;
    let selector = parser.selector()?;
    parser.end()?;
    Ok(selector.matchers)
}

impl Parser {
    fn new(query: &str) -> Result<Self> {
        if query.len() > QUERY_BYTES_MAX {
            let message = format!("input size too long ({} > {QUERY_BYTES_MAX})", query.len());
            return Err(ParseError::meaning(message, Span::default()));
        }
        Ok(Self {
            tokens: lexer::tokens(query),
            at: 0,
            depth: 0,
            operators: 0,
            automata: Automata::default(),
        })
    }

    fn peek(&self) -> &Kind {
        &self.token(0).kind
    }

    /// The token after the next.
    fn peek_second(&self) -> &Kind {
        &self.token(1).kind
    }

    fn token(&self, ahead: usize) -> &Token {
        let last = self.tokens.len() - 1;
        &self.tokens[(self.at + ahead).min(last)]
    }

    fn span(&self) -> Span {
        self.token(0).span
    }

    /// Place of the token read last.
    fn last_span(&self) -> Span {
        self.tokens[self.at.saturating_sub(1)].span
    }

    fn advance(&mut self) {
        self.at = (self.at + 1).min(self.tokens.len() - 1);
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Kind::Word(found) if *found == word)
    }

    /// Reads the word if it is next.
    fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        if found {
            self.advance();
        }
        found
    }

    fn expect_word(&mut self, word: &'static str, expected: &[&str]) -> Result<()> {
        if self.take_word(word) {
            return Ok(());
        }
        Err(self.unexpected(expected))
    }

    fn expect_identifier(&mut self, expected: &[&str]) -> Result<String> {
        if let Kind::Identifier(name) = self.peek() {
            let name = name.clone();
            self.advance();
            return Ok(name);
        }
        Err(self.unexpected(expected))
    }

    fn expect_string(&mut self, expected: &[&str]) -> Result<String> {
        if let Kind::String(text) = self.peek() {
            let text = text.clone();
            self.advance();
            return Ok(text);
        }
        Err(self.unexpected(expected))
    }

    fn end(&self) -> Result<()> {
        match self.peek() {
            Kind::End => Ok(()),
            _ => Err(self.unexpected(&[])),
        }
    }

    /// The error for the next token; `expected` is empty where Loki names nothing.
    fn unexpected(&self, expected: &[&str]) -> ParseError {
        let token = self.token(0);
        let message = match &token.kind {
            Kind::Mistake(text) | Kind::RangeMistake(text) => text.clone(),
            kind if expected.is_empty() => format!("syntax error: unexpected {}", kind.name()),
            kind => format!(
                "syntax error: unexpected {}, expecting {}",
                kind.name(),
                expected.join(" or ")
            ),
        };
        ParseError {
            message,
            position: token.position,
            span: token.span,
        }
    }

    /// Counts a binary operator that becomes part of the tree.
    fn count_operator(&mut self) -> Result<()> {
        if self.operators >= OPERATORS_MAX {
            return Err(self.too_much(format!("expression has more than {OPERATORS_MAX} binary operators")));
        }
        self.operators += 1;
        Ok(())
    }

    /// The error for a bound that is passed at the next token.
    fn too_much(&self, message: String) -> ParseError {
        let token = self.token(0);
        ParseError {
            message,
            position: token.position,
            span: token.span,
        }
    }

    /// Runs a rule one level deeper.
    fn deeper<T>(&mut self, rule: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth >= NESTING_MAX {
            return Err(self.too_much(format!("expression nests deeper than {NESTING_MAX} levels")));
        }
        self.depth += 1;
        let result = rule(self);
        self.depth -= 1;
        result
    }
}

#[cfg(test)]
pub(crate) use tests::on_small_stack;

#[cfg(test)]
mod tests;
