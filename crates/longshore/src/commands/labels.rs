//! `longshore labels`: names of labels, or the values of one.

use clap::Args;

use crate::client::ConnectionArgs;
use crate::clock;
use crate::output::print_lines;
use crate::time_range::RangeArgs;

const EXAMPLES: &str = "Examples:
  longshore labels                         all label names
  longshore labels service_name            the services that logged in the last hour
  longshore labels k8s_pod_name --since 7d";

/// Arguments of `longshore labels`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct LabelsArgs {
    /// Label whose values to list; without it the names are listed
    name: Option<String>,
    #[command(flatten)]
    range: RangeArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Prints them, one a line.
pub(crate) async fn run(arguments: LabelsArgs) -> anyhow::Result<()> {
    let range = arguments.range.resolve(clock::now())?;
    let labels = arguments
        .connection
        .client()?
        .labels(arguments.name.as_deref(), range)
        .await?;
    Ok(print_lines(labels)?)
}
