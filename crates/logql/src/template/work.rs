//! What the templates of a line may work with, so that none takes the process.
//!
//! Invariant: nothing that may be much longer than what it is made of is made before it is known to fit.

use std::fmt::{Error, Result as Written};

use super::Environment;
use super::value::{Text, Value};
use crate::bounded_text::BoundedText;
use crate::limits::TEMPLATE_WORK_BYTES_MAX;

/// What is told of a template that passes a bound.
pub(super) const TOO_MUCH: &str = "the template does too much";

impl Environment<'_> {
    /// What is left to work with.
    pub(super) fn bytes_left(&self) -> usize {
        TEMPLATE_WORK_BYTES_MAX.saturating_sub(self.worked_bytes.get())
    }

    /// Counts what was worked with.
    pub(super) fn charge(&self, bytes: usize) -> Result<(), String> {
        let worked = self.worked_bytes.get().saturating_add(bytes);
        self.worked_bytes.set(worked);
        if worked > TEMPLATE_WORK_BYTES_MAX {
            return Err(TOO_MUCH.to_owned());
        }
        Ok(())
    }

    /// The text that is written, if there may be so much of it.
    fn written(&self, write: impl FnOnce(&mut BoundedText) -> Written) -> Result<String, Error> {
        let mut text = BoundedText::new(self.bytes_left());
        write(&mut text)?;
        Ok(text.into_string())
    }

    /// As a value.
    pub(super) fn made<'v>(&self, write: impl FnOnce(&mut BoundedText) -> Written) -> Result<Value<'v>, String> {
        self.written(write).map(Value::text).map_err(|_| TOO_MUCH.to_owned())
    }

    /// A value as a text, as Go's `%v`.
    pub(super) fn text_of<'v>(&self, value: &Value<'v>) -> Result<Text<'v>, Error> {
        match value {
            Value::Text(text) => Ok(text.clone()),
            value => self.written(|out| value.print(self, out)).map(Text::from),
        }
    }
}
