//! A monitor that answers as the engine would and remembers what it was asked.
//!
//! Invariants: URNs are the engine's; two resources with one URN are refused; a resource whose parent, dependency or
//! provider was not registered before is refused; in a preview ids are unknown.

use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

use super::{Monitor, Registered, Registration, Severity};
use crate::error::MonitorError;
use crate::property;
use crate::urn::Urn;

#[cfg(test)]
mod tests;

/// A registration and the URN it got.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// The URN.
    pub urn: Urn,
    /// What the program asked for.
    pub registration: Registration,
    /// The outputs that were registered later; `None` for custom resources.
    pub outputs: Option<Map<String, Value>>,
}

/// A message to the user.
#[derive(Debug, Clone, PartialEq)]
pub struct Logged {
    /// How much it matters.
    pub severity: Severity,
    /// The text.
    pub message: String,
    /// The resource it is about.
    pub urn: Option<Urn>,
}

#[derive(Debug, Default)]
struct Memory {
    resources: Vec<Recorded>,
    messages: Vec<Logged>,
    shut_down: bool,
}

/// A monitor that answers as the engine would and remembers what it was asked.
#[derive(Debug)]
pub struct MemoryMonitor {
    project: String,
    stack: String,
    preview: bool,
    failing: Vec<String>,
    memory: Mutex<Memory>,
}

impl MemoryMonitor {
    /// An engine that makes everything that is asked for.
    pub fn new(project: &str, stack: &str) -> Self {
        Self {
            project: project.to_owned(),
            stack: stack.to_owned(),
            preview: false,
            failing: Vec::new(),
            memory: Mutex::default(),
        }
    }

    /// Answers as in a preview of a stack that is not there yet: ids are unknown.
    #[must_use]
    pub fn in_preview(mut self) -> Self {
        self.preview = true;
        self
    }

    /// Refuses resources of this name.
    #[must_use]
    pub fn failing(mut self, name: &str) -> Self {
        self.failing.push(name.to_owned());
        self
    }

    /// Everything that was registered, in the order it came.
    pub fn resources(&self) -> Vec<Recorded> {
        self.memory().resources.clone()
    }

    /// The resource of this name; the first when several types have it.
    pub fn resource(&self, name: &str) -> Option<Recorded> {
        self.memory()
            .resources
            .iter()
            .find(|one| one.registration.name == name)
            .cloned()
    }

    /// Every message, in the order they came.
    pub fn messages(&self) -> Vec<Logged> {
        self.memory().messages.clone()
    }

    /// Whether the program said that it is done.
    pub fn is_shut_down(&self) -> bool {
        self.memory().shut_down
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, registration: Registration) -> Result<Registered, MonitorError> {
        let Registration {
            type_token,
            name,
            parent,
            ..
        } = &registration;
        let urn = Urn::build(&self.stack, &self.project, parent.as_ref(), type_token, name);
        if self.failing.contains(name) {
            return Err(refused(tonic::Code::Unknown, format!("{name} was told to fail")));
        }
        let mut memory = self.memory();
        let known = |urn: &str| memory.resources.iter().any(|one| one.urn.as_str() == urn);
        if known(urn.as_str()) {
            return Err(refused(
                tonic::Code::AlreadyExists,
                format!("duplicate resource URN {urn}"),
            ));
        }
        let references = registration.provider.iter().chain(registration.providers.values());
        let providers = references.map(|one| one.rsplit_once("::").map_or("", |(urn, _)| urn));
        let urns = parent.iter().chain(&registration.dependencies).map(Urn::as_str);
        if let Some(missing) = urns.chain(providers).find(|urn| !known(urn)) {
            return Err(refused(
                tonic::Code::InvalidArgument,
                format!("unknown resource {missing:?}"),
            ));
        }
        let is_provider = type_token.starts_with("pulumi:providers:");
        let id = match (registration.custom, self.preview) {
            (false, _) => None,
            // As observed: a provider's id is marked as unknown, all others are left out.
            (true, true) if is_provider => property::unknown().as_str().map(str::to_owned),
            (true, true) => None,
            (true, false) => Some(format!("id-of-{name}")),
        };
        let answer = Registered {
            urn: urn.clone(),
            id,
            object: registration.object.clone(),
            unknown: false,
        };
        memory.resources.push(Recorded {
            urn,
            registration,
            outputs: None,
        });
        Ok(answer)
    }

    fn keep_outputs(&self, urn: &Urn, outputs: Map<String, Value>) -> Result<(), MonitorError> {
        let mut memory = self.memory();
        let found = memory.resources.iter_mut().find(|one| one.urn == *urn);
        let resource = found.ok_or_else(|| refused(tonic::Code::InvalidArgument, format!("unknown resource {urn}")))?;
        if resource.outputs.is_some() || resource.registration.custom {
            let message = format!("outputs of {urn} may be registered once, and only for components");
            return Err(refused(tonic::Code::FailedPrecondition, message));
        }
        resource.outputs = Some(outputs);
        Ok(())
    }
}

fn refused(code: tonic::Code, message: String) -> MonitorError {
    MonitorError::Refused { code, message }
}

impl Monitor for MemoryMonitor {
    fn register(&self, registration: Registration) -> BoxFuture<'_, Result<Registered, MonitorError>> {
        async move { self.answer(registration) }.boxed()
    }

    fn register_outputs(&self, urn: Urn, outputs: Map<String, Value>) -> BoxFuture<'_, Result<(), MonitorError>> {
        async move { self.keep_outputs(&urn, outputs) }.boxed()
    }

    fn log(&self, severity: Severity, message: String, urn: Option<Urn>) -> BoxFuture<'_, Result<(), MonitorError>> {
        async move {
            self.memory().messages.push(Logged { severity, message, urn });
            Ok(())
        }
        .boxed()
    }

    fn wait_for_shutdown(&self) -> BoxFuture<'_, Result<(), MonitorError>> {
        async move {
            self.memory().shut_down = true;
            Ok(())
        }
        .boxed()
    }
}
