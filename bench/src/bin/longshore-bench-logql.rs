//! The query language alone over lines in memory: `make bench-logql`.

#![expect(clippy::print_stdout, reason = "a table is what this program is for")]

use std::time::{SystemTime, UNIX_EPOCH};

use longshore_bench::corpus::Corpus;
use longshore_bench::querying::{Memory, QUERIES};
use longshore_model::TimestampNs;

/// Bytes of lines unless `BENCH_MB` says otherwise.
const MEGABYTES: u64 = 300;
/// Of so many runs the best counts.
const RUNS: usize = 3;

fn main() {
    let megabytes = std::env::var("BENCH_MB")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(MEGABYTES);
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos() as i64);
    let memory = Memory::new(&mut Corpus::new(megabytes * 1_000_000, TimestampNs(now), 1));
    println!("{:.0} MB of lines in memory, best of {RUNS}", memory.bytes as f64 / 1e6);
    println!("{:>9} {:>9} {:>7}  query", "CPU ms", "MB/CPU-s", "series");
    for query in QUERIES {
        let runs = (0..RUNS).map(|_| memory.ask(query));
        let best = runs.reduce(|best, run| match (best, run) {
            (Ok(best), Ok(run)) => Ok(if run.0 < best.0 { run } else { best }),
            (Err(problem), _) | (_, Err(problem)) => Err(problem),
        });
        match best {
            Some(Ok((seconds, series))) => {
                let rate = memory.bytes as f64 / 1e6 / seconds;
                println!("{:>9.1} {rate:>9.0} {series:>7}  {query}", seconds * 1e3);
            }
            Some(Err(problem)) => println!("failed: {query}: {}", problem.lines().next().unwrap_or("")),
            None => {}
        }
    }
}
