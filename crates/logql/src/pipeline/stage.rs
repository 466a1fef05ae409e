//! The stages, made ready.

use std::borrow::Cow;

use longshore_goregex::Regex;

use super::decolorize;
use super::format::{LabelFormatStage, LineFormatStage};
use super::json::JsonStage;
use super::label_filter::CompiledLabelFilter;
use super::labels::{ERROR_DETAILS_LABEL, ERROR_LABEL};
use super::line_filter::CompiledLineFilter;
use super::logfmt::LogfmtStage;
use super::pattern_parser::PatternStage;
use super::picks::Picks;
use super::unpack;
use super::{CompileError, LabelState};
use crate::ast::{Stage, StageKind};
use crate::automata::Automata;

/// A stage made ready.
#[derive(Debug)]
pub(super) enum CompiledStage {
    LineFilter(CompiledLineFilter),
    LabelFilter(CompiledLabelFilter),
    Json(JsonStage),
    Logfmt(LogfmtStage),
    Regexp(Regex),
    Pattern(PatternStage),
    Unpack,
    LineFormat(LineFormatStage),
    LabelFormat(LabelFormatStage),
    Decolorize,
    Drop(Picks),
    Keep(Picks),
}

impl CompiledStage {
    /// Makes a stage ready; templates have expressions to compile.
    pub(super) fn new(stage: &Stage, automata: &mut Automata) -> Result<Self, CompileError> {
        let failed = |message: String| CompileError::Stage {
            stage: stage.to_string(),
            message,
        };
        Ok(match &stage.kind {
            StageKind::LineFilter(filter) => Self::LineFilter(CompiledLineFilter::new(filter).map_err(failed)?),
            StageKind::LabelFilter(filter) => Self::LabelFilter(CompiledLabelFilter::new(filter).map_err(failed)?),
            StageKind::Json(extractions) => Self::Json(JsonStage::new(extractions).map_err(failed)?),
            StageKind::Logfmt {
                strict,
                keep_empty,
                extractions,
            } => Self::Logfmt(LogfmtStage::new(*strict, *keep_empty, extractions).map_err(failed)?),
            StageKind::Regexp(regex) => Self::Regexp(regex.clone()),
            StageKind::Drop(picks) => Self::Drop(Picks::new(picks)),
            StageKind::Keep(picks) => Self::Keep(Picks::new(picks)),
            StageKind::Pattern(text) => Self::Pattern(PatternStage::new(text).map_err(failed)?),
            StageKind::Unpack => Self::Unpack,
            StageKind::LineFormat(template) => {
                Self::LineFormat(LineFormatStage::new(template, automata).map_err(failed)?)
            }
            StageKind::LabelFormat(formats) => {
                Self::LabelFormat(LabelFormatStage::new(formats, automata).map_err(failed)?)
            }
            StageKind::Decolorize => Self::Decolorize,
        })
    }

    /// Runs it; false drops the line.
    pub(super) fn run(&self, labels: &mut LabelState, line: &mut Cow<'_, [u8]>) -> bool {
        match self {
            Self::LineFilter(filter) => return filter.passes(line),
            Self::LabelFilter(filter) => return filter.passes(labels),
            Self::Json(stage) => stage.run(labels, line),
            Self::Logfmt(stage) => stage.run(labels, line),
            Self::Regexp(regex) => extract_groups(regex, labels, line),
            Self::Pattern(stage) => stage.run(labels, line),
            Self::Unpack => unpack::run(labels, line),
            Self::LineFormat(stage) => stage.run(labels, line),
            Self::LabelFormat(stage) => stage.run(labels, line),
            Self::Decolorize => decolorize::run(line),
            Self::Drop(picks) => drop_labels(picks, labels),
            Self::Keep(picks) => labels.retain(|name, value| picks.has(name, value)),
        }
        true
    }

    /// Whether it takes labels from the text of a line.
    pub(super) fn is_parser(&self) -> bool {
        matches!(
            self,
            Self::Json(_) | Self::Logfmt(_) | Self::Regexp(_) | Self::Pattern(_) | Self::Unpack
        )
    }

    /// Whether it is the parser that changes the text too.
    pub(super) fn is_unpack(&self) -> bool {
        matches!(self, Self::Unpack)
    }

    /// Whether it does nothing but change the text.
    pub(super) fn only_writes_line(&self) -> bool {
        matches!(self, Self::LineFormat(_) | Self::Decolorize)
    }

    /// Whether it reads the text.
    pub(super) fn reads_line(&self) -> bool {
        match self {
            Self::LineFilter(_) | Self::Decolorize => true,
            Self::LineFormat(stage) => stage.reads_line(),
            Self::LabelFormat(stage) => stage.reads_line(),
            stage => stage.is_parser(),
        }
    }

    /// Adds the names of labels it looks at; false when it looks at all.
    pub(super) fn names_read(&self, names: &mut Vec<String>) -> bool {
        match self {
            Self::LabelFilter(filter) => filter.names_read(names),
            Self::LineFormat(stage) => return stage.names_read(names),
            Self::LabelFormat(stage) => return stage.names_read(names),
            Self::Drop(picks) | Self::Keep(picks) => names.extend(picks.names().map(str::to_owned)),
            _ => {}
        }
        true
    }

    /// Whether what it does depends on labels.
    pub(super) fn reads_labels(&self) -> bool {
        matches!(
            self,
            Self::LabelFilter(_) | Self::Drop(_) | Self::Keep(_) | Self::LineFormat(_) | Self::LabelFormat(_)
        )
    }
}

fn drop_labels(picks: &Picks, labels: &mut LabelState) {
    let picked = |label: &str, value: Option<&str>| value.is_some_and(|value| picks.has(label, value));
    let kind = picked(ERROR_LABEL, labels.error());
    let details = picked(ERROR_DETAILS_LABEL, labels.get(ERROR_DETAILS_LABEL));
    labels.clear_error(kind, details);
    labels.retain(|name, value| !picks.has(name, value));
}

fn extract_groups(regex: &Regex, labels: &mut LabelState, line: &[u8]) {
    let Some(captures) = regex.captures(line, 0) else {
        return;
    };
    for (index, name) in regex.capture_names().enumerate() {
        let Some(name) = name else {
            continue;
        };
        // A group that took no part is an empty label.
        let value = captures
            .get(index)
            .map_or(Cow::Borrowed(""), |range| String::from_utf8_lossy(&line[range]));
        if name.starts_with(|first: char| first.is_ascii_digit()) {
            labels.add_parsed(&format!("_{name}"), &value);
        } else {
            labels.add_parsed(name, &value);
        }
    }
}
