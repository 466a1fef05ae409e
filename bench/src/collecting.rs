//! The collector: container log files to a sink that answers and forgets.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use longshore_tests::clock::{now, wait_until};
use longshore_tests::configs::{CollectorFile, loki_exporter, otlp_exporter};
use longshore_tests::generator::{Generator, Settings};
use longshore_tests::peers;
use longshore_tests::program::{Program, Usage, free_address};
use longshore_tests::sink::Sink;

use crate::report::Row;

/// Files that hold the lines.
const FILES: usize = 20;
/// Length of a line in its file.
const LINE_BYTES: usize = 200;
/// Longest time to wait for the next line.
const PATIENCE: Duration = Duration::from_secs(60);
/// Target of the first cut, in lines a CPU-second.
const LINES_TARGET: f64 = 200_000.0;
/// Target of the first cut, in MiB.
const PEAK_TARGET: f64 = 25.0;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// One way of shipping.
struct Shipping {
    name: &'static str,
    exporter: fn(SocketAddr) -> String,
    status: u16,
    batch_lines: usize,
    batch_timeout: &'static str,
}

const SHIPPINGS: &[Shipping] = &[
    Shipping {
        name: "Loki push, snappy, batches of 8192",
        exporter: loki_exporter,
        status: 204,
        batch_lines: 8192,
        batch_timeout: "1s",
    },
    Shipping {
        name: "OTLP/HTTP, gzip, batches of 8192",
        exporter: |address| otlp_exporter(&format!("http://{address}")),
        status: 200,
        batch_lines: 8192,
        batch_timeout: "1s",
    },
    Shipping {
        name: "OTLP/HTTP, gzip, the design's batches of 100",
        exporter: |address| otlp_exporter(&format!("http://{address}")),
        status: 200,
        batch_lines: 100,
        batch_timeout: "10s",
    },
];

/// What one run gave.
struct Figures {
    lines_per_cpu_second: f64,
    peak_mib: f64,
    wall_seconds: f64,
}

/// Measures every way of shipping, with the real OpenTelemetry Collector beside it where it is there.
///
/// # Errors
/// A program cannot be started, ends early, or lines do not arrive.
pub fn measure(binary: &Path, lines: usize) -> Outcome<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    let logs = folder.path().join("logs");
    let mut generator = Generator::new(&Settings::plain(&logs, FILES, LINE_BYTES))?;
    generator.write_each(lines / FILES, now())?;
    generator.finish(now())?;
    let upstream = peers::find_or_skip("otelcol", "the OpenTelemetry Collector's figures");
    let mut rows = Vec::new();
    for (index, shipping) in SHIPPINGS.iter().enumerate() {
        let run = |name: &str, command: Command| {
            run(shipping, folder.path(), &format!("{name}-{index}"), command, &generator)
        };
        let mut command = Command::new(binary);
        command.arg("collector");
        let ours = run("longshore", command)?;
        // The real one has no Loki exporter any more.
        let theirs = match upstream.as_ref().filter(|_| shipping.status == 200) {
            Some(path) => Some(run("otelcol", Command::new(path))?),
            None => None,
        };
        rows.extend(compare(shipping.name, &ours, theirs.as_ref(), index == 0));
    }
    Ok(rows)
}

fn compare(name: &str, ours: &Figures, theirs: Option<&Figures>, held_to_target: bool) -> [Row; 2] {
    let rate = |figures: &Figures| {
        format!(
            "{:.0}k lines per CPU-s ({:.1} s wall)",
            figures.lines_per_cpu_second / 1e3,
            figures.wall_seconds
        )
    };
    let peak = |figures: &Figures| format!("{:.0} MiB", figures.peak_mib);
    let mut lines = Row::new(format!("collector, {name}"), rate(ours))
        .upstream(theirs.map(|theirs| (rate(theirs), ours.lines_per_cpu_second / theirs.lines_per_cpu_second)));
    let mut memory = Row::new("peak RSS of it", peak(ours))
        .upstream(theirs.map(|theirs| (peak(theirs), theirs.peak_mib / ours.peak_mib)));
    if held_to_target {
        lines = lines.target(">= 200k", ours.lines_per_cpu_second >= LINES_TARGET);
        memory = memory.target("<= 25 MiB", ours.peak_mib <= PEAK_TARGET);
    }
    [lines, memory]
}

fn run(
    shipping: &Shipping,
    folder: &Path,
    name: &str,
    mut command: Command,
    generator: &Generator,
) -> Outcome<Figures> {
    let sink = Sink::start(shipping.status)?;
    let file = CollectorFile {
        logs: &folder.join("logs"),
        state: &folder.join(format!("{name}-offsets")),
        health: free_address()?,
        metrics: free_address()?,
        exporter: (shipping.exporter)(sink.address),
        batch_lines: shipping.batch_lines,
        batch_timeout: shipping.batch_timeout,
    };
    let config = folder.join(format!("{name}.yaml"));
    fs::write(&config, file.text())?;
    let begun = Instant::now();
    let mut program = Program::start(name, folder, command.arg("--config").arg(config))?;
    let mut last = 0;
    while last < generator.messages() {
        let more = wait_until(PATIENCE, || {
            (sink.messages() > last || !program.is_running()).then(|| sink.messages())
        });
        match more {
            Some(messages) if messages > last => last = messages,
            _ => return Err(format!("{last} lines arrived, then none\n{}", program.last_words()).into()),
        }
    }
    let wall_seconds = begun.elapsed().as_secs_f64();
    let Usage { cpu_seconds, peak_mib } = program.usage();
    Ok(Figures {
        lines_per_cpu_second: last as f64 / cpu_seconds,
        peak_mib,
        wall_seconds,
    })
}
