//! The command line: which subcommands there are. Their arguments stand in the files of `commands`.

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Parser, Subcommand};

use crate::commands::{collector, completions, deploy, labels, query, series, store, tail, up, validate};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const EXIT_CODES: &str = "Exit codes: 0 done, 1 failed (the reason is on stderr), 2 wrong usage.\n\
    Data goes to stdout, everything else to stderr. NO_COLOR switches colours off.";

/// Container logs from files to a page: collector, store and query in one program
#[derive(Debug, Parser)]
#[command(name = "longshore", version, styles = STYLES, after_help = EXIT_CODES, max_term_width = 100)]
pub(crate) struct Cli {
    /// How much to say on stderr: error, warn, info, debug, trace, or per module as in info,longshore_store=debug
    /// [default: what the configuration says, else info]
    #[arg(
        long,
        global = true,
        help_heading = "Global",
        env = "LONGSHORE_LOG",
        hide_env_values = true,
        value_name = "LEVEL",
        value_parser = crate::logging::checked
    )]
    pub(crate) log_level: Option<String>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Collect, store and show the container logs of this machine, in one process
    Up(up::UpArgs),
    /// Tail container logs and ship them, as the OpenTelemetry Collector does
    Collector(collector::CollectorArgs),
    /// Take in logs and answer queries, as Loki does
    Store(store::StoreArgs),
    /// Run a LogQL query and print the result
    Query(query::QueryArgs),
    /// Print lines as they arrive
    Tail(tail::TailArgs),
    /// List label names, or the values of one label
    Labels(labels::LabelsArgs),
    /// List streams
    Series(series::SeriesArgs),
    /// Print what runs in a Kubernetes cluster
    Deploy(deploy::DeployArgs),
    /// Check a configuration and print what it comes to
    Validate(validate::ValidateArgs),
    /// Print the completion script of a shell
    Completions(completions::CompletionsArgs),
}

#[cfg(test)]
mod tests;
