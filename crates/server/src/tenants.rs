//! The limits of each tenant: those for everybody, and those of single tenants, which may change while the server runs.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use longshore_model::TenantId;

use crate::settings::Limits;

/// Gives the limits of a tenant.
///
/// A request takes them once, so that one change of the configuration does not meet it halfway.
#[derive(Debug)]
pub struct TenantLimits {
    everybody: Arc<Limits>,
    overrides: RwLock<BTreeMap<TenantId, Arc<Limits>>>,
}

impl TenantLimits {
    pub(crate) fn new(everybody: Limits, overrides: BTreeMap<TenantId, Limits>) -> Self {
        let limits = Self {
            everybody: Arc::new(everybody),
            overrides: RwLock::default(),
        };
        limits.replace_overrides(overrides);
        limits
    }

    /// Takes these limits of single tenants instead of those before; requests from now on have them.
    pub fn replace_overrides(&self, overrides: BTreeMap<TenantId, Limits>) {
        let overrides = overrides.into_iter().map(|(tenant, limits)| (tenant, Arc::new(limits)));
        *self.overrides.write().unwrap_or_else(PoisonError::into_inner) = overrides.collect();
    }

    /// What a tenant may do.
    pub(crate) fn of(&self, tenant: &TenantId) -> Arc<Limits> {
        let overrides = self.overrides.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(overrides.get(tenant).unwrap_or(&self.everybody))
    }
}
