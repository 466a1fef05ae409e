//! The store: pushing a corpus until it is durable, its size on disk, and questions over all of it.
//!
//! The answers are held against the corpus's own count, so that a fast wrong answer is an error and no figure.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use longshore_model::{DAY_NS, SECOND_NS, TimeRange, TimestampNs};
use longshore_store::{ChunkEncoding, Settings, Store};
use longshore_tests::clock::now;
use longshore_tests::configs::StoreFile;
use longshore_tests::loki::{Failure, Loki};
use longshore_tests::peers;
use longshore_tests::program::{Program, Usage, ended_children_cpu_seconds, folder_bytes, free_address};

use crate::corpus::{ABSENT, Corpus, TRACE, Truth};
use crate::push::push_all;
use crate::querying::cpu_seconds;
use crate::report::Row;

/// Longest time until a store answers: Loki itself waits 15 s before it says that it is ready.
const READY_WITHIN: Duration = Duration::from_secs(90);
/// Longest time to write everything out at the end.
const ENDS_WITHIN: Duration = Duration::from_secs(300);
/// Times each question is asked; the fastest counts.
const ASKED: usize = 5;
/// A store that has not flushed for so long merges all there is to merge.
const QUIET_NS: i64 = 3_600 * SECOND_NS;
/// Everything in the corpus.
const ALL: &str = "{app=~\".+\"}";
/// Seed of the corpus.
const SEED: u64 = 1;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// A store's program and how it is told its configuration file.
struct Server {
    name: &'static str,
    program: PathBuf,
    arguments: fn(&Path) -> Vec<String>,
    /// Answers may be wrong by this share. Loki's are: of hundreds of thousands of lines it has left out one.
    tolerance: f64,
    /// Writes its data folder as it would be after a while; gives CPU-seconds. `None` for a store that leaves what it
    /// has written as it is.
    merge: Option<fn(&Path) -> Outcome<f64>>,
}

/// One question's cost.
#[derive(Debug, Clone, Copy)]
struct Cost {
    /// First time it was asked.
    first: Duration,
    best: Duration,
    /// CPU of one asking, on average.
    cpu_seconds: f64,
}

/// What one store gave.
struct Figures {
    push_cpu_seconds: f64,
    flush_cpu_seconds: f64,
    push_wall: Duration,
    push_peak_mib: f64,
    query_peak_mib: f64,
    disk_bytes: u64,
    merged_bytes: u64,
    merge_cpu_seconds: f64,
    costs: Vec<Cost>,
}

/// What is asked, and the targets in CPU-seconds for 1,000 MB.
const QUESTIONS: &[(&str, Option<f64>)] = &[
    ("needle that is absent", Some(0.03)),
    ("trace id, 3 lines", Some(0.01)),
    ("count of `|= \"error\"`", Some(0.5)),
    ("count of `|~ \"(?i)error\"`", Some(0.7)),
    ("count of all lines, `sum by (app)`", Some(0.1)),
    ("newest 100 lines with `error`", None),
    // 600 MB a CPU-second.
    ("count of `| json | status >= 500`, which no line has", Some(1.67)),
    ("count of `| json | duration_ms >= 500`", Some(1.67)),
    ("count of `| logfmt | attempt >= 2`", Some(1.67)),
];

/// What is less than the CPU time that can be told from none: half a tick, over all askings.
const CPU_SECONDS_MIN: f64 = 0.005 / ASKED as f64;

/// Measures our store, and the real Loki where it is there.
///
/// # Errors
/// A program cannot be started, refuses, or answers wrongly.
pub fn measure(binary: &Path, megabytes: u64) -> Outcome<Vec<Row>> {
    let arguments = |config: &Path| vec!["store".to_owned(), "--config".to_owned(), config.display().to_string()];
    let ours = Server {
        name: "longshore",
        program: binary.to_owned(),
        arguments,
        tolerance: 0.0,
        merge: Some(merge_in_this_process),
    };
    let end = now();
    let (ours, truth) = run(&ours, megabytes, end)?;
    let theirs = match peers::find_or_skip("loki", "Loki's figures") {
        Some(program) => {
            let arguments = |config: &Path| vec![format!("-config.file={}", config.display())];
            Some(
                run(
                    &Server {
                        name: "loki",
                        program,
                        arguments,
                        tolerance: 1e-3,
                        // Its compactor joins indexes; chunks stay as they are.
                        merge: None,
                    },
                    megabytes,
                    end,
                )?
                .0,
            )
        }
        None => None,
    };
    Ok(rows(&ours, theirs.as_ref(), &truth))
}

