//! The `k8s_attributes` processor.
//!
//! Namespace, pod, uid, container and restart count come with the record: the receiver reads them from the path. Here
//! the node is added, and whatever a [`PodMetadata`] knows.

use std::fmt;
use std::sync::Arc;

use longshore_model::otel::{Attributes, Value, attribute};

use super::put;

/// What is known of pods besides their files: labels, owners, images.
///
/// An implementation must answer from memory: it is asked on the way of the records.
pub trait PodMetadata: Send + Sync {
    /// Resource attributes of the pod with that uid; `None` when it is not known (yet).
    fn attributes(&self, pod_uid: &str) -> Option<Attributes>;
}

/// The processor.
#[derive(Clone)]
pub(crate) struct KubernetesAttributes {
    pub(crate) node_name: Option<String>,
    pub(crate) metadata: Option<Arc<dyn PodMetadata>>,
}

impl fmt::Debug for KubernetesAttributes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("KubernetesAttributes")
            .field("node_name", &self.node_name)
            .finish_non_exhaustive()
    }
}

impl KubernetesAttributes {
    pub(crate) fn add(&self, attributes: &mut Attributes) {
        if let (Some(node), Some(_)) = (&self.node_name, attribute(attributes, "k8s.pod.name")) {
            put(attributes, "k8s.node.name", Value::String(node.clone()));
        }
        let Some(metadata) = &self.metadata else { return };
        let uid = attribute(attributes, "k8s.pod.uid").and_then(Value::as_str);
        for (name, value) in uid.and_then(|uid| metadata.attributes(uid)).unwrap_or_default() {
            put(attributes, &name, value);
        }
    }
}
