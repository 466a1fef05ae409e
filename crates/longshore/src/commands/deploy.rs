//! `longshore deploy render`: everything that runs in a cluster, as YAML.
//!
//! Invariant: no network, and nothing but settings and `ENABLE_LOGGING` is looked at, so the same command prints the same text.

use std::io::{self, Write as _};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use longshore_deploy::{Settings, render};

const EXAMPLES: &str = "Examples:
  longshore deploy render | kubectl apply -f -
  longshore deploy render --environment production --set store.size=100Gi --set store.storageClass=fast
  longshore deploy render --engine upstream | kubectl diff -f -
  longshore deploy render --set collector.engine=native --set store.engine=upstream
  longshore deploy render --set image=registry.example.com/longshore:0.1.0 --set imagePullSecrets=registry
  longshore deploy render --set store.engine=external --set store.endpoint=https://logs.example.com/otlp \\
      --set store.secret=logs-token
  longshore deploy render | kubectl delete -f -        # the log volume stays
  longshore deploy settings                            # every key of --set

The namespace must be there. Nothing is asked of any network: the same settings give the same text.";

/// Arguments of `longshore deploy`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DeployArgs {
    #[command(subcommand)]
    command: DeployCommand,
}

#[derive(Debug, Subcommand)]
enum DeployCommand {
    /// Print every object as YAML, for kubectl apply -f -
    Render(RenderArgs),
    /// List the keys of --set, which are those of Pulumi's stack configuration too
    Settings,
}

/// Arguments of `longshore deploy render`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RenderArgs {
    /// staging or production; part of names and labels
    #[arg(long, value_name = "NAME", default_value = "staging")]
    environment: String,
    /// The namespace that everything goes to; it must be there
    #[arg(long, short, value_name = "NAME", default_value = "monitoring")]
    namespace: String,
    /// Whose programs run: native (Longshore) or upstream (OpenTelemetry Collector and Loki)
    #[arg(long, value_name = "ENGINE", default_value = "native")]
    engine: String,
    /// One setting, as in store.size=50Gi; may be given many times
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// With false, nothing but a comment is printed; wins over --set enableLogging
    #[arg(long, env = "ENABLE_LOGGING", value_name = "BOOL")]
    enable_logging: Option<String>,
}

/// Prints, or fails with every wrong setting.
pub(crate) fn run(arguments: &DeployArgs) -> anyhow::Result<()> {
    let text = match &arguments.command {
        DeployCommand::Render(arguments) => render(&settings(arguments)?),
        DeployCommand::Settings => settings_text(),
    };
    match io::stdout().write_all(text.as_bytes()) {
        // `... | head` has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.context("cannot write to stdout"),
    }
}

fn settings(arguments: &RenderArgs) -> anyhow::Result<Settings> {
    let mut pairs = Vec::new();
    for pair in &arguments.set {
        let (key, value) = pair
            .split_once('=')
            .with_context(|| format!("--set '{pair}' has no value; write --set {pair}=VALUE"))?;
        pairs.push((key, value));
    }
    let flags = [
        ("environment", arguments.environment.as_str()),
        ("namespace", arguments.namespace.as_str()),
        ("engine", arguments.engine.as_str()),
    ];
    for (key, value) in flags {
        // Each flag has a default, so --set wins; that both are given and differ is for the reader to see.
        if !pairs.iter().any(|(other, _)| *other == key) {
            pairs.push((key, value));
        }
    }
    if let Some(enabled) = arguments.enable_logging.as_deref().filter(|value| !value.is_empty()) {
        pairs.retain(|(key, _)| *key != "enableLogging");
        pairs.push(("enableLogging", enabled));
    }
    Ok(Settings::from_pairs(pairs)?)
}

fn settings_text() -> String {
    let width = Settings::keys().map(|(name, _)| name.len()).max().unwrap_or_default();
    Settings::keys()
        .map(|(name, about)| format!("{name:width$}  {about}\n"))
        .collect()
}

#[cfg(test)]
mod tests;
