//! One remark about a configuration: where, what is wrong, what to write instead.

use std::error::Error;
use std::fmt;

/// An error or a warning about one place of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file as the caller named it.
    pub file: String,
    /// Line, from 1; 0 when the remark is about something that is not written there.
    pub line: usize,
    /// Key path from the top, as in `receivers.file_log.include[0]`; empty for the file as a whole.
    pub key: String,
    /// What is wrong, lower case, without a full stop.
    pub message: String,
    /// What to write instead; may have several lines; empty when the message says it all.
    pub fix: String,
}

/// `config.yaml:3: receivers.file_log: message`, and the fix on lines of its own.
impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.file)?;
        if self.line > 0 {
            write!(formatter, ":{}", self.line)?;
        }
        if !self.key.is_empty() {
            write!(formatter, ": {}", self.key)?;
        }
        write!(formatter, ": {}", self.message)?;
        for (index, line) in self.fix.lines().enumerate() {
            let lead = if index == 0 { "fix: " } else { "     " };
            write!(formatter, "\n  {lead}{line}")?;
        }
        Ok(())
    }
}

/// Everything that is wrong with a configuration; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors {
    /// The errors in the order of the file.
    pub errors: Vec<Finding>,
    /// The warnings found besides.
    pub warnings: Vec<Finding>,
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.errors.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(formatter, "{separator}{error}")?;
        }
        Ok(())
    }
}

impl Error for ConfigErrors {}
