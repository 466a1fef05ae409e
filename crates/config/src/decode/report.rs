//! What is found wrong or remarkable while a file is read.

use std::cell::RefCell;

use crate::{ConfigErrors, Finding, Loaded};

/// Collects findings of one file.
#[derive(Debug)]
pub(crate) struct Report {
    file: String,
    errors: RefCell<Vec<Finding>>,
    warnings: RefCell<Vec<Finding>>,
    without_effect: RefCell<Vec<(usize, String)>>,
}

impl Report {
    pub(crate) fn new(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            errors: RefCell::default(),
            warnings: RefCell::default(),
            without_effect: RefCell::default(),
        }
    }

    pub(crate) fn error(&self, line: usize, key: &str, message: impl Into<String>, fix: impl Into<String>) {
        self.errors
            .borrow_mut()
            .push(self.finding(line, key, message.into(), fix.into()));
    }

    pub(crate) fn warn(&self, line: usize, key: &str, message: impl Into<String>, fix: impl Into<String>) {
        self.warnings
            .borrow_mut()
            .push(self.finding(line, key, message.into(), fix.into()));
    }

    /// A key that upstream knows and that means nothing here. All of them make one warning.
    pub(crate) fn without_effect(&self, line: usize, key: &str) {
        self.without_effect.borrow_mut().push((line, key.to_owned()));
    }

    fn finding(&self, line: usize, key: &str, message: String, fix: String) -> Finding {
        Finding {
            file: self.file.clone(),
            line,
            key: key.to_owned(),
            message,
            fix,
        }
    }

    /// The settings when there is no error.
    pub(crate) fn finish<T>(self, settings: T, effective_yaml: String) -> Result<Loaded<T>, ConfigErrors> {
        let (errors, warnings) = self.into_findings();
        if errors.is_empty() {
            Ok(Loaded {
                settings,
                warnings,
                effective_yaml,
            })
        } else {
            Err(ConfigErrors { errors, warnings })
        }
    }

    /// Everything found, for a file of which nothing could be read.
    pub(crate) fn fail(self) -> ConfigErrors {
        let (errors, warnings) = self.into_findings();
        ConfigErrors { errors, warnings }
    }

    fn warn_of_all(&self, places: &RefCell<Vec<(usize, String)>>, what: &str, fix: &str) {
        let mut places = places.take();
        places.sort();
        if let Some((line, _)) = places.first() {
            let keys: Vec<&str> = places.iter().map(|(_, key)| key.as_str()).collect();
            self.warn(*line, "", format!("{what}: {}", keys.join(", ")), fix);
        }
    }

    fn into_findings(self) -> (Vec<Finding>, Vec<Finding>) {
        let fix = "nothing to do; they may stay for upstream's sake";
        self.warn_of_all(&self.without_effect, "without effect here", fix);
        let sorted = |findings: RefCell<Vec<Finding>>| {
            let mut findings = findings.into_inner();
            findings.sort_by_key(|finding| finding.line);
            findings.dedup();
            findings
        };
        (sorted(self.errors), sorted(self.warnings))
    }
}
