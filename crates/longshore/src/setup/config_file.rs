//! Reads a configuration file and tells its warnings.

use std::fs;
use std::path::Path;

use anstyle::{AnsiColor, Style};
use longshore_config::{ConfigErrors, Env, Finding, Loaded};

use crate::failure::Hinted;

/// Reads and checks the whole file; warnings go to stderr, errors become one failure that lists them all.
pub(crate) fn load<T>(
    path: &Path,
    parse: impl FnOnce(&str, &str, &Env<'_>) -> Result<Loaded<T>, ConfigErrors>,
) -> anyhow::Result<Loaded<T>> {
    let name = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|error| {
        Hinted::error(
            format!("cannot read the configuration {name}: {error}"),
            "name the file with --config",
        )
    })?;
    let loaded = parse(&text, &name, &|variable| std::env::var(variable).ok()).map_err(|errors| {
        tell(&errors.warnings);
        let count = errors.errors.len();
        let mistakes = if count == 1 {
            "1 mistake"
        } else {
            &format!("{count} mistakes")
        };
        anyhow::anyhow!("the configuration has {mistakes}, nothing was started\n{errors}")
    })?;
    tell(&loaded.warnings);
    Ok(loaded)
}

/// Prints warnings about a configuration.
pub(super) fn tell(warnings: &[Finding]) {
    let yellow: Style = AnsiColor::Yellow.on_default().bold();
    for warning in warnings {
        anstream::eprintln!("{yellow}warning:{yellow:#} {warning}");
    }
}
