//! Lines of a window, in the many orders in which Loki takes them: `[5m]` before or after the pipeline, in
//! parentheses or not.

use super::{Parser, Result};
use crate::ast::{Conversion, LogExpr, LogRange, RangeOp, SampleExpr, SampleKind, Unwrap};
use crate::error::ParseError;
use crate::lexer::Kind;
use crate::span::Span;

/// What has been read of a range so far.
struct Part {
    log: LogExpr,
    unwrap: Option<Unwrap>,
    /// Length and offset, nanoseconds.
    window: Option<(i64, i64)>,
}

impl Parser {
    pub(super) fn range_aggregation(&mut self, op: RangeOp) -> Result<SampleExpr> {
        let start = self.span();
        self.advance();
        self.expect_word("(", &["("])?;
        let mut parameter = None;
        if matches!(self.peek(), Kind::Number(_)) {
            let Kind::Number(text) = self.peek().clone() else {
                return Err(self.unexpected(&[]));
            };
            parameter = Some((self.signed_number(&[])?, text));
            self.expect_word(",", &[","])?;
        } else if !self.is_word("{") && !self.is_word("(") {
            return Err(self.unexpected(&["NUMBER", "{", "("]));
        }
        let range = self.log_range()?;
        self.expect_word(")", &[")"])?;
        let grouping = self.grouping()?;
        let span = start.to(self.last_span());
        let parameter = check(op, parameter, &range, grouping.is_some(), span)?;
        Ok(SampleExpr {
            kind: SampleKind::RangeAggregation {
                op,
                parameter,
                range: Box::new(range),
                grouping,
            },
            span,
        })
    }

    fn log_range(&mut self) -> Result<LogRange> {
        let start = self.span();
        let part = self.range_part()?;
        let Some((interval_ns, offset_ns)) = part.window else {
            let expected: &[&str] = if part.unwrap.is_some() { &["RANGE", "|"] } else { &[] };
            return Err(self.unexpected(expected));
        };
        Ok(LogRange {
            log: part.log,
            unwrap: part.unwrap,
            interval_ns,
            offset_ns,
            span: start.to(self.last_span()),
        })
    }

    fn range_part(&mut self) -> Result<Part> {
        let mut part = if self.take_word("(") {
            let part = self.deeper(Self::range_part)?;
            self.expect_word(")", &[])?;
            part
        } else {
            let log = self.selector_with_stages()?;
            let unwrap = self.unwrap()?;
            Part {
                log,
                unwrap,
                window: None,
            }
        };
        if let (None, Kind::Range(interval_ns)) = (part.window, self.peek()) {
            let interval_ns = *interval_ns;
            self.advance();
            part.window = Some((interval_ns, self.offset()?));
            if part.log.stages.is_empty() && part.unwrap.is_none() {
                part.log.stages = self.stages()?;
                part.unwrap = self.unwrap()?;
            }
        }
        Ok(part)
    }

    fn offset(&mut self) -> Result<i64> {
        if !self.take_word("offset") {
            return Ok(0);
        }
        let sign = if self.take_word("-") { -1 } else { 1 };
        let Kind::Duration(ns) = *self.peek() else {
            return Err(self.unexpected(&["DURATION"]));
        };
        self.advance();
        Ok(sign * ns)
    }

    fn unwrap(&mut self) -> Result<Option<Unwrap>> {
        let start = self.span();
        if !self.is_word("|") || !matches!(self.peek_second(), Kind::Word("unwrap")) {
            return Ok(None);
        }
        self.advance();
        self.advance();
        let conversion = match self.peek() {
            Kind::Function(name) => Conversion::of_name(name),
            _ => None,
        };
        let label = if conversion.is_some() {
            self.advance();
            self.expect_word("(", &["("])?;
            let label = self.expect_identifier(&["IDENTIFIER"])?;
            self.expect_word(")", &[")"])?;
            label
        } else {
            self.expect_identifier(&["IDENTIFIER", "BYTES_CONV", "DURATION_CONV", "DURATION_SECONDS_CONV"])?
        };
        let mut filters = Vec::new();
        while self.take_word("|") {
            filters.push(self.label_filter()?);
        }
        Ok(Some(Unwrap {
            label,
            conversion,
            filters,
            span: start.to(self.last_span()),
        }))
    }
}

fn check(
    op: RangeOp,
    parameter: Option<(f64, String)>,
    range: &LogRange,
    grouped: bool,
    span: Span,
) -> Result<Option<f64>> {
    use RangeOp as Op;
    let refuse = |message: String| Err(ParseError::meaning(message, span));
    let name = op.name();
    match (&parameter, op) {
        (None, Op::QuantileOverTime) => return refuse(format!("parameter required for operation {name}")),
        (Some((_, text)), op) if op != Op::QuantileOverTime => {
            return refuse(format!("parameter {text} not supported for operation {name}"));
        }
        _ => {}
    }
    let takes_grouping = matches!(
        op,
        Op::AvgOverTime
            | Op::StddevOverTime
            | Op::StdvarOverTime
            | Op::QuantileOverTime
            | Op::MaxOverTime
            | Op::MinOverTime
            | Op::FirstOverTime
            | Op::LastOverTime
    );
    if grouped && !takes_grouping {
        return refuse(format!("grouping not allowed for {name} aggregation"));
    }
    let counts_lines = matches!(op, Op::CountOverTime | Op::BytesRate | Op::BytesOverTime);
    let takes_both = matches!(op, Op::Rate | Op::AbsentOverTime);
    match range.unwrap {
        Some(_) if counts_lines => refuse(format!("invalid aggregation {name} with unwrap")),
        None if !counts_lines && !takes_both => refuse(format!("invalid aggregation {name} without unwrap")),
        _ => Ok(parameter.map(|(value, _)| value)),
    }
}
