//! `make bench`: measures everything, prints the table and writes it to `bench/results.md`.
//! `--help` has the settings; each is an environment variable too, for `make bench`.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use longshore_bench::{collecting, report, storing};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

#[expect(clippy::print_stdout, reason = "this is what the person at the terminal waits for")]
fn tell(text: &str) {
    println!("{text}");
}

/// Measures collector and store, beside the OpenTelemetry Collector and Loki where these are installed.
///
/// `bench/README.md` says what each figure means.
#[derive(Parser)]
#[command(
    name = "longshore-bench",
    after_help = "Example: a quick look\n  longshore-bench --megabytes 100 --lines 200000"
)]
struct Plan {
    /// Megabytes of lines that are pushed to the store.
    #[arg(long, env = "BENCH_MB", default_value_t = 1_000)]
    megabytes: u64,
    /// Lines that the collector reads and sends.
    #[arg(long, env = "BENCH_LINES", default_value_t = 1_000_000)]
    lines: usize,
    /// The file that gets the tables; otherwise bench/results.md.
    #[arg(long, env = "BENCH_RESULTS")]
    results: Option<PathBuf>,
    /// The program; otherwise the one beside this.
    #[arg(long, env = "LONGSHORE_BIN")]
    program: Option<PathBuf>,
}

fn bench() -> Outcome<()> {
    let plan = Plan::parse();
    let beside = env::current_exe()?.with_file_name("longshore");
    let binary = plan.program.unwrap_or(beside);
    if !binary.exists() {
        return Err(format!("{} is not there: cargo build --release -p longshore", binary.display()).into());
    }
    let (megabytes, lines) = (plan.megabytes, plan.lines);
    let mut text = format!("# Benchmark results\n\n{}", report::circumstances());
    text.push_str(&format!(
        "{megabytes} MB of lines pushed, {lines} lines collected. How: `bench/README.md`.\n"
    ));
    tell(&text);
    let mut add = |heading: &str, rows: &[report::Row]| {
        let table = report::table(heading, rows);
        tell(&table);
        text.push_str(&format!("\n{table}"));
    };
    add("Collector", &collecting::measure(&binary, lines)?);
    add("Store", &storing::measure(&binary, megabytes)?);
    let beside_source = concat!(env!("CARGO_MANIFEST_DIR"), "/results.md");
    fs::write(plan.results.unwrap_or_else(|| PathBuf::from(beside_source)), text)?;
    Ok(())
}

fn main() -> ExitCode {
    match bench() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&format!("bench: {error}"));
            ExitCode::FAILURE
        }
    }
}
