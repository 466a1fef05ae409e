//! Whose logs a request is about, and what it may do.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use longshore_model::{TenantId, TimestampNs};

use crate::error::ApiError;
use crate::limits::TENANTS_OF_A_QUERY_MAX;
use crate::logs::{Logs, Tenants};
use crate::params::now;
use crate::request_limits;
use crate::server::{Shared, State};
use crate::settings::Limits;

/// The tenant of a request that writes: that of its header when `auth_enabled`, else the single one.
pub(crate) struct Tenant {
    pub(crate) id: TenantId,
    pub(crate) limits: Arc<Limits>,
}

/// What a request reads, and within which limits.
#[derive(Clone)]
pub(crate) struct Reader {
    pub(crate) logs: Logs,
    pub(crate) limits: Arc<Limits>,
}

impl FromRequestParts<Shared> for Tenant {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, ApiError> {
        let id = match tenants(&parts.headers, shared)? {
            Tenants::One(id) => id,
            Tenants::Several(_) => return Err(several()),
        };
        let limits = shared.tenant_limits.of(&id);
        Ok(Self { id, limits })
    }
}

impl FromRequestParts<Shared> for Reader {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, ApiError> {
        let tenants = tenants(&parts.headers, shared)?;
        let mut all = tenants.as_slice().iter().map(|tenant| shared.tenant_limits.of(tenant));
        let mut limits = all.next().unwrap_or_default();
        for other in all {
            Arc::make_mut(&mut limits).tighten(&other);
        }
        if shared.settings.per_request_limits_enabled
            && let Some(wanted) = request_limits::of(&parts.headers)
        {
            Arc::make_mut(&mut limits).tighten(&wanted);
        }
        let mut logs = Logs::new(Arc::clone(&shared.store), tenants);
        if let Some(lookback) = limits.max_query_lookback {
            logs = logs.since(before(now(), lookback));
        }
        Ok(Self { logs, limits })
    }
}

fn before(now: TimestampNs, duration: Duration) -> TimestampNs {
    TimestampNs(
        now.0
            .saturating_sub(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)),
    )
}

/// The tenants that a request names: one, or several with `|` between them where that is allowed.
fn tenants(headers: &HeaderMap, shared: &State) -> Result<Tenants, ApiError> {
    if !shared.settings.auth_enabled {
        return Ok(Tenants::One(TenantId::single()));
    }
    let header = headers.get("x-scope-orgid");
    let header = header.map_or(Cow::Borrowed(""), |value| String::from_utf8_lossy(value.as_bytes()));
    let read = |id: &str| TenantId::new(id).map_err(|error| ApiError::bad_request(error.to_string()));
    let no_id = || ApiError::new(StatusCode::UNAUTHORIZED, "no org id").line();
    if header.is_empty() {
        return Err(no_id());
    }
    // One that is named twice is still one.
    let first = header.split('|').next().unwrap_or_default();
    if !first.is_empty() && header.split('|').all(|id| id == first) {
        return Ok(Tenants::One(read(first)?));
    }
    if !shared.settings.multi_tenant_queries_enabled {
        return Err(several());
    }
    let ids = header.split('|').filter(|id| !id.is_empty());
    let mut ids: Vec<TenantId> = ids.map(read).collect::<Result<_, _>>()?;
    ids.sort();
    ids.dedup();
    match ids.len() {
        0 => Err(no_id()),
        count if count > TENANTS_OF_A_QUERY_MAX => Err(ApiError::bad_request(format!(
            "a query may name {TENANTS_OF_A_QUERY_MAX} tenants, not {count}"
        ))),
        _ => Ok(Tenants::Several(ids)),
    }
}

/// Loki's words for several tenants where only one makes sense.
pub(crate) fn several() -> ApiError {
    ApiError::bad_request("multiple org IDs present").line()
}
