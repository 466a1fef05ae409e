//! `longshore validate`: checks a configuration as a start would, and prints what it comes to.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use longshore_config::loki::{self, StoreSettings};
use longshore_config::otel::{self, CollectorSettings};
use longshore_config::{ConfigErrors, Dialect, Env, Finding, Loaded};
use longshore_server::ServerSettings;

use crate::setup::{ConfiguredRules, Overrides, collector, load};

const EXAMPLES: &str = "Examples:
  longshore validate --config deploy/configs/otel-collector-config.yaml
  longshore validate --config deploy/configs/loki-config.yaml > effective.yaml
  longshore validate --kind store --config empty.yaml

The effective configuration goes to stdout: defaults filled in, names as upstream has them now,
secrets hidden. Each departure from upstream is a warning on stderr, with what to write instead.
A configuration with mistakes is exit code 1, with all of them listed; files that it names count, so
they must be there. Nothing is changed.";

/// Arguments of `longshore validate`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ValidateArgs {
    /// Configuration, in the OpenTelemetry Collector's form or in Loki's
    #[arg(long, short, visible_alias = "config.file", value_name = "FILE")]
    config: PathBuf,
    /// Whose configuration it is; seen from its sections when not given
    #[arg(long, value_enum, value_name = "KIND")]
    kind: Option<Kind>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// Of `longshore collector`
    Collector,
    /// Of `longshore store`
    Store,
}

/// What was read, to be built.
enum Checked {
    Collector(Box<CollectorSettings>),
    Store(Box<StoreSettings>),
}

/// Prints the effective configuration, or fails with every mistake.
pub(crate) fn run(arguments: &ValidateArgs) -> anyhow::Result<()> {
    let loaded = load(&arguments.config, |text, name, env| {
        read(arguments.kind, text, name, env)
    })?;
    // Expressions, patterns and selectors are compiled where they act; building opens nothing but files that it names.
    match &loaded.settings {
        Checked::Collector(settings) => drop(collector(settings, PathBuf::new())?),
        Checked::Store(settings) => check_store(settings)?,
    }
    io::stdout().write_all(loaded.effective_yaml.as_bytes())?;
    Ok(())
}

/// Reads overrides, certificates and keys, with the mistakes that a start would find in them.
fn check_store(settings: &StoreSettings) -> anyhow::Result<()> {
    let rules = Arc::new(ConfiguredRules::new(settings)?);
    Overrides::new(settings, rules).read()?;
    ServerSettings::from(settings).check_tls()?;
    Ok(())
}

fn read(kind: Option<Kind>, text: &str, name: &str, env: &Env<'_>) -> Result<Loaded<Checked>, ConfigErrors> {
    let dialect = match kind {
        Some(Kind::Collector) => Some(Dialect::Collector),
        Some(Kind::Store) => Some(Dialect::Store),
        None => Dialect::of(text),
    };
    match dialect {
        Some(Dialect::Collector) => {
            otel::load(text, name, env).map(|loaded| wrap(loaded, |settings| Checked::Collector(Box::new(settings))))
        }
        Some(Dialect::Store) => {
            loki::load(text, name, env).map(|loaded| wrap(loaded, |settings| Checked::Store(Box::new(settings))))
        }
        None => Err(ConfigErrors {
            errors: vec![Finding {
                file: name.to_owned(),
                line: 0,
                key: String::new(),
                message: "there is nothing in the file that tells whose it is".to_owned(),
                fix: "say so: --kind collector or --kind store".to_owned(),
            }],
            warnings: Vec::new(),
        }),
    }
}

fn wrap<T>(loaded: Loaded<T>, into: impl FnOnce(T) -> Checked) -> Loaded<Checked> {
    Loaded {
        settings: into(loaded.settings),
        warnings: loaded.warnings,
        effective_yaml: loaded.effective_yaml,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: Option<Kind>, text: &str) -> Result<Loaded<Checked>, ConfigErrors> {
        read(kind, text, "file.yaml", &|_| None)
    }

    #[test]
    fn the_kind_is_seen_or_said() {
        let collector = "receivers: {file_log: {include: [/a]}}\nexporters: {debug: }\n";
        assert!(matches!(
            check(None, collector).expect("good").settings,
            Checked::Collector(_)
        ));
        assert!(matches!(
            check(None, "auth_enabled: false\n").expect("good").settings,
            Checked::Store(_)
        ));
        assert!(matches!(
            check(Some(Kind::Store), "").expect("good").settings,
            Checked::Store(_)
        ));
        assert!(check(Some(Kind::Store), collector).is_err());
        let errors = check(None, "# nothing\n").err().expect("nothing tells");
        assert!(errors.to_string().contains("--kind"), "{errors}");
    }

    #[test]
    fn files_that_a_store_needs_must_be_there_and_good() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("overrides.yaml");
        let tls = "server: {http_tls_config: {cert_file: /nowhere/a.pem, key_file: /nowhere/a.key}}\n";
        let overrides = format!("runtime_config: {{file: {}}}\n", file.display());
        let store = |more: &str| match check(None, &format!("auth_enabled: true\n{more}"))
            .expect("good")
            .settings
        {
            Checked::Store(settings) => check_store(&settings).map_err(|error| error.to_string()),
            Checked::Collector(_) => unreachable!("it is a store's"),
        };
        let fails_with = |more: &str, expected: &str| {
            let error = store(more).expect_err(more);
            assert!(error.contains(expected), "{error}");
        };
        assert_eq!(store(""), Ok(()));
        fails_with(tls, "cannot read certificates from /nowhere/a.pem");
        fails_with(&overrides, "overrides.yaml: cannot be read");
        std::fs::write(&file, "overrides: {a: {retention_period: 7x}}\n").expect("a file");
        fails_with(&overrides, "overrides.yaml:1: overrides.a.retention_period");
        std::fs::write(&file, "overrides: {a: {retention_period: 7d}}\n").expect("a file");
        assert_eq!(store(&overrides), Ok(()));
    }
}
