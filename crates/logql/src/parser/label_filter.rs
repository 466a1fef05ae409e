//! Conditions on labels.
//!
//! Loki's grammar gives `or` less and `and` more weight, while a comma or nothing at all between two conditions takes
//! everything that follows as its right side; that is kept, because it decides what `a or b, c` means.

use super::{Parser, Result};
use crate::ast::{Comparison, LabelFilter, LabelFilterKind, MatchOp};
use crate::lexer::Kind;

const PRECEDENCE_OR: u8 = 1;
const PRECEDENCE_AND: u8 = 2;

/// [`LabelFilterKind::And`] or [`LabelFilterKind::Or`].
type Chain = fn(Vec<LabelFilter>) -> LabelFilterKind;

impl Parser {
    pub(super) fn label_filter(&mut self) -> Result<LabelFilter> {
        self.deeper(|parser| parser.label_filter_from(0))
    }

    fn label_filter_from(&mut self, precedence_min: u8) -> Result<LabelFilter> {
        let mut left = self.label_condition()?;
        loop {
            // What joins the two, and how tightly it binds; a comma or a blank takes all that follows.
            let (chain, precedence): (Chain, _) = match self.peek() {
                Kind::Word("or") if precedence_min <= PRECEDENCE_OR => (LabelFilterKind::Or, Some(PRECEDENCE_OR)),
                Kind::Word("and") if precedence_min <= PRECEDENCE_AND => (LabelFilterKind::And, Some(PRECEDENCE_AND)),
                Kind::Word(",") | Kind::Identifier(_) | Kind::Word("(") => (LabelFilterKind::And, None),
                _ => return Ok(left),
            };
            if matches!(self.peek(), Kind::Word("or" | "and" | ",")) {
                self.advance();
            }
            let right = match precedence {
                Some(precedence) => self.label_filter_from(precedence + 1)?,
                None => self.label_filter()?,
            };
            left = joined(left, chain, right);
        }
    }

    fn label_condition(&mut self) -> Result<LabelFilter> {
        let start = self.span();
        if self.take_word("(") {
            let mut inner = self.label_filter()?;
            self.expect_word(")", &[])?;
            inner.span = start.to(self.last_span());
            return Ok(inner);
        }
        self.single_condition()
    }

    // Apart from the rule above, whose frames lie on the stack once for each parenthesis.
    fn single_condition(&mut self) -> Result<LabelFilter> {
        let start = self.span();
        let name = self.expect_identifier(&["IDENTIFIER", "("])?;
        let kind = match self.match_op() {
            Some(op @ (MatchOp::Regex | MatchOp::NotRegex)) => {
                self.advance();
                let value = self.expect_string(&["STRING"])?;
                LabelFilterKind::Text(self.compiled_matcher(name, op, value, start.to(self.last_span()))?)
            }
            Some(op) if matches!(self.peek_second(), Kind::String(_)) => {
                self.advance();
                let value = self.expect_string(&["STRING"])?;
                LabelFilterKind::Text(self.compiled_matcher(name, op, value, start.to(self.last_span()))?)
            }
            Some(op) if matches!(self.peek_second(), Kind::Function("ip")) => {
                self.advance();
                self.advance();
                LabelFilterKind::Ip {
                    name,
                    negated: op == MatchOp::NotEqual,
                    pattern: self.ip_argument()?,
                }
            }
            _ => self.comparison(name)?,
        };
        let span = start.to(self.last_span());
        Ok(LabelFilter { kind, span })
    }

    fn comparison(&mut self, name: String) -> Result<LabelFilterKind> {
        let op = match self.peek() {
            Kind::Word("=" | "==") => Comparison::Equal,
            Kind::Word("!=") => Comparison::NotEqual,
            Kind::Word(">") => Comparison::Greater,
            Kind::Word(">=") => Comparison::GreaterOrEqual,
            Kind::Word("<") => Comparison::Less,
            Kind::Word("<=") => Comparison::LessOrEqual,
            _ => return Err(self.unexpected(&[])),
        };
        self.advance();
        let negative = self.is_word("-") && matches!(self.peek_second(), Kind::Duration(_));
        if negative {
            self.advance();
        }
        let kind = match *self.peek() {
            Kind::Duration(ns) => {
                let value_ns = if negative { -ns } else { ns };
                LabelFilterKind::Duration { name, op, value_ns }
            }
            Kind::Bytes(value_bytes) => LabelFilterKind::Bytes { name, op, value_bytes },
            _ => {
                let value = self.signed_number(&[])?;
                return Ok(LabelFilterKind::Number { name, op, value });
            }
        };
        self.advance();
        Ok(kind)
    }
}

/// A chain of one operator is one list: it makes the tree no deeper, however long it is.
fn joined(left: LabelFilter, chain: Chain, right: LabelFilter) -> LabelFilter {
    let span = left.span.to(right.span);
    let is_or = matches!(chain(Vec::new()), LabelFilterKind::Or(_));
    let mut conditions = match left.kind {
        LabelFilterKind::Or(conditions) if is_or => conditions,
        LabelFilterKind::And(conditions) if !is_or => conditions,
        _ => vec![left],
    };
    conditions.push(right);
    LabelFilter {
        kind: chain(conditions),
        span,
    }
}
