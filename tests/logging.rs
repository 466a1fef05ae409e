//! End to end: real programs, real files, every line counted; and the rules the repository holds itself to.
//!
//! One binary, so that it links once. Whoever adds a test adds a file below `logging/` or `architecture/`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod architecture;

#[path = "logging/clients.rs"]
mod clients;
#[path = "logging/compose.rs"]
mod compose;
#[path = "logging/control.rs"]
mod control;
#[path = "logging/deletion.rs"]
mod deletion;
#[path = "logging/demo.rs"]
mod demo;
#[path = "logging/deploy.rs"]
mod deploy;
#[path = "logging/exactly_once.rs"]
mod exactly_once;
#[path = "logging/grafana.rs"]
mod grafana;
#[path = "logging/logcli.rs"]
mod logcli;
#[path = "logging/metrics.rs"]
mod metrics;
#[path = "logging/peers.rs"]
mod peers;
#[path = "logging/pulumi.rs"]
mod pulumi;
#[path = "logging/refusals.rs"]
mod refusals;

use std::path::Path;
use std::time::Duration;

use longshore_tests::clock::now;
use longshore_tests::generator::{Generator, Settings};
use longshore_tests::halves::{Half, Halves, Via};

/// The program: this package's own thin main over the library, so that cargo builds it with the tests.
const PROGRAM: &str = env!("CARGO_BIN_EXE_longshore-under-test");

/// With no progress for so long, what is missing will never come.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longest time a program may take to end after it was asked to.
const ENDS_WITHIN: Duration = Duration::from_secs(30);

fn program() -> &'static Path {
    Path::new(PROGRAM)
}

/// Both halves, and `count` plain messages of each of `containers` containers in the store.
fn filled(folder: &Path, via: Via, containers: usize, count: usize) -> (Halves, Generator) {
    let mut halves = Halves::new(program(), folder, via).unwrap();
    let mut generator = Generator::new(&Settings::plain(halves.logs(), containers, 200)).unwrap();
    generator.write_each(count, now()).unwrap();
    halves.start_ready(Half::Store).unwrap();
    halves.start_ready(Half::Collector).unwrap();
    assert!(
        halves.wait_stored(generator.messages(), PATIENCE),
        "{}",
        halves.last_words()
    );
    (halves, generator)
}
