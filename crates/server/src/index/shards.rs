//! `/loki/api/v1/index/shards`: how a query could be cut up. Here it never is: one shard holds everything.

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use super::count;
use crate::error::ApiError;
use crate::json::{self, QueryStats};
use crate::params::{Params, now};
use crate::server::Shared;
use crate::tenant::Reader;

/// Answers `{"shards":[{"bounds","stats"}],"statistics"}`.
pub(crate) async fn shards(State(shared): State<Shared>, reader: Reader, params: Params) -> Result<Response, ApiError> {
    let range = params.query_range(now())?;
    check_target(&params)?;
    let stats = count(&shared, reader, params, range).await?;
    let mut statistics = Vec::new();
    QueryStats::default().put(&mut statistics);
    let statistics: Value = serde_json::from_slice(&statistics).unwrap_or_default();
    Ok(json::value(&json!({
        "shards": [{"bounds": {"min": 0, "max": u64::MAX}, "stats": stats}],
        "statistics": statistics,
    })))
}

/// The wanted size of a shard means nothing here, but a request without it is wrong in Loki too.
fn check_target(params: &Params) -> Result<(), ApiError> {
    let text = params.get("targetBytesPerShard").unwrap_or_default();
    let is_size = text.parse::<longshore_model::ByteSize>().is_ok_and(|size| size.0 > 0);
    match is_size {
        true => Ok(()),
        false => Err(ApiError::bad_request("targetBytesPerShard must be a positive value")),
    }
}
