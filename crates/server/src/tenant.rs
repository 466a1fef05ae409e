//! Whose logs a request is about, and what it may do.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use longshore_model::TenantId;

use crate::error::ApiError;
use crate::logs::Logs;
use crate::server::{Shared, State};
use crate::settings::Limits;

/// The tenant of a request that writes: that of its header when `auth_enabled`, else the single one.
pub(crate) struct Tenant {
    pub(crate) id: TenantId,
    pub(crate) limits: Arc<Limits>,
}

/// What a request reads, and within which limits.
pub(crate) struct Reader {
    pub(crate) logs: Logs,
    pub(crate) limits: Arc<Limits>,
}

impl FromRequestParts<Shared> for Tenant {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, ApiError> {
        let id = tenant(parts, shared)?;
        let limits = shared.tenant_limits.of(&id);
        Ok(Self { id, limits })
    }
}

impl FromRequestParts<Shared> for Reader {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, ApiError> {
        let Tenant { id, limits } = Tenant::from_request_parts(parts, shared).await?;
        let logs = Logs::new(Arc::clone(&shared.store), id);
        Ok(Self { logs, limits })
    }
}

fn tenant(parts: &Parts, shared: &State) -> Result<TenantId, ApiError> {
    if !shared.settings.auth_enabled {
        return Ok(TenantId::single());
    }
    let header = parts.headers.get("x-scope-orgid").map(|value| value.to_str());
    match header {
        Some(Ok(id)) if !id.is_empty() => TenantId::new(id).map_err(|error| ApiError::bad_request(error.to_string())),
        _ => Err(ApiError::new(StatusCode::UNAUTHORIZED, "no org id").line()),
    }
}
