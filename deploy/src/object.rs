//! A Kubernetes object of one of the kinds the stack has.
//!
//! Invariants:
//! * Only typed objects get in.
//! * A new kind must say when it is made: the compiler asks.

use k8s_openapi::api::apps::v1::{DaemonSet, StatefulSet};
use k8s_openapi::api::core::v1::{ConfigMap, Service, ServiceAccount};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

use crate::custom::{VmRule, VmServiceScrape};

/// One object.
#[derive(Debug, Clone, PartialEq)]
pub enum Object {
    /// Who pods are to the API server.
    ServiceAccount(ServiceAccount),
    /// What somebody may do in the whole cluster.
    ClusterRole(ClusterRole),
    /// Who may.
    ClusterRoleBinding(ClusterRoleBinding),
    /// Files.
    ConfigMap(ConfigMap),
    /// A name and an address.
    Service(Service),
    /// Who may connect.
    NetworkPolicy(NetworkPolicy),
    /// How many pods may be away at a time.
    PodDisruptionBudget(PodDisruptionBudget),
    /// A pod with a volume of its own.
    StatefulSet(StatefulSet),
    /// A pod on each node.
    DaemonSet(DaemonSet),
    /// What VictoriaMetrics reads.
    VmServiceScrape(VmServiceScrape),
    /// What VictoriaMetrics warns of.
    VmRule(VmRule),
}

/// In which order objects must come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Accounts, rights, files, addresses, rules: whatever pods need before they start.
    Foundation,
    /// Pods.
    Workload,
    /// What looks at the rest, and may fail without harm to it.
    Watcher,
}

/// Does the same with whichever kind it is.
macro_rules! each {
    ($object:expr, $inner:ident => $value:expr) => {
        match $object {
            Object::ServiceAccount($inner) => $value,
            Object::ClusterRole($inner) => $value,
            Object::ClusterRoleBinding($inner) => $value,
            Object::ConfigMap($inner) => $value,
            Object::Service($inner) => $value,
            Object::NetworkPolicy($inner) => $value,
            Object::PodDisruptionBudget($inner) => $value,
            Object::StatefulSet($inner) => $value,
            Object::DaemonSet($inner) => $value,
            Object::VmServiceScrape($inner) => $value,
            Object::VmRule($inner) => $value,
        }
    };
}

impl Object {
    /// Its metadata.
    pub fn metadata(&self) -> &ObjectMeta {
        each!(self, inner => &inner.metadata)
    }

    /// Its metadata, to be changed.
    pub(crate) fn metadata_mut(&mut self) -> &mut ObjectMeta {
        each!(self, inner => &mut inner.metadata)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.metadata().name.as_deref().unwrap_or_default()
    }

    /// As the API server takes it, `apiVersion` and `kind` included.
    pub fn to_value(&self) -> Value {
        each!(self, inner => serde_json::to_value(inner)).expect("typed objects have texts as keys")
    }

    /// Its kind, as in `ConfigMap`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::ServiceAccount(_) => "ServiceAccount",
            Self::ClusterRole(_) => "ClusterRole",
            Self::ClusterRoleBinding(_) => "ClusterRoleBinding",
            Self::ConfigMap(_) => "ConfigMap",
            Self::Service(_) => "Service",
            Self::NetworkPolicy(_) => "NetworkPolicy",
            Self::PodDisruptionBudget(_) => "PodDisruptionBudget",
            Self::StatefulSet(_) => "StatefulSet",
            Self::DaemonSet(_) => "DaemonSet",
            Self::VmServiceScrape(_) => "VMServiceScrape",
            Self::VmRule(_) => "VMRule",
        }
    }

    /// When it must be there.
    pub fn stage(&self) -> Stage {
        match self {
            Self::StatefulSet(_) | Self::DaemonSet(_) => Stage::Workload,
            Self::VmServiceScrape(_) | Self::VmRule(_) => Stage::Watcher,
            Self::ServiceAccount(_)
            | Self::ClusterRole(_)
            | Self::ClusterRoleBinding(_)
            | Self::ConfigMap(_)
            | Self::Service(_)
            | Self::NetworkPolicy(_)
            | Self::PodDisruptionBudget(_) => Stage::Foundation,
        }
    }
}

#[cfg(test)]
mod tests;
