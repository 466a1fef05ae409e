//! Loki's dialect.

mod compactor;
mod ingester;
mod limits;
mod query;
mod server;
mod store;

pub use compactor::CompactorSettings;
pub use ingester::{ChunkEncoding, IngesterSettings, WalSettings};
pub use limits::{
    BlockedQuery, DeletionMode, LimitsSettings, OtlpAction, OtlpAttributeRule, OtlpLabels, StreamRetention,
};
pub use query::{FrontendSettings, QuerierSettings};
pub use server::ServerSettings;
pub use store::StoreSettings;
