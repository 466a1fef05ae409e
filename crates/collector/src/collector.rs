//! A whole collector: built and checked from settings, then run until it is told to stop.

mod build;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use crate::batch::{Batch, BatchLimits};
use crate::delivery::{Board, Delivery};
use crate::exporters::Exporter;
use crate::file_log::{
    CheckpointError, CheckpointStore, DiskFiles, Driver, Globs, Readiness, RecordMaker, Tailer, TailerSettings,
};
use crate::http;
use crate::kubernetes;
use crate::limits::{EXPORTER_BATCHES_MAX, PIPELINE_CHUNKS_MAX, STOP_DEADLINE};
use crate::metrics::Metrics;
use crate::pipeline;
use crate::processors::Processor;
use crate::status::Status;

pub use build::BuildError;

/// What the program knows and the configuration does not say.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Where checkpoints go when the configuration names no storage extension; made when it is not there. `None`:
    /// they are kept in memory, and a restart begins anew.
    pub data_directory: Option<PathBuf>,
    /// Name of the Kubernetes node, for `k8s.node.name`.
    pub node_name: Option<String>,
    /// Memory that the process may use, of which a memory limiter may take a share; `None` where it is not known.
    pub memory_bytes: Option<u64>,
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
        source: io::Error,
    },
    /// The folder for checkpoints cannot be used.
    #[error(
        "cannot {action} {path} for checkpoints; give that folder to this user, or name another one in file_storage"
    )]
    Folder {
        /// `create` or `lock`.
        action: &'static str,
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another collector works in the folder.
    #[error("{path} is in use by another collector; stop it or give this one a folder of its own")]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// A checkpoint is there and cannot be read.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A thread or descriptor could not be had.
    #[error("cannot start receiver {receiver}")]
    Start {
        /// The receiver's id.
        receiver: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A processor was to wait for what the cluster says, and it did not come.
    #[error(
        "{processor}: wait_for_metadata is set, and the API server has not told of the pods within {patience:?}; see the \
         warning before this for the cause, or leave wait_for_metadata out to begin without"
    )]
    Metadata {
        /// The processor's id.
        processor: String,
        /// How long it waited.
        patience: std::time::Duration,
    },
    /// A receiver ended on its own, which is a defect.
    #[error("receiver {receiver} ended unexpectedly")]
    Ended {
        /// The receiver's id.
        receiver: String,
    },
}

/// What was left at a stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StopReport {
    /// Records read but not acknowledged by the end of the deadline; they will be read again.
    pub unacknowledged_records: u64,
}

/// A receiver that is not running yet.
#[derive(Debug)]
struct ReceiverPlan {
    id: String,
    globs: Globs,
    includes: Vec<String>,
    settings: TailerSettings,
    maker: RecordMaker,
    poll_interval: std::time::Duration,
    /// The folder of its checkpoint, and whether it may be made.
    storage: Option<(PathBuf, bool)>,
    budget_bytes: usize,
    readiness: Option<Arc<kubernetes::Awaited>>,
}

/// A pipeline that is not running yet.
#[derive(Debug)]
struct PipelinePlan {
    receivers: Vec<String>,
    processors: Vec<Processor>,
    limits: BatchLimits,
    exporters: Vec<Exporter>,
}

/// A collector that is not running yet.
#[derive(Debug)]
pub struct Collector {
    receivers: Vec<ReceiverPlan>,
    pipelines: Vec<PipelinePlan>,
    clusters: Vec<Arc<kubernetes::Handle>>,
    /// Address, path.
    health: Vec<(String, String)>,
    metrics_address: Option<String>,
    metrics: Metrics,
    status: Status,
}

/// The parts that run.
struct Running {
    boards: Vec<Arc<Board>>,
    ended: Vec<(String, oneshot::Receiver<()>)>,
    threads: Vec<thread::JoinHandle<()>>,
    tasks: JoinSet<()>,
    abort: watch::Sender<bool>,
    /// Held until the end.
    _locks: Vec<File>,
}

