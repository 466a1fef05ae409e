//! `sum by (app)(...)`, `topk(3, ...)`, `vector(1)`, `label_replace(...)`.

use super::{Parser, Result};
use crate::ast::{Grouping, SampleExpr, SampleKind, VectorOp};
use crate::automata::{AutomataError, Place};
use crate::error::ParseError;
use crate::lexer::Kind;
use crate::span::Span;

impl Parser {
    pub(super) fn vector_aggregation(&mut self, op: VectorOp) -> Result<SampleExpr> {
        let start = self.span();
        let (before, parameter) = self.before_aggregated()?;
        let inner = Box::new(self.sample_argument()?);
        self.aggregated(op, before, parameter, inner, start)
    }

    /// `sum by (a) (`, `topk(3,`
    fn before_aggregated(&mut self) -> Result<(Option<Grouping>, Option<String>)> {
        self.advance();
        let grouping = self.grouping()?;
        self.expect_word("(", &["("])?;
        let mut parameter = None;
        if let (Kind::Number(text), Kind::Word(",")) = (self.peek(), self.peek_second()) {
            parameter = Some(text.clone());
            self.advance();
            self.advance();
        }
        Ok((grouping, parameter))
    }

    fn aggregated(
        &mut self,
        op: VectorOp,
        before: Option<Grouping>,
        parameter: Option<String>,
        inner: Box<SampleExpr>,
        start: Span,
    ) -> Result<SampleExpr> {
        self.expect_word(")", &[])?;
        let grouping = if before.is_some() { before } else { self.grouping()? };
        let span = start.to(self.last_span());
        let parameter = check(op, parameter, grouping.is_some(), span)?;
        // `by ()` names no label, which is what no grouping means.
        let grouping = grouping.filter(|grouping| grouping.without || !grouping.labels.is_empty());
        Ok(SampleExpr {
            kind: SampleKind::VectorAggregation {
                op,
                parameter,
                inner,
                grouping,
            },
            span,
        })
    }

    /// `by (a, b)` or `without (a, b)`, if there is one.
    pub(super) fn grouping(&mut self) -> Result<Option<Grouping>> {
        let without = self.is_word("without");
        if !without && !self.is_word("by") {
            return Ok(None);
        }
        self.advance();
        let labels = self.label_names()?;
        Ok(Some(Grouping { without, labels }))
    }

    /// `(a, b)`
    pub(super) fn label_names(&mut self) -> Result<Vec<String>> {
        self.expect_word("(", &["("])?;
        let mut labels = Vec::new();
        if self.take_word(")") {
            return Ok(labels);
        }
        labels.push(self.expect_identifier(&["IDENTIFIER", ")"])?);
        while !self.take_word(")") {
            self.expect_word(",", &[",", ")"])?;
            labels.push(self.expect_identifier(&["IDENTIFIER"])?);
        }
        Ok(labels)
    }

    pub(super) fn vector_literal(&mut self) -> Result<SampleExpr> {
        let start = self.span();
        self.advance();
        self.expect_word("(", &["("])?;
        if !matches!(self.peek(), Kind::Number(_)) {
            return Err(self.unexpected(&["NUMBER"]));
        }
        let value = self.signed_number(&["NUMBER"])?;
        self.expect_word(")", &[")"])?;
        Ok(SampleExpr {
            kind: SampleKind::Vector(value),
            span: start.to(self.last_span()),
        })
    }

    pub(super) fn label_replace(&mut self) -> Result<SampleExpr> {
        let start = self.span();
        self.advance();
        self.expect_word("(", &["("])?;
        let inner = Box::new(self.sample_argument()?);
        self.replacement(inner, start)
    }

    /// The rest of `label_replace`, after the expression.
    fn replacement(&mut self, inner: Box<SampleExpr>, start: Span) -> Result<SampleExpr> {
        let mut texts = [const { String::new() }; 4];
        for (index, text) in texts.iter_mut().enumerate() {
            // After the expression an operator could follow too, so Loki names nothing there.
            let expected: &[&str] = if index == 0 { &[] } else { &[","] };
            self.expect_word(",", expected)?;
            *text = self.expect_string(&["STRING"])?;
        }
        self.expect_word(")", &[","])?;
        let span = start.to(self.last_span());
        let [destination, replacement, source, pattern] = texts;
        let regex = self.automata.regex(&pattern, Place::Whole).map_err(|error| {
            let error = quote_as_wrapped(error, &pattern);
            ParseError::meaning(format!("invalid regex in label_replace: {error}"), span)
        })?;
        Ok(SampleExpr {
            kind: SampleKind::LabelReplace {
                inner,
                destination,
                replacement,
                source,
                regex,
            },
            span,
        })
    }
}

/// Loki compiles `^(?:pattern)$`, and mistakes of the whole pattern quote it so.
fn quote_as_wrapped(mut error: AutomataError, pattern: &str) -> AutomataError {
    if let AutomataError::Regex(error) = &mut error
        && error.expression == pattern
    {
        error.expression = format!("^(?:{pattern})$");
    }
    error
}

fn check(op: VectorOp, parameter: Option<String>, grouped: bool, span: Span) -> Result<Option<u64>> {
    let refuse = |message: String| Err(ParseError::meaning(message, span));
    let name = op.name();
    let takes_parameter = matches!(op, VectorOp::Topk | VectorOp::Bottomk | VectorOp::ApproxTopk);
    let parameter = match parameter {
        Some(text) if !takes_parameter => return refuse(format!("unsupported parameter for operation {name}({text},")),
        Some(text) => match text.parse::<u64>() {
            Ok(0) => return refuse(format!("invalid parameter (must be greater than 0) {name}({text}")),
            Ok(value) => Some(value),
            Err(_) => return refuse(format!("invalid parameter {name}({text},")),
        },
        None if takes_parameter => return refuse(format!("parameter required for operation {name}")),
        None => None,
    };
    match op {
        VectorOp::Sort | VectorOp::SortDesc if grouped => {
            refuse("sort and sort_desc doesn't allow grouping by ".into())
        }
        VectorOp::ApproxTopk if grouped => refuse(format!("grouping not allowed for {name} aggregation")),
        _ => Ok(parameter),
    }
}
