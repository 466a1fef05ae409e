//! The `k8s_attributes` processor.

use std::time::Duration;

use crate::Env;
use crate::decode::{Section, nearest};
use crate::yaml::Node;

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
    /// Its replica set.
    ReplicaSet,
    /// Its cron job.
    CronJob,
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

/// The variable that the downward API is usually told to fill with the node's name.
const NODE_VARIABLE: &str = "K8S_NODE_NAME";

/// Set in every container of a cluster.
const CLUSTER_VARIABLE: &str = "KUBERNETES_SERVICE_HOST";

const METADATA: [&str; 31] = [
    "container.id",
    "container.image.name",
    "container.image.repo_digests",
    "container.image.tag",
    "container.image.tags",
    "k8s.cluster.uid",
    "k8s.container.name",
    "k8s.cronjob.name",
    "k8s.cronjob.uid",
    "k8s.daemonset.name",
    "k8s.daemonset.uid",
    "k8s.deployment.name",
    "k8s.deployment.uid",
    "k8s.job.name",
    "k8s.job.uid",
    "k8s.namespace.name",
    "k8s.node.name",
    "k8s.node.uid",
    "k8s.pod.hostname",
    "k8s.pod.ip",
    "k8s.pod.name",
    "k8s.pod.start_time",
    "k8s.pod.uid",
    "k8s.replicaset.name",
    "k8s.replicaset.uid",
    "k8s.statefulset.name",
    "k8s.statefulset.uid",
    "service.instance.id",
    "service.name",
    "service.namespace",
    "service.version",
];

const METADATA_DEFAULT: [&str; 8] = [
    "k8s.namespace.name",
    "k8s.pod.name",
    "k8s.pod.uid",
    "k8s.pod.start_time",
    "k8s.deployment.name",
    "k8s.node.name",
    "container.image.name",
    "container.image.tag",
];

pub(super) fn decode(section: &mut Section<'_>, env: &Env<'_>) -> KubernetesAttributesSettings {
    let auth_types = [
        ("serviceAccount", KubernetesAuth::ServiceAccount),
        ("kubeConfig", KubernetesAuth::KubeConfig),
        ("none", KubernetesAuth::None),
    ];
    let passthrough = section.boolean("passthrough", false);
    let settings = KubernetesAttributesSettings {
        auth_type: section.choice("auth_type", KubernetesAuth::ServiceAccount, &auth_types),
        context: section.text("context").unwrap_or_default(),
        kube_api_qps: section.float("kube_api_qps", 5.0),
        kube_api_burst: u32::try_from(section.unsigned("kube_api_burst", 10)).unwrap_or(u32::MAX),
        passthrough,
        wait_for_metadata: section.boolean("wait_for_metadata", false),
        wait_for_metadata_timeout: section.duration("wait_for_metadata_timeout", Duration::from_secs(10)),
        watch_sync_period: section.duration("watch_sync_period", Duration::from_secs(300)),
        pod_delete_grace_period: section.duration("pod_delete_grace_period", Duration::from_secs(120)),
        extract: section.child("extract", extract),
        filter: node_filter(section, env, passthrough),
        pod_association: pod_association(section, passthrough),
        exclude_pods: exclude_pods(section),
    };
    section.without_effect(&["kube_api_qps", "kube_api_burst", "watch_sync_period"]);
    if settings.auth_type != KubernetesAuth::KubeConfig && !settings.context.is_empty() {
        section.wrong(
            "context",
            "a context is of kubeconfig files only",
            "set auth_type: kubeConfig, or remove context",
        );
    }
    settings
}

fn extract(section: &mut Section<'_>) -> ExtractSettings {
    let metadata = section.texts_or("metadata", &METADATA_DEFAULT);
    for name in &metadata {
        if !METADATA.contains(&name.as_str()) {
            let fix = match nearest(name, METADATA) {
                Some(near) => format!("did you mean '{near}'?"),
                None => format!("known names are: {}", METADATA.join(", ")),
            };
            section.wrong("metadata", format!("'{name}' is no attribute of Kubernetes"), fix);
        }
    }
    ExtractSettings {
        metadata,
        labels: section.children("labels", |rule| field_extract(rule)),
        annotations: section.children("annotations", |rule| field_extract(rule)),
        otel_annotations: section.boolean("otel_annotations", false),
    }
}

fn field_extract(section: &mut Section<'_>) -> Option<FieldExtract> {
    let objects = [
        ("pod", KubernetesObject::Pod),
        ("namespace", KubernetesObject::Namespace),
        ("node", KubernetesObject::Node),
        ("deployment", KubernetesObject::Deployment),
        ("statefulset", KubernetesObject::StatefulSet),
        ("daemonset", KubernetesObject::DaemonSet),
        ("job", KubernetesObject::Job),
        ("replicaset", KubernetesObject::ReplicaSet),
        ("cronjob", KubernetesObject::CronJob),
    ];
    let rule = FieldExtract {
        tag_name: section.text("tag_name").filter(|name| !name.is_empty()),
        key: section.text("key").filter(|key| !key.is_empty()),
        key_regex: section.text("key_regex").filter(|regex| !regex.is_empty()),
        from: section.choice("from", KubernetesObject::Pod, &objects),
    };
    if rule.key.is_some() == rule.key_regex.is_some() {
        let message = "needs exactly one of key and key_regex";
        section.report.error(
            section.line,
            &section.path,
            message,
            "write key: app.kubernetes.io/name",
        );
        return None;
    }
    Some(rule)
}

