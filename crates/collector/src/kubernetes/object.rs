//! Objects of the cluster, trimmed to what rules may ask for. They live from their arrival until the rules have taken
//! what they want.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;

/// Kinds of objects that are watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    Pod,
    Namespace,
    Node,
    ReplicaSet,
    Deployment,
    StatefulSet,
    DaemonSet,
    Job,
    CronJob,
}

impl Kind {
    /// Its name in a rule of a cluster role, as in `pods`.
    pub(crate) fn resource(self) -> &'static str {
        match self {
            Self::Pod => "pods",
            Self::Namespace => "namespaces",
            Self::Node => "nodes",
            Self::ReplicaSet => "replicasets",
            Self::Deployment => "deployments",
            Self::StatefulSet => "statefulsets",
            Self::DaemonSet => "daemonsets",
            Self::Job => "jobs",
            Self::CronJob => "cronjobs",
        }
    }

    /// The API group; empty for the core one.
    pub(crate) fn group(self) -> &'static str {
        match self {
            Self::Pod | Self::Namespace | Self::Node => "",
            Self::Job | Self::CronJob => "batch",
            Self::ReplicaSet | Self::Deployment | Self::StatefulSet | Self::DaemonSet => "apps",
        }
    }

    /// Its name in an owner reference, as in `ReplicaSet`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pod => "Pod",
            Self::Namespace => "Namespace",
            Self::Node => "Node",
            Self::ReplicaSet => "ReplicaSet",
            Self::Deployment => "Deployment",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
            Self::Job => "Job",
            Self::CronJob => "CronJob",
        }
    }

    /// Its name in attributes, as in `k8s.replicaset.name`.
    pub(crate) fn attribute_name(self) -> &'static str {
        match self {
            Self::Pod => "pod",
            Self::Namespace => "namespace",
            Self::Node => "node",
            Self::ReplicaSet => "replicaset",
            Self::Deployment => "deployment",
            Self::StatefulSet => "statefulset",
            Self::DaemonSet => "daemonset",
            Self::Job => "job",
            Self::CronJob => "cronjob",
        }
    }

    pub(crate) fn has_namespace(self) -> bool {
        !matches!(self, Self::Namespace | Self::Node)
    }
}

/// An object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) name: String,
    /// Empty for objects of the whole cluster.
    pub(crate) namespace: String,
    pub(crate) uid: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) annotations: BTreeMap<String, String>,
    pub(crate) owners: Vec<Owner>,
    /// Seconds since 1970; `None` when the server did not say.
    pub(crate) created: Option<i64>,
    /// Only of pods.
    pub(crate) pod: PodDetails,
}

/// Who made an object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) uid: String,
    pub(crate) is_controller: bool,
}

/// What only pods have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PodDetails {
    pub(crate) node: String,
    pub(crate) host_name: String,
    pub(crate) address: String,
    pub(crate) containers: Vec<Container>,
}

/// A container of a pod: an ordinary, an init or an ephemeral one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Container {
    pub(crate) name: String,
    /// As the pod asks for it.
    pub(crate) image: String,
    /// What the runtime made of it, with a digest.
    pub(crate) image_id: String,
    /// Its runs that are known: how often it had been started before, and the runtime's id.
    pub(crate) runs: Vec<(u32, String)>,
}

impl Object {
    /// Takes over an object's metadata.
    pub(super) fn of_metadata(metadata: ObjectMeta) -> Self {
        let owners = metadata.owner_references.unwrap_or_default();
        Self {
            name: metadata.name.unwrap_or_default(),
            namespace: metadata.namespace.unwrap_or_default(),
            uid: metadata.uid.unwrap_or_default(),
            labels: metadata.labels.unwrap_or_default(),
            annotations: metadata.annotations.unwrap_or_default(),
            owners: owners
                .into_iter()
                .map(|owner| Owner {
                    kind: owner.kind,
                    name: owner.name,
                    uid: owner.uid,
                    is_controller: owner.controller.unwrap_or(false),
                })
                .collect(),
            created: metadata.creation_timestamp.map(|time| time.0.as_second()),
            pod: PodDetails::default(),
        }
    }
}

/// A pod as the API server writes it, as far as it is read. Everything else is skipped while it is parsed.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct WirePod {
    #[serde(default)]
    pub(super) metadata: ObjectMeta,
    #[serde(default)]
    spec: WireSpec,
    #[serde(default)]
    status: WireStatus,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireSpec {
    node_name: Option<String>,
    hostname: Option<String>,
    containers: Option<Vec<WireContainer>>,
    init_containers: Option<Vec<WireContainer>>,
    ephemeral_containers: Option<Vec<WireContainer>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct WireContainer {
    name: String,
    image: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireStatus {
    #[serde(rename = "podIP")]
    pod_ip: Option<String>,
    container_statuses: Option<Vec<WireContainerStatus>>,
    init_container_statuses: Option<Vec<WireContainerStatus>>,
    ephemeral_container_statuses: Option<Vec<WireContainerStatus>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireContainerStatus {
    name: String,
    #[serde(rename = "containerID")]
    container_id: Option<String>,
    #[serde(rename = "imageID")]
    image_id: Option<String>,
    restart_count: u32,
    last_state: Option<WireState>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct WireState {
    terminated: Option<WireTerminated>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct WireTerminated {
    #[serde(rename = "containerID")]
    container_id: Option<String>,
}

impl From<WirePod> for Object {
    fn from(pod: WirePod) -> Self {
        let WirePod { metadata, spec, status } = pod;
        let specified = [spec.containers, spec.init_containers, spec.ephemeral_containers];
        let mut containers: Vec<Container> = specified
            .into_iter()
            .flatten()
            .flatten()
            .map(|container| Container {
                name: container.name,
                image: container.image.unwrap_or_default(),
                ..Container::default()
            })
            .collect();
        let statuses = [
            status.container_statuses,
            status.init_container_statuses,
            status.ephemeral_container_statuses,
        ];
        for status in statuses.into_iter().flatten().flatten() {
            let index = containers.iter().position(|container| container.name == status.name);
            let index = index.unwrap_or_else(|| {
                containers.push(Container {
                    name: status.name.clone(),
                    ..Container::default()
                });
                containers.len() - 1
            });
            status.fill(&mut containers[index]);
        }
        Self {
            pod: PodDetails {
                node: spec.node_name.unwrap_or_default(),
                host_name: spec.hostname.unwrap_or_default(),
                address: status.pod_ip.unwrap_or_default(),
                containers,
            },
            ..Self::of_metadata(metadata)
        }
    }
}

impl WireContainerStatus {
    fn fill(self, container: &mut Container) {
        container.image_id = self.image_id.unwrap_or_default();
        let before = self.last_state.and_then(|state| state.terminated);
        if let (Some(id), Some(run)) = (
            before.and_then(|run| run.container_id),
            self.restart_count.checked_sub(1),
        ) {
            container.runs.push((run, without_runtime(&id).to_owned()));
        }
        if let Some(id) = self.container_id.filter(|id| !id.is_empty()) {
            container
                .runs
                .push((self.restart_count, without_runtime(&id).to_owned()));
        }
    }
}

/// `containerd://4f1e...` without the runtime's name.
fn without_runtime(id: &str) -> &str {
    id.split_once("://").map_or(id, |(_, id)| id)
}