impl Collector {
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
        self.receivers
            .iter()
            .map(|receiver| format!("{}: {}", receiver.id, receiver.includes.join(", ")))
            .collect()
    }

    /// Runs until `shutdown` completes, then stops reading, sends what was read, waits for the acknowledgements with
    /// a deadline and writes the checkpoints. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When it cannot start: an address is taken, the checkpoint folder cannot be written, another process holds it.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send) -> Result<StopReport, RunError> {
        let servers = self.listen().await?;
        let status = self.status.clone();
        let watches = self.watch().await?;
        let mut running = self.start()?;
        let ended = {
            let ended = futures_of(&mut running.ended);
            tokio::select! {
                () = shutdown => None,
                receiver = ended => Some(receiver),
            }
        };
        status.stopping();
        let report = running.stop().await;
        drop((servers, watches));
        match ended {
            Some(receiver) => Err(RunError::Ended { receiver }),
            None => Ok(report),
        }
    }

    /// Begins to follow the clusters, and waits for them where the configuration says so.
    async fn watch(&self) -> Result<JoinSet<()>, RunError> {
        let mut tasks = JoinSet::new();
        for cluster in &self.clusters {
            cluster.start(&mut tasks).await;
        }
        for cluster in &self.clusters {
            let Some(patience) = cluster.start_waits() else {
                continue;
            };
            if tokio::time::timeout(patience, cluster.listed()).await.is_err() {
                return Err(RunError::Metadata {
                    processor: cluster.id.clone(),
                    patience,
                });
            }
        }
        Ok(tasks)
    }

    async fn listen(&self) -> Result<JoinSet<()>, RunError> {
        let mut servers = JoinSet::new();
        let health = self
            .health
            .iter()
            .map(|(address, path)| (address.clone(), "health_check", http::health(path, self.status.clone())));
        let metrics = self.metrics_address.iter().map(|address| {
            (
                address.clone(),
                "metrics",
                http::metrics(self.metrics.clone(), self.status.clone()),
            )
        });
        for (address, purpose, router) in health.chain(metrics) {
            let bound = TcpListener::bind(&address).await;
            let listener = bound.map_err(|source| RunError::Listen {
                address: address.clone(),
                purpose,
                source,
            })?;
            tracing::info!(address, purpose, "listening");
            servers.spawn(http::serve(listener, router));
        }
        Ok(servers)
    }

    fn start(self) -> Result<Running, RunError> {
        let (abort, aborted) = watch::channel(false);
        let mut running = Running {
            boards: Vec::new(),
            ended: Vec::new(),
            threads: Vec::new(),
            tasks: JoinSet::new(),
            abort,
            _locks: Vec::new(),
        };
        let mut inputs: Vec<(Vec<String>, usize, mpsc::Sender<Delivery>)> = Vec::new();
        for plan in self.pipelines {
            let (sender, input) = mpsc::channel(PIPELINE_CHUNKS_MAX);
            inputs.push((plan.receivers, plan.exporters.len(), sender));
            let mut exporters = Vec::new();
            for exporter in plan.exporters {
                let (sender, input) = mpsc::channel::<Arc<Batch>>(EXPORTER_BATCHES_MAX);
                exporters.push(sender);
                running.tasks.spawn(exporter.run(input, aborted.clone()));
            }
            running
                .tasks
                .spawn(pipeline::run(input, plan.processors, plan.limits, exporters));
        }
        let mut locked: Vec<PathBuf> = Vec::new();
        for plan in self.receivers {
            let checkpoint = plan.open_checkpoint(&mut locked, &mut running._locks)?;
            let saved = checkpoint.as_ref().map_or(Ok(Vec::new()), CheckpointStore::load)?;
            let start = |source| RunError::Start {
                receiver: plan.id.clone(),
                source,
            };
            let board = Arc::new(Board::new().map_err(start)?);
            let mine = inputs.iter().filter(|(receivers, _, _)| receivers.contains(&plan.id));
            let readiness = plan.readiness.map(|awaited| {
                awaited.0.iter().for_each(|cluster| cluster.wake_with(board.clone()));
                awaited as Arc<dyn Readiness>
            });
            let driver = Driver {
                component: plan.id.clone(),
                tailer: Tailer::new(DiskFiles::new(plan.globs), plan.settings, saved).with_readiness(readiness.clone()),
                readiness,
                maker: plan.maker,
                board: board.clone(),
                exporters: mine.clone().map(|(_, exporters, _)| exporters).sum(),
                outputs: mine.map(|(_, _, sender)| sender.clone()).collect(),
                budget_bytes: plan.budget_bytes,
                poll_interval: plan.poll_interval,
                checkpoint,
                metrics: self.metrics.clone(),
                status: self.status.clone(),
            };
            let (on_end, ended) = oneshot::channel();
            let thread = thread::Builder::new().name(plan.id.clone()).spawn(move || {
                driver.run();
                let _ = on_end.send(());
            });
            let start = |source| RunError::Start {
                receiver: plan.id.clone(),
                source,
            };
            running.threads.push(thread.map_err(start)?);
            running.boards.push(board);
            running.ended.push((plan.id, ended));
        }
        Ok(running)
    }
}

