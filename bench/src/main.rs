//! `make bench`: measures everything, prints the table and writes it to `bench/results.md`.
//!
//! Environment: `BENCH_MB` of pushed lines (1000), `BENCH_LINES` for the collector (1000000), `BENCH_RESULTS` (the file
//! written), `LONGSHORE_BIN` (otherwise the program beside this one).

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use longshore_bench::{collecting, report, storing};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

#[expect(clippy::print_stdout, reason = "this is what the person at the terminal waits for")]
fn tell(text: &str) {
    println!("{text}");
}

fn number<T: std::str::FromStr>(name: &str, default: T) -> Outcome<T> {
    match env::var(name) {
        Ok(text) => text.parse().map_err(|_| format!("{name}={text}: not a number").into()),
        Err(_) => Ok(default),
    }
}

fn bench() -> Outcome<()> {
    let beside = env::current_exe()?.with_file_name("longshore");
    let binary = env::var_os("LONGSHORE_BIN").map_or(beside, PathBuf::from);
    if !binary.exists() {
        return Err(format!("{} is not there: cargo build --release -p longshore", binary.display()).into());
    }
    let (megabytes, lines) = (number("BENCH_MB", 1_000u64)?, number("BENCH_LINES", 1_000_000usize)?);
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
    let results = env::var_os("BENCH_RESULTS");
    let beside_source = concat!(env!("CARGO_MANIFEST_DIR"), "/results.md");
    fs::write(
        results.map_or_else(|| PathBuf::from(beside_source), PathBuf::from),
        text,
    )?;
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
