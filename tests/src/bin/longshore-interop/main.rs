//! `make interop`: the real upstream programs against ours, unchanged: each pair does its job, and every line is
//! counted. What is not there is skipped and said; what fails makes the exit status 1.
//! `--help` has the settings; each is an environment variable too, for `make interop`.

mod api;
mod clients;
mod collectors;
mod differential;
mod stores;

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use longshore_tests::clock::now;
use longshore_tests::generator::{Generator, Settings};
use longshore_tests::halves::Halves;
use longshore_tests::peers;
use longshore_tests::verify::Report;

/// With no line arriving for so long, what is missing will never come.
const PATIENCE: Duration = Duration::from_secs(60);

/// A sentence about what was seen, or what went wrong.
type Outcome = Result<String, Box<dyn std::error::Error>>;

/// The real upstream programs against ours: each pair does its job, and every line is counted.
///
/// Upstream programs are looked for in $LONGSHORE_PEERS/bin, else in ~/.cache/longshore-peers/bin.
#[derive(Parser)]
#[command(name = "longshore-interop")]
struct Plan {
    /// The program; otherwise the one beside this.
    #[arg(long, env = "LONGSHORE_BIN")]
    program: Option<PathBuf>,

    /// Only the checks whose names contain this
    #[arg(long, value_name = "TEXT", default_value = "")]
    only: String,
}

/// One pair of programs.
struct Check {
    name: &'static str,
    /// The upstream program it needs.
    peer: &'static str,
    run: fn(&Pair) -> Outcome,
}

/// The two programs and a folder of their own.
struct Pair {
    /// Ours.
    longshore: PathBuf,
    /// Theirs.
    peer: PathBuf,
    folder: PathBuf,
}

const CHECKS: &[Check] = &[
    Check {
        name: "loki-canary pushes to, tails and queries our store",
        peer: "loki-canary",
        run: clients::canary,
    },
    Check {
        name: "logcli queries and tails our store",
        peer: "logcli",
        run: clients::logcli,
    },
    Check {
        name: "Promtail tails files and pushes to our store",
        peer: "promtail",
        run: collectors::promtail,
    },
    Check {
        name: "the OpenTelemetry Collector sends OTLP to our store",
        peer: "otelcol",
        run: collectors::otelcol,
    },
    Check {
        name: "our collector pushes to the real Loki",
        peer: "loki",
        run: stores::loki_push,
    },
    Check {
        name: "our collector sends OTLP to the real Loki",
        peer: "loki",
        run: stores::loki_otlp,
    },
    Check {
        name: "every path of the API answers as the real Loki's",
        peer: "loki",
        run: api::compare,
    },
    Check {
        name: "the real Loki and our store answer the same questions alike",
        peer: "loki",
        run: differential::same_answers,
    },
];

#[expect(clippy::print_stdout, reason = "this is what the person at the terminal waits for")]
fn tell(text: &str) {
    println!("{text}");
}

fn main() -> ExitCode {
    let beside = env::current_exe()
        .map(|path| path.with_file_name("longshore"))
        .unwrap_or_default();
    let Plan { program, only } = Plan::parse();
    let longshore = program.unwrap_or(beside);
    let mut failed = 0;
    for Check { name, peer, run } in CHECKS.iter().filter(|check| check.name.contains(&only)) {
        let Some(peer) = peers::find(peer) else {
            tell(&format!(
                "SKIPPED  {name}: no `{peer}` in $LONGSHORE_PEERS/bin or ~/.cache/longshore-peers/bin"
            ));
            continue;
        };
        let outcome = tempfile::tempdir().map_err(Into::into).and_then(|folder| {
            run(&Pair {
                longshore: longshore.clone(),
                peer,
                folder: folder.path().to_owned(),
            })
        });
        match outcome {
            Ok(seen) => tell(&format!("ok       {name}: {seen}")),
            Err(error) => {
                failed += 1;
                tell(&format!("FAILED   {name}: {error}"));
            }
        }
    }
    ExitCode::from(u8::from(failed > 0))
}

/// Five containers with whole lines only: what every collector can read without loss.
fn plain_logs(folder: &Path) -> std::io::Result<Generator> {
    let mut generator = Generator::new(&Settings::plain(folder.join("logs"), 5, 200))?;
    generator.write_each(2_000, now())?;
    Ok(generator)
}

/// Waits for all lines, reads them back and says what was found.
fn verified(halves: &Halves, generator: &Generator) -> Result<Report, Box<dyn std::error::Error>> {
    halves.wait_stored(generator.messages(), PATIENCE);
    Ok(halves.verify(generator)?)
}

/// A sentence from a report; an error unless it is clean.
fn judged(report: &Report, words: impl FnOnce() -> String) -> Outcome {
    if report.is_clean() {
        let Report { written, .. } = report;
        return Ok(format!(
            "{written} lines written, each found once, whole, in order, under the right labels"
        ));
    }
    Err(format!("{report}\n{}", words()).into())
}
