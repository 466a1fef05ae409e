//! The longshore program.
//! Entry point: everything is in the library so that tests can call it.

use std::process::ExitCode;

/// Gives freed pages back to the system sooner than the C library does; the collector's memory budget needs it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    longshore::run(std::env::args_os())
}
