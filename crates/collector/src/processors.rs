//! What is done to records between receivers and exporters.
//!
//! Processors of resources work once for each container: the result is remembered by the resource's address, so that
//! all its records go on sharing one.

mod actions;
mod kubernetes;

use std::collections::HashMap;
use std::sync::Arc;

use longshore_model::otel::{Attributes, Resource, ResourceLogs, Value, attribute};

pub(crate) use actions::Action;
pub(crate) use kubernetes::KubernetesAttributes;
pub use kubernetes::PodMetadata;

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
    known: HashMap<usize, (Arc<Resource>, Arc<Resource>)>,
}

/// The change itself.
#[derive(Debug)]
pub(crate) enum ResourceChange {
    Actions(Vec<Action>),
    Kubernetes(KubernetesAttributes),
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
        if let Some((_, changed)) = self.known.get(&Arc::as_ptr(resource).addr()) {
            return changed.clone();
        }
        let mut attributes = resource.attributes.clone();
        match &self.change {
            ResourceChange::Actions(actions) => actions.iter().for_each(|action| action.apply(&mut attributes)),
            ResourceChange::Kubernetes(kubernetes) => kubernetes.add(&mut attributes),
            ResourceChange::ServiceName => name_service(&mut attributes),
        }
        let changed = if attributes == resource.attributes {
            resource.clone()
        } else {
            Arc::new(Resource { attributes })
        };
        if self.known.len() >= RESOURCE_CACHE_MAX {
            self.known.clear();
        }
        self.known
            .insert(Arc::as_ptr(resource).addr(), (resource.clone(), changed.clone()));
        changed
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
