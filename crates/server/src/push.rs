//! The two ways in: Loki's push and OTLP.
//!
//! Invariant: a 2xx leaves only after every entry of the request is durable. A request with entries that are refused
//! gets 400 after its good entries are durable, as from Loki; 429 when some may be taken later.

mod budget;

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use longshore_model::StreamEntries;
use longshore_store::PushError;
use longshore_wire::{loki_push, otlp};
use tracing::{error, warn};

use crate::body::{self, Encoding};
use crate::error::{ApiError, chain};
use crate::ingest;
use crate::limits::{PUSH_INFLATION_EXPECTED, PUSH_WAITED_FOR_BYTES};
use crate::params::now;
use crate::server::Shared;
use crate::tenant::Tenant;
pub(crate) use budget::Budget;
use budget::{Share, decoded_bytes};

/// `POST /loki/api/v1/push`.
pub(crate) async fn loki(
    State(shared): State<Shared>,
    tenant: Tenant,
    request: Request,
) -> Result<StatusCode, ApiError> {
    try_loki(&shared, tenant, request).await.map_err(ApiError::line)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn try_loki(shared: &Shared, tenant: Tenant, request: Request) -> Result<(), ApiError> {
    let (parts, body) = request.into_parts();
    let format = loki_format(&parts.headers)?;
    let is_legacy = parts.uri.path().ends_with("/api/prom/push");
    let encoding = loki_encoding(&parts.headers)?;
    store(
        shared,
        tenant,
        &parts.headers,
        (body, encoding),
        move |body, inflated_max, share| {
            let mut inflated_bytes = body.len();
            if format == Format::Protobuf {
                // Too large a block is refused below, before anything is made of it.
                inflated_bytes = loki_push::decompressed_bytes(&body).min(inflated_max);
                share.grow_to(body.len() + inflated_bytes)?;
            }
            let decoded = match format {
                Format::Json if is_legacy => loki_push::decode_legacy_json(&body),
                Format::Json => loki_push::decode_json(&body),
                Format::Protobuf => loki_push::decode_protobuf(&body, inflated_max),
            };
            let streams = decoded.map_err(|error| match error {
                loki_push::DecodeError::TooLarge { .. } => {
                    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, error.to_string())
                }
                error @ loki_push::DecodeError::Snappy(_) => ApiError::bad_request(error.to_string()),
                error => ApiError::bad_request(chain(&error)),
            })?;
            share.grow_to(inflated_bytes + decoded_bytes(&streams))?;
            not_empty(streams)
        },
    )
    .await
}

/// Refuses a request without any stream.
fn not_empty(streams: Vec<StreamEntries>) -> Result<Vec<StreamEntries>, ApiError> {
    if streams.is_empty() {
        return Err(ApiError::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "error at least one valid stream is required for ingestion",
        ));
    }
    Ok(streams)
}

/// `POST /otlp/v1/logs`.
pub(crate) async fn otlp(State(shared): State<Shared>, tenant: Tenant, request: Request) -> Response {
    match try_otlp(&shared, tenant, request).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => otlp_error(&error),
    }
}

async fn try_otlp(shared: &Shared, tenant: Tenant, request: Request) -> Result<(), ApiError> {
    let (parts, body) = request.into_parts();
    let format = otlp_format(&parts.headers)?;
    let encoding = otlp_encoding(&parts.headers)?;
    let limits = Arc::clone(&tenant.limits);
    store(
        shared,
        tenant,
        &parts.headers,
        (body, encoding),
        move |body, _, share| {
            let decoded = match format {
                Format::Json => otlp::decode_json(&body),
                Format::Protobuf => otlp::decode_protobuf(&body),
            };
            let logs = decoded.map_err(|error| ApiError::bad_request(chain(&error)))?;
            let now = now();
            let streams = logs.into_iter().flat_map(|logs| limits.otlp_rules.streams(logs, now));
            let streams: Vec<StreamEntries> = streams.collect();
            share.grow_to(body.len() + decoded_bytes(&streams))?;
            not_empty(streams)
        },
    )
    .await
}

