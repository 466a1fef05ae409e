//! `longshore completions`: the completion script of a shell.

use std::io::{self, Write as _};

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::cli::Cli;

const EXAMPLES: &str = "Examples:
  longshore completions bash > ~/.local/share/bash-completion/completions/longshore
  longshore completions zsh > \"${fpath[1]}/_longshore\"
  longshore completions fish > ~/.config/fish/completions/longshore.fish";

/// Arguments of `longshore completions`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CompletionsArgs {
    /// Which shell
    shell: Shell,
}

/// Prints the script.
pub(crate) fn run(arguments: &CompletionsArgs) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "longshore", &mut script);
    io::stdout().write_all(&script)?;
    Ok(())
}
