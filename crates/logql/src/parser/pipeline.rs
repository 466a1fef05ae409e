//! Stages: line filters, parsers, formatters, `drop` and `keep`.

use std::collections::HashSet;

use longshore_goregex::Regex;

use super::{Parser, Result};
use crate::ast::{
    Extraction, FormatValue, LabelFormat, LabelPick, LineFilter, LineFilterOp, LineOperand, MatchOp, Stage, StageKind,
};
use crate::automata::Place;
use crate::error::ParseError;
use crate::lexer::Kind;
use crate::pattern;

impl Parser {
    /// Reads stages as long as there are any; stops before `| unwrap`.
    pub(super) fn stages(&mut self) -> Result<Vec<Stage>> {
        let mut stages = Vec::new();
        loop {
            let start = self.span();
            let kind = if let Some(op) = self.line_filter_op() {
                self.advance();
                self.line_filter(op)?
            } else if self.is_word("|") && !matches!(self.peek_second(), Kind::Word("unwrap")) {
                self.advance();
                self.piped_stage()?
            } else {
                return Ok(stages);
            };
            let span = start.to(self.last_span());
            stages.push(Stage { kind, span });
        }
    }

    fn line_filter_op(&self) -> Option<LineFilterOp> {
        match self.peek() {
            Kind::Word("|=") => Some(LineFilterOp::Contains),
            Kind::Word("!=") => Some(LineFilterOp::NotContains),
            Kind::Word("|~") => Some(LineFilterOp::Matches),
            Kind::Word("!~") => Some(LineFilterOp::NotMatches),
            Kind::Word("|>") => Some(LineFilterOp::Pattern),
            Kind::Word("!>") => Some(LineFilterOp::NotPattern),
            _ => None,
        }
    }

    fn line_filter(&mut self, op: LineFilterOp) -> Result<StageKind> {
        let mut operands = vec![self.line_operand(op)?];
        while self.take_word("or") {
            operands.push(self.line_operand(op)?);
        }
        Ok(StageKind::LineFilter(LineFilter { op, operands }))
    }

    fn line_operand(&mut self, op: LineFilterOp) -> Result<LineOperand> {
        if matches!(self.peek(), Kind::Function("ip")) {
            self.advance();
            return Ok(LineOperand::Ip(self.ip_argument()?));
        }
        let span = self.span();
        let value = self.expect_string(&["STRING", "ip"])?;
        if !matches!(op, LineFilterOp::Matches | LineFilterOp::NotMatches) {
            return Ok(LineOperand::Text { value, regex: None });
        }
        let regex = match self.automata.regex(&value, Place::Anywhere) {
            Ok(regex) => Some(regex),
            // One too large cost something already, and there may be thousands.
            Err(error) if error.is_too_large() => {
                let stage = format!("{} {}", op.symbol(), longshore_model::quote_label_value(&value));
                return Err(ParseError::meaning(format!("stage '{stage}' : {error}"), span));
            }
            // One that does not compile is no mistake of the grammar: making the pipeline ready finds it, as in Loki.
            Err(_) => None,
        };
        Ok(LineOperand::Text { value, regex })
    }

    /// `("10.0.0.0/8")`
    pub(super) fn ip_argument(&mut self) -> Result<String> {
        self.expect_word("(", &["("])?;
        let pattern = self.expect_string(&["STRING"])?;
        self.expect_word(")", &[")"])?;
        Ok(pattern)
    }

