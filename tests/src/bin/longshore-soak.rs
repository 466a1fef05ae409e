//! `make soak`: ten minutes of container logs with every trouble switched on, while both halves are killed again and
//! again; then every line is counted. Exits 0 only when none is lost, doubled, torn, out of order or mislabelled.
//! `--help` has the settings; each is an environment variable too, for `make soak`.

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use clap::Parser;
use longshore_tests::clock::now;
use longshore_tests::generator::{Generator, Settings};
use longshore_tests::halves::{Half, Halves, Via};
use longshore_tests::random::Random;

/// Time between two lines of progress.
const TELL_EVERY: Duration = Duration::from_secs(10);
/// Longest time a killed half stays down.
const DOWN_MS_MAX: usize = 1_500;
/// With no line arriving for so long after the end, what is missing is lost.
const PATIENCE: Duration = Duration::from_secs(60);

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// A generator at work in a thread of its own.
struct Writing {
    stop: mpsc::Sender<()>,
    messages: Arc<AtomicU64>,
    thread: JoinHandle<std::io::Result<Generator>>,
}

/// Ten minutes of container logs with rotation, partial lines and kill -9 of both halves; then every line is counted.
///
/// Ends with 0 when every line is there once, whole and in order, with 1 when not, with 2 when it could not run.
#[derive(Parser)]
#[command(
    name = "longshore-soak",
    after_help = "Example: one minute with three kills\n  longshore-soak --seconds 60 --kills 3"
)]
struct Plan {
    /// How long lines are written, in seconds.
    #[arg(long, env = "SOAK_SECONDS", default_value_t = 600)]
    seconds: u64,
    /// Lines written a second.
    #[arg(long = "lines", env = "SOAK_LINES", default_value_t = 5_000)]
    lines_per_second: u64,
    /// Times each half is killed.
    #[arg(long, env = "SOAK_KILLS", default_value_t = 20)]
    kills: u64,
    /// The same seed writes the same lines and kills at the same moments; otherwise one that is printed.
    #[arg(long, env = "SOAK_SEED", default_value_t = now().0.unsigned_abs() % 1_000_000)]
    seed: u64,
    /// Folder of logs, offsets and data, kept; otherwise a temporary one that is kept on failure only.
    #[arg(long = "dir", env = "SOAK_DIR")]
    folder: Option<PathBuf>,
    /// The program; otherwise the one beside this.
    #[arg(long, env = "LONGSHORE_BIN")]
    program: Option<PathBuf>,
}

#[expect(clippy::print_stdout, reason = "this is what the person at the terminal waits for")]
fn tell(text: &str) {
    println!("{text}");
}

fn main() -> ExitCode {
    match soak() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            tell(&format!("soak: {error}"));
            ExitCode::from(2)
        }
    }
}

fn program(plan: &Plan) -> Outcome<PathBuf> {
    let path = match &plan.program {
        Some(path) => path.clone(),
        None => env::current_exe()?.with_file_name("longshore"),
    };
    if !path.exists() {
        return Err(format!("{} is not there: cargo build --release -p longshore", path.display()).into());
    }
    Ok(path)
}

fn start_writing(settings: &Settings, lines_per_second: u64) -> Outcome<Writing> {
    let mut generator = Generator::new(settings)?;
    let (stop, stopped) = mpsc::channel();
    let messages = Arc::new(AtomicU64::new(0));
    let shared = messages.clone();
    let thread = thread::spawn(move || {
        let tell = |generator: &Generator| shared.store(generator.messages(), Ordering::Relaxed);
        generator
            .run(lines_per_second as f64, &stopped, tell)
            .map(|()| generator)
    });
    Ok(Writing { stop, messages, thread })
}

fn soak() -> Outcome<bool> {
    let plan = Plan::parse();
    let temporary = tempfile::tempdir()?;
    let folder = plan.folder.clone().unwrap_or_else(|| temporary.path().to_owned());
    tell(&format!(
        "soak: {} s at {} lines/s, {} kills of each half, seed {}, in {}",
        plan.seconds,
        plan.lines_per_second,
        plan.kills,
        plan.seed,
        folder.display()
    ));
    let clean = run(&plan, &folder)?;
    if !clean && folder == temporary.path() {
        tell(&format!("kept for a look: {}", temporary.keep().display()));
    }
    Ok(clean)
}

