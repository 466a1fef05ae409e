//! Loki's dialect.

mod adapt;
mod compactor;
mod distributor;
mod expand;
mod ingester;
mod limits;
mod load;
mod query;
mod server;
mod store;

pub use compactor::CompactorSettings;
pub use ingester::{ChunkEncoding, IngesterSettings};
pub use limits::{
    BlockedQuery, DeletionMode, LimitsSettings, OtlpAction, OtlpAttributeRule, OtlpLabels, StreamRetention,
};
pub use load::{limits_yaml, load, load_overrides};
pub use query::{FrontendSettings, QuerierSettings};
pub use server::ServerSettings;
pub use store::{RuntimeConfigSettings, StoreSettings};
