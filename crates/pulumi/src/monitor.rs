//! The engine as a program sees it: it takes registrations and answers what became of them.
//!
//! Two implementations: [`GrpcMonitor`] speaks to the real engine, [`MemoryMonitor`] answers as the engine would and
//! remembers, so that a program can be tested without Pulumi.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

pub use grpc::{ConnectError, GrpcMonitor};
pub(crate) use grpc::{connect, severity_number};
pub use memory::{Logged, MemoryMonitor, Recorded};

use crate::error::MonitorError;
use crate::lifecycle::Lifecycle;
use crate::urn::Urn;

mod grpc;
mod memory;

/// One resource, ready to be sent: everything it needs is there.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Registration {
    /// `package:module:Type`; any text for components.
    pub type_token: String,
    /// Name in the program, unique among resources of the same type and parents.
    pub name: String,
    /// Whether a provider makes it; false for components and the stack.
    pub custom: bool,
    /// `None` only for the stack.
    pub parent: Option<Urn>,
    /// Inputs, with marks as `property` describes.
    pub object: Map<String, Value>,
    /// What must be done before.
    pub dependencies: BTreeSet<Urn>,
    /// For every top-level input the resources it came from.
    pub property_dependencies: BTreeMap<String, BTreeSet<Urn>>,
    /// `<urn>::<id>` of the provider resource; `None` leaves it to the parent or the default provider.
    pub provider: Option<String>,
    /// Package to provider, for the children of a component.
    pub providers: BTreeMap<String, String>,
    /// How the engine is to treat it.
    pub lifecycle: Lifecycle,
}

/// What became of a registration.
#[derive(Debug, Clone, PartialEq)]
pub struct Registered {
    /// The engine's name for it.
    pub urn: Urn,
    /// The provider's name for it; `None` for components, and in a preview for what is not there yet.
    pub id: Option<String>,
    /// Outputs, with marks as `property` describes.
    pub object: Map<String, Value>,
    /// Whether outputs that are missing are unknown rather than absent.
    pub unknown: bool,
}

/// How much a message matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Not shown unless asked for.
    Debug,
    /// Shown.
    Info,
    /// Shown as something to look at.
    Warning,
    /// Makes the update fail.
    Error,
}

/// The engine as a program sees it.
pub trait Monitor: Send + Sync {
    /// Makes, updates or keeps a resource. Must not answer before the parent, the dependencies and the provider that
    /// the registration names are known to it.
    fn register(&self, registration: Registration) -> BoxFuture<'_, Result<Registered, MonitorError>>;

    /// Says what a component or the stack gives out. Called at most once for each.
    fn register_outputs(&self, urn: Urn, outputs: Map<String, Value>) -> BoxFuture<'_, Result<(), MonitorError>>;

    /// Shows a message to the user, about a resource or about the stack.
    fn log(&self, severity: Severity, message: String, urn: Option<Urn>) -> BoxFuture<'_, Result<(), MonitorError>>;

    /// Says that everything is registered and waits until the engine needs the program no longer.
    fn wait_for_shutdown(&self) -> BoxFuture<'_, Result<(), MonitorError>>;
}
