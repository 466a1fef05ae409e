//! Loki's dialect.

mod adapt;
mod compactor;
mod distributor;
mod expand;
mod ingester;
mod limits;
mod load;
mod query;
mod rule_group;
mod server;
mod store;

pub use compactor::CompactorSettings;
pub use ingester::{ChunkEncoding, IngesterSettings};
pub use limits::{
    BlockedQuery, DeletionMode, LimitsSettings, OtlpAction, OtlpAttributeRule, OtlpLabels, Policies, PolicySelector,
    StreamRetention,
};
pub use load::{defaults_yaml, limits_yaml, load, load_overrides};
pub use query::{FrontendSettings, QuerierSettings};
pub use rule_group::{Rule, RuleGroup, RuleGroupError, RuleKind, parse_rule_group};
pub use server::{ClientCertificates, Pem, ServerSettings, TlsSettings};
pub use store::{RuntimeConfigSettings, StoreSettings};
