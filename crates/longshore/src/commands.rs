//! The subcommands, one file each.

pub(crate) mod collector;
pub(crate) mod completions;
pub(crate) mod deploy;
pub(crate) mod labels;
pub(crate) mod query;
pub(crate) mod series;
pub(crate) mod store;
pub(crate) mod tail;
pub(crate) mod up;
pub(crate) mod validate;

use anyhow::Context as _;

use crate::cli::Command;
use crate::logging::Logging;

/// Runs one of them to its end.
///
/// Those with a configuration start logging by it, the others at once.
pub(crate) fn run(command: Command, logging: Logging) -> anyhow::Result<()> {
    if !matches!(command, Command::Collector(_) | Command::Store(_)) {
        logging.clone().start();
    }
    match command {
        Command::Collector(arguments) => collector::run(&arguments, logging),
        Command::Store(arguments) => store::run(&arguments, logging),
        Command::Up(arguments) => up::run(&arguments),
        Command::Query(arguments) => on_one_thread(query::run(arguments)),
        Command::Tail(arguments) => on_one_thread(tail::run(arguments)),
        Command::Labels(arguments) => on_one_thread(labels::run(arguments)),
        Command::Series(arguments) => on_one_thread(series::run(arguments)),
        Command::Deploy(arguments) => deploy::run(&arguments),
        Command::Validate(arguments) => validate::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
    }
}

/// Clients wait for one server: threads would only cost memory.
fn on_one_thread(command: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?
        .block_on(command)
}
