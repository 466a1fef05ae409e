//! Writes container logs the way a node holds them, without end and without mercy: what container runtimes and the
//! kubelet do to log files, on purpose and all at once.
//!
//! ```text
//! ROOT/pods/<namespace>_<pod>_<uid>/<container>/0.log                   being written
//! ROOT/pods/.../0.log.20260131-120000                                   rotated by rename, not yet packed
//! ROOT/pods/.../0.log.20260131-115500.gz                                rotated earlier, packed
//! ROOT/containers/<pod>_<namespace>_<container>-<64 hex>.log            symlink to 0.log
//! ```
//!
//! Invariant: per pod and output stream the messages are numbered from 0 without holes, in the order in which they
//! were begun, and timestamps within a file strictly rise. `verify` counts on both.

mod container;
mod message;

use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use longshore_model::TimestampNs;

pub use container::{Container, Identity};
pub use message::{Message, Output};

use crate::clock;
use crate::random::Random;

/// Pause between two bursts of a run with a limited rate: short, so that the files grow as if line by line.
const BURST_EVERY: Duration = Duration::from_millis(10);

/// What to write, and how badly.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Folder that gets `pods/` and `containers/`.
    pub root: PathBuf,
    /// Containers, each in a pod of its own.
    pub containers: usize,
    /// Length of an ordinary line in the file, in bytes, with the runtime's prefix and the line feed.
    pub line_bytes: usize,
    /// Messages cut into pieces, in percent. The cuts fall anywhere: at blanks, inside a multi-byte character.
    pub partial_percent: f64,
    /// Messages on standard error, in percent; its pieces mix with those of standard output.
    pub stderr_percent: f64,
    /// Lines that reach the file in two writes with other writes between, in percent.
    pub split_write_percent: f64,
    /// Time between two rotations of one file; `None` never rotates by itself.
    pub rotate_every: Option<Duration>,
    /// Rotated files kept of each container; the oldest go, read or not. No collector can count what is gone, so a
    /// run that counts keeps more than it rotates.
    pub keep_rotated: usize,
    /// Seed of everything random.
    pub seed: u64,
}

impl Settings {
    /// Eight containers with every trouble switched on, rotating every three seconds.
    pub fn troubled(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            containers: 8,
            line_bytes: 200,
            partial_percent: 5.0,
            stderr_percent: 20.0,
            split_write_percent: 2.0,
            rotate_every: Some(Duration::from_secs(3)),
            keep_rotated: 1_000,
            seed: 1,
        }
    }

    /// Whole lines of one length on standard output only, never rotated: for measuring.
    pub fn plain(root: impl Into<PathBuf>, containers: usize, line_bytes: usize) -> Self {
        Self {
            root: root.into(),
            containers,
            line_bytes,
            partial_percent: 0.0,
            stderr_percent: 0.0,
            split_write_percent: 0.0,
            rotate_every: None,
            keep_rotated: 0,
            seed: 1,
        }
    }
}

/// What has been written of one container: the number of messages on standard output and on standard error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Whose log it is.
    pub identity: Identity,
    /// Messages on standard output, on standard error.
    pub messages: [u64; 2],
}

/// A set of containers that log.
#[derive(Debug)]
pub struct Generator {
    containers: Vec<Container>,
    rotate_every_ns: Option<i64>,
    next_rotation: Vec<TimestampNs>,
    random: Random,
    rotations: u64,
}

impl Generator {
    /// Makes the folders, the empty log files and their symlinks.
    ///
    /// # Errors
    /// Whatever the file system refuses.
    pub fn new(settings: &Settings) -> io::Result<Self> {
        let begun = clock::now();
        let every = settings
            .rotate_every
            .map(|every| i64::try_from(every.as_nanos()).expect("rotation within years"));
        let containers = (0..settings.containers).map(|index| Container::create(settings, index));
        let containers = containers.collect::<io::Result<Vec<_>>>()?;
        // Staggered, so that at any moment some file is being rotated.
        let next_rotation = (0..settings.containers)
            .map(|index| {
                let share = every.unwrap_or(0) / settings.containers as i64 * index as i64;
                TimestampNs(begun.0 + every.unwrap_or(0) + share)
            })
            .collect();
        let random = Random::new(settings.seed);
        Ok(Self {
            containers,
            rotate_every_ns: every,
            next_rotation,
            random,
            rotations: 0,
        })
    }