impl ReceiverPlan {
    fn open_checkpoint(
        &self,
        locked: &mut Vec<PathBuf>,
        locks: &mut Vec<File>,
    ) -> Result<Option<CheckpointStore>, RunError> {
        let Some((folder, may_create)) = &self.storage else {
            return Ok(None);
        };
        if !locked.contains(folder) {
            locks.push(lock(folder, *may_create)?);
            locked.push(folder.clone());
        }
        Ok(Some(CheckpointStore::new(folder, &self.id.replace('/', "_"))))
    }
}

/// Makes sure that no other collector uses the folder, for as long as the file lives.
fn lock(folder: &Path, may_create: bool) -> Result<File, RunError> {
    let failed = |action| {
        move |source| RunError::Folder {
            action,
            path: folder.to_owned(),
            source,
        }
    };
    if may_create {
        std::fs::create_dir_all(folder).map_err(failed("create"))?;
    }
    let file = File::options()
        .create(true)
        .append(true)
        .open(folder.join("LOCK"))
        .map_err(failed("lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(RunError::Locked {
            path: folder.to_owned(),
        }),
        Err(std::fs::TryLockError::Error(source)) => Err(failed("lock")(source)),
    }
}

/// The receiver that ends first.
async fn futures_of(ended: &mut Vec<(String, oneshot::Receiver<()>)>) -> String {
    let mut waits = JoinSet::new();
    for (receiver, end) in std::mem::take(ended) {
        waits.spawn(async move {
            // An error means that the thread panicked.
            let _ = end.await;
            receiver
        });
    }
    match waits.join_next().await {
        Some(Ok(receiver)) => receiver,
        _ => std::future::pending().await,
    }
}

impl Running {
    async fn stop(mut self) -> StopReport {
        self.boards.iter().for_each(|board| board.request_stop(false));
        let drained = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_DEADLINE, drained).await.is_err() {
            // What is not acknowledged by now is read again after the next start.
            let _ = self.abort.send(true);
        }
        self.boards.iter().for_each(|board| board.request_stop(true));
        let left = self.boards.iter().map(|board| board.in_flight_records() as u64).sum();
        let threads = std::mem::take(&mut self.threads);
        let joined =
            tokio::task::spawn_blocking(move || threads.into_iter().filter_map(|thread| thread.join().err()).count());
        if let Ok(panicked @ 1..) = joined.await {
            tracing::error!(panicked, "receivers ended by a panic");
        }
        self.tasks.abort_all();
        if left > 0 {
            tracing::warn!(
                records = left,
                "stopped before everything was acknowledged, it will be read again"
            );
        }
        StopReport {
            unacknowledged_records: left,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // When a later receiver cannot start, those before it must not run on.
        self.boards.iter().for_each(|board| board.request_stop(true));
    }
}

#[cfg(test)]
mod tests;
