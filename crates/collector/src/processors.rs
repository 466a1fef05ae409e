//! What is done to records between receivers and exporters.
//!
//! Processors of resources work once for each container: the result is remembered by the resource's address, so that
//! all its records go on sharing one.

mod actions;

use std::collections::HashMap;
use std::sync::Arc;

use longshore_model::otel::{Attributes, Resource, ResourceLogs, Value, attribute};

pub(crate) use actions::Action;

use crate::kubernetes;
use crate::limits::RESOURCE_CACHE_MAX;

/// A processor of a pipeline.
#[derive(Debug)]
pub(crate) enum Processor {
    /// Changes resources.
    Resource(ResourceStep),
    /// Changes attributes of records.
    Attributes(Vec<Action>),
}

/// Something that changes a resource, and what came of those it saw.
#[derive(Debug)]
pub(crate) struct ResourceStep {
    change: ResourceChange,
    /// The key is the address of the first resource of the pair, which the pair keeps alive.
    /// The number is the revision of what the change depends on.
    known: HashMap<usize, (Arc<Resource>, Arc<Resource>, u64)>,
}

/// The change itself.
#[derive(Debug)]
pub(crate) enum ResourceChange {
    Actions(Vec<Action>),
    /// Adds what the cluster says.
    Kubernetes(Arc<kubernetes::Handle>),
    /// Names the service after its container when nothing better is known.
    ServiceName,
}

impl Processor {
    pub(crate) fn of_resource(change: ResourceChange) -> Self {
        Self::Resource(ResourceStep {
            change,
            known: HashMap::new(),
        })
    }

    pub(crate) fn apply(&mut self, logs: &mut [ResourceLogs]) {
        for logs in logs {
            match self {
                Self::Resource(step) => logs.resource = step.changed(&logs.resource),
                Self::Attributes(actions) => {
                    for record in &mut logs.records {
                        actions.iter().for_each(|action| action.apply(&mut record.attributes));
                    }
                }
            }
        }
    }
}

impl ResourceStep {
    fn changed(&mut self, resource: &Arc<Resource>) -> Arc<Resource> {
        let before = self.known.get(&Arc::as_ptr(resource).addr());
        let before = before.map(|(_, changed, revision)| (changed.clone(), *revision));
        let revision = self.change.revision();
        if let Some((changed, _)) = before.as_ref().filter(|(_, made_at)| *made_at == revision) {
            return changed.clone();
        }
        let mut attributes = resource.attributes.clone();
        match &self.change {
            ResourceChange::Actions(actions) => actions.iter().for_each(|action| action.apply(&mut attributes)),
            ResourceChange::Kubernetes(cluster) => cluster.add(&mut attributes),
            ResourceChange::ServiceName => name_service(&mut attributes),
        }
        let changed = match before {
            // The same again goes on being the same, so that later steps know it.
            Some((changed, _)) if changed.attributes == attributes => changed,
            _ if attributes == resource.attributes => resource.clone(),
            _ => Arc::new(Resource { attributes }),
        };
        if self.known.len() >= RESOURCE_CACHE_MAX {
            self.known.clear();
        }
        self.known.insert(
            Arc::as_ptr(resource).addr(),
            (resource.clone(), changed.clone(), revision),
        );
        changed
    }
}

impl ResourceChange {
    /// A number that changes when the same resource may be changed to another one.
    fn revision(&self) -> u64 {
        match self {
            Self::Kubernetes(cluster) => cluster.revision(),
            Self::Actions(_) | Self::ServiceName => 0,
        }
    }
}

fn name_service(attributes: &mut Attributes) {
    if attribute(attributes, "service.name").is_some() {
        return;
    }
    if let Some(container) = attribute(attributes, "k8s.container.name").cloned() {
        put(attributes, "service.name", container);
    }
}

/// Sets an attribute.
pub(crate) fn put(attributes: &mut Attributes, name: &str, value: Value) {
    match attributes.iter_mut().find(|(key, _)| &**key == name) {
        Some((_, old)) => *old = value,
        None => attributes.push((name.into(), value)),
    }
}

#[cfg(test)]
mod tests;
