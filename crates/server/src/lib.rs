//! Loki's HTTP API over the store, live tail, metrics, and the page.
//!
//! The only crate that knows routes and API JSON. Start at [`Server`].
//!
//! Invariants:
//! * A push is answered 2xx only after the store says that it is durable.
//! * Nothing blocks the runtime: the store and the query engine run on threads of their own, so many at a time.
//! * Everything a client can make grow is bounded in `limits`.

mod admission;
mod body;
mod cluster;
mod connections;
mod delete;
mod detected;
mod error;
mod index;
mod ingest;
mod json;
mod labels;
mod legacy;
mod limits;
mod logs;
mod metrics;
mod other_site;
mod page;
mod params;
mod patterns;
mod policies;
mod process;
mod push;
mod query;
mod rate;
mod request_limits;
mod routes;
mod rules;
mod server;
mod settings;
mod slow;
mod status;
mod streams;
mod tail;
mod tenant;
mod tenants;
mod thread;
mod tls;
mod waiting;

pub use connections::ConnectionSettings;
pub use page::{Asset, Assets};
pub use policies::{Policies, Until};
pub use process::Process;
pub use query::limits::{BlockedQuery, BlockedText, QueryKind};
pub use rate::Rate;
pub use server::{BindError, Server};
pub use settings::{Limits, ServerSettings, overrides};
pub use tenants::TenantLimits;
pub use tls::TlsError;