    fn piped_stage(&mut self) -> Result<StageKind> {
        let word = match *self.peek() {
            Kind::Word(word) => word,
            Kind::Identifier(_) => return Ok(StageKind::LabelFilter(self.label_filter()?)),
            // So much could stand here that Loki names nothing.
            _ => return Err(self.unexpected(&[])),
        };
        if word == "(" {
            return Ok(StageKind::LabelFilter(self.label_filter()?));
        }
        let span = self.span();
        let known = [
            "json",
            "logfmt",
            "regexp",
            "pattern",
            "unpack",
            "line_format",
            "label_format",
            "decolorize",
            "drop",
            "keep",
        ];
        if !known.contains(&word) {
            return Err(self.unexpected(&[]));
        }
        self.advance();
        match word {
            "json" => Ok(StageKind::Json(self.extractions()?)),
            "logfmt" => self.logfmt(),
            "regexp" => {
                let expression = self.expect_string(&["STRING"])?;
                self.regexp_stage(&expression)
                    .map_err(|message| ParseError::meaning(message, span.to(self.last_span())))
            }
            "pattern" => {
                let text = self.expect_string(&["STRING"])?;
                pattern::check_parser(&text).map_err(|problem| {
                    let message = format!("invalid pattern parser: {problem}");
                    ParseError::meaning(message, span.to(self.last_span()))
                })?;
                Ok(StageKind::Pattern(text))
            }
            "line_format" => Ok(StageKind::LineFormat(self.expect_string(&["STRING"])?)),
            "label_format" => self.label_format(),
            "drop" => Ok(StageKind::Drop(self.label_picks()?)),
            "keep" => Ok(StageKind::Keep(self.label_picks()?)),
            "unpack" => Ok(StageKind::Unpack),
            _ => Ok(StageKind::Decolorize),
        }
    }

    fn regexp_stage(&mut self, expression: &str) -> std::result::Result<StageKind, String> {
        let compiled = self.automata.regex(expression, Place::Anywhere);
        let checked = compiled.map_err(|error| error.to_string()).and_then(|regex| {
            check_names(&regex)?;
            Ok(StageKind::Regexp(regex))
        });
        checked.map_err(|text| format!("invalid regexp parser: {text}"))
    }

    fn logfmt(&mut self) -> Result<StageKind> {
        let (mut strict, mut keep_empty) = (false, false);
        while let Kind::Flag(name) = *self.peek() {
            strict |= name == "--strict";
            keep_empty |= name == "--keep-empty";
            self.advance();
        }
        Ok(StageKind::Logfmt {
            strict,
            keep_empty,
            extractions: self.extractions()?,
        })
    }

    fn extractions(&mut self) -> Result<Vec<Extraction>> {
        let mut extractions = Vec::new();
        if !matches!(self.peek(), Kind::Identifier(_)) {
            return Ok(extractions);
        }
        loop {
            let label = self.expect_identifier(&["IDENTIFIER"])?;
            let expression = if self.take_word("=") {
                self.expect_string(&["STRING"])?
            } else {
                label.clone()
            };
            extractions.push(Extraction { label, expression });
            if !self.take_word(",") {
                return Ok(extractions);
            }
        }
    }

    fn label_format(&mut self) -> Result<StageKind> {
        let mut formats: Vec<LabelFormat> = Vec::new();
        loop {
            let label = self.expect_identifier(&["IDENTIFIER"])?;
            self.expect_word("=", &["="])?;
            let value = match self.peek() {
                Kind::Identifier(source) => FormatValue::Rename(source.clone()),
                Kind::String(template) => FormatValue::Template(template.clone()),
                _ => return Err(self.unexpected(&["IDENTIFIER", "STRING"])),
            };
            self.advance();
            formats.push(LabelFormat { label, value });
            if !self.take_word(",") {
                return Ok(StageKind::LabelFormat(formats));
            }
        }
    }

    fn label_picks(&mut self) -> Result<Vec<LabelPick>> {
        let mut picks = Vec::new();
        loop {
            let start = self.span();
            let name = self.expect_identifier(&["IDENTIFIER"])?;
            let pick = match self.match_op() {
                // `| drop a != "x"` is a condition, as Loki's grammar prefers it.
                Some(op) if matches!(self.peek_second(), Kind::String(_)) || op != MatchOp::NotEqual => {
                    self.advance();
                    let value = self.expect_string(&["STRING"])?;
                    let span = start.to(self.last_span());
                    LabelPick::Matcher(self.compiled_matcher(name, op, value, span)?)
                }
                _ => LabelPick::Name(name),
            };
            picks.push(pick);
            if !self.take_word(",") {
                return Ok(picks);
            }
        }
    }
}

fn check_names(regex: &Regex) -> std::result::Result<(), String> {
    let mut seen = HashSet::new();
    for name in regex.capture_names().flatten() {
        if !seen.insert(name) {
            return Err(format!("duplicate extracted label name '{name}'"));
        }
    }
    if seen.is_empty() {
        return Err("at least one named capture must be supplied".to_owned());
    }
    Ok(())
}
