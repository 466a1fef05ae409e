//! Pulumi programs in Rust: a small library for programs, and the language host that Pulumi's command line starts.
//!
//! A program registers resources with a [`Context`]; the engine (Pulumi's own, unmodified) compares them with the
//! stack's state and has providers make the difference. Program and engine talk gRPC; [`Monitor`] is that talk as a
//! trait, so the same program runs in a test against [`MemoryMonitor`].
//!
//! Invariants: a program that fails has deleted nothing; secrets are marked on all their ways; no error message
//! shows one.

pub mod host;
pub mod kubernetes;
pub mod limits;
pub mod property;
pub mod proto;
pub mod settings;

mod component;
mod config;
mod context;
mod error;
mod inputs;
mod lifecycle;
mod monitor;
mod output;
mod program;
mod resource;
mod urn;

pub use component::Component;
pub use config::{Config, ConfigError, Configuration};
pub use context::Context;
pub use error::{Error, MonitorError};
pub use inputs::{Inputs, ResolvedInputs};
pub use lifecycle::{Alias, FormerParent, Lifecycle, Timeouts};
pub use monitor::{
    ConnectError, GrpcMonitor, Logged, MemoryMonitor, Monitor, Recorded, Registered, Registration, Severity,
};
pub use output::{Output, Resolved};
pub use program::{EXIT_LOGGED, chain, run, run_with};
pub use resource::{Resource, ResourceOptions};
pub use settings::Settings;
pub use urn::{STACK_TYPE, Urn};
