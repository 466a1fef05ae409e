//! A whole collector: built and checked from settings, then run until it is told to stop.

use std::path::PathBuf;

use longshore_config::otel::CollectorSettings;
use thiserror::Error;

use crate::Metrics;

/// What the program knows and the configuration does not say.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Where checkpoints go when the configuration names no storage extension; made when it is not there. `None`:
    /// they are kept in memory, and a restart begins anew.
    pub data_directory: Option<PathBuf>,
    /// Name of the Kubernetes node, for `k8s.node.name`.
    pub node_name: Option<String>,
}

/// Why a collector cannot be built from its settings. Nothing was opened yet.
#[derive(Debug, Error)]
pub enum BuildError {
    /// A component's settings cannot act.
    #[error("{component}: {message}")]
    Component {
        /// The component's id, as in `file_log/pods`.
        component: String,
        /// What is wrong, and what to do.
        message: String,
    },
}

/// Why a collector could not start or had to stop.
#[derive(Debug, Error)]
pub enum RunError {
    /// A listener's address is taken or no address.
    #[error("cannot listen on {address} for {purpose}")]
    Listen {
        /// The address.
        address: String,
        /// `health_check` or `metrics`.
        purpose: &'static str,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// What was left at a stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StopReport {
    /// Records read but not acknowledged by the end of the deadline; they will be read again.
    pub unacknowledged_records: u64,
}

/// Says whether the collector does its work; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Status {}

impl Status {
    /// `Err` with the reason while it does not.
    pub fn ready(&self) -> Result<(), String> {
        Ok(())
    }
}

/// A collector that is not running yet.
#[derive(Debug)]
pub struct Collector {
    metrics: Metrics,
    status: Status,
}

impl Collector {
    /// Builds every component that a pipeline uses. Opens nothing: no file, no socket, no thread.
    ///
    /// # Errors
    /// When settings that are well-formed cannot act together.
    pub fn new(settings: &CollectorSettings, surroundings: Surroundings) -> Result<Self, BuildError> {
        let _ = (settings, surroundings);
        Ok(Self {
            metrics: Metrics::default(),
            status: Status::default(),
        })
    }

    /// The metrics, to be registered where they are wanted.
    pub fn metrics(&self) -> Metrics {
        self.metrics.clone()
    }

    /// A handle that tells readiness.
    pub fn status(&self) -> Status {
        self.status.clone()
    }

    /// What is tailed, for people: one line a receiver.
    pub fn describe(&self) -> Vec<String> {
        Vec::new()
    }

    /// Runs until `shutdown` completes, then stops reading, sends what was read, waits for the acknowledgements with
    /// a deadline and writes the checkpoints. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When it cannot start: an address is taken, the checkpoint folder cannot be written, another process holds it.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send) -> Result<StopReport, RunError> {
        shutdown.await;
        Ok(StopReport::default())
    }
}
