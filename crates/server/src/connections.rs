//! Connections of clients: accepted, served by HTTP/1.1 or HTTP/2, ended in good order.
//!
//! Invariants:
//! * A connection on which nothing moves while no request is worked on goes after a while; so does one whose client does
//!   not take its answer.
//! * From the end on nothing new is taken in; requests that are open may end, for a while. Who has asked for nothing yet
//!   is let go.

mod watched;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use axum::serve::Listener;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep_until, timeout};
use tower_service::Service as _;
use tracing::{debug, warn};

use self::watched::{Activity, Watched};

/// How long clients are waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionSettings {
    /// Connections at a time; `None` for any. More wait, unaccepted.
    pub connections_max: Option<usize>,
    /// Longest wait for the body of a request. The client is told to send it again.
    pub read_timeout: Duration,
    /// Longest time that an answer may take to be made; `None` for any.
    pub answer_timeout: Option<Duration>,
    /// Longest wait for a client to take more of its answer.
    pub write_timeout: Duration,
    /// Longest wait for the whole header of a request, the first one or the next one, and of anything to move while no
    /// request is worked on.
    pub idle_timeout: Duration,
    /// How long open requests may take at the end before they are cut off.
    pub shutdown_grace: Duration,
}

impl Default for ConnectionSettings {
    /// Loki's defaults, but answers take as long as `query_timeout` lets them.
    fn default() -> Self {
        Self {
            connections_max: None,
            read_timeout: Duration::from_secs(30),
            answer_timeout: None,
            write_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(120),
            shutdown_grace: Duration::from_secs(30),
        }
    }
}

/// Answers whoever comes, until `stop`.
pub(crate) async fn serve<L: Listener<Addr = SocketAddr>>(
    mut listener: L,
    router: Router,
    settings: &ConnectionSettings,
    stop: impl Future<Output = ()>,
) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(settings.idle_timeout);
    builder.http2().enable_connect_protocol();
    let connections_max = settings.connections_max.unwrap_or(Semaphore::MAX_PERMITS);
    let places = Arc::new(Semaphore::new(connections_max.min(Semaphore::MAX_PERMITS)));
    let open = GracefulShutdown::new();
    let end = watch::Sender::new(());
    tokio::pin!(stop);
    loop {
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, (stream, address)) = tokio::select! {
            accepted = accepted => accepted,
            () = &mut stop => break,
        };
        let activity = Arc::new(Activity::default());
        // The stream has the place: live tails go on with it when the connection is over.
        let stream = Watched::new(stream, Arc::clone(&activity), settings.write_timeout, place.ok());
        let (router, asked) = (router.clone(), Arc::clone(&activity));
        let service = service_fn(move |request: Request<Incoming>| {
            let (request_is_open, answer) = (asked.begin(), router.clone().call(request));
            async move {
                let answer = answer.await;
                drop(request_is_open);
                answer
            }
        });
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
        let connection = open.watch(connection.into_owned());
        let (idle_timeout, mut end) = (settings.idle_timeout, end.subscribe());
        tokio::spawn(async move {
            tokio::pin!(connection);
            let mut is_ending = false;
            loop {
                tokio::select! {
                    ended = &mut connection => {
                        if let Err(error) = ended {
                            debug!(%address, %error, "a connection broke");
                        }
                        return;
                    }
                    // The library does not look at HTTP/2 connections, nor at those of which too few bytes came to tell
                    // the version.
                    () = sleep_until(activity.moved() + idle_timeout) => {
                        if activity.is_idle(idle_timeout) {
                            return;
                        }
                    }
                    _ = end.changed(), if !is_ending => {
                        is_ending = true;
                        if !activity.has_asked() {
                            return;
                        }
                    }
                }
            }
        });
    }
    drop(listener);
    end.send_replace(());
    if timeout(settings.shutdown_grace, open.shutdown()).await.is_err() {
        let seconds = settings.shutdown_grace.as_secs();
        warn!(seconds, "some requests did not end in time and are cut off");
    }
}
