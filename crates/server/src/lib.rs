//! Loki's HTTP API over the store, live tail, metrics, and the page.
//!
//! The only crate that knows routes and API JSON. Start at [`Server`].
//!
//! Invariants:
//! * A push is answered 2xx only after the store says that it is durable.
//! * Nothing blocks the runtime: the store and the query engine run on threads of their own, so many at a time.
//! * Everything a client can make grow is bounded in `limits`.

mod body;
mod detected;
mod error;
mod index;
mod ingest;
mod json;
mod labels;
mod limits;
mod logs;
mod metrics;
mod page;
mod params;
mod push;
mod query;
mod routes;
mod server;
mod settings;
mod status;
mod tail;
mod tenant;
mod tenants;
mod thread;

pub use page::{Asset, Assets};
pub use server::{BindError, Server};
pub use settings::{Limits, ServerSettings, overrides};
pub use tenants::TenantLimits;
