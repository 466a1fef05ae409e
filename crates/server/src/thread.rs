//! Blocking work of a request on a thread of its own, so many at a time, cancelled when nobody waits for it.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use longshore_logql::eval::MemoryError;
use longshore_model::{Cancellation, ScanError, TenantId};
use tokio::sync::OwnedSemaphorePermit;

use crate::error::{ApiError, chain};
use crate::server::{Shared, State};
use crate::tenant::Reader;

/// Cancels when it is dropped: the future of a request is dropped when its client goes away.
struct CancelOnDrop(Cancellation);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// Runs `work` for a request when it is its turn. It must look at the cancellation often, or be short; the logs that it
/// reads end with it.
pub(crate) async fn on_thread<T: Send + 'static>(
    shared: &Shared,
    reader: &Reader,
    work: impl FnOnce(&Shared, &Reader, Cancellation) -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let Reader { logs, limits } = reader.clone();
    let work = move |shared: &Shared, cancellation: Cancellation| {
        let logs = logs.until(cancellation.clone());
        work(shared, &Reader { logs, limits }, cancellation)
    };
    on_thread_of(shared, reader.logs.tenants(), reader.limits.query_timeout, work).await
}

/// As [`on_thread`], for tenants that share a place in the queue, within a time.
pub(crate) async fn on_thread_of<T: Send + 'static>(
    shared: &Shared,
    tenants: &[TenantId],
    limit: Duration,
    work: impl FnOnce(&Shared, Cancellation) -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    if limit.is_zero() {
        return Err(timed_out(limit));
    }
    let cancellation = Cancellation::default();
    let _guard = CancelOnDrop(cancellation.clone());
    let run = async {
        let turn = wait_for_turn(shared, tenants).await?;
        let shared = shared.clone();
        let work = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work(&shared, cancellation)
        });
        work.await
            .map_err(|_| ApiError::internal("the query failed in an unexpected way"))?
    };
    tokio::time::timeout(limit, run)
        .await
        .unwrap_or_else(|_| Err(timed_out(limit)))
}

async fn wait_for_turn(shared: &State, tenants: &[TenantId]) -> Result<OwnedSemaphorePermit, ApiError> {
    let turns = Arc::clone(&shared.query_turns);
    // Who need not wait does not count.
    if let Ok(turn) = Arc::clone(&turns).try_acquire_owned() {
        return Ok(turn);
    }
    let _place = shared
        .waiting
        .enter(tenants, shared.settings.queries_waiting_max)
        .ok_or_else(|| ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too many outstanding requests"))?;
    let closed = |_| ApiError::unavailable("the server is shutting down");
    turns.acquire_owned().await.map_err(closed)
}

fn timed_out(limit: Duration) -> ApiError {
    tracing::warn!(seconds = limit.as_secs(), "a query took too long and was cancelled");
    ApiError::new(
        StatusCode::GATEWAY_TIMEOUT,
        "request timed out, decrease the duration of the request or add more label matchers (prefer exact match over \
         regex match) to reduce the amount of data processed",
    )
}

/// Too little memory, as an answer: the query is to blame, or the moment.
pub(crate) fn memory_error(error: &MemoryError) -> ApiError {
    let status = match error {
        MemoryError::Query(_) => StatusCode::BAD_REQUEST,
        MemoryError::Pool(_) => StatusCode::TOO_MANY_REQUESTS,
    };
    ApiError::new(status, error.to_string())
}

/// A scan that ended early, as an answer.
pub(crate) fn scan_error(error: &ScanError) -> ApiError {
    match error {
        // Nobody reads this: the client is gone, or was told of the time-out.
        ScanError::Cancelled => ApiError::new(
            StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST),
            "the request was cancelled by the client",
        ),
        error @ ScanError::Read { .. } => {
            let text = chain(error);
            tracing::error!(error = %text, "a query could not read the store");
            ApiError::internal(text)
        }
    }
}
