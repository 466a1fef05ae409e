//! The program's own logs: lines on stderr, `key=value` or JSON.

use std::io::IsTerminal as _;
use std::sync::{Mutex, OnceLock, PoisonError};

use longshore_config::otel::{LogEncoding, LogLevel};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::reload::{self, Handle};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, Registry, fmt};

/// How the running process changes how much it logs.
struct Control {
    level: Mutex<String>,
    handle: Handle<EnvFilter, Registry>,
}

static CONTROL: OnceLock<Control> = OnceLock::new();

/// How much to log, as far as the command line says it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Logging {
    /// `error`, `warn`, `info`, `debug`, `trace`, or directives as `info,longshore_store=debug`.
    pub(crate) level: Option<String>,
}

impl Logging {
    /// Starts it where nothing else says how.
    pub(crate) fn start(self) {
        self.start_as(LogLevel::Info, LogEncoding::Console);
    }

    /// Starts it as a configuration says; a level of the command line goes first.
    ///
    /// A second call in one process does nothing, so tests may call the program more than once.
    pub(crate) fn start_as(self, level: LogLevel, encoding: LogEncoding) {
        let level = self.level.unwrap_or_else(|| name(level).to_owned());
        let (filter, handle) = reload::Layer::new(filter(&level));
        let lines = fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
            .with_target(false);
        let lines = match encoding {
            LogEncoding::Console => lines.boxed(),
            LogEncoding::Json => lines.json().flatten_event(true).boxed(),
        };
        if tracing_subscriber::registry()
            .with(filter)
            .with(lines)
            .try_init()
            .is_err()
        {
            tracing::debug!("logging was started before");
            return;
        }
        let control = Control {
            level: Mutex::new(level),
            handle,
        };
        // Logging starts once, so nobody was here before.
        drop(CONTROL.set(control));
    }
}

fn name(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Warn => "warn",
        LogLevel::Error => "error",
    }
}

fn filter(level: &str) -> EnvFilter {
    // The Kubernetes client repeats at every attempt what the collector tells once, with the fix.
    EnvFilter::builder().parse_lossy(format!("kube_runtime=error,kube_client=error,{level}"))
}

/// A level as it is given, also with parts of the program, as in `info,longshore_store=debug`. A word that is no level
/// would be taken for a part, and nothing else would be logged.
///
/// # Errors
/// A word that is no level.
pub(crate) fn checked(given: &str) -> Result<String, String> {
    let is_level = |part: &str| part.trim().parse::<LevelFilter>().is_ok();
    let level_of = |part: &str| part.rsplit_once('=').map_or(part, |(_, level)| level).to_owned();
    match given.split(',').map(level_of).find(|level| !is_level(level)) {
        Some(level) => Err(format!(
            "'{level}' is no level; write error, warn, info, debug, trace or off"
        )),
        None => Ok(given.to_owned()),
    }
}

/// How much is logged now.
pub(crate) fn level() -> String {
    CONTROL.get().map_or_else(String::new, |control| {
        control.level.lock().unwrap_or_else(PoisonError::into_inner).clone()
    })
}

/// Changes how much is logged.
///
/// # Errors
/// Logging was never started.
pub(crate) fn set_level(level: &str) -> Result<(), String> {
    let control = CONTROL.get().ok_or("logging was not started")?;
    let mut current = control.level.lock().unwrap_or_else(PoisonError::into_inner);
    control
        .handle
        .reload(filter(level))
        .map_err(|error| error.to_string())?;
    tracing::info!(from = %current, to = %level, "the level of logging was changed");
    level.clone_into(&mut current);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_no_level_is_refused() {
        for good in ["info", "WARN", "off", "info,longshore_store=debug", "error,a::b=trace"] {
            assert_eq!(checked(good), Ok(good.to_owned()));
        }
        for (bad, word) in [
            ("inof", "inof"),
            ("info,debgu", "debgu"),
            ("info,longshore_store=debgu", "debgu"),
        ] {
            let error = checked(bad).unwrap_err();
            assert!(error.starts_with(&format!("'{word}' is no level")), "{error}");
        }
    }
}
