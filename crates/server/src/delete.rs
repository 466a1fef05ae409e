//! Deletion of lines: `/loki/api/v1/delete`.
//!
//! Source: Loki, "Log entry deletion", and the answers of Loki 3.7.8 request by request.

use std::time::Duration;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use longshore_logql::ast::{Stage, StageKind};
use longshore_logql::{Expr, RowQueries};
use longshore_model::{
    RowFilterCompiler as _, SECOND_NS, TenantId, TimestampNs, format_go_duration, parse_go_duration,
};
use longshore_store::{CancelError, DeleteError, Deletion, DeletionMode, Store};

use crate::error::{ApiError, chain};
use crate::json::{put_list, put_seconds, put_string};
use crate::other_site;
use crate::params::{Params, now};
use crate::server::Shared;
use crate::tenant::Tenant;
use crate::thread::on_thread_of;

/// Loki keeps the times of delete requests to the millisecond.
const MILLISECOND_NS: i64 = 1_000_000;

/// Longest number of seconds.
const SECONDS_DIGITS_MAX: usize = 10;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-delete-request-id");

/// `PUT` and `POST`: lines of a query between `start` and `end` are to go.
pub(crate) async fn request(
    State(shared): State<Shared>,
    Tenant { id: tenant, limits }: Tenant,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, ApiError> {
    other_site::refuse(&headers, "delete lines")?;
    check_allowed(&shared.store, &tenant)?;
    let limit = limits.query_timeout;
    let max_interval = shared.settings.delete_max_interval;
    let tenants = std::slice::from_ref(&tenant);
    let (query, start, end) = on_thread_of(&shared, tenants, limit, move |_, _| read(&params, max_interval)).await?;
    let deletion = blocking(move || {
        shared
            .store
            .delete(&tenant, &query, start, end)
            .map_err(|error| delete_error(&error))
    })
    .await?;
    Ok((StatusCode::NO_CONTENT, [(REQUEST_ID, deletion.id)]).into_response())
}

/// The query and the time of a request that may be taken.
fn read(params: &Params, max_interval: Duration) -> Result<(String, TimestampNs, TimestampNs), ApiError> {
    let query = params.get("query").ok_or_else(|| refused("query not set"))?;
    if RowQueries.compile(query).is_err() {
        return Err(refused("invalid query expression"));
    }
    let (start, end) = range(params, whole_milliseconds(now()))?;
    if filters_lines(query) {
        check_interval(params, start, end, max_interval)?;
    }
    Ok((query.to_owned(), start, end))
}

/// `GET`: the tenant's requests.
pub(crate) async fn list(
    State(shared): State<Shared>,
    Tenant { id: tenant, .. }: Tenant,
) -> Result<Response, ApiError> {
    check_allowed(&shared.store, &tenant)?;
    let mut out = Vec::new();
    put_list(&mut out, &shared.store.deletions(&tenant), put_deletion);
    out.push(b'\n');
    Ok(([(CONTENT_TYPE, "application/json")], out).into_response())
}

/// `DELETE`: takes a request back.
pub(crate) async fn cancel(
    State(shared): State<Shared>,
    Tenant { id: tenant, .. }: Tenant,
    params: Params,
) -> Result<Response, ApiError> {
    check_allowed(&shared.store, &tenant)?;
    let id = params.get("request_id").unwrap_or_default().to_owned();
    let force = params.get("force") == Some("true");
    blocking(move || {
        shared
            .store
            .cancel_deletion(&tenant, &id, force)
            .map_err(|error| cancel_error(&error))
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `GET /loki/api/v1/cache/generation_numbers`: changes with the tenant's requests, so that a cache of answers knows when
/// it is stale.
pub(crate) async fn generation(State(shared): State<Shared>, Tenant { id: tenant, .. }: Tenant) -> Response {
    let changed = shared.store.deletions_changed(&tenant);
    let number = changed.map_or_else(String::new, |at| at.0.to_string());
    ([(CONTENT_TYPE, "text/plain; charset=utf-8")], format!("\"{number}\"\n")).into_response()
}

fn check_allowed(store: &Store, tenant: &TenantId) -> Result<(), ApiError> {
    match store.deletion_mode(tenant) {
        DeletionMode::Disabled => {
            Err(ApiError::new(StatusCode::FORBIDDEN, "deletion is not available for this tenant").line())
        }
        DeletionMode::FilterOnly | DeletionMode::FilterAndDelete => Ok(()),
    }
}

fn refused(text: impl Into<String>) -> ApiError {
    ApiError::bad_request(text).line()
}

/// First and last moment, both inclusive.
fn range(params: &Params, now: TimestampNs) -> Result<(TimestampNs, TimestampNs), ApiError> {
    let time = |name: &str| {
        let text = params.get(name)?;
        let invalid = |_| refused(format!("invalid {name} time: require unix seconds or RFC3339 format"));
        Some(parse_time(text).ok_or(()).map(whole_milliseconds).map_err(invalid))
    };
    let start = time("start").ok_or_else(|| refused("start time not set"))??;
    let end = time("end").unwrap_or(Ok(now))?;
    if end > now {
        return Err(refused("deletes in the future are not allowed"));
    }
    if start >= end {
        return Err(refused("start time can't be greater than or equal to end time"));
    }
    Ok((start, end))
}

/// Whole seconds or RFC 3339, as Loki takes here and nowhere else.
fn parse_time(text: &str) -> Option<TimestampNs> {
    if text.len() <= SECONDS_DIGITS_MAX && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds: i64 = text.parse().ok()?;
        return Some(TimestampNs(seconds.saturating_mul(SECOND_NS)));
    }
    TimestampNs::parse_rfc3339(text.as_bytes()).ok()
}

/// Whether a query chooses among the lines of its streams; only then Loki looks at `max_interval`.
fn filters_lines(query: &str) -> bool {
    let Ok(Expr::Log(expr)) = longshore_logql::parse(query) else {
        return false;
    };
    let filters = |stage: &Stage| matches!(stage.kind, StageKind::LineFilter(_) | StageKind::LabelFilter(_));
    expr.stages.iter().any(filters)
}

/// `max_interval` cuts a request into several in Loki. One is as good here, so it is only checked.
fn check_interval(params: &Params, start: TimestampNs, end: TimestampNs, max: Duration) -> Result<(), ApiError> {
    let Some(text) = params.get("max_interval") else {
        return Ok(());
    };
    let interval_ns = parse_go_duration(text).ok().filter(|interval_ns| *interval_ns > 0);
    let interval_ns = interval_ns.ok_or_else(|| refused("invalid max_interval: valid time units are 's', 'm', 'h'"))?;
    if u128::try_from(interval_ns).is_ok_and(|interval_ns| interval_ns > max.as_nanos()) {
        return Err(refused(format!(
            "max_interval can't be greater than {}",
            format_go_duration(max)
        )));
    }
    let whole_ns = end.0.saturating_sub(start.0);
    if interval_ns > whole_ns {
        let whole = format_go_duration(Duration::from_nanos(u64::try_from(whole_ns).unwrap_or(0)));
        return Err(refused(format!(
            "max_interval can't be greater than the interval to be deleted ({whole})"
        )));
    }
    Ok(())
}

fn whole_milliseconds(at: TimestampNs) -> TimestampNs {
    TimestampNs(at.0.div_euclid(MILLISECOND_NS) * MILLISECOND_NS)
}

fn put_deletion(out: &mut Vec<u8>, deletion: &Deletion) {
    out.extend_from_slice(b"{\"request_id\":");
    put_string(out, &deletion.id);
    for (name, at) in [("start_time", deletion.start), ("end_time", deletion.end)] {
        out.extend_from_slice(format!(",\"{name}\":").as_bytes());
        put_seconds(out, at);
    }
    out.extend_from_slice(b",\"query\":");
    put_string(out, &deletion.query);
    let status = if deletion.processed { "processed" } else { "received" };
    out.extend_from_slice(format!(",\"status\":\"{status}\",\"created_at\":").as_bytes());
    put_seconds(out, deletion.created);
    out.extend_from_slice(b",\"user_id\":");
    put_string(out, deletion.tenant.as_str());
    out.push(b'}');
}

/// Runs what waits for the disk. Not among the queries' threads, and never cut short: a request that is durable must be
/// acknowledged.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| ApiError::internal("the request failed in an unexpected way"))?
}

fn delete_error(error: &DeleteError) -> ApiError {
    match error {
        DeleteError::Query(_) => refused("invalid query expression"),
        DeleteError::TooMany(_) => refused(error.to_string()),
        DeleteError::NoLanguage | DeleteError::Io(_) => ApiError::internal(chain(error)).line(),
    }
}

fn cancel_error(error: &CancelError) -> ApiError {
    match error {
        CancelError::Unknown => {
            ApiError::new(StatusCode::NOT_FOUND, "could not find delete request with given id").line()
        }
        CancelError::Processed => {
            refused("deletion of request which is in process or already processed is not allowed")
        }
        CancelError::TooLate(period) => refused(format!(
            "Cancellation of partially completed delete request or delete request past the deadline of {} since its \
             creation is not allowed. To force, use the ?force query parameter",
            format_go_duration(*period)
        )),
        CancelError::Io(_) => ApiError::internal(chain(error)).line(),
    }
}
