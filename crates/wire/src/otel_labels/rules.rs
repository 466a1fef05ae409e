//! Which attribute becomes a label, which structured metadata, and which nothing: Loki's `otlp_config`.

use longshore_goregex::Regex;

use super::INDEX_ATTRIBUTES;

/// What becomes of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A label of the stream.
    Label,
    /// Structured metadata.
    Metadata,
    /// Nothing.
    Drop,
}

/// What becomes of some attributes.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// What becomes of them.
    pub action: Action,
    /// Which they are.
    pub names: Names,
}

/// Names of attributes.
#[derive(Debug, Clone, PartialEq)]
pub enum Names {
    /// These.
    Listed(Vec<String>),
    /// All that a regular expression matches as a whole.
    Matching(Regex),
}

/// What becomes of each attribute; of several rules that fit, the first holds. Without one it is metadata.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// Of attributes of resources.
    pub resource: Vec<Rule>,
    /// Of attributes of scopes; a label is not possible here.
    pub scope: Vec<Rule>,
    /// Of attributes of records.
    pub record: Vec<Rule>,
    /// The severity's text becomes a label.
    pub severity_text_as_label: bool,
}

impl Default for Rules {
    /// Loki's: [`INDEX_ATTRIBUTES`] become labels.
    fn default() -> Self {
        Self {
            resource: vec![Rule::labels(INDEX_ATTRIBUTES.map(str::to_owned).to_vec())],
            scope: Vec::new(),
            record: Vec::new(),
            severity_text_as_label: false,
        }
    }
}

impl Rule {
    /// These become labels.
    pub fn labels(names: Vec<String>) -> Self {
        Self {
            action: Action::Label,
            names: Names::Listed(names),
        }
    }

    fn fits(&self, name: &str) -> bool {
        match &self.names {
            Names::Listed(names) => names.iter().any(|listed| listed == name),
            Names::Matching(pattern) => pattern.is_match(name.as_bytes()),
        }
    }
}

/// What becomes of an attribute.
pub(super) fn action(rules: &[Rule], name: &str) -> Action {
    let rule = rules.iter().find(|rule| rule.fits(name));
    rule.map_or(Action::Metadata, |rule| rule.action)
}