fn run(plan: &Plan, folder: &Path) -> Outcome<bool> {
    let mut halves = Halves::new(&program(plan)?, folder, Via::Loki)?;
    halves.start_ready(Half::Store)?;
    let settings = Settings {
        seed: plan.seed,
        ..Settings::troubled(halves.logs())
    };
    let writing = start_writing(&settings, plan.lines_per_second)?;
    halves.start_ready(Half::Collector)?;
    let begun = Instant::now();
    let peaks = kill_and_restart(plan, &mut halves, &writing, begun)?;
    let wrote_for = begun.elapsed();
    drop(writing.stop);
    let generator = writing.thread.join().map_err(|_| "the generator panicked")??;
    tell(&format!(
        "written: {} messages, {} rotations; waiting for the rest",
        generator.messages(),
        generator.rotations()
    ));
    let drained = Instant::now();
    halves.wait_stored(generator.messages(), PATIENCE);
    let drained = drained.elapsed();
    let report = halves.verify(&generator)?;
    tell(&format!(
        "\n{report}\n{} kills of each half, {} rotations, {:.0} s of writing, drained in {:.1} s, \
         highest peak RSS seen: collector {:.0} MiB, store {:.0} MiB",
        plan.kills,
        generator.rotations(),
        wrote_for.as_secs_f64(),
        drained.as_secs_f64(),
        peaks[0],
        peaks[1],
    ));
    if !report.is_clean() {
        tell(&halves.last_words());
    }
    Ok(report.is_clean())
}

/// Kills and restarts in random order until the time is over; gives the highest peaks of memory seen, in MiB.
fn kill_and_restart(plan: &Plan, halves: &mut Halves, writing: &Writing, begun: Instant) -> Outcome<[f64; 2]> {
    let mut random = Random::new(plan.seed);
    let total = Duration::from_secs(plan.seconds);
    let mut due: Vec<(Duration, Half)> = Vec::new();
    let slots = 2 * plan.kills;
    for slot in 0..slots {
        // One kill a slot, somewhere in its first half, so that the other half of the time both may work.
        let share = total.mul_f64((slot as f64 + random.below(500) as f64 / 1000.0) / slots as f64);
        due.push((share, if slot % 2 == 0 { Half::Store } else { Half::Collector }));
    }
    due.reverse();
    let mut restart: Option<(Duration, Half)> = None;
    let (mut kills, mut told, mut peaks) = (0, Duration::ZERO, [0.0f64; 2]);
    while begun.elapsed() < total {
        thread::park_timeout(Duration::from_millis(20));
        let at = begun.elapsed();
        if let Some((_, half)) = restart.take_if(|(when, _)| *when <= at) {
            halves.start(half)?;
        }
        if restart.is_none() && due.last().is_some_and(|(when, _)| *when <= at) {
            let (_, half) = due.pop().expect("seen just now");
            note_peaks(halves, &mut peaks);
            alive(halves)?;
            halves.kill(half)?;
            kills += 1;
            restart = Some((at + Duration::from_millis(random.below(DOWN_MS_MAX) as u64), half));
        }
        if at >= told + TELL_EVERY {
            told = at;
            note_peaks(halves, &mut peaks);
            let written = writing.messages.load(Ordering::Relaxed);
            let stored = match halves.stored() {
                Some(stored) => format!("{stored} stored, {} to go", written.saturating_sub(stored)),
                None => "the store is down".to_owned(),
            };
            tell(&format!(
                "{:4.0} s: {written} written, {stored}, {kills} kills",
                at.as_secs_f64()
            ));
        }
    }
    if let Some((_, half)) = restart {
        halves.start(half)?;
    }
    note_peaks(halves, &mut peaks);
    Ok(peaks)
}

fn note_peaks(halves: &Halves, peaks: &mut [f64; 2]) {
    for (peak, program) in peaks.iter_mut().zip([&halves.collector, &halves.store]) {
        *peak = peak.max(program.as_ref().map_or(0.0, |program| program.usage().peak_mib));
    }
}

/// A half that ended by itself is a failure of its own, whatever the count says in the end.
fn alive(halves: &mut Halves) -> Outcome<()> {
    for program in [&mut halves.collector, &mut halves.store].into_iter().flatten() {
        if !program.is_running() {
            return Err(format!("a half ended by itself\n{}", program.last_words()).into());
        }
    }
    Ok(())
}
