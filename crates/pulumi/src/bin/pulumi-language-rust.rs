//! Pulumi's language host for Rust. Pulumi starts it itself, by this name.

use std::process::ExitCode;

fn main() -> ExitCode {
    longshore_pulumi::host::run(std::env::args().skip(1))
}
