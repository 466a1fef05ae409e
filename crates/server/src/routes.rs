//! Which path goes where, and what every request passes through.

use std::time::Instant;

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::handler::Handler;
use axum::http::{Extensions, HeaderMap, Method, StatusCode, Version};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, any, get, post, put};
use tokio::time::timeout;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, Predicate};

use crate::error::ApiError;
use crate::server::Shared;
use crate::slow::Asked;
use crate::{
    cluster, delete, detected, index, labels, legacy, page, patterns, process, push, query, rules, status, tail,
};

/// The whole server as one service.
pub(crate) fn router(shared: Shared) -> Router {
    let prefix = shared.settings.path_prefix.trim_end_matches('/').to_owned();
    let router = Router::new()
        .merge(writes())
        .merge(
            reads()
                .merge(legacy_reads())
                .route_layer(middleware::from_fn_with_state(shared.clone(), limit_time)),
        )
        .merge(of_rules())
        .merge(of_the_process())
        .fallback(page::serve)
        .layer(middleware::from_fn_with_state(shared.clone(), measure))
        .layer(CompressionLayer::new().compress_when(when_compressed(&shared)))
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
        .route(
            "/loki/api/v1/delete",
            get(delete::list)
                .put(delete::request)
                .post(delete::request)
                .delete(delete::cancel),
        )
        .route("/loki/api/v1/cache/generation_numbers", get(delete::generation))
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
        .route("/loki/api/v1/index/shards", both(index::shards))
        .route("/loki/api/v1/detected_labels", both(detected::labels))
        .route("/loki/api/v1/detected_fields", both(detected::fields))
        .route(
            "/loki/api/v1/detected_field/{name}/values",
            both(detected::field_values),
        )
        .route("/loki/api/v1/patterns", both(patterns::find))
        .route("/loki/api/v1/drilldown-limits", get(status::drilldown_limits))
        .route("/loki/api/v1/format_query", both(status::format_query))
        .route("/loki/api/v1/tail", get(tail::serve))
        .route("/loki/api/v1/status/buildinfo", get(status::build_info))
}

fn legacy_reads() -> Router<Shared> {
    Router::new()
        .route("/api/prom/query", both(legacy::query))
        .route("/api/prom/label", both(legacy::label_names))
        .route("/api/prom/label/{name}/values", both(legacy::label_values))
        .route("/api/prom/series", both(labels::series))
        .route("/api/prom/tail", get(tail::serve_legacy))
}

fn of_rules() -> Router<Shared> {
    let namespace = || get(rules::list).post(rules::create).delete(rules::delete_namespace);
    let group = || get(rules::group).delete(rules::delete_group);
    Router::new()
        .route("/loki/api/v1/rules", get(rules::list))
        .route("/loki/api/v1/rules/{namespace}", namespace())
        .route("/loki/api/v1/rules/{namespace}/{group}", group())
        .route("/api/prom/rules", get(rules::list))
        .route("/api/prom/rules/{namespace}", namespace())
        .route("/api/prom/rules/{namespace}/{group}", group())
        .route("/prometheus/api/v1/rules", get(rules::prometheus_rules))
        .route("/prometheus/api/v1/alerts", get(rules::prometheus_alerts))
}

fn of_the_process() -> Router<Shared> {
    let prepare = get(process::prepare_shutdown)
        .post(process::prepare_shutdown)
        .delete(process::prepare_shutdown);
    let mut router = Router::new()
        .route("/ready", get(status::ready))
        .route("/metrics", get(status::metrics))
        .route("/config", get(status::config))
        .route("/config/tenant/v1/limits", get(status::tenant_limits))
        .route("/services", get(cluster::services))
        .route("/ruler/ring", get(cluster::ruler_ring))
        .route("/memberlist", get(cluster::memberlist))
        .route("/log_level", get(process::log_level).post(process::set_log_level))
        .route("/flush", both(process::flush))
        .route("/flush/tenant", post(process::flush))
        .route("/sync-indexes", put(process::sync_indexes).get(process::sync_indexes))
        .route("/ingester/prepare_shutdown", prepare)
        .route("/ingester/shutdown", post(process::shutdown))
        .route("/debug/fgprof", any(process::no_profile))
        .route("/debug/pprof", any(process::no_profile))
        .route("/debug/pprof/", any(process::no_profile))
        .route("/debug/pprof/{profile}", any(process::no_profile));
    for path in RINGS {
        router = router.route(path, get(cluster::ring));
    }
    router
}

/// A ring for each component that has one in a single process of Loki's.
const RINGS: [&str; 5] = [
    "/ring",
    "/distributor/ring",
    "/compactor/ring",
    "/scheduler/ring",
    "/pattern/ring",
];

/// Queries come by GET and, when they are long, by POST.
fn both<H, T>(handler: H) -> MethodRouter<Shared>
where
    H: Handler<T, Shared>,
    T: 'static,
{
    get(handler.clone()).post(handler)
}

/// Answers are compressed when that is worth it, unless the configuration does not want it.
fn when_compressed(shared: &Shared) -> impl Predicate + use<> {
    let is_wanted = shared.settings.compress_responses;
    DefaultPredicate::new().and(move |_: StatusCode, _: Version, _: &HeaderMap, _: &Extensions| is_wanted)
}

/// Gives up a query whose answer takes too long. Nothing else may be cut short: a flush goes on, and a push is durable
/// whether its client hears of it or not.
async fn limit_time(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let answer = next.run(request);
    let Some(limit) = shared.settings.connections.answer_timeout else {
        return answer.await;
    };
    let too_late = |_| {
        let text =
            format!("the answer took longer than the {limit:?} of server.http_server_write_timeout; ask for less");
        ApiError::new(StatusCode::GATEWAY_TIMEOUT, text).into_response()
    };
    timeout(limit, answer).await.unwrap_or_else(too_late)
}

/// Counts a request and how long it took. The name of a route is bounded, as paths and methods of clients are not.
async fn measure(State(shared): State<Shared>, mut request: Request, next: Next) -> Response {
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
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        _ => "other",
    };
    let settings = &shared.settings;
    let slow = settings.slow_query.map(|limit| {
        let tenant = request.headers().get("x-scope-orgid").cloned();
        (limit, tenant, Asked::about(&mut request))
    });
    let response = next.run(request).await;
    let took = started.elapsed();
    shared.metrics.request(method, &route, response.status().as_u16(), took);
    if let Some((limit, tenant, asked)) = slow
        && took > limit
    {
        let tenant = tenant.as_ref().and_then(|tenant| tenant.to_str().ok());
        asked.tell(&route, tenant.unwrap_or_default(), response.status(), took);
    }
    response
}
