//! How results look: logcli's three modes, with colours on a terminal.

mod entries;
mod samples;
mod time;

pub(crate) use entries::EntryPrinter;
pub(crate) use samples::print_series;
pub(crate) use time::Timezone;

use std::io::{self, Write};

use clap::{Args, ValueEnum};

/// What is printed of each line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// Time, labels and line
    Default,
    /// The line alone
    Raw,
    /// One JSON object a line
    Jsonl,
}

/// How to print entries.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// What to print of each result
    #[arg(short, long, value_enum, value_name = "MODE", default_value = "default")]
    pub(crate) output: Mode,
    /// Timezone of printed times
    #[arg(
        short = 'z',
        long,
        value_enum,
        value_name = "ZONE",
        default_value = "local",
        ignore_case = true
    )]
    pub(crate) timezone: Timezone,
    /// Say nothing on stderr but errors
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Print no labels
    #[arg(long)]
    pub(crate) no_labels: bool,
    /// Leave this label out; may be repeated
    #[arg(long, value_name = "LABEL")]
    pub(crate) exclude_label: Vec<String>,
    /// Print only this label; may be repeated
    #[arg(long, value_name = "LABEL")]
    pub(crate) include_label: Vec<String>,
    /// Print labels that all lines share with each line, instead of once
    #[arg(long)]
    pub(crate) include_common_labels: bool,
}

/// Standard output: colours kept on a terminal, taken away in a pipe or with NO_COLOR; buffered.
pub(crate) fn stdout() -> impl Write {
    io::BufWriter::new(anstream::stdout().lock())
}

/// Prints one text a line.
pub(crate) fn print_lines<T: std::fmt::Display>(lines: impl IntoIterator<Item = T>) -> io::Result<()> {
    let mut out = stdout();
    for line in lines {
        writeln!(out, "{line}")?;
    }
    out.flush()
}

#[cfg(test)]
mod tests;
