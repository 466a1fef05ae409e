//! The longshore program: one file a subcommand, and the demo's log writer.
//!
//! Invariants:
//! * Data goes to stdout, everything else to stderr.
//! * An error is one sentence, with a hint where we know what to do; never a stack trace.
//! * Exit codes: 0 done, 1 failed, 2 wrong usage.

mod allocator;
mod cli;
mod client;
mod clock;
mod commands;
mod demo;
mod failure;
mod limits;
mod logging;
mod memory_limit;
mod open_files;
mod output;
mod setup;
mod shutdown;
mod time_range;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

/// Runs the program with these arguments, the first of which is the program's name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match cli::Cli::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // A broken pipe while printing the help is nothing to talk about.
            drop(error.print());
            return ExitCode::from(if error.use_stderr() { failure::USAGE } else { 0 });
        }
    };
    failure::install_panic_message();
    allocator::give_back_soon();
    let logging = logging::Logging {
        level: arguments.log_level,
    };
    match commands::run(arguments.command, logging) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if failure::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprint!("{}", failure::render(&error));
            ExitCode::FAILURE
        }
    }
}

/// Chooses the cryptography of TLS for the whole process; every HTTP client needs it before it is made. A second call
/// is refused by the library, which is harmless.
fn choose_cryptography() {
    drop(rustls::crypto::ring::default_provider().install_default());
}
