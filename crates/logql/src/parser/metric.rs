//! Whole expressions, operators between them, and the checks of a finished tree.

use super::{Parser, Result};
use crate::ast::{
    BinaryOp, BinaryOptions, Cardinality, Expr, LogExpr, Matching, RangeOp, SampleExpr, SampleKind, VectorOp,
};
use crate::error::ParseError;
use crate::lexer::{self, Kind};
use crate::span::Span;

const NO_MATCHER: &str = "queries require at least one regexp or equality matcher that does not have an \
    empty-compatible value. For instance, app=~\".*\" does not meet this requirement, but app=~\".+\" will";

impl Parser {
    pub(super) fn expr(&mut self) -> Result<Expr> {
        self.deeper(|parser| parser.binary(0))
    }

    /// An argument that must give numbers.
    pub(super) fn sample_argument(&mut self) -> Result<SampleExpr> {
        match self.expr()? {
            Expr::Sample(sample) => Ok(sample),
            // Only an operator could have made numbers of it.
            Expr::Log(_) => Err(self.unexpected(&[])),
        }
    }

    fn binary(&mut self, precedence_min: u8) -> Result<Expr> {
        let mut left = self.primary()?;
        while let Some(op) = self.binary_op().filter(|op| op.precedence() >= precedence_min) {
            left = self.operation(op, left)?;
        }
        Ok(left)
    }

    // A rule of its own, so that its frame is not on the stack below each parenthesis that is open.
    fn operation(&mut self, op: BinaryOp, left: Expr) -> Result<Expr> {
        self.advance();
        let options = self.binary_options()?;
        // `^` binds to the right, the rest to the left.
        let right_min = op.precedence() + u8::from(op != BinaryOp::Power);
        let right = self.deeper(|parser| parser.binary(right_min))?;
        let combined = combine(op, options, left, right)?;
        if matches!(combined.kind, SampleKind::Binary { .. }) {
            self.count_operator()?;
        }
        Ok(Expr::Sample(combined))
    }

    fn binary_op(&self) -> Option<BinaryOp> {
        match self.peek() {
            Kind::Word(word) => BinaryOp::of_name(word),
            _ => None,
        }
    }

    fn binary_options(&mut self) -> Result<BinaryOptions> {
        let return_bool = self.take_word("bool");
        let on = self.is_word("on");
        if !on && !self.is_word("ignoring") {
            return Ok(BinaryOptions {
                return_bool,
                matching: None,
            });
        }
        self.advance();
        let labels = self.label_names()?;
        let cardinality = if self.take_word("group_left") {
            Cardinality::ManyToOne
        } else if self.take_word("group_right") {
            Cardinality::OneToMany
        } else {
            Cardinality::OneToOne
        };
        let mut include = Vec::new();
        // A parenthesis after `group_left` holds labels, unless an expression begins there.
        let is_list = matches!(self.peek_second(), Kind::Identifier(_) | Kind::Word(")"));
        if cardinality != Cardinality::OneToOne && self.is_word("(") && is_list {
            include = self.label_names()?;
        }
        Ok(BinaryOptions {
            return_bool,
            matching: Some(Matching {
                on,
                labels,
                cardinality,
                include,
            }),
        })
    }

    fn primary(&mut self) -> Result<Expr> {
        match *self.peek() {
            Kind::Word("{") => self.log_expr().map(Expr::Log),
            Kind::Word("(") => self.parenthesized(),
            Kind::Number(_) | Kind::Word("+" | "-") => self.literal().map(Expr::Sample),
            Kind::Function(name) => self.function(name).map(Expr::Sample),
            _ => Err(self.unexpected(&[])),
        }
    }

    fn parenthesized(&mut self) -> Result<Expr> {
        self.advance();
        let inner = self.expr()?;
        self.expect_word(")", &[])?;
        Ok(inner)
    }

