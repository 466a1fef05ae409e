//! Programs that write to or read from our store over its API.

use std::process::Command;
use std::time::Duration;

use longshore_tests::clock::{now, wait_until};
use longshore_tests::halves::{Half, Halves, SELECTOR, Via};
use longshore_tests::http::Client;
use longshore_tests::program::{Program, free_address};

use crate::{Outcome, PATIENCE, Pair, plain_logs};

/// Lines the canary writes before it is judged.
const CANARY_LINES: f64 = 300.0;
/// Enough for so many lines at ten a second, and for the canary's own checks of them.
const CANARY_WITHIN: Duration = Duration::from_secs(90);

/// The canary's counters of what must not happen.
const CANARY_COMPLAINTS: &[&str] = &[
    "loki_canary_missing_entries_total",
    "loki_canary_websocket_missing_entries_total",
    "loki_canary_spot_check_missing_entries_total",
    "loki_canary_duplicate_entries_total",
    "loki_canary_unexpected_entries_total",
    "loki_canary_out_of_order_entries_total",
];

pub(crate) fn canary(pair: &Pair) -> Outcome {
    let mut halves = Halves::new(&pair.longshore, &pair.folder, Via::Loki)?;
    halves.start_ready(Half::Store)?;
    let metrics = free_address()?;
    let mut command = Command::new(&pair.peer);
    command
        .arg(format!("-addr={}", halves.address))
        .arg(format!("-port={}", metrics.port()));
    command.args([
        "-push=true",
        "-labelname=name",
        "-labelvalue=canary",
        "-interval=100ms",
        "-wait=5s",
        "-max-wait=15s",
    ]);
    command.args([
        "-pruneinterval=2s",
        "-spot-check-interval=1s",
        "-spot-check-initial-wait=3s",
    ]);
    command.args([
        "-spot-check-query-rate=2s",
        "-metric-test-interval=5s",
        "-out-of-order-percentage=0",
    ]);
    let program = Program::start("canary", &pair.folder, &mut command)?;
    let mut client = Client::new(metrics);
    let mut text = String::new();
    let value = |text: &str, name: &str| -> f64 {
        let lines = text.lines().filter(|line| line.split([' ', '{']).next() == Some(name));
        lines
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum()
    };
    let done = wait_until(CANARY_WITHIN, || {
        text = client.get("/metrics").ok()?.text();
        (value(&text, "loki_canary_entries_total") >= CANARY_LINES).then_some(())
    });
    let words = || format!("{}\n{}", program.last_words(), halves.last_words());
    if done.is_none() {
        return Err(format!("the canary did not write its lines\n{}", words()).into());
    }
    let complaints: Vec<String> = CANARY_COMPLAINTS
        .iter()
        .map(|name| (name, value(&text, name)))
        .filter(|(_, count)| *count > 0.0)
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    if !complaints.is_empty() {
        return Err(format!("{}\n{}", complaints.join(", "), words()).into());
    }
    let seen = value(&text, "loki_canary_response_latency_seconds_count");
    if seen < CANARY_LINES / 2.0 {
        return Err(format!("the tail gave only {seen} lines\n{}", words()).into());
    }
    let wrote = value(&text, "loki_canary_entries_total");
    Ok(format!(
        "{wrote} lines, {seen} seen by tail so far, 0 missing, doubled or out of order"
    ))
}

pub(crate) fn logcli(pair: &Pair) -> Outcome {
    let mut halves = Halves::new(&pair.longshore, &pair.folder, Via::Loki)?;
    let mut generator = plain_logs(&pair.folder)?;
    halves.start_ready(Half::Store)?;
    halves.start_ready(Half::Collector)?;
    if !halves.wait_stored(generator.messages(), PATIENCE) {
        return Err(format!("the lines did not arrive\n{}", halves.last_words()).into());
    }
    let address = format!("http://{}", halves.address);
    let query = Command::new(&pair.peer)
        .args([
            "query",
            SELECTOR,
            "--output=raw",
            "--limit=0",
            "--batch=1000",
            "--quiet",
            "--forward",
        ])
        .env("LOKI_ADDR", &address)
        .output()?;
    let found = String::from_utf8_lossy(&query.stdout).lines().count() as u64;
    if found != generator.messages() {
        let said = String::from_utf8_lossy(&query.stderr).into_owned();
        return Err(format!("{found} of {} lines\n{said}", generator.messages()).into());
    }

    let mut command = Command::new(&pair.peer);
    command
        .args(["query", SELECTOR, "--tail", "--output=raw", "--quiet"])
        .env("LOKI_ADDR", &address);
    let tail = Program::start("logcli-tail", &pair.folder, &mut command)?;
    let shows = |text: &str| wait_until(PATIENCE, || tail.output().contains(text).then_some(())).is_some();
    // Whatever it shows first says that it is connected; then come the new ones.
    let connected = shows("n=");
    generator.write_each(10, now())?;
    if !connected || !shows("n=2009 ") {
        return Err(format!("the tail did not show the new lines\n{}", tail.last_words()).into());
    }
    Ok(format!("{found} lines in batches of 1000, and live ones"))
}
