//! Lines that cannot pass the conditions behind a parser, told by a search before they are parsed.
//!
//! `| json | status >= 500` drops each line that gets no label `status`, whatever else is wrong with it, and a line
//! gets that label from its text only if the text has `status` in it. Parsing costs ten times such a search.
//!
//! Invariant: a guard is a necessary condition; what it lets pass goes through all stages as it would without it.

use memchr::memmem::Finder;

use super::LabelState;
use super::labels::{CLASH_SUFFIX, is_error_label};
use crate::ast::{LabelFilter, LabelFilterKind, MatchOp, Stage, StageKind};

/// Shorter pieces of a label's value stand in so many lines that a search for them only costs.
const VALUE_BYTES_MIN: usize = 3;

/// What lines must hold before a parser is run on them.
#[derive(Debug)]
pub(super) struct Guard {
    /// Number of the stage that is the parser.
    parser: usize,
    needles: Vec<Needle>,
    /// Letters and digits may hide behind `\u0061`; no other escape makes any.
    escape: Finder<'static>,
}

/// A text without which a line does not make the label of a condition.
#[derive(Debug)]
struct Needle {
    label: String,
    finder: Finder<'static>,
}

impl Guard {
    /// The guard of the first parser that has conditions behind it; `None` when there is nothing to search for.
    pub(super) fn of(stages: &[Stage]) -> Option<Self> {
        let parser = stages.iter().position(|stage| takes_every_field(&stage.kind))?;
        let mut needles = Vec::new();
        for stage in &stages[parser + 1..] {
            match &stage.kind {
                StageKind::LabelFilter(filter) => add_needles(filter, &mut needles),
                // None of these makes a label.
                StageKind::LineFilter(_)
                | StageKind::LineFormat(_)
                | StageKind::Decolorize
                | StageKind::Drop(_)
                | StageKind::Keep(_) => {}
                _ => break,
            }
        }
        (!needles.is_empty()).then(|| Self {
            parser,
            needles,
            escape: Finder::new("\\u"),
        })
    }

    /// Whether a line may pass that has come to this stage.
    pub(super) fn lets_pass(&self, stage: usize, labels: &LabelState, line: &[u8]) -> bool {
        let may_pass = |needle: &Needle| {
            needle.finder.find(line).is_some()
                // The label is there already, from the stream or an earlier stage.
                || labels.get(&needle.label).is_some()
                || self.escape.find(line).is_some()
        };
        stage != self.parser || self.needles.iter().all(may_pass)
    }
}

/// Parsers whose labels' names and values stand in the line, but for escapes.
fn takes_every_field(stage: &StageKind) -> bool {
    match stage {
        StageKind::Json(extractions) | StageKind::Logfmt { extractions, .. } => extractions.is_empty(),
        _ => false,
    }
}

/// Adds what follows from a condition that must hold.
fn add_needles(filter: &LabelFilter, needles: &mut Vec<Needle>) {
    let mut add = |label: &String, text: Option<&str>| {
        // Such a label may come of a field that is called otherwise.
        if is_error_label(label) || label.ends_with(CLASH_SUFFIX) {
            return;
        }
        if let Some(text) = text {
            needles.push(Needle {
                label: label.clone(),
                finder: Finder::new(text.as_bytes()).into_owned(),
            });
        }
    };
    match &filter.kind {
        LabelFilterKind::Text(matcher) if matcher.matches("") => {}
        LabelFilterKind::Text(matcher) => {
            let value = longest_word(&matcher.value);
            let value = value.filter(|value| matcher.op == MatchOp::Equal && value.len() >= VALUE_BYTES_MIN);
            add(&matcher.name, value.or_else(|| longest_word(&matcher.name)));
        }
        // A condition on a quantity refuses lines that have no such label.
        LabelFilterKind::Number { name, .. }
        | LabelFilterKind::Duration { name, .. }
        | LabelFilterKind::Bytes { name, .. } => add(name, longest_word(name)),
        // Lets lines pass that have failed.
        LabelFilterKind::Ip { .. } => {}
        LabelFilterKind::And(conditions) => {
            for condition in conditions {
                add_needles(condition, needles);
            }
        }
        LabelFilterKind::Or(..) => {}
    }
}

/// The longest run of letters and digits: these stand in the line as they are, while `_` in a name may be any other
/// character of a key or join the keys of nested objects.
fn longest_word(text: &str) -> Option<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.max_by_key(|word| word.len()).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests;
