//! What the store asks about tenants, from Loki's configuration.

use std::collections::BTreeMap;

use longshore_config::loki::{self, LimitsSettings, StoreSettings};
use longshore_model::TenantId;
use longshore_store::{DeletionMode, TenantRules};

/// The rules of single tenants, and those of all others.
#[derive(Debug)]
pub(crate) struct ConfiguredRules {
    usual: Rules,
    tenants: BTreeMap<TenantId, Rules>,
}

#[derive(Debug, Clone, Copy)]
struct Rules {
    deletion_mode: DeletionMode,
}

impl Rules {
    fn new(limits: &LimitsSettings) -> Self {
        let deletion_mode = match limits.deletion_mode {
            loki::DeletionMode::Disabled => DeletionMode::Disabled,
            loki::DeletionMode::FilterOnly => DeletionMode::FilterOnly,
            loki::DeletionMode::FilterAndDelete => DeletionMode::FilterAndDelete,
        };
        Self { deletion_mode }
    }
}

impl ConfiguredRules {
    pub(crate) fn new(settings: &StoreSettings) -> Self {
        let tenants = settings.overrides.iter();
        Self {
            usual: Rules::new(&settings.limits),
            tenants: tenants
                .map(|(tenant, limits)| (tenant.clone(), Rules::new(limits)))
                .collect(),
        }
    }

    fn of(&self, tenant: &TenantId) -> &Rules {
        self.tenants.get(tenant).unwrap_or(&self.usual)
    }
}

impl TenantRules for ConfiguredRules {
    fn deletion_mode(&self, tenant: &TenantId) -> DeletionMode {
        self.of(tenant).deletion_mode
    }
}
