//! The demo: a small shop whose containers log into a scratch folder as a kubelet's node would have it.
//!
//! It exists so that a machine without containers has something true to tail: the same layout, the same partial lines,
//! the same rotation. The collector reads it by the same code as real logs and knows nothing of it.
//!
//! Invariants:
//! * Lines come from [`traffic::Traffic`], which has no clock and no disk: a seed and a moment give the same lines.
//! * Within a container times only grow, so no two of its lines are the same to the store.

mod layout;
mod random;
mod rotation;
mod services;
mod traffic;
mod writer;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;

use longshore_model::TimestampNs;

use self::layout::{CONTAINERS, Container};
use self::traffic::Traffic;
use self::writer::ContainerLog;
use crate::clock;
use crate::limits::{DEMO_HISTORY_NS, DEMO_ROTATION_GRACE_NS, DEMO_TICK};

/// The containers' log files and the traffic that fills them.
pub(crate) struct Demo {
    traffic: Traffic,
    logs: Vec<ContainerLog>,
}

impl Demo {
    /// Lays the folders out under `root`, which stands for `/var/log`, and writes what the containers logged in the last
    /// minutes before `now`, or since the demo ran the last time.
    pub(crate) fn open(root: &Path, now: TimestampNs) -> io::Result<Self> {
        let logs: Vec<ContainerLog> = CONTAINERS
            .iter()
            .map(|container| ContainerLog::open(root, container))
            .collect::<io::Result<_>>()?;
        let written_last = logs.iter().filter_map(ContainerLog::modified).max();
        let history_start = TimestampNs(now.0 - DEMO_HISTORY_NS);
        let start = written_last.map_or(history_start, |last| last.max(history_start).min(now));
        // The start is the seed, so that a second run does not repeat the first one's trace ids.
        let mut demo = Self {
            traffic: Traffic::new(start.0.unsigned_abs(), start),
            logs,
        };
        demo.write_until(now)?;
        Ok(demo)
    }

    /// Writes everything that is logged up to `now`, without rotating: a collector that comes later finds it whole.
    fn write_until(&mut self, now: TimestampNs) -> io::Result<()> {
        for event in self.traffic.until(now) {
            self.logs[event.container].write(&event)?;
        }
        Ok(())
    }

    /// Rotates the files that have grown large, as the kubelet does.
    fn rotate(&mut self, now: TimestampNs, rotating_from: i64) -> io::Result<()> {
        if now.0 < rotating_from {
            return Ok(());
        }
        self.logs.iter_mut().try_for_each(|log| log.rotate_if_large(now))
    }

    /// Goes on writing in a thread of its own until the handle is told to stop.
    pub(crate) fn start(mut self) -> io::Result<DemoHandle> {
        let (stop, stopped) = channel::<()>();
        let rotating_from = clock::now().0 + DEMO_ROTATION_GRACE_NS;
        let thread = std::thread::Builder::new().name("demo".to_owned()).spawn(move || {
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(DEMO_TICK) {
                let now = clock::now();
                if let Err(error) = self.write_until(now).and_then(|()| self.rotate(now, rotating_from)) {
                    tracing::error!(%error, "the demo cannot write its logs and ends");
                    return;
                }
            }
        })?;
        Ok(DemoHandle { stop, thread })
    }
}

/// A running demo.
pub(crate) struct DemoHandle {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl DemoHandle {
    /// Stops the writing and waits for the last line to be whole.
    pub(crate) fn stop(self) {
        drop(self.stop);
        if self.thread.join().is_err() {
            tracing::error!("the demo ended by a mistake of its own");
        }
    }
}

/// The glob under which a collector finds the demo's logs.
pub(crate) fn include_glob(root: &Path) -> PathBuf {
    root.join("containers/*.log")
}

/// Names of the demo's services, for the greeting.
pub(crate) fn service_names() -> Vec<&'static str> {
    let mut names: Vec<&str> = CONTAINERS.iter().map(|Container { name, .. }| *name).collect();
    names.dedup();
    names
}

#[cfg(test)]
mod tests;
