//! The collector's own small HTTP server: health, readiness, metrics.

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::metrics::Metrics;
use crate::status::Status;

/// Routes of the health check extension: one path that says whether the collector works.
pub(crate) fn health(path: &str, status: Status) -> Router {
    let path = if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("/{path}")
    };
    Router::new().route(&path, get(async move || readiness(&status)))
}

/// `/metrics` and `/ready`.
pub(crate) fn metrics(metrics: Metrics, status: Status) -> Router {
    const PROMETHEUS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Router::new()
        .route(
            "/metrics",
            get(async move || ([(header::CONTENT_TYPE, PROMETHEUS)], metrics.text())),
        )
        .route("/ready", get(async move || readiness(&status)))
}

fn readiness(status: &Status) -> impl IntoResponse + use<> {
    match status.ready() {
        Ok(()) => (StatusCode::OK, "ready\n".to_owned()),
        Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")),
    }
}

/// Serves until the task is ended.
pub(crate) async fn serve(listener: TcpListener, router: Router) {
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(%error, "listener for health or metrics ended");
    }
}
