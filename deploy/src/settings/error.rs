//! What is wrong with settings: each time the key, the value and what to write instead.

use std::fmt;

/// One setting that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {problem}; {fix}")]
pub struct SettingError {
    /// The key as it was given.
    pub key: String,
    /// What is wrong, with the value.
    pub problem: String,
    /// What to write instead.
    pub fix: String,
}

/// All of them: one round of mending is enough.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct SettingsErrors {
    /// At least one, in the order they were found.
    pub errors: Vec<SettingError>,
}

impl fmt::Display for SettingsErrors {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.errors.iter().enumerate() {
            if index > 0 {
                out.write_str("\n")?;
            }
            write!(out, "{error}")?;
        }
        Ok(())
    }
}
