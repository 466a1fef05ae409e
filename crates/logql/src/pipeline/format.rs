//! `| line_format` and `| label_format`: lines and labels made of templates.

use std::borrow::Cow;
use std::collections::HashSet;

use super::LabelState;
use super::labels::is_error_label;
use crate::ast::{FormatValue, LabelFormat};
use crate::automata::Automata;
use crate::template::{Environment, Fields, Template};

const ERROR_KIND: &str = "TemplateFormatErr";

impl Fields for LabelState {
    fn get(&self, name: &str) -> Option<&str> {
        Self::get(self, name)
    }

    fn all(&self) -> Vec<(&str, &str)> {
        self.iter().collect()
    }

    fn size_bytes(&self) -> usize {
        self.iter().map(|(name, value)| name.len() + value.len()).sum()
    }
}

/// Runs a template over the line; on a mistake the line is marked and there is no text.
fn rendered(template: &Template, labels: &mut LabelState, line: &[u8]) -> Option<String> {
    let mut text = String::new();
    let environment = Environment {
        fields: labels,
        line,
        timestamp_ns: labels.moment().timestamp_ns,
        now_ns: labels.moment().now_ns,
        worked_bytes: labels.template_bytes(),
    };
    match template.run(&environment, &mut text) {
        Ok(()) => Some(text),
        Err(mistake) => {
            labels.set_error(ERROR_KIND, &mistake);
            None
        }
    }
}

/// `line_format` made ready.
#[derive(Debug)]
pub(super) struct LineFormatStage(Template);

impl LineFormatStage {
    pub(super) fn new(template: &str, automata: &mut Automata) -> Result<Self, String> {
        let template = Template::new("line", template, automata);
        template
            .map(Self)
            .map_err(|mistake| format!("invalid line template: {mistake}"))
    }

    pub(super) fn run(&self, labels: &mut LabelState, line: &mut Cow<'_, [u8]>) {
        if let Some(text) = rendered(&self.0, labels, line) {
            *line = Cow::Owned(text.into_bytes());
        }
    }

    pub(super) fn names_read(&self, names: &mut Vec<String>) -> bool {
        self.0.names_read(names)
    }

    pub(super) fn reads_line(&self) -> bool {
        self.0.reads_line()
    }
}

/// `label_format` made ready.
#[derive(Debug)]
pub(super) struct LabelFormatStage(Vec<(String, Source)>);

/// What a label is set to.
#[derive(Debug)]
enum Source {
    Rename(String),
    Template(Box<Template>),
}

impl LabelFormatStage {
    pub(super) fn new(formats: &[LabelFormat], automata: &mut Automata) -> Result<Self, String> {
        let mut compiled: Vec<(String, Source)> = Vec::with_capacity(formats.len());
        let mut seen = HashSet::new();
        for format in formats {
            let label = &format.label;
            if is_error_label(label) {
                return Err(format!("{label} cannot be formatted"));
            }
            if !seen.insert(label) {
                return Err(format!(
                    "multiple label name '{label}' not allowed in a single format operation"
                ));
            }
            let source = match &format.value {
                FormatValue::Rename(source) => Source::Rename(source.clone()),
                FormatValue::Template(template) => {
                    let template = Template::new("label", template, automata)
                        .map_err(|mistake| format!("invalid template for label '{label}': {mistake}"))?;
                    Source::Template(Box::new(template))
                }
            };
            compiled.push((label.clone(), source));
        }
        Ok(Self(compiled))
    }

    pub(super) fn run(&self, labels: &mut LabelState, line: &[u8]) {
        // Templates see the labels as they were before the first of them set one.
        let mut made: Vec<(&str, String)> = Vec::new();
        for (label, source) in &self.0 {
            match source {
                Source::Rename(from) => {
                    set_all(labels, &mut made);
                    labels.rename(from, label);
                }
                Source::Template(template) => {
                    if let Some(text) = rendered(template, labels, line) {
                        made.push((label, text));
                    }
                }
            }
        }
        set_all(labels, &mut made);
    }

    pub(super) fn names_read(&self, names: &mut Vec<String>) -> bool {
        let mut every = true;
        for (_, source) in &self.0 {
            match source {
                Source::Rename(from) => names.push(from.clone()),
                Source::Template(template) => every &= template.names_read(names),
            }
        }
        every
    }

    pub(super) fn reads_line(&self) -> bool {
        let mut templates = self.0.iter();
        templates.any(|(_, source)| matches!(source, Source::Template(template) if template.reads_line()))
    }
}

fn set_all(labels: &mut LabelState, made: &mut Vec<(&str, String)>) {
    for (label, text) in made.drain(..) {
        labels.set_formatted(label, &text);
    }
}