fn rows(ours: &Figures, theirs: Option<&Figures>, truth: &Truth) -> Vec<Row> {
    let megabytes = truth.bytes as f64 / 1e6;
    let row = |what: &str, show: &dyn Fn(&Figures) -> String, cost: &dyn Fn(&Figures) -> f64| {
        Row::new(what, show(ours)).upstream(theirs.map(|theirs| (show(theirs), cost(theirs) / cost(ours))))
    };
    let until_durable = |figures: &Figures| {
        let rate = megabytes / figures.push_cpu_seconds;
        format!("{rate:.0} MB per CPU-s ({:.1} s wall)", figures.push_wall.as_secs_f64())
    };
    let on_disk = |figures: &Figures| figures.push_cpu_seconds + figures.flush_cpu_seconds;
    let ratio = |bytes: u64| truth.bytes as f64 / bytes as f64;
    let mut rows = vec![
        row("push until durable", &until_durable, &|figures| {
            figures.push_cpu_seconds
        })
        .target(">= 80 MB", megabytes / ours.push_cpu_seconds >= 80.0),
        row(
            "push and flush",
            &|figures| format!("{:.0} MB per CPU-s", megabytes / on_disk(figures)),
            &on_disk,
        ),
        row(
            "peak RSS while pushing",
            &|figures| format!("{:.0} MiB", figures.push_peak_mib),
            &|figures| figures.push_peak_mib,
        )
        .target("<= 256 MiB", ours.push_peak_mib <= 256.0),
        row(
            "raw : disk after the flush",
            &|figures| format!("{:.1} : 1", ratio(figures.disk_bytes)),
            &|figures| 1.0 / ratio(figures.disk_bytes),
        )
        .target(">= 8 : 1", ratio(ours.disk_bytes) >= 8.0),
        row(
            "raw : disk after merging",
            &|figures| {
                let cost = figures.merge_cpu_seconds;
                format!("{:.1} : 1 ({cost:.1} CPU-s)", ratio(figures.merged_bytes))
            },
            &|figures| 1.0 / ratio(figures.merged_bytes),
        )
        .target(">= 8 : 1", ratio(ours.merged_bytes) >= 8.0),
    ];
    for (index, (what, target)) in QUESTIONS.iter().enumerate() {
        let show = |figures: &Figures| {
            let Cost {
                first,
                best,
                cpu_seconds,
            } = figures.costs[index];
            let (first, best) = (first.as_secs_f64() * 1e3, best.as_secs_f64() * 1e3);
            format!("{cpu_seconds:.3} CPU-s ({best:.0} ms, first {first:.0} ms)")
        };
        let cost = |figures: &Figures| figures.costs[index].cpu_seconds.max(CPU_SECONDS_MIN);
        let row = row(what, &show, &cost);
        let a_gigabyte = cost(ours) * 1e3 / megabytes;
        rows.push(match target {
            Some(seconds) => row.target(&format!("<= {seconds} CPU-s a GB"), a_gigabyte <= *seconds),
            None => row,
        });
    }
    let peak = |figures: &Figures| format!("{:.0} MiB", figures.query_peak_mib);
    let row = row("peak RSS of a fresh process after the questions", &peak, &|figures| {
        figures.query_peak_mib
    });
    rows.push(row.target("<= 256 MiB", ours.query_peak_mib <= 256.0));
    rows
}

fn run(server: &Server, megabytes: u64, end: TimestampNs) -> Outcome<(Figures, Truth)> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("data");
    let address = free_address()?;
    let file = StoreFile {
        encoding: "zstd",
        idle: "30m",
        age: "1h",
        target_bytes: 2 << 20,
        ..StoreFile::hasty(&data, address)
    };
    let config = folder.path().join("store.yaml");
    fs::write(&config, file.text())?;
    let start = || -> Outcome<Program> {
        let mut command = Command::new(&server.program);
        command.args((server.arguments)(&config)).current_dir(folder.path());
        let program = Program::start(server.name, folder.path(), &mut command)?;
        let ready = Loki::new(address).wait_ready(READY_WITHIN);
        ready.map_err(|error| format!("{error}\n{}", program.last_words()))?;
        Ok(program)
    };

    let mut program = start()?;
    let idle = program.usage().cpu_seconds;
    let mut corpus = Corpus::new(megabytes * 1_000_000, end, SEED);
    let begun = Instant::now();
    push_all(&mut corpus, address).map_err(|error| format!("{error}\n{}", program.last_words()))?;
    let push_wall = begun.elapsed();
    let Usage {
        cpu_seconds: pushed,
        peak_mib: push_peak_mib,
    } = program.usage();
    // A clean end writes everything out; the whole process's time is known only when it is gone.
    let ended_before = ended_children_cpu_seconds();
    program.terminate()?;
    program.wait(ENDS_WITHIN).ok_or("the store does not end")?;
    let flush_cpu_seconds = ended_children_cpu_seconds() - ended_before - pushed;
    let disk_bytes = disk_bytes_of(&data);

    let mut program = start()?;
    let truth = corpus.truth().clone();
    let costs = ask_all(&program, &mut Loki::new(address), &truth, end, server.tolerance)
        .map_err(|error| format!("{}: {error}", server.name))?;
    let query_peak_mib = program.usage().peak_mib;
    program.terminate()?;
    program.wait(ENDS_WITHIN).ok_or("the store does not end")?;
    let (merge_cpu_seconds, merged_bytes) = match server.merge {
        Some(merge) => (merge(&data)?, disk_bytes_of(&data)),
        None => (0.0, disk_bytes),
    };
    let push_cpu_seconds = pushed - idle;
    Ok((
        Figures {
            push_cpu_seconds,
            flush_cpu_seconds,
            push_wall,
            push_peak_mib,
            query_peak_mib,
            disk_bytes,
            merged_bytes,
            merge_cpu_seconds,
            costs,
        },
        truth,
    ))
}

