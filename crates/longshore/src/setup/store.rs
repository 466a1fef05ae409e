//! Opens a store with its server, and closes them in the right order.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use longshore_config::loki::{ChunkEncoding, StoreSettings};
use longshore_server::{BindError, Process, Server, ServerSettings};
use longshore_store::{OpenError, Settings, Store};
use prometheus_client::registry::Registry;
use tokio::task::JoinHandle;

use super::rules::ConfiguredRules;
use crate::failure::Hinted;
use crate::logging;
use crate::memory_limit;
use crate::setup::{Overrides, Patience};
use crate::shutdown::Shutdown;

/// What the store is told, from Loki's configuration.
pub(crate) fn store_settings(from: &StoreSettings, directory: PathBuf, rules: Arc<ConfiguredRules>) -> Settings {
    let chunk_encoding = match from.ingester.chunk_encoding {
        ChunkEncoding::None => longshore_store::ChunkEncoding::None,
        ChunkEncoding::Gzip | ChunkEncoding::Flate => longshore_store::ChunkEncoding::Gzip,
        ChunkEncoding::Snappy => longshore_store::ChunkEncoding::Snappy,
        ChunkEncoding::Lz4 => longshore_store::ChunkEncoding::Lz4,
        ChunkEncoding::Zstd => longshore_store::ChunkEncoding::Zstd,
    };
    Settings {
        chunk_encoding,
        chunk_idle_period: from.ingester.chunk_idle_period,
        max_chunk_age: from.ingester.max_chunk_age,
        chunk_target_size_bytes: from.ingester.chunk_target_size.0,
        disk_full_threshold: from.ingester.disk_full_threshold,
        delete_request_cancel_period: from.compactor.delete_request_cancel_period,
        row_filters: Some(Arc::new(longshore_logql::RowQueries)),
        rules,
        ..Settings::new(directory)
    }
}

/// A store that is open and listens, but does not answer yet.
pub(crate) struct BoundStore {
    store: Arc<Store>,
    server: Server,
}

/// What the API may do to this process.
struct ThisProcess(Shutdown);

impl Process for ThisProcess {
    fn log_level(&self) -> String {
        logging::level()
    }

    fn set_log_level(&self, level: &str) -> Result<(), String> {
        logging::set_level(level)
    }

    fn stop(&self) {
        self.0.request();
    }
}

/// A store that takes in and answers over HTTP.
pub(crate) struct RunningStore {
    store: Arc<Store>,
    server: JoinHandle<()>,
    /// What goes on beside it until the end.
    tasks: Vec<JoinHandle<()>>,
}

impl BoundStore {
    /// Opens the store and listens.
    pub(crate) async fn open(settings: Settings, mut server: ServerSettings, by: ConfiguredBy) -> anyhow::Result<Self> {
        if let Some(bytes) = memory_limit::for_queries() {
            server.query_memory_bytes = bytes;
        }
        if let Some(bytes) = memory_limit::for_pushes() {
            server.push_memory_bytes = server.push_memory_bytes.min(bytes);
        }
        let directory = settings.directory.clone();
        let mut patience = Patience::default();
        let store = loop {
            let settings = settings.clone();
            let opened = tokio::task::spawn_blocking(move || Store::open(settings))
                .await
                .context("the store could not be opened")?;
            match opened {
                Err(error @ OpenError::Locked { .. }) if by.waits() && patience.lasts(&error).await => {}
                opened => break opened.map_err(|error| by.not_opened(error, &directory))?,
            }
        };
        let address = server.listen.clone();
        let server = match Server::bind(server, Arc::clone(&store), super::embedded()).await {
            Ok(server) => server,
            Err(error) => {
                close(store).await?;
                return Err(by.not_bound(error, &address));
            }
        };
        Ok(Self { store, server })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.server.local_addr()
    }

    /// Shows on `/metrics` what another part of the process counts.
    pub(crate) fn register_metrics(&self, register: impl FnOnce(&mut Registry)) {
        self.server.register_metrics(register);
    }

    /// Lets the API change the level of logging and ask for `stop`.
    pub(crate) fn control_by_api(&self, stop: Shutdown) {
        self.server.control(Arc::new(ThisProcess(stop)));
    }

    /// Answers until `stop`, with the limits of tenants that stand in files.
    pub(crate) fn serve(self, stop: Shutdown, overrides: Option<Overrides>) -> RunningStore {
        let mut tasks = Vec::new();
        if let Some(overrides) = overrides {
            self.register_metrics(|registry| overrides.register_metrics(registry));
            tasks.push(tokio::spawn(overrides.follow(self.server.tenant_limits())));
        }
        let server = tokio::spawn(self.server.serve(stop.requested()));
        RunningStore {
            store: self.store,
            server,
            tasks,
        }
    }

    /// Closes the store without having answered.
    pub(crate) async fn close(self) -> anyhow::Result<()> {
        drop(self.server);
        close(self.store).await
    }
}

impl RunningStore {
    /// Waits until the server has stopped and closes the store.
    pub(crate) async fn finish(self) -> anyhow::Result<()> {
        let served = self.server.await;
        for task in self.tasks {
            task.abort();
        }
        close(self.store).await?;
        served.context("the server ended by a mistake of its own")
    }
}

/// Writes everything to segments; nothing would be lost without it, but the next start is quicker.
async fn close(store: Arc<Store>) -> anyhow::Result<()> {
    tokio::task::spawn_blocking(move || store.close())
        .await
        .context("the store ended by a mistake of its own")?
        .context("the last lines stay in the write-ahead log")
}

/// How the user says where the store lies and listens; hints name it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ConfiguredBy {
    /// `--data` and `--listen`.
    Flags,
    /// A file in Loki's form.
    File,
}

impl ConfiguredBy {
    /// Whether nobody sits in front of it, so that waiting is better than an error.
    fn waits(self) -> bool {
        matches!(self, Self::File)
    }

    fn not_opened(self, error: OpenError, directory: &Path) -> anyhow::Error {
        let folder = match self {
            Self::Flags => "--data DIR",
            Self::File => "common.path_prefix in the configuration",
        };
        let hint = match &error {
            OpenError::Locked { .. } => format!("another folder goes into {folder}; it needs a port of its own too"),
            OpenError::Io { .. } => {
                let directory = directory.display();
                format!("this user must be able to write to {directory}; another folder goes into {folder}")
            }
            _ => return error.into(),
        };
        let cause = std::error::Error::source(&error)
            .map(|cause| format!(": {cause}"))
            .unwrap_or_default();
        Hinted::error(format!("{error}{cause}"), hint)
    }

    fn not_bound(self, error: BindError, address: &str) -> anyhow::Error {
        match error {
            BindError::InUse { .. } => Hinted::error(
                format!("something else listens on {address} already"),
                format!("stop it, or take another port: {}", self.other_port(address)),
            ),
            error @ BindError::Tls(_) => error.into(),
            error => Hinted::error(
                format!("{:#}", anyhow::Error::new(error)),
                "an address is written as in 127.0.0.1:3100 and must belong to this machine",
            ),
        }
    }

    /// The next port, as the user would write it.
    fn other_port(self, address: &str) -> String {
        let (host, port) = address.rsplit_once(':').unwrap_or(("127.0.0.1", ""));
        let next = port
            .parse::<u16>()
            .ok()
            .and_then(|port| port.checked_add(1))
            .unwrap_or(3101);
        match self {
            Self::Flags => format!("--listen {host}:{next}"),
            Self::File => format!("server.http_listen_port: {next} in the configuration"),
        }
    }
}
