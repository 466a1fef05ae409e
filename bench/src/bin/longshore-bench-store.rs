//! Questions to a store in this process, over segments on disk: `make bench-store`.

#![expect(clippy::print_stdout, reason = "a table is what this program is for")]

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use longshore_bench::stored::{QUERIES, Stored};
use longshore_model::TimestampNs;

/// Bytes of lines unless `BENCH_MB` says otherwise.
const MEGABYTES: u64 = 300;
/// Of so many runs the best counts.
const RUNS: usize = 5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let megabytes = number("BENCH_MB").unwrap_or(MEGABYTES);
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos() as i64);
    let temporary = tempfile::tempdir()?;
    let folder = std::env::var_os("BENCH_STORE").map_or_else(|| temporary.path().join("store"), PathBuf::from);
    let end = number("BENCH_END").map_or(now, |end: u64| end as i64);
    let stored = Stored::open(&folder, megabytes * 1_000_000, TimestampNs(end))?;
    if let Some(pushed) = &stored.pushed {
        println!("{pushed}");
    }
    let only = std::env::var("BENCH_ONLY").unwrap_or_default();
    println!("{:>9} {:>9} {:>12}  query", "CPU ms", "MB/CPU-s", "answer");
    for query in QUERIES.iter().filter(|query| query.contains(&only)) {
        let mut best = (f64::INFINITY, String::new());
        for _ in 0..number("BENCH_RUNS").unwrap_or(RUNS as u64) {
            let run = stored.ask(query)?;
            if run.0 < best.0 {
                best = run;
            }
        }
        let (seconds, answer) = best;
        let rate = stored.bytes as f64 / 1e6 / seconds;
        println!("{:>9.2} {rate:>9.0} {answer:>12}  {query}", seconds * 1e3);
    }
    println!("peak RSS {} MiB", Stored::peak_rss_mib());
    Ok(())
}
