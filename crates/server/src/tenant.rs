//! Whose logs a request is about.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use longshore_model::TenantId;

use crate::error::ApiError;
use crate::server::Shared;

/// The tenant of a request: that of its header when `auth_enabled`, else the single one.
pub(crate) struct Tenant(pub(crate) TenantId);

impl FromRequestParts<Shared> for Tenant {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, ApiError> {
        if !shared.settings.auth_enabled {
            return Ok(Self(TenantId::single()));
        }
        let header = parts.headers.get("x-scope-orgid").map(|value| value.to_str());
        match header {
            Some(Ok(id)) if !id.is_empty() => TenantId::new(id)
                .map(Self)
                .map_err(|error| ApiError::bad_request(error.to_string())),
            _ => Err(ApiError::new(StatusCode::UNAUTHORIZED, "no org id").line()),
        }
    }
}
