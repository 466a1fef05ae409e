//! The `k8s_attributes` processor.

use std::time::Duration;

/// Settings of `k8s_attributes`.
#[derive(Debug, Clone, PartialEq)]
pub struct KubernetesAttributesSettings {
    /// How to speak to the API server. Default: service account.
    pub auth_type: KubernetesAuth,
    /// Context of the kubeconfig; empty for its current one.
    pub context: String,
    /// Requests a second to the API server. Default: 5.
    pub kube_api_qps: f64,
    /// Requests at once to the API server. Default: 10.
    pub kube_api_burst: u32,
    /// Adds only what is known without the API server. Default: false.
    pub passthrough: bool,
    /// Holds the pipeline until pods are known. Default: false.
    pub wait_for_metadata: bool,
    /// For how long at most. Default: 10 s.
    pub wait_for_metadata_timeout: Duration,
    /// How often everything is listed again. Default: 5 min.
    pub watch_sync_period: Duration,
    /// How long a deleted pod is remembered. Default: 2 min.
    pub pod_delete_grace_period: Duration,
    /// What is added.
    pub extract: ExtractSettings,
    /// Which pods are watched.
    pub filter: KubernetesFilter,
    /// Rules, tried in this order; all sources of a rule must be there. Never empty: by `k8s.pod.uid` when not given.
    pub pod_association: Vec<Vec<AssociationSource>>,
    /// Regular expressions (Go's) of pod names that get nothing added.
    pub exclude_pods: Vec<String>,
}

/// How the API server knows us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KubernetesAuth {
    /// By the pod's service account.
    ServiceAccount,
    /// By a kubeconfig file.
    KubeConfig,
    /// Not at all.
    None,
}

/// The `extract` section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtractSettings {
    /// Attribute names such as `k8s.deployment.name`, each one of those upstream knows.
    pub metadata: Vec<String>,
    /// Labels to take over.
    pub labels: Vec<FieldExtract>,
    /// Annotations to take over.
    pub annotations: Vec<FieldExtract>,
    /// Takes over annotations `resource.opentelemetry.io/*`. Default: false.
    pub otel_annotations: bool,
    /// Derives `service.instance.id` and other attributes from the deployment. Default: false.
    pub deployment_name_from_replicaset: bool,
}

/// A label or annotation to take over; exactly one of `key` and `key_regex` is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldExtract {
    /// Name of the resource attribute; `None` for `k8s.<object>.labels.<key>`.
    pub tag_name: Option<String>,
    /// The label's name.
    pub key: Option<String>,
    /// A regular expression (Go's) the label's whole name matches; groups may be used in `tag_name` as `$1`.
    pub key_regex: Option<String>,
    /// Whose label. Default: the pod's.
    pub from: KubernetesObject,
}

/// Something in the cluster that has labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KubernetesObject {
    /// The pod.
    Pod,
    /// Its namespace.
    Namespace,
    /// Its node.
    Node,
    /// Its deployment.
    Deployment,
    /// Its stateful set.
    StatefulSet,
    /// Its daemon set.
    DaemonSet,
    /// Its job.
    Job,
}

/// The `filter` section.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KubernetesFilter {
    /// Only pods of this node; from `node` or from the variable that `node_from_env_var` names.
    pub node: Option<String>,
    /// Only pods of this namespace.
    pub namespace: Option<String>,
    /// Only pods with these fields.
    pub fields: Vec<FieldFilter>,
    /// Only pods with these labels.
    pub labels: Vec<FieldFilter>,
}

/// A condition on a label or field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldFilter {
    /// Its name.
    pub key: String,
    /// What it is compared with; empty for `exists` and `does-not-exist`.
    pub value: String,
    /// How. Default: equals.
    pub operation: FilterOperation,
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilterOperation {
    /// Is the same.
    Equals,
    /// Is not the same.
    NotEquals,
    /// Is there.
    Exists,
    /// Is not there.
    DoesNotExist,
}

/// Where a rule finds the pod of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AssociationSource {
    /// In a resource attribute.
    ResourceAttribute(String),
    /// By the address the record came from; tailed files have none.
    Connection,
}