    fn literal(&mut self) -> Result<SampleExpr> {
        let start = self.span();
        let kind = SampleKind::Literal(self.signed_number(&[])?);
        let span = start.to(self.last_span());
        Ok(SampleExpr { kind, span })
    }

    fn function(&mut self, name: &str) -> Result<SampleExpr> {
        if let Some(op) = VectorOp::of_name(name) {
            return self.vector_aggregation(op);
        }
        if let Some(op) = RangeOp::of_name(name) {
            return self.range_aggregation(op);
        }
        match name {
            "vector" => self.vector_literal(),
            "label_replace" => self.label_replace(),
            _ => Err(self.unexpected(&[])),
        }
    }

    fn log_expr(&mut self) -> Result<LogExpr> {
        let log = self.selector_with_stages()?;
        if self.is_word("|") {
            // Only `| unwrap` is left, which has no place outside of a range.
            self.advance();
            return Err(self.unexpected(&[]));
        }
        Ok(log)
    }

    pub(super) fn selector_with_stages(&mut self) -> Result<LogExpr> {
        let start = self.span();
        let selector = self.selector()?;
        let stages = self.stages()?;
        Ok(LogExpr {
            selector,
            stages,
            span: start.to(self.last_span()),
        })
    }

    /// A number with or without a sign.
    pub(super) fn signed_number(&mut self, expected: &[&str]) -> Result<f64> {
        let negative = self.is_word("-");
        let signed = negative || self.is_word("+");
        if signed {
            self.advance();
        }
        let span = self.span();
        let Kind::Number(text) = self.peek() else {
            return Err(self.unexpected(if signed { &["NUMBER"] } else { expected }));
        };
        let value = lexer::float(text).ok_or_else(|| {
            let message =
                format!("unable to parse literal as a float: strconv.ParseFloat: parsing \"{text}\": invalid syntax");
            ParseError::meaning(message, span)
        })?;
        self.advance();
        Ok(if negative { -value } else { value })
    }
}

fn combine(op: BinaryOp, options: BinaryOptions, left: Expr, right: Expr) -> Result<SampleExpr> {
    let left = leg(op, "left", left)?;
    let right = leg(op, "right", right)?;
    let span = left.span.to(right.span);
    for (side, leg) in [("left", &left), ("right", &right)] {
        if let (SampleKind::Literal(value), true) = (&leg.kind, op.is_logical()) {
            let name = op.name();
            let message =
                format!("unexpected literal for {side} leg of logical/set binary operation ({name}): {value:.6}");
            return Err(ParseError::meaning(message, leg.span));
        }
    }
    let kind = match (&left.kind, &right.kind) {
        (SampleKind::Literal(left), SampleKind::Literal(right)) => SampleKind::Literal(op.apply(*left, *right)),
        _ => SampleKind::Binary {
            op,
            options,
            left: Box::new(left),
            right: Box::new(right),
        },
    };
    Ok(SampleExpr { kind, span })
}

fn leg(op: BinaryOp, side: &str, expr: Expr) -> Result<SampleExpr> {
    match expr {
        Expr::Sample(sample) => Ok(sample),
        Expr::Log(log) => {
            let kind = if log.stages.is_empty() {
                "MatchersExpr"
            } else {
                "PipelineExpr"
            };
            let name = op.name();
            let message = format!("unexpected type for {side} leg of binary operation ({name}): *syntax.{kind}");
            Err(ParseError::meaning(message, log.span))
        }
    }
}

/// Refuses a query one of whose selectors would read every stream.
pub(super) fn check_matchers(expr: &Expr) -> Result<()> {
    match expr {
        Expr::Log(log) => check_log(log),
        Expr::Sample(sample) => sample.ranges().into_iter().try_for_each(|range| check_log(&range.log)),
    }
}

fn check_log(log: &LogExpr) -> Result<()> {
    if log.selector.matchers.iter().any(|matcher| !matcher.matches("")) {
        return Ok(());
    }
    let span: Span = log.selector.span;
    Err(ParseError::meaning(NO_MATCHER, span))
}
