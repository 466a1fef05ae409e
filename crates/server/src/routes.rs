//! Which path goes where, and what every request passes through.

use std::time::Instant;

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

use crate::server::Shared;
use crate::{detected, index, labels, page, push, query, status, tail};

/// The whole server as one service.
pub(crate) fn router(shared: Shared) -> Router {
    let prefix = shared.settings.path_prefix.trim_end_matches('/').to_owned();
    let router = Router::new()
        .merge(writes())
        .merge(reads())
        .route("/ready", get(status::ready))
        .route("/metrics", get(status::metrics))
        .route("/config", get(status::config))
        .route("/config/tenant/v1/limits", get(status::tenant_limits))
        .route("/flush", both(status::flush))
        .route("/loki/api/v1/status/buildinfo", get(status::build_info))
        .fallback(page::serve)
        .layer(middleware::from_fn_with_state(shared.clone(), measure))
        .layer(CompressionLayer::new())
        .layer(CatchPanicLayer::new())
        .layer(DefaultBodyLimit::disable());
    let router = if prefix.is_empty() {
        router
    } else {
        Router::new().nest(&prefix, router)
    };
    router.with_state(shared)
}

fn writes() -> Router<Shared> {
    Router::new()
        .route("/loki/api/v1/push", post(push::loki))
        .route("/api/prom/push", post(push::loki))
        .route("/otlp/v1/logs", post(push::otlp))
}

fn reads() -> Router<Shared> {
    Router::new()
        .route("/loki/api/v1/query_range", both(query::range))
        .route("/loki/api/v1/query", both(query::instant))
        .route("/loki/api/v1/labels", both(labels::names))
        .route("/loki/api/v1/label", both(labels::names))
        .route("/loki/api/v1/label/{name}/values", both(labels::values))
        .route("/loki/api/v1/series", both(labels::series))
        .route("/loki/api/v1/index/stats", both(index::stats))
        .route("/loki/api/v1/index/volume", both(index::volume))
        .route("/loki/api/v1/index/volume_range", both(index::volume_range))
        .route("/loki/api/v1/detected_labels", both(detected::labels))
        .route("/loki/api/v1/detected_fields", both(detected::fields))
        .route(
            "/loki/api/v1/detected_field/{name}/values",
            both(detected::field_values),
        )
        .route("/loki/api/v1/drilldown-limits", get(status::drilldown_limits))
        .route("/loki/api/v1/format_query", both(status::format_query))
        .route("/prometheus/api/v1/rules", get(status::no_rules))
        .route("/prometheus/api/v1/alerts", get(status::no_alerts))
        .route("/api/prom/label", both(labels::names))
        .route("/api/prom/label/{name}/values", both(labels::values))
        .route("/api/prom/series", both(labels::series))
        .route("/loki/api/v1/tail", get(tail::serve))
        .route("/api/prom/tail", get(tail::serve))
}

/// Queries come by GET and, when they are long, by POST.
fn both<H, T>(handler: H) -> MethodRouter<Shared>
where
    H: Handler<T, Shared>,
    T: 'static,
{
    get(handler.clone()).post(handler)
}

/// Counts a request and how long it took. The name of a route is bounded, as paths and methods of clients are not.
async fn measure(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("other", MatchedPath::as_str)
        .to_owned();
    let method = match *request.method() {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        _ => "other",
    };
    let response = next.run(request).await;
    shared
        .metrics
        .request(method, &route, response.status().as_u16(), started.elapsed());
    response
}
