//! The server over HTTP: requests in, answers out, a store in a temporary folder behind it.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod api;
mod bounds;
mod connections;
mod delete;
mod errors;
mod large_pushes;
mod model;
mod multi_tenant;
mod patterns;
mod process;
mod push;
mod push_limits;
mod queries;
mod query_limits;
mod site;
mod tail;
mod tail_work;
mod tenants;
mod tls;
mod turns;
