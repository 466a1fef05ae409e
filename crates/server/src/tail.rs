//! Live tail over a WebSocket: what was stored lately, then what is stored from now on.
//!
//! Invariant: an entry is sent once. The tail subscribes before it reads the past, and leaves out of the new entries
//! what it has sent from the past.

mod frame;
mod hub;
mod session;
mod work;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use longshore_logql::{Expr, LogExpr, Pipeline};
use longshore_model::TimestampNs;

use crate::error::ApiError;
use crate::limits::TAIL_DELAY_SECONDS_MAX;
use crate::params::{Params, now};
use crate::query;
use crate::server::Shared;
use crate::tenant::{Reader, several};
use crate::thread::on_thread;

use frame::Shape;
pub(crate) use hub::Hub;
use session::Session;

/// `/loki/api/v1/tail`.
pub(crate) async fn serve(
    State(shared): State<Shared>,
    reader: Reader,
    upgrade: Upgrade,
    params: Params,
) -> Result<Response, ApiError> {
    let shape = match params.categorize_labels() {
        true => Shape::Categorized,
        false => Shape::Flat,
    };
    open(shared, reader, upgrade, params, shape).await
}

/// `/api/prom/tail`.
pub(crate) async fn serve_legacy(
    State(shared): State<Shared>,
    reader: Reader,
    upgrade: Upgrade,
    params: Params,
) -> Result<Response, ApiError> {
    open(shared, reader, upgrade, params, Shape::Legacy).await
}

type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

async fn open(
    shared: Shared,
    reader: Reader,
    upgrade: Upgrade,
    params: Params,
    shape: Shape,
) -> Result<Response, ApiError> {
    let (expr, params) = on_thread(&shared, &reader, move |_, _, _| {
        let pipeline_of = |expr: LogExpr| (Pipeline::new(&expr), expr);
        Ok(match query::parse(&params)? {
            Expr::Log(expr) => (Some(pipeline_of(expr)), params),
            Expr::Sample(_) => (None, params),
        })
    })
    .await?;
    let upgrade = upgrade.map_err(|error| ApiError::bad_request(error.body_text()))?;
    let Some((pipeline, expr)) = expr else {
        return Ok(refuse(upgrade, "only log selector is supported".to_owned()));
    };
    let request = TailRequest::new(&params, expr, shape)?;
    let tenant = reader.logs.single().cloned().ok_or_else(several)?;
    let pipeline = pipeline.map_err(|error| ApiError::bad_request(error.to_string()))?;
    let limit = reader.limits.max_concurrent_tail_requests;
    let Some(subscription) = shared.hub.subscribe(tenant, Arc::new(pipeline), limit) else {
        let count = limit.saturating_add(1);
        let reason = format!("max concurrent tail requests limit exceeded, count > limit ({count} > {limit})");
        return Ok(refuse(upgrade, reason));
    };
    let session = Session {
        shared,
        reader,
        request,
        subscription,
    };
    Ok(upgrade.on_upgrade(move |socket| session.run(socket)))
}

/// What a client wants to follow.
struct TailRequest {
    expr: LogExpr,
    start: TimestampNs,
    limit: usize,
    delay: Duration,
    shape: Shape,
}

impl TailRequest {
    fn new(params: &Params, expr: LogExpr, shape: Shape) -> Result<Self, ApiError> {
        let delay = params.number("delay_for", 0)?;
        let delay = u64::try_from(delay)
            .ok()
            .filter(|seconds| *seconds <= TAIL_DELAY_SECONDS_MAX);
        Ok(Self {
            expr,
            start: params.range(now())?.start,
            limit: params.limit()?,
            delay: Duration::from_secs(delay.ok_or_else(|| {
                ApiError::bad_request(format!("delay_for can't be greater than {TAIL_DELAY_SECONDS_MAX}"))
            })?),
            shape,
        })
    }
}

/// Loki upgrades first and then closes where it is not a parameter that is wrong.
fn refuse(upgrade: WebSocketUpgrade, reason: String) -> Response {
    upgrade.on_upgrade(move |mut socket| async move { close(&mut socket, close_code::ERROR, &reason).await })
}

/// Says why and closes; the client may be gone already.
async fn close(socket: &mut WebSocket, code: u16, reason: &str) {
    let frame = CloseFrame {
        code,
        reason: reason.into(),
    };
    // Nobody is left to hear of a failure to say goodbye.
    drop(socket.send(Message::Close(Some(frame))).await);
}
