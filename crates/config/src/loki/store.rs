//! The store's configuration as a whole.

use std::collections::BTreeMap;

use longshore_model::TenantId;

use super::{CompactorSettings, FrontendSettings, IngesterSettings, LimitsSettings, QuerierSettings, ServerSettings};

/// Everything a store and its server need to know.
#[derive(Debug, Clone, PartialEq)]
pub struct StoreSettings {
    /// Requests must name a tenant in `X-Scope-OrgID`. Default: true; without it all belongs to tenant `fake`.
    pub auth_enabled: bool,
    /// `common.path_prefix`: the folder everything lies under; `None`: the program's default.
    pub data_directory: Option<String>,
    /// Where it listens.
    pub server: ServerSettings,
    /// How lines come to disk.
    pub ingester: IngesterSettings,
    /// What a tenant may do, when there is nothing in `overrides` for it.
    pub limits: LimitsSettings,
    /// The same for single tenants, each whole: what an override leaves out is taken from `limits`.
    pub overrides: BTreeMap<TenantId, LimitsSettings>,
    /// `runtime_config.file`: a file with `overrides`, read again while the store runs (`loki::load_overrides`).
    pub overrides_file: Option<String>,
    /// Retention.
    pub compactor: CompactorSettings,
    /// Queries.
    pub querier: QuerierSettings,
    /// Answers.
    pub frontend: FrontendSettings,
}
