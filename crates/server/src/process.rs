//! What the API may do to the process it runs in, if the program lets it: logging, shutdown.

use std::sync::atomic::Ordering;

use axum::extract::{Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::error::{ApiError, chain};
use crate::params::Params;
use crate::server::Shared;
use crate::{json, other_site};

/// The program around a server.
pub trait Process: Send + Sync + 'static {
    /// How much it logs: `info` and the like, or directives.
    fn log_level(&self) -> String;

    /// Logs from now on as much as this level says.
    ///
    /// # Errors
    /// The reason, in words.
    fn set_log_level(&self, level: &str) -> Result<(), String>;

    /// Asks it to end in good order, as SIGTERM does.
    fn stop(&self);
}

/// Levels that Loki knows, and one that only we do.
const LEVELS: [&str; 5] = ["debug", "info", "warn", "error", "trace"];

fn process(shared: &Shared) -> Result<&dyn Process, ApiError> {
    let missing = || ApiError::new(StatusCode::NOT_IMPLEMENTED, "this program does not let its API do that");
    shared.process.get().map(|process| &**process).ok_or_else(missing)
}

/// `GET /log_level`.
pub(crate) async fn log_level(State(shared): State<Shared>) -> Result<Response, ApiError> {
    let message = format!("Current log level is {}", process(&shared)?.log_level());
    Ok(json::value(&json!({"message": message})))
}

/// `POST /log_level?log_level=debug`.
pub(crate) async fn set_log_level(State(shared): State<Shared>, params: Params) -> Result<Response, ApiError> {
    let level = params.get("log_level").unwrap_or_default();
    let set = if LEVELS.contains(&level) {
        process(&shared)?.set_log_level(level)
    } else {
        Err(format!("unrecognized log level \"{level}\""))
    };
    Ok(match set {
        Ok(()) => json::value(&json!({"status": "success", "message": format!("Log level set to {level}")})),
        Err(message) => {
            let body = json!({"status": "failed", "message": message});
            (StatusCode::BAD_REQUEST, json::value(&body)).into_response()
        }
    })
}

/// `GET` and `POST /flush`, `POST /flush/tenant`: everything in memory goes to segments, where other readers of
/// Parquet see it. There is one head for all tenants, so all are flushed.
pub(crate) async fn flush(State(shared): State<Shared>) -> Result<StatusCode, ApiError> {
    // Not among the queries' threads: a flush must not wait for a slow query, and is never cut short.
    let flushed = tokio::task::spawn_blocking(move || shared.store.flush()).await;
    match flushed {
        Ok(Ok(())) => Ok(StatusCode::NO_CONTENT),
        Ok(Err(error)) => Err(ApiError::internal(chain(&error))),
        Err(_) => Err(ApiError::internal("the flush failed in an unexpected way")),
    }
}

/// `GET`, `POST` and `DELETE /ingester/prepare_shutdown`: whether the next shutdown flushes. It always does here, so
/// this only remembers what it was told.
pub(crate) async fn prepare_shutdown(State(shared): State<Shared>, method: Method) -> Response {
    let prepared = &shared.shutdown_prepared;
    match method {
        Method::POST => prepared.store(true, Ordering::Relaxed),
        Method::DELETE => prepared.store(false, Ordering::Relaxed),
        _ => {
            let is_set = prepared.load(Ordering::Relaxed);
            let content_type = [(CONTENT_TYPE, "text/plain")];
            return (content_type, if is_set { "set" } else { "unset" }).into_response();
        }
    }
    StatusCode::NO_CONTENT.into_response()
}

/// `POST /ingester/shutdown`: flushes and, unless `terminate=false`, ends the process in good order.
pub(crate) async fn shutdown(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Query(params): Query<Vec<(String, String)>>,
) -> Result<StatusCode, ApiError> {
    other_site::refuse(&headers, "end this program")?;
    let is_wanted = |name: &str| {
        let value = params
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str());
        !matches!(value, Some("false" | "0" | "f" | "F" | "FALSE" | "False"))
    };
    let terminate = is_wanted("terminate").then(|| process(&shared)).transpose()?;
    if is_wanted("flush") {
        flush(State(shared.clone())).await?;
    }
    if let Some(process) = terminate {
        tracing::info!("asked to stop by the API");
        process.stop();
    }
    Ok(StatusCode::NO_CONTENT)
}

/// `GET` and `PUT /sync-indexes`: there is one index, and it is in step with the store always.
pub(crate) async fn sync_indexes() -> StatusCode {
    StatusCode::NO_CONTENT
}

/// `/debug/pprof/...` and `/debug/fgprof`: profiles of Go's runtime.
pub(crate) async fn no_profile() -> ApiError {
    ApiError::new(
        StatusCode::NOT_FOUND,
        "this program has no profiles of Go's runtime; `perf record -g -p PID` on its machine tells where its time \
         goes, and /metrics what it does",
    )
    .line()
}
