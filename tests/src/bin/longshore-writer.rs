//! The program in the pods of `make e2e`: writes numbered, checksummed messages and probe lines to its standard
//! output, then waits to be ended, because a pod's log goes with the pod.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use longshore_tests::generator::{Message, Output};
use longshore_tests::random::Random;

/// Time between two bursts of messages.
const TICK: Duration = Duration::from_millis(10);
/// Bytes of a message, as of an average log line.
const MESSAGE_BYTES: usize = 200;
/// Bytes of a message that the runtime has to cut: its buffer holds 16 KiB.
const LONG_BYTES: usize = 20 << 10;
/// Seconds between two probes that are answered 503; those answered 200 come every second.
const FAILING_EVERY: u64 = 10;

/// Writes `rate * seconds` messages at an even pace, with a probe line a second, and waits to be ended.
#[derive(Parser)]
struct Plan {
    /// Messages a second.
    #[arg(long, env = "WRITER_RATE", default_value_t = 100)]
    rate: u64,
    /// How long.
    #[arg(long, env = "WRITER_SECONDS", default_value_t = 60)]
    seconds: u64,
    /// Every so many messages one is longer than the runtime's buffer; 0 for none.
    #[arg(long, env = "WRITER_LONG_EVERY", default_value_t = 0)]
    long_every: u64,
    /// Named in each message.
    #[arg(long, env = "POD_NAME", default_value = "pod")]
    pod: String,
}

fn main() -> ExitCode {
    let plan = Plan::parse();
    match write(&plan, &mut io::stdout().lock()) {
        Ok(()) => loop {
            thread::park();
        },
        Err(_) => ExitCode::FAILURE, // nobody reads any more
    }
}

fn write(plan: &Plan, out: &mut impl io::Write) -> io::Result<()> {
    let mut random = Random::new(plan.rate);
    let begun = Instant::now();
    let (mut number, mut second) = (0, 0);
    let mut burst = Vec::new();
    while number < plan.rate * plan.seconds {
        let elapsed = begun.elapsed();
        let due = (elapsed.as_millis() as u64 * plan.rate / 1_000).min(plan.rate * plan.seconds);
        while number < due {
            let message = Message {
                number,
                pod: &plan.pod,
                output: Output::Stdout,
            };
            let is_long = plan.long_every > 0 && number % plan.long_every == plan.long_every - 1;
            let bytes = if is_long { LONG_BYTES } else { MESSAGE_BYTES };
            burst.extend_from_slice(&message.write(bytes, &mut random));
            burst.push(b'\n');
            number += 1;
        }
        while second < elapsed.as_secs().min(plan.seconds) {
            probe(&mut burst, "/healthz", 200)?;
            if second % FAILING_EVERY == 0 {
                probe(&mut burst, "/readyz", 503)?;
            }
            second += 1;
        }
        out.write_all(&burst)?;
        out.flush()?;
        burst.clear();
        thread::park_timeout(TICK);
    }
    Ok(())
}

fn probe(burst: &mut Vec<u8>, path: &str, status: u16) -> io::Result<()> {
    writeln!(
        burst,
        "10.88.0.1 - - [22/Nov/2026:21:00:00 +0000] \"GET {path} HTTP/1.1\" {status} 2 \"-\" \"kube-probe/1.34\""
    )
}
