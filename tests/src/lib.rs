//! What the end-to-end tests, the soak, the interoperability checks and the benchmarks share: a writer of container
//! logs as a node holds them, a verifier that counts what a store has of them, and the handling of programs.
//!
//! Invariant: nothing here uses Longshore's own readers or writers of logs, so that a mistake in them cannot hide
//! itself; only `longshore-model`'s plain types are shared. The exceptions are `conformance` and `scenario`, which
//! run the query language in this process.

pub mod clock;
pub mod configs;
pub mod conformance;
pub mod generator;
pub mod halves;
pub mod http;
pub mod image;
pub mod loki;
pub mod peers;
pub mod program;
pub mod random;
pub mod scenario;
pub mod sink;
pub mod verify;
