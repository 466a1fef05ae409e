//! Small answers about the server itself.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use longshore_model::ByteSize;
use serde_json::json;

use crate::error::{ApiError, chain};
use crate::json;
use crate::params::{Params, format_prometheus_duration};
use crate::server::Shared;
use crate::tenant::Reader;
use crate::thread::on_thread_of;

/// The version of Loki whose API this is: Grafana switches features on by it.
const LOKI_API_VERSION: &str = "3.8.0";

/// `GET /ready`.
pub(crate) async fn ready(State(shared): State<Shared>) -> Response {
    if *shared.closing.borrow() {
        return ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "the server is shutting down").into_response();
    }
    match shared.store.check() {
        Ok(()) => "ready\n".into_response(),
        Err(error) => ApiError::new(StatusCode::SERVICE_UNAVAILABLE, chain(&error)).into_response(),
    }
}

/// `GET /metrics`.
pub(crate) async fn metrics(State(shared): State<Shared>) -> Response {
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    shared.metrics.query_memory(shared.query_memory.used_bytes());
    ([(CONTENT_TYPE, content_type)], shared.metrics.text()).into_response()
}

/// `GET /config`, with `mode=defaults` what would act without a file, with `mode=diffs` where the two differ.
pub(crate) async fn config(State(shared): State<Shared>, params: Params) -> Result<Response, ApiError> {
    let effective = &shared.settings.effective_config;
    let text = match params.get("mode") {
        Some("defaults") => longshore_config::loki::defaults_yaml(),
        Some("diffs") => longshore_config::yaml_difference(effective, &longshore_config::loki::defaults_yaml()),
        _ => effective.clone(),
    };
    Ok(([(CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}

/// `GET /loki/api/v1/status/buildinfo`.
pub(crate) async fn build_info() -> Response {
    let info = json!({
        "version": LOKI_API_VERSION,
        "revision": concat!("longshore-", env!("CARGO_PKG_VERSION")),
        "branch": "longshore",
        "buildUser": "",
        "buildDate": "",
        "goVersion": "",
    });
    json::plain_value(&info)
}

/// `GET /loki/api/v1/format_query`: of whichever tenant.
pub(crate) async fn format_query(State(shared): State<Shared>, params: Params) -> Result<Response, ApiError> {
    let limit = shared.settings.limits.query_timeout;
    on_thread_of(&shared, &[], limit, move |_, _| {
        Ok(match longshore_logql::parse(params.get("query").unwrap_or_default()) {
            Ok(expr) => json::value(&json!({"status": "success", "data": expr.pretty()})),
            Err(error) => {
                let body = json!({"status": "invalid-query", "error": error.to_string()});
                (StatusCode::BAD_REQUEST, json::value(&body)).into_response()
            }
        })
    })
    .await
}

/// `GET /loki/api/v1/drilldown-limits`: what an explorer must know before it asks.
pub(crate) async fn drilldown_limits(State(shared): State<Shared>, reader: Reader) -> Response {
    let limits = &reader.limits;
    let text = |duration: Option<Duration>| format_prometheus_duration(duration.unwrap_or_default());
    let bytes = ByteSize(limits.max_query_bytes_read.unwrap_or_default());
    json::plain_value(&json!({
        "limits": {
            "discover_log_levels": limits.discover_log_levels,
            "discover_service_name": limits.discover_service_name,
            "log_level_fields": limits.level_fields.names(),
            "max_entries_limit_per_query": limits.max_entries_limit_per_query,
            "max_line_size_truncate": limits.max_line_size_truncate,
            "max_query_bytes_read": bytes.to_string().replace("iB", "B"),
            "max_query_length": text(limits.max_query_length),
            "max_query_lookback": text(limits.max_query_lookback),
            "max_query_range": text(limits.max_query_range),
            "max_query_series": limits.max_query_series.unwrap_or_default(),
            "metric_aggregation_enabled": false,
            "pattern_persistence_enabled": false,
            "query_timeout": text(Some(limits.query_timeout)),
            "retention_period": text(limits.retention_period),
            "volume_enabled": limits.volume_enabled,
            "volume_max_series": limits.volume_max_series,
        },
        "pattern_ingester_enabled": shared.settings.patterns_enabled,
        "version": LOKI_API_VERSION,
    }))
}

/// `GET /config/tenant/v1/limits`: what the tenant may do.
pub(crate) async fn tenant_limits(reader: Reader) -> Response {
    let content_type = [(CONTENT_TYPE, "text/plain; charset=utf-8")];
    (content_type, reader.limits.effective_yaml.clone()).into_response()
}
