//! The server over HTTP: requests in, answers out, a store in a temporary folder behind it.

mod api;
mod errors;
mod push;
mod queries;
mod site;
mod tail;