    /// Writes `lines` records (lines of the files) over all containers, in short runs, and rotates what is due.
    ///
    /// # Errors
    /// Whatever the file system refuses.
    pub fn write(&mut self, lines: usize, now: TimestampNs) -> io::Result<()> {
        let mut left = lines;
        while left > 0 {
            let container = self.random.below(self.containers.len());
            let run = left.min(1 + self.random.below(5));
            for _ in 0..run {
                self.containers[container].write_record(now)?;
            }
            left -= run;
        }
        self.rotate_due(now)
    }

    /// Begins `messages` messages in every container in turn, whole, as fast as the disk takes them.
    ///
    /// # Errors
    /// Whatever the file system refuses.
    pub fn write_each(&mut self, messages: usize, now: TimestampNs) -> io::Result<()> {
        for container in &mut self.containers {
            for _ in 0..messages {
                container.write_record(now)?;
            }
        }
        Ok(())
    }

    /// Writes what is still missing of messages that were begun, and empties every buffer into the files.
    ///
    /// # Errors
    /// Whatever the file system refuses.
    pub fn finish(&mut self, now: TimestampNs) -> io::Result<()> {
        self.containers
            .iter_mut()
            .try_for_each(|container| container.finish(now))
    }

    /// What has been written so far.
    pub fn written(&self) -> Vec<Written> {
        let one = |container: &Container| Written {
            identity: container.identity.clone(),
            messages: container.begun(),
        };
        self.containers.iter().map(one).collect()
    }

    /// Messages begun so far in all containers.
    pub fn messages(&self) -> u64 {
        self.containers.iter().flat_map(Container::begun).sum()
    }

    /// Rotations done so far in all containers.
    pub fn rotations(&self) -> u64 {
        self.rotations
    }

    /// Rotates every file now, due or not.
    ///
    /// # Errors
    /// Whatever the file system refuses.
    pub fn rotate_all(&mut self, now: TimestampNs) -> io::Result<()> {
        for container in &mut self.containers {
            self.rotations += 1;
            container.rotate(now)?;
        }
        Ok(())
    }

    fn rotate_due(&mut self, now: TimestampNs) -> io::Result<()> {
        let Some(every) = self.rotate_every_ns else {
            return Ok(());
        };
        for (container, due) in self.containers.iter_mut().zip(&mut self.next_rotation) {
            if now >= *due {
                // From now and not from when it was due: a late rotation must not bring the next one closer.
                *due = TimestampNs(now.0 + every);
                self.rotations += 1;
                container.rotate(now)?;
            }
        }
        Ok(())
    }

    /// Writes about `lines_per_second` records until `stop` says so or goes away, then finishes every message.
    /// `progress` is called after every burst with the generator.
    ///
    /// # Errors
    /// Whatever the file system refuses.
    pub fn run(
        &mut self,
        lines_per_second: f64,
        stop: &Receiver<()>,
        mut progress: impl FnMut(&Self),
    ) -> io::Result<()> {
        let begun = Instant::now();
        let mut done = 0usize;
        while let Err(RecvTimeoutError::Timeout) = stop.recv_timeout(BURST_EVERY) {
            let due = (begun.elapsed().as_secs_f64() * lines_per_second) as usize;
            self.write(due.saturating_sub(done), clock::now())?;
            done = done.max(due);
            progress(self);
        }
        self.finish(clock::now())
    }
}

#[cfg(test)]
mod tests;
