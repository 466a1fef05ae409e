//! The program's own logs: `key=value` lines on stderr.

use std::io::IsTerminal as _;
use std::sync::{Mutex, OnceLock, PoisonError};

use tracing_subscriber::EnvFilter;

/// How the running process changes how much it logs.
struct Control {
    level: Mutex<String>,
    reload: Box<dyn Fn(EnvFilter) -> Result<(), tracing_subscriber::reload::Error> + Send + Sync>,
}

static CONTROL: OnceLock<Control> = OnceLock::new();

/// Starts them; `level` is `error`, `warn`, `info`, `debug`, `trace`, or directives as `info,longshore_store=debug`.
///
/// A second call in one process does nothing, so tests may call the program more than once.
pub(crate) fn start(level: &str) {
    let builder = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
        .with_target(false)
        .with_env_filter(filter(level))
        .with_filter_reloading();
    let handle = builder.reload_handle();
    if builder.try_init().is_err() {
        tracing::debug!("logging was started before");
        return;
    }
    let control = Control {
        level: Mutex::new(level.to_owned()),
        reload: Box::new(move |filter| handle.reload(filter)),
    };
    // Logging starts once, so nobody was here before.
    drop(CONTROL.set(control));
}

fn filter(level: &str) -> EnvFilter {
    // The Kubernetes client repeats at every attempt what the collector tells once, with the fix.
    EnvFilter::builder().parse_lossy(format!("kube_runtime=error,kube_client=error,{level}"))
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
    (control.reload)(filter(level)).map_err(|error| error.to_string())?;
    tracing::info!(from = %current, to = %level, "the level of logging was changed");
    level.clone_into(&mut current);
    Ok(())
}