/// OTLP wants a `google.rpc.Status`; clients repeat a request that got 503, but not one that got 500.
fn otlp_error(error: &ApiError) -> Response {
    let status = match error.status {
        StatusCode::INTERNAL_SERVER_ERROR => StatusCode::SERVICE_UNAVAILABLE,
        status => status,
    };
    let content_type = [(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"))];
    let mut response = (status, content_type, otlp::encode_status(&error.text)).into_response();
    if let Some(seconds) = error.retry_after_seconds {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Protobuf,
}

fn header(headers: &HeaderMap, name: HeaderName) -> &str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// JSON by its content type, with any parameters; everything else is protobuf.
fn loki_format(headers: &HeaderMap) -> Result<Format, ApiError> {
    let content_type = header(headers, CONTENT_TYPE);
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    match media_type {
        "" => Err(ApiError::bad_request("mime: no media type")),
        json if json.eq_ignore_ascii_case("application/json") => Ok(Format::Json),
        _ => Ok(Format::Protobuf),
    }
}

fn loki_encoding(headers: &HeaderMap) -> Result<Encoding, ApiError> {
    let name = header(headers, CONTENT_ENCODING);
    match Encoding::from_name(name) {
        Some(Encoding::Lz4 | Encoding::Zstd) | None => Err(ApiError::bad_request(format!(
            "Content-Encoding {name:?} not supported"
        ))),
        Some(encoding) => Ok(encoding),
    }
}

fn otlp_format(headers: &HeaderMap) -> Result<Format, ApiError> {
    match header(headers, CONTENT_TYPE) {
        "application/json" => Ok(Format::Json),
        otlp::PROTOBUF_CONTENT_TYPE => Ok(Format::Protobuf),
        other => Err(ApiError::bad_request(format!("content type: {other} is not supported"))),
    }
}

fn otlp_encoding(headers: &HeaderMap) -> Result<Encoding, ApiError> {
    let name = header(headers, CONTENT_ENCODING);
    match Encoding::from_name(name) {
        Some(Encoding::Deflate | Encoding::Snappy) | None => Err(ApiError::bad_request(format!(
            "unsupported content encoding {name}: only gzip, lz4 and zstd are supported"
        ))),
        Some(encoding) => Ok(encoding),
    }
}

/// Reads, inflates, decodes, checks and stores a request; returns when all of its good entries are durable.
async fn store(
    shared: &Shared,
    tenant: Tenant,
    headers: &HeaderMap,
    (body, encoding): (Body, Encoding),
    decode: impl FnOnce(Bytes, usize, &mut Share) -> Result<Vec<StreamEntries>, ApiError> + Send + 'static,
) -> Result<(), ApiError> {
    let expected = |length: usize| length.saturating_mul(PUSH_INFLATION_EXPECTED);
    let body_bytes_max = shared.settings.push_body_bytes_max;
    let length = header(headers, CONTENT_LENGTH).parse().unwrap_or(PUSH_WAITED_FOR_BYTES);
    if length > body_bytes_max {
        return Err(body::too_large(body_bytes_max));
    }
    let waited_for = length.min(PUSH_WAITED_FOR_BYTES);
    let mut share = shared.push_budget.reserve(expected(waited_for)).await?;
    let body = body::read_within(shared, body, body_bytes_max, |length| share.grow_to(expected(length))).await?;
    let closed = |_| ApiError::unavailable("the server is shutting down");
    let turn = shared.push_turns.clone().acquire_owned().await.map_err(closed)?;
    let shared = shared.clone();
    let work = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let inflated_max = shared.settings.push_inflated_bytes_max;
        let body = body::inflate(body, encoding, inflated_max, |bytes| share.grow_to(bytes))?;
        let streams = decode(body, inflated_max, &mut share)?;
        store_decoded(&shared, &tenant, streams)
    });
    work.await
        .map_err(|_| ApiError::internal("the push failed in an unexpected way"))?
}

fn store_decoded(shared: &Shared, tenant: &Tenant, streams: Vec<StreamEntries>) -> Result<(), ApiError> {
    let Tenant { id, limits } = tenant;
    let now = now();
    let mut accepted = ingest::prepare(streams, id, limits, now);
    ingest::refuse_blocked(&mut accepted, id, limits, now);
    shared.admission.admit(id, limits, &mut accepted, Instant::now());
    shared.metrics.refused(&accepted.refusals);
    let (lines, bytes) = (accepted.lines, accepted.bytes);
    let streams = accepted.streams.into_iter().map(|checked| checked.stream);
    let stored = shared.store.push(id, streams.collect());
    stored.map_err(|error| push_error(&error))?;
    shared.metrics.pushed(lines, bytes);
    if accepted.refusals.is_empty() {
        return Ok(());
    }
    let error = accepted.refusals.error(limits.blocked_status);
    // Who configures 200 wants the lines to go without anybody noticing.
    if error.status == StatusCode::OK {
        Ok(())
    } else {
        Err(error)
    }
}

fn push_error(failure: &PushError) -> ApiError {
    let text = chain(failure);
    match failure {
        PushError::Poisoned(_) => {
            error!(error = %text, "a push failed and so will all others until a restart");
            ApiError::internal(text)
        }
        PushError::TooLarge { .. } => ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, text),
        _ => {
            warn!(error = %text, "a push was refused for now");
            ApiError::unavailable(text)
        }
    }
}

#[cfg(test)]
mod tests;