fn node_filter(section: &mut Section<'_>, env: &Env<'_>, passthrough: bool) -> KubernetesFilter {
    let names_a_node = section
        .value("filter")
        .is_some_and(|filter| filter.get("node").is_some() || filter.get("node_from_env_var").is_some());
    if !names_a_node && !passthrough {
        let message = format!(
            "no node is named, upstream would watch the pods of the whole cluster; here the node in {NODE_VARIABLE} is \
             taken, where it is set"
        );
        section.warn(
            "filter",
            message,
            format!("write filter: {{node_from_env_var: {NODE_VARIABLE}}}"),
        );
    }
    section.child("filter", |filter| {
        let node = filter.text("node").filter(|node| !node.is_empty());
        let default = (!names_a_node && !passthrough).then_some(NODE_VARIABLE);
        let variable = match default {
            Some(name) => Some(filter.text_or("node_from_env_var", name)),
            None => filter.text("node_from_env_var"),
        };
        let from_variable = variable.and_then(|name| env(&name)).filter(|name| !name.is_empty());
        let node = node.or(from_variable);
        if node.is_none() && names_a_node && env(CLUSTER_VARIABLE).is_some() {
            let message = "the node's name is empty, so the pods of the whole cluster are watched";
            let fix = format!("set {NODE_VARIABLE} from spec.nodeName in the pod's specification");
            filter.report.warn(filter.line, &filter.path, message, fix);
        }
        KubernetesFilter {
            node,
            namespace: filter.text("namespace").filter(|namespace| !namespace.is_empty()),
            fields: filter.children("fields", |field| field_filter(field)),
            labels: filter.children("labels", |label| field_filter(label)),
        }
    })
}

fn field_filter(section: &mut Section<'_>) -> Option<FieldFilter> {
    let operations = [
        ("equals", FilterOperation::Equals),
        ("", FilterOperation::Equals),
        ("not-equals", FilterOperation::NotEquals),
        ("exists", FilterOperation::Exists),
        ("does-not-exist", FilterOperation::DoesNotExist),
    ];
    let key = section.text("key");
    if key.is_none() {
        section.wrong("key", "a condition needs a key", "write key: with the name of a label");
    }
    Some(FieldFilter {
        value: section.text("value").unwrap_or_default(),
        operation: section.choice("op", FilterOperation::Equals, &operations),
        key: key?,
    })
}

/// Records of tailed files have no address they came from, so upstream's default finds no pod; by uid does.
fn pod_association(section: &mut Section<'_>, passthrough: bool) -> Vec<Vec<AssociationSource>> {
    if section.has("pod_association") {
        let rules = section.children("pod_association", |rule| {
            Some(rule.children("sources", association_source))
        });
        warn_of_useless(section, &rules, passthrough);
        return rules;
    }
    if !passthrough {
        let message = "is not given, upstream would look for a pod by address and find none for a file; here the pod is \
                       known from the file's path";
        let fix = "write\npod_association:\n  - sources: [{from: resource_attribute, name: k8s.pod.uid}]";
        section.warn("pod_association", message, fix);
    }
    let rules = [vec!["k8s.pod.uid"], vec!["k8s.pod.name", "k8s.namespace.name"]];
    let shown = rules.iter().map(|names| {
        let source = |name: &&str| {
            Node::map(vec![
                ("from".to_owned(), Node::text("resource_attribute")),
                ("name".to_owned(), Node::text(*name)),
            ])
        };
        Node::map(vec![(
            "sources".to_owned(),
            Node::list(names.iter().map(source).collect()),
        )])
    });
    section.show("pod_association", Node::list(shown.collect()));
    let attribute = |name: &&str| AssociationSource::ResourceAttribute((*name).to_owned());
    rules
        .iter()
        .map(|names| names.iter().map(attribute).collect())
        .collect()
}

/// A rule that needs what no line of a file has can never find its pod.
fn warn_of_useless(section: &mut Section<'_>, rules: &[Vec<AssociationSource>], passthrough: bool) {
    const OF_FILES: [&str; 4] = [
        "k8s.pod.uid",
        "k8s.pod.name",
        "k8s.namespace.name",
        "k8s.container.name",
    ];
    let is_of_files = |source: &AssociationSource| match source {
        AssociationSource::ResourceAttribute(name) => OF_FILES.contains(&name.as_str()),
        AssociationSource::Connection => false,
    };
    if passthrough || rules.iter().any(|rule| rule.iter().all(is_of_files)) {
        return;
    }
    let message = "no rule finds the pod of a file: a file has no connection and no address, its path tells \
                   k8s.pod.uid, k8s.pod.name and k8s.namespace.name";
    let fix = "add\n  - sources: [{from: resource_attribute, name: k8s.pod.uid}]";
    section.warn("pod_association", message, fix);
}

fn association_source(section: &mut Section<'_>) -> Option<AssociationSource> {
    let from = section.choice("from", true, &[("resource_attribute", true), ("connection", false)]);
    let name = section.text("name").filter(|name| !name.is_empty());
    if from && name.is_none() {
        section.wrong("name", "a resource attribute needs a name", "write name: k8s.pod.uid");
    }
    if from {
        name.map(AssociationSource::ResourceAttribute)
    } else {
        Some(AssociationSource::Connection)
    }
}

fn exclude_pods(section: &mut Section<'_>) -> Vec<String> {
    const USUAL: [&str; 2] = ["jaeger-agent", "jaeger-collector"];
    let excluded = section.optional_child("exclude", |exclude| {
        exclude.children("pods", |pod| {
            let name = pod.text("name");
            if name.is_none() {
                pod.wrong(
                    "name",
                    "a pod to leave out needs a name",
                    "write name: with a regular expression",
                );
            }
            name
        })
    });
    excluded.unwrap_or_else(|| USUAL.iter().map(|name| (*name).to_owned()).collect())
}
