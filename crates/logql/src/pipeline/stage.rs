//! The stages, made ready.

use std::borrow::Cow;

use longshore_goregex::Regex;

use super::json::JsonStage;
use super::label_filter::CompiledLabelFilter;
use super::labels::{ERROR_DETAILS_LABEL, ERROR_LABEL};
use super::line_filter::CompiledLineFilter;
use super::logfmt::LogfmtStage;
use super::{CompileError, LabelState};
use crate::ast::{LabelPick, Stage, StageKind};

/// A stage made ready.
#[derive(Debug)]
pub(super) enum CompiledStage {
    LineFilter(CompiledLineFilter),
    LabelFilter(CompiledLabelFilter),
    Json(JsonStage),
    Logfmt(LogfmtStage),
    Regexp(Regex),
    Drop(Vec<LabelPick>),
    Keep(Vec<LabelPick>),
}

impl CompiledStage {
    pub(super) fn new(stage: &Stage) -> Result<Self, CompileError> {
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
            StageKind::Drop(picks) => Self::Drop(picks.clone()),
            StageKind::Keep(picks) => Self::Keep(picks.clone()),
            StageKind::Pattern(_)
            | StageKind::Unpack
            | StageKind::LineFormat(_)
            | StageKind::LabelFormat(_)
            | StageKind::Decolorize => return Err(CompileError::StageNotSupported(stage.to_string())),
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
            Self::Drop(picks) => drop_labels(picks, labels),
            Self::Keep(picks) => labels.retain(|name, value| picks.iter().any(|pick| picks_label(pick, name, value))),
        }
        true
    }

    /// Whether it only adds labels.
    pub(super) fn is_parser(&self) -> bool {
        matches!(self, Self::Json(_) | Self::Logfmt(_) | Self::Regexp(_))
    }

    /// Whether it reads the text.
    pub(super) fn reads_line(&self) -> bool {
        self.is_parser() || matches!(self, Self::LineFilter(_))
    }

    /// Adds the names of labels it looks at; false when it looks at all.
    pub(super) fn names_read(&self, names: &mut Vec<String>) -> bool {
        match self {
            Self::LabelFilter(filter) => filter.names_read(names),
            Self::Drop(_) | Self::Keep(_) => return false,
            _ => {}
        }
        true
    }

    /// Whether what it does depends on labels.
    pub(super) fn reads_labels(&self) -> bool {
        matches!(self, Self::LabelFilter(_) | Self::Drop(_) | Self::Keep(_))
    }
}

fn picks_label(pick: &LabelPick, name: &str, value: &str) -> bool {
    match pick {
        LabelPick::Name(picked) => picked == name,
        LabelPick::Matcher(matcher) => matcher.name == name && matcher.matches(value),
    }
}

fn drop_labels(picks: &[LabelPick], labels: &mut LabelState) {
    let picked = |label: &str, value: Option<&str>| {
        value.is_some_and(|value| picks.iter().any(|pick| picks_label(pick, label, value)))
    };
    let kind = picked(ERROR_LABEL, labels.error());
    let details = picked(ERROR_DETAILS_LABEL, labels.get(ERROR_DETAILS_LABEL));
    labels.clear_error(kind, details);
    labels.retain(|name, value| !picks.iter().any(|pick| picks_label(pick, name, value)));
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
