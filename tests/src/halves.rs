//! The two halves as separate processes over one folder: logs, configuration files, data, and what they print.
//!
//! Invariant: addresses stay the same over every restart, so that the one that lives finds the other again.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use longshore_model::{SECOND_NS, TimeRange, TimestampNs};

use crate::clock::{now, wait_until};
use crate::configs::{self, CollectorFile, StoreFile};
use crate::generator::Generator;
use crate::loki::{Failure, Loki};
use crate::program::{Program, free_address};
use crate::verify::{Report, Verifier};

/// Everything the generator writes, and nothing else.
pub const SELECTOR: &str = "{k8s_namespace_name=~\"team-.+\"}";

/// Longest time a half may take until it answers; a debug build on a busy machine, with a log to replay.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// How the collector sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// Loki's push.
    Loki,
    /// OTLP over HTTP.
    Otlp,
}

/// One of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Half {
    /// Reads files.
    Collector,
    /// Keeps lines.
    Store,
}

/// A collector and a store; either may be down.
#[derive(Debug)]
pub struct Halves {
    binary: PathBuf,
    folder: PathBuf,
    begun: TimestampNs,
    /// Where the store listens.
    pub address: SocketAddr,
    /// Where the collector answers whether it is ready.
    pub health: SocketAddr,
    /// Where the collector's metrics are.
    pub metrics: SocketAddr,
    /// The collector's process.
    pub collector: Option<Program>,
    /// The store's process.
    pub store: Option<Program>,
}

impl Halves {
    /// Writes both configuration files below `folder`; nothing runs yet.
    ///
    /// # Errors
    /// Whatever the file system refuses.
    pub fn new(binary: &Path, folder: &Path, via: Via) -> io::Result<Self> {
        let (address, health, metrics) = (free_address()?, free_address()?, free_address()?);
        let exporter = match via {
            Via::Loki => configs::loki_exporter(address),
            Via::Otlp => configs::otlp_exporter(&format!("http://{address}/otlp")),
        };
        fs::create_dir_all(folder.join("logs"))?;
        let collector = CollectorFile {
            logs: &folder.join("logs"),
            state: &folder.join("offsets"),
            health,
            metrics,
            exporter,
            batch_lines: 500,
            batch_timeout: "200ms",
        };
        fs::write(folder.join("collector.yaml"), collector.text())?;
        fs::write(
            folder.join("store.yaml"),
            StoreFile::hasty(&folder.join("data"), address).text(),
        )?;
        let (binary, folder) = (binary.to_owned(), folder.to_owned());
        Ok(Self {
            binary,
            folder,
            begun: now(),
            address,
            health,
            metrics,
            collector: None,
            store: None,
        })
    }

    /// Where the generator writes.
    pub fn logs(&self) -> PathBuf {
        self.folder.join("logs")
    }

    /// Where the store keeps its data.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// The command that runs one half with its configuration file.
    pub fn command(&self, half: Half) -> Command {
        let name = half.name();
        let mut command = Command::new(&self.binary);
        command
            .arg(name)
            .arg("--config")
            .arg(self.folder.join(format!("{name}.yaml")))
            .current_dir(&self.folder);
        command
    }

    /// Starts one half and does not wait for it.
    ///
    /// # Errors
    /// The program cannot be started.
    pub fn start(&mut self, half: Half) -> io::Result<()> {
        let program = Program::start(half.name(), &self.folder, &mut self.command(half))?;
        *self.slot(half) = Some(program);
        Ok(())
    }

    /// Starts one half and waits until it is ready.
    ///
    /// # Errors
    /// It cannot be started, ends, or is not ready in time; with the last it printed.
    pub fn start_ready(&mut self, half: Half) -> Result<(), Failure> {
        self.start(half).map_err(|error| Failure(error.to_string()))?;
        self.wait_ready(half)
    }

    /// Waits until one half is ready.
    ///
    /// # Errors
    /// It ended, or is not ready in time; with the last it printed.
    pub fn wait_ready(&mut self, half: Half) -> Result<(), Failure> {
        let (address, path) = match half {
            Half::Collector => (self.health, "/"),
            Half::Store => (self.address, "/ready"),
        };
        let mut client = Loki::new(address);
        let program = self.slot(half).as_mut().expect("started before");
        let ready = wait_until(READY_WITHIN, || {
            let ready = client.get(path).is_ok_and(|answer| answer.status == 200);
            (ready || !program.is_running()).then_some(ready)
        });
        match ready {
            Some(true) => Ok(()),
            _ => Err(Failure(format!(
                "the {} is not ready at {address}\n{}",
                half.name(),
                program.last_words()
            ))),
        }
    }

    /// Ends one half with SIGKILL.
    ///
    /// # Errors
    /// The system refuses.
    pub fn kill(&mut self, half: Half) -> io::Result<()> {
        self.slot(half).take().map_or(Ok(()), |mut program| program.kill())
    }

    fn slot(&mut self, half: Half) -> &mut Option<Program> {
        match half {
            Half::Collector => &mut self.collector,
            Half::Store => &mut self.store,
        }
    }

    /// A client of the store.
    pub fn loki(&self) -> Loki {
        Loki::new(self.address)
    }

    /// Lines of the generator that the store has now; `None` when it does not answer.
    pub fn stored(&self) -> Option<u64> {
        let at = TimestampNs(now().0 + SECOND_NS);
        let seconds = (at.0 - self.begun.0) / SECOND_NS + 2;
        let query = format!("sum(count_over_time({SELECTOR}[{seconds}s]))");
        self.loki().sum(&query, at).ok().map(|sum| sum as u64)
    }

    /// Waits until the store has as many lines as were written; gives up when none came for `patience`.
    pub fn wait_stored(&self, written: u64, patience: Duration) -> bool {
        let mut best = 0;
        loop {
            let more = wait_until(patience, || {
                self.stored().filter(|stored| *stored >= written || *stored > best)
            });
            match more {
                Some(stored) if stored >= written => return true,
                Some(stored) => best = stored,
                None => return false,
            }
        }
    }

    /// Reads everything back and counts what became of each message.
    ///
    /// # Errors
    /// A query failed.
    pub fn verify(&self, generator: &Generator) -> Result<Report, Failure> {
        let mut verifier = Verifier::new(&generator.written());
        let range = TimeRange {
            start: TimestampNs(self.begun.0 - SECOND_NS),
            end: TimestampNs(now().0 + SECOND_NS),
        };
        self.loki()
            .each_line(SELECTOR, range, |line| verifier.line(&line.labels, &line.line))?;
        Ok(verifier.finish())
    }

    /// The end of what both printed, for the report of a failure.
    pub fn last_words(&self) -> String {
        let words = [&self.collector, &self.store]
            .into_iter()
            .flatten()
            .map(Program::last_words);
        words.collect::<Vec<_>>().join("\n")
    }
}

impl Half {
    /// The subcommand.
    pub fn name(self) -> &'static str {
        match self {
            Self::Collector => "collector",
            Self::Store => "store",
        }
    }
}
