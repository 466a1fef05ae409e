//! Binds, serves, stops.

use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use axum::serve::ListenerExt as _;
use longshore_logql::eval::MemoryPool;
use longshore_model::TimestampNs;
use longshore_store::Store;
use prometheus_client::registry::Registry;
use rustls::ServerConfig;
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tracing::{info, warn};

use crate::admission::Admission;
use crate::connections;
use crate::limits::{PUSHES_AT_ONCE, QUERY_MEMORY_SHARE, TAILS_AT_ONCE};
use crate::metrics::Metrics;
use crate::page::{Assets, OptionalAssets};
use crate::params::now;
use crate::process::Process;
use crate::push::Budget;
use crate::routes;
use crate::settings::ServerSettings;
use crate::tail::Hub;
use crate::tenants::TenantLimits;
use crate::tls::{self, TlsError, TlsListener};
use crate::waiting::Waiting;

/// What all handlers share.
pub(crate) type Shared = Arc<State>;

/// The parts of a running server.
pub(crate) struct State {
    pub(crate) settings: ServerSettings,
    pub(crate) store: Arc<Store>,
    pub(crate) tenant_limits: Arc<TenantLimits>,
    /// How much tenants have pushed lately.
    pub(crate) admission: Admission,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) assets: OptionalAssets,
    /// Memory for pushes.
    pub(crate) push_budget: Budget,
    /// Threads for pushes.
    pub(crate) push_turns: Arc<Semaphore>,
    /// Threads for queries.
    pub(crate) query_turns: Arc<Semaphore>,
    /// Threads for what live tails do with new entries.
    pub(crate) tail_turns: Arc<Semaphore>,
    /// Memory for queries and their answers, and for entries that wait for live tails.
    pub(crate) query_memory: Arc<MemoryPool>,
    /// Queries that wait for a thread.
    pub(crate) waiting: Waiting,
    /// Turns true when the server stops; live tails end then.
    pub(crate) closing: watch::Receiver<bool>,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// When it was made.
    pub(crate) started: TimestampNs,
    /// The program around it, once it has said what the API may do to it.
    pub(crate) process: OnceLock<Arc<dyn Process>>,
    /// What `/ingester/prepare_shutdown` was told.
    pub(crate) shutdown_prepared: AtomicBool,
}

/// Why a server could not be bound.
#[derive(Debug, Error)]
pub enum BindError {
    /// Someone else listens there.
    #[error("the address {address} is in use; stop what listens there, or choose another with --listen")]
    InUse {
        /// The address.
        address: String,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The certificate or its key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The address is wrong, or listening there is not allowed.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: String,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
}

/// A server that listens and does not answer yet; [`Server::serve`] makes it.
pub struct Server {
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    address: SocketAddr,
    shared: Shared,
    close: watch::Sender<bool>,
}

impl Server {
    /// Listens on the address of the settings, over a store whose replay is done. The store's listener for new
    /// entries becomes this server's.
    ///
    /// # Errors
    /// When the address is in use or cannot be listened on.
    pub async fn bind(
        mut settings: ServerSettings,
        store: Arc<Store>,
        assets: Option<Arc<dyn Assets>>,
    ) -> Result<Self, BindError> {
        let address = settings.listen.clone();
        let listen_error = |source: std::io::Error| match source.kind() {
            std::io::ErrorKind::AddrInUse => BindError::InUse {
                address: address.clone(),
                source,
            },
            _ => BindError::Listen {
                address: address.clone(),
                source,
            },
        };
        let tls = settings.tls.as_ref().map(tls::configuration).transpose()?;
        let listener = TcpListener::bind(&settings.listen).await.map_err(listen_error)?;
        let local_address = listener.local_addr().map_err(listen_error)?;
        let metrics = Arc::new(Metrics::new(|registry| store.register_metrics(registry)));
        let query_memory = Arc::new(MemoryPool::new(
            settings.query_memory_bytes,
            settings.query_memory_bytes / QUERY_MEMORY_SHARE,
        ));
        let hub = Arc::new(Hub::new(Arc::clone(&metrics), Arc::clone(&query_memory)));
        store.set_listener(Arc::clone(&hub) as _);
        let (close, closing) = watch::channel(false);
        let overrides = std::mem::take(&mut settings.overrides);
        let shared = Arc::new(State {
            tenant_limits: Arc::new(TenantLimits::new(settings.limits.clone(), overrides)),
            push_budget: Budget::new(settings.push_memory_bytes),
            push_turns: Arc::new(Semaphore::new(PUSHES_AT_ONCE)),
            query_turns: Arc::new(Semaphore::new(settings.queries_at_once)),
            query_memory,
            tail_turns: Arc::new(Semaphore::new(TAILS_AT_ONCE)),
            waiting: Waiting::default(),
            admission: Admission::new(settings.stream_idle_period),
            settings,
            store,
            metrics,
            hub,
            assets,
            closing,
            address: local_address,
            started: now(),
            process: OnceLock::new(),
            shutdown_prepared: AtomicBool::new(false),
        });
        Ok(Self {
            listener,
            tls,
            address: local_address,
            shared,
            close,
        })
    }

    /// Lets another part of the process show on `/metrics` what it counts, under whole names.
    pub fn register_metrics(&self, register: impl FnOnce(&mut Registry)) {
        self.shared.metrics.add(register);
    }

    /// The limits of tenants, to change them while the server runs.
    pub fn tenant_limits(&self) -> Arc<TenantLimits> {
        Arc::clone(&self.shared.tenant_limits)
    }

    /// Lets the API change how much the process logs, and end it. Only the first call counts.
    pub fn control(&self, process: Arc<dyn Process>) {
        // A second one would be a mistake of the program, and a harmless one.
        drop(self.shared.process.set(process));
    }

    /// Where it listens, with the port that was free if the settings asked for any.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `shutdown` completes, then lets open requests end, for a while.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) {
        let Self {
            listener,
            tls,
            address,
            shared,
            close,
        } = self;
        info!(%address, "listening");
        let stop = async {
            shutdown.await;
            // Live tails end by it.
            close.send_replace(true);
        };
        let settings = shared.settings.connections.clone();
        let router = routes::router(shared);
        match tls {
            None => {
                let listener = listener.tap_io(|stream| without_delay(stream));
                connections::serve(listener, router, &settings, stop).await;
            }
            Some(config) => {
                let listener = TlsListener::new(listener, address, config);
                connections::serve(listener, router, &settings, stop).await;
            }
        }
    }
}

/// Without it small answers wait for the client's acknowledgement of the one before.
pub(crate) fn without_delay(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        warn!(%error, "cannot switch off Nagle's algorithm");
    }
}
