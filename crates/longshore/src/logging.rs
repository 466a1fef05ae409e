//! The program's own logs: `key=value` lines on stderr.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

/// Starts them; `level` is `error`, `warn`, `info`, `debug`, `trace`, or directives as `info,longshore_store=debug`.
///
/// A second call in one process does nothing, so tests may call the program more than once.
pub(crate) fn start(level: &str) {
    // The Kubernetes client repeats at every attempt what the collector tells once, with the fix.
    let filter = EnvFilter::builder().parse_lossy(format!("kube_runtime=error,kube_client=error,{level}"));
    let started = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
        .with_target(false)
        .try_init();
    if started.is_err() {
        tracing::debug!("logging was started before");
    }
}
