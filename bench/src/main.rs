//! dump

use longshore_bench::corpus::Corpus;
use longshore_model::*;
use std::io::Write;

fn main() {
    let mut corpus = Corpus::new(
        std::env::args().nth(1).unwrap().parse().unwrap(),
        TimestampNs(20_000 * DAY_NS),
        1,
    );
    let mut by: Vec<Vec<u8>> = vec![Vec::new(); corpus.pods().len()];
    while corpus.each_of_next_run(|pod, _, line| {
        by[pod].extend_from_slice(line.as_bytes());
        by[pod].push(b'\n')
    }) {}
    let mut out = std::io::stdout().lock();
    for b in &by {
        out.write_all(b).unwrap();
    }
    eprintln!("{:?}", corpus.truth());
}
