//! Conditions on labels.
//!
//! Loki's grammar gives `or` less and `and` more weight, while a comma or nothing at all between two conditions takes
//! everything that follows as its right side; that is kept, because it decides what `a or b, c` means.

use super::selector::matcher;
use super::{Parser, Result};
use crate::ast::{Comparison, LabelFilter, LabelFilterKind, MatchOp};
use crate::lexer::Kind;

const PRECEDENCE_OR: u8 = 1;
const PRECEDENCE_AND: u8 = 2;

impl Parser {
    pub(super) fn label_filter(&mut self) -> Result<LabelFilter> {
        self.deeper(|parser| parser.label_filter_from(0))
    }

    fn label_filter_from(&mut self, precedence_min: u8) -> Result<LabelFilter> {
        let mut left = self.label_condition()?;
        loop {
            let (kind, right): (fn(_, _) -> _, _) = match self.peek() {
                Kind::Word("or") if precedence_min <= PRECEDENCE_OR => {
                    self.advance();
                    (LabelFilterKind::Or, self.label_filter_from(PRECEDENCE_OR + 1)?)
                }
                Kind::Word("and") if precedence_min <= PRECEDENCE_AND => {
                    self.advance();
                    (LabelFilterKind::And, self.label_filter_from(PRECEDENCE_AND + 1)?)
                }
                Kind::Word(",") => {
                    self.advance();
                    (LabelFilterKind::And, self.label_filter()?)
                }
                Kind::Identifier(_) | Kind::Word("(") => (LabelFilterKind::And, self.label_filter()?),
                _ => return Ok(left),
            };
            let span = left.span.to(right.span);
            left = LabelFilter {
                kind: kind(Box::new(left), Box::new(right)),
                span,
            };
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
        let name = self.expect_identifier(&["IDENTIFIER", "("])?;
        let kind = match self.match_op() {
            Some(op @ (MatchOp::Regex | MatchOp::NotRegex)) => {
                self.advance();
                let value = self.expect_string(&["STRING"])?;
                LabelFilterKind::Text(matcher(name, op, value, start.to(self.last_span()))?)
            }
            Some(op) if matches!(self.peek_second(), Kind::String(_)) => {
                self.advance();
                let value = self.expect_string(&["STRING"])?;
                LabelFilterKind::Text(matcher(name, op, value, start.to(self.last_span()))?)
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
