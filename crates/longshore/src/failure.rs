//! How errors reach the user: one sentence, and a hint where we know what to do.

use std::fmt;
use std::io;

use anstyle::{AnsiColor, Style};

/// Exit code for arguments that make no sense; clap's own.
pub(crate) const USAGE: u8 = 2;

/// An error together with what the user can do about it.
#[derive(Debug)]
pub(crate) struct Hinted {
    message: String,
    hint: String,
    cause: Option<anyhow::Error>,
}

impl Hinted {
    /// A failure with a hint: both whole sentences without a full stop.
    pub(crate) fn error(message: impl Into<String>, hint: impl Into<String>) -> anyhow::Error {
        anyhow::Error::new(Self {
            message: message.into(),
            hint: hint.into(),
            cause: None,
        })
    }

    /// The same with what led to it.
    pub(crate) fn caused_by(
        cause: impl Into<anyhow::Error>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> anyhow::Error {
        anyhow::Error::new(Self {
            message: message.into(),
            hint: hint.into(),
            cause: Some(cause.into()),
        })
    }
}

impl fmt::Display for Hinted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Hinted {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

/// The text for stderr: `error: outer: inner`, then `hint: ...`.
pub(crate) fn render(error: &anyhow::Error) -> String {
    let red: Style = AnsiColor::Red.on_default().bold();
    let cyan: Style = AnsiColor::Cyan.on_default().bold();
    let mut text = format!("{red}error:{red:#} {error:#}\n");
    if let Some(hinted) = error.chain().find_map(|cause| cause.downcast_ref::<Hinted>()) {
        text.push_str(&format!("{cyan}hint:{cyan:#} {}\n", hinted.hint));
    }
    text
}

/// Whether the reader of our output went away, as `head` does; that is no error.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}

/// A panic is our mistake: it is reported in one line with its place, without a stack trace.
pub(crate) fn install_panic_message() {
    std::panic::set_hook(Box::new(|panic| {
        let message = panic.payload_as_str().unwrap_or("no message");
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        anstream::eprintln!(
            "error: longshore made a mistake at {place}: {message}\nhint: please report this line; nothing that was acknowledged is lost"
        );
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(error: &anyhow::Error) -> String {
        anstream::adapter::strip_str(&render(error)).to_string()
    }

    #[test]
    fn prints_the_chain_and_the_hint() {
        let error = Hinted::error("port 3100 is taken", "take another with --listen").context("the page cannot start");
        assert_eq!(
            plain(&error),
            "error: the page cannot start: port 3100 is taken\nhint: take another with --listen\n"
        );
        assert_eq!(plain(&anyhow::anyhow!("a").context("b")), "error: b: a\n");
    }

    #[test]
    fn finds_a_broken_pipe_in_the_chain() {
        let error = anyhow::Error::new(io::Error::from(io::ErrorKind::BrokenPipe)).context("writing");
        assert!(is_broken_pipe(&error));
        assert!(!is_broken_pipe(&anyhow::anyhow!("no")));
    }
}
