//! The language host and programs under it: against an engine in this process, and against the real Pulumi where it is.

#[path = "pulumi/cli.rs"]
mod cli;
#[path = "pulumi/engine.rs"]
mod engine;
#[path = "pulumi/host.rs"]
mod host;

use std::path::Path;

/// The language host.
fn host_program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_pulumi-language-rust-under-test"))
}

/// A program that does what its configuration says.
fn test_program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_pulumi-program-under-test"))
}
