//! A text that grows up to a bound.

use std::fmt::{Error, Result, Write};

/// Takes text up to so many bytes, and refuses more.
pub(crate) struct BoundedText {
    text: String,
    bytes_max: usize,
}

impl BoundedText {
    /// An empty text that may grow so far.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self {
            text: String::new(),
            bytes_max,
        }
    }

    /// What was written.
    pub(crate) fn into_string(self) -> String {
        self.text
    }
}

impl Write for BoundedText {
    fn write_str(&mut self, text: &str) -> Result {
        if self.text.len() + text.len() > self.bytes_max {
            return Err(Error);
        }
        self.text.push_str(text);
        Ok(())
    }
}
