//! Alerting and recording rules: none are kept here, and nobody is left to believe otherwise.
//!
//! Lists are empty as those of a Loki without rules are; a rule that is sent is checked, as Loki checks it, and then
//! refused.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use longshore_config::loki::{RuleGroup, parse_rule_group};
use serde_json::json;

use crate::body;
use crate::error::ApiError;
use crate::json;
use crate::params::Params;
use crate::server::Shared;
use crate::tenant::Reader;
use crate::thread::on_thread;

fn not_found(text: &str) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, text).line()
}

/// `GET /loki/api/v1/rules` and `GET /loki/api/v1/rules/{namespace}`.
pub(crate) async fn list(_: Reader) -> ApiError {
    not_found("no rule groups found")
}

/// `GET /loki/api/v1/rules/{namespace}/{group}`. By this text, which is that of a Loki whose rules are files, Grafana
/// knows not to offer to store rules here.
pub(crate) async fn group(_: Reader) -> ApiError {
    ApiError::bad_request("GetRuleGroup unsupported in rule local store").line()
}

/// `DELETE /loki/api/v1/rules/{namespace}/{group}`.
pub(crate) async fn delete_group(_: Reader) -> ApiError {
    not_found("group does not exist")
}

/// `DELETE /loki/api/v1/rules/{namespace}`.
pub(crate) async fn delete_namespace(_: Reader) -> ApiError {
    not_found("group namespace does not exist")
}

/// `POST /loki/api/v1/rules/{namespace}`: mistakes of the group first, as Loki tells them, then that it is not kept.
pub(crate) async fn create(
    State(shared): State<Shared>,
    reader: Reader,
    Path(_namespace): Path<String>,
    body: Body,
) -> Result<Response, ApiError> {
    let bytes = body::read(&shared, body, shared.settings.query_body_bytes_max).await?;
    on_thread(&shared, &reader, move |_, _, _| {
        let text = String::from_utf8_lossy(&bytes);
        let group = parse_rule_group(&text).map_err(|error| ApiError::bad_request(error.to_string()).line())?;
        check_expressions(&group)
    })
    .await?;
    Err(ApiError::new(
        StatusCode::NOT_IMPLEMENTED,
        "rules are not evaluated here, so none is stored; use alert rules that Grafana manages, with this store as \
         their data source",
    )
    .line())
}

fn check_expressions(group: &RuleGroup) -> Result<(), ApiError> {
    for rule in &group.rules {
        longshore_logql::parse(&rule.expr).map_err(|error| {
            let (kind, name) = (rule.kind.as_str(), &rule.name);
            let text = format!(
                "could not parse expression for {kind} '{name}' in group '{}': {error}",
                group.name
            );
            ApiError::bad_request(text).line()
        })?;
    }
    Ok(())
}

/// `GET /prometheus/api/v1/rules`: what Grafana's rule list asks.
pub(crate) async fn prometheus_rules(_: Reader, params: Params) -> Response {
    match params.get("type").map(str::to_ascii_lowercase).as_deref() {
        None | Some("alert" | "record") => {
            json::plain_value(&json!({"status": "success", "data": {"groups": []}, "errorType": "", "error": ""}))
        }
        Some(other) => {
            let error = format!("not supported value \"{other}\"");
            let body = json!({"status": "error", "data": null, "errorType": "bad_data", "error": error});
            let content_type = [(CONTENT_TYPE, "text/plain; charset=utf-8")];
            (StatusCode::BAD_REQUEST, content_type, body.to_string()).into_response()
        }
    }
}

/// `GET /prometheus/api/v1/alerts`: no rules, no alerts.
pub(crate) async fn prometheus_alerts(_: Reader) -> Response {
    json::plain_value(&json!({"status": "success", "data": {"alerts": []}, "errorType": "", "error": ""}))
}
