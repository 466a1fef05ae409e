//! The language host, as a binary of this package: only of its own package's binaries does cargo tell a test the path.

use std::process::ExitCode;

fn main() -> ExitCode {
    longshore_pulumi::host::run(std::env::args().skip(1))
}
