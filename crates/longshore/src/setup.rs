//! What the commands share that run a store or a collector: reading configurations, opening, draining.

mod collector;
mod config_file;
mod overrides;
mod page;
mod patience;
mod rules;
mod store;

pub(crate) use collector::collector;
pub(crate) use config_file::load;
pub(crate) use overrides::Overrides;
pub(crate) use page::embedded;
pub(crate) use patience::Patience;
pub(crate) use rules::ConfiguredRules;
pub(crate) use store::{BoundStore, ConfiguredBy, store_settings};