/// All files but the write-ahead log.
fn disk_bytes_of(data: &Path) -> u64 {
    folder_bytes(data) - folder_bytes(&data.join("wal"))
}

/// Merges as a store does that has not flushed for a while.
fn merge_in_this_process(data: &Path) -> Outcome<f64> {
    let settings = Settings {
        chunk_encoding: ChunkEncoding::Zstd,
        ..Settings::new(data)
    };
    let store = Store::open(settings)?;
    let before = cpu_seconds();
    let mut bytes = disk_bytes_of(data);
    // Each round writes at least one segment again, until there is nothing left to merge.
    loop {
        store.maintain(TimestampNs(now().0 + QUIET_NS));
        let left = disk_bytes_of(data);
        if left == bytes {
            break;
        }
        bytes = left;
    }
    let spent = cpu_seconds() - before;
    store.close()?;
    Ok(spent)
}

fn ask_all(
    program: &Program,
    loki: &mut Loki,
    truth: &Truth,
    end: TimestampNs,
    tolerance: f64,
) -> Result<Vec<Cost>, Failure> {
    // A run with less than a day's bytes asks for the whole day too.
    let range = TimeRange {
        start: TimestampNs(end.0 - DAY_NS - SECOND_NS),
        end: TimestampNs(end.0 + SECOND_NS),
    };
    let at = TimestampNs(end.0 + SECOND_NS);
    let count = |filter: &str| format!("sum(count_over_time({ALL} {filter} [25h]))");
    let lines = |filter: &str| format!("{ALL} {filter}");
    let mut costs = Vec::new();
    let mut ask = |question: &mut dyn FnMut() -> Result<u64, Failure>, expected: u64| {
        let before = program.usage().cpu_seconds;
        let mut times = Vec::new();
        for _ in 0..ASKED {
            let begun = Instant::now();
            let found = question()?;
            times.push(begun.elapsed());
            if found.abs_diff(expected) as f64 > expected as f64 * tolerance {
                return Err(Failure(format!("answer {found}, but the corpus has {expected}")));
            }
        }
        let cpu_seconds = (program.usage().cpu_seconds - before) / ASKED as f64;
        let best = times.iter().min().copied().unwrap_or_default();
        costs.push(Cost {
            first: times[0],
            best,
            cpu_seconds,
        });
        Ok(())
    };
    let absent = lines(&format!("|= \"{ABSENT}\""));
    ask(&mut || Ok(loki.lines(&absent, range, 100, false)?.len() as u64), 0)?;
    let trace = lines(&format!("|= \"{TRACE}\""));
    ask(
        &mut || Ok(loki.lines(&trace, range, 100, false)?.len() as u64),
        truth.trace,
    )?;
    ask(&mut || Ok(loki.sum(&count("|= \"error\""), at)? as u64), truth.error)?;
    ask(
        &mut || Ok(loki.sum(&count("|~ \"(?i)error\""), at)? as u64),
        truth.error_any_case,
    )?;
    let by_app = format!("sum by (app) (count_over_time({ALL}[25h]))");
    ask(&mut || Ok(loki.sum(&by_app, at)? as u64), truth.lines)?;
    let newest = lines("|= \"error\"");
    ask(&mut || Ok(loki.lines(&newest, range, 100, false)?.len() as u64), 100)?;
    for (filter, expected) in [
        ("| json | status >= 500", 0),
        ("| json | duration_ms >= 500", truth.slow),
        ("| logfmt | attempt >= 2", truth.repeated),
    ] {
        ask(&mut || Ok(loki.sum(&count(filter), at)? as u64), expected)?;
    }
    Ok(costs)
}
