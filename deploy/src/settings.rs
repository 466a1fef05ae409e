//! What a user may choose: typed, with defaults, checked before anything is built of it.
//!
//! Invariants:
//! * Every value that reaches an object was parsed and checked here; building objects cannot fail.
//! * `--set key=value`, Pulumi's stack configuration and tests go through the same parser.
//! * `staging` and `production` differ in values only, never in which objects there are.

mod check;
mod error;
mod keys;
mod parse;
mod values;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

pub use error::{SettingError, SettingsErrors};
pub use values::{Selector, Toleration};

/// Everything that can be chosen. Made by [`Settings::from_pairs`] only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Whether anything is deployed at all. Default: true.
    pub enabled: bool,
    /// Default: staging.
    pub environment: Environment,
    /// Where everything lies that lies in a namespace. Default: monitoring.
    pub namespace: String,
    /// Which cluster Pulumi talks to; of no effect for YAML.
    pub cluster: ClusterChoice,
    /// Image of the native engine, both parts. Default: `longshore:` and this version.
    pub image: String,
    /// Of every image. Default: `IfNotPresent`.
    pub pull_policy: PullPolicy,
    /// Names of secrets for the registry.
    pub image_pull_secrets: Vec<String>,
    /// `None`: one tenant, no header is needed.
    pub tenant: Option<String>,
    /// Added to every object's labels.
    pub labels: BTreeMap<String, String>,
    /// The log volume goes with the stack. Default: false.
    pub delete_data: bool,
    /// The agents.
    pub collector: CollectorChoice,
    /// The store, or where lines go instead.
    pub store: StoreChoice,
    /// What Grafana's sidecars look for.
    pub grafana: GrafanaChoice,
    /// Who reads metrics, and how.
    pub metrics: MetricsChoice,
    /// Who may reach the store.
    pub network_policy: NetworkPolicyChoice,
}

/// Which of two environments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// To try things.
    Staging,
    /// For users.
    Production,
}

/// Whose program a part runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Longshore.
    Native,
    /// The OpenTelemetry Collector, or Loki.
    Upstream,
}

/// What stores lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreEngine {
    /// Longshore, in the cluster.
    Native,
    /// Loki, in the cluster.
    Upstream,
    /// Something that is already there; nothing but collectors is deployed.
    External,
}

/// When the kubelet asks the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullPolicy {
    /// At each start.
    Always,
    /// Where the node has no such image.
    IfNotPresent,
    /// Never: the image was put on the node.
    Never,
}

/// Which cluster. Both `None`: Pulumi's default provider and its own configuration (`kubernetes:context`, ...).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClusterChoice {
    /// A context of the kubeconfig.
    pub context: Option<String>,
    /// Path of a kubeconfig, or its text.
    pub kubeconfig: Option<String>,
}

/// CPU and memory as Kubernetes writes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resources {
    /// As in `100m`; what is kept free for it.
    pub requests_cpu: String,
    /// As in `128Mi`.
    pub requests_memory: String,
    /// `None`: no limit.
    pub limits_cpu: Option<String>,
    /// More than that, and the container is killed.
    pub limits_memory: String,
}

/// The DaemonSet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectorChoice {
    /// Default: native.
    pub engine: Engine,
    /// In place of the engine's own image.
    pub image: Option<String>,
    /// Default: 100m and 128Mi, requested and limit.
    pub resources: Resources,
    /// Default: every taint, because every node has logs.
    pub tolerations: Vec<Toleration>,
    /// Default: the cluster's.
    pub priority_class: Option<String>,
    /// Folder on the node for read offsets; one below it for each namespace and engine. Default: `/var/lib/longshore`.
    pub state_dir: String,
    /// The node's runtime is Docker (cri-dockerd), whose files are links to `/var/lib/docker/containers`. Default: false.
    pub docker: bool,
    /// How many nodes change at a time: a number or a percentage. Default: 10%.
    pub max_unavailable: String,
}

/// The StatefulSet, or what is there instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreChoice {
    /// Default: native.
    pub engine: StoreEngine,
    /// In place of the engine's own image.
    pub image: Option<String>,
    /// Default: 500m and 512Mi, requested and limit.
    pub resources: Resources,
    /// Default: none.
    pub tolerations: Vec<Toleration>,
    /// `None`: the cluster's default class.
    pub storage_class: Option<String>,
    /// Of the volume. Default: 30Gi.
    pub size: String,
    /// How long lines are kept, as Loki writes it. Default: 168h.
    pub retention: String,
    /// Of [`StoreEngine::External`] only.
    pub external: ExternalStore,
}

/// How lines are sent to a store outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// OTLP over HTTP.
    Otlp,
    /// Loki's push; the native collector only.
    Loki,
}

/// A store that is already there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalStore {
    /// Address without `/v1/logs` or `/loki/api/v1/push`. Empty: not chosen.
    pub endpoint: String,
    /// Default: otlp.
    pub protocol: Protocol,
    /// With a name the token is its password (basic authentication), else it is a bearer token.
    pub username: Option<String>,
    /// The secret in the same namespace that holds the token, and the key in it.
    pub secret: Option<SecretKey>,
    /// The secret that holds the certificate authority, and the key in it.
    pub ca: Option<SecretKey>,
    /// Any certificate is good. Default: false.
    pub insecure_skip_verify: bool,
}

/// A place in a Kubernetes Secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretKey {
    /// The Secret.
    pub name: String,
    /// The key in its data.
    pub key: String,
}

/// Grafana's side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrafanaChoice {
    /// Default: true.
    pub enabled: bool,
    /// Label and value that the data source sidecar looks for. Default: `grafana_datasource=1`.
    pub data_source_label: (String, String),
    /// The same for dashboards. Default: `grafana_dashboard=1`.
    pub dashboard_label: (String, String),
}

/// Metrics' side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricsChoice {
    /// The VictoriaMetrics operator's `VMServiceScrape` and `VMRule` exist in the cluster and are made use of, in place of
    /// scrape annotations and of alert rules in a ConfigMap. Default: false.
    pub operator: bool,
    /// `prometheus.io/*` annotations on pods. Default: true, unless `operator`.
    pub annotations: bool,
}

/// Who may reach the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkPolicyChoice {
    /// Default: true.
    pub enabled: bool,
    /// Pods by label, besides the collectors. Default: Grafana, VictoriaMetrics and Prometheus by their usual names.
    pub clients: Vec<Selector>,
    /// Namespaces besides the own one in which these pods may be.
    pub namespaces: Vec<String>,
}

/// A size that was checked before, in bytes.
pub(crate) fn memory_bytes(size: &str) -> u64 {
    values::bytes(size).expect("sizes are checked before they get into settings")
}

impl Environment {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }
}

impl PullPolicy {
    /// As Kubernetes writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Always => "Always",
            Self::IfNotPresent => "IfNotPresent",
            Self::Never => "Never",
        }
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl Resources {
    fn both(cpu: &str, memory: &str) -> Self {
        Self {
            requests_cpu: cpu.to_owned(),
            requests_memory: memory.to_owned(),
            limits_cpu: Some(cpu.to_owned()),
            limits_memory: memory.to_owned(),
        }
    }
}

impl Settings {
    /// What holds where nothing is said. Both environments ask for what the smallest node can give; what production
    /// needs more depends on its logs, and is said by settings.
    pub(crate) fn defaults() -> Self {
        Self {
            enabled: true,
            environment: Environment::Staging,
            namespace: "monitoring".to_owned(),
            cluster: ClusterChoice::default(),
            image: concat!("longshore:", env!("CARGO_PKG_VERSION")).to_owned(),
            pull_policy: PullPolicy::IfNotPresent,
            image_pull_secrets: Vec::new(),
            tenant: None,
            labels: BTreeMap::new(),
            delete_data: false,
            collector: CollectorChoice::default(),
            store: StoreChoice::default(),
            grafana: GrafanaChoice {
                enabled: true,
                data_source_label: ("grafana_datasource".to_owned(), "1".to_owned()),
                dashboard_label: ("grafana_dashboard".to_owned(), "1".to_owned()),
            },
            metrics: MetricsChoice {
                operator: false,
                annotations: true,
            },
            network_policy: NetworkPolicyChoice::default(),
        }
    }
}

impl Default for CollectorChoice {
    fn default() -> Self {
        Self {
            engine: Engine::Native,
            image: None,
            resources: Resources::both("100m", "128Mi"),
            tolerations: vec![Toleration::every()],
            priority_class: None,
            state_dir: "/var/lib/longshore".to_owned(),
            docker: false,
            max_unavailable: "10%".to_owned(),
        }
    }
}

impl Default for StoreChoice {
    fn default() -> Self {
        Self {
            engine: StoreEngine::Native,
            image: None,
            resources: Resources::both("500m", "512Mi"),
            tolerations: Vec::new(),
            storage_class: None,
            size: "30Gi".to_owned(),
            retention: "168h".to_owned(),
            external: ExternalStore {
                endpoint: String::new(),
                protocol: Protocol::Otlp,
                username: None,
                secret: None,
                ca: None,
                insecure_skip_verify: false,
            },
        }
    }
}

impl Default for NetworkPolicyChoice {
    fn default() -> Self {
        let clients = [
            "grafana",
            "vmagent",
            "vmsingle",
            "victoria-metrics-single",
            "victoria-metrics-agent",
            "prometheus",
        ];
        Self {
            enabled: true,
            clients: clients.iter().map(|name| Selector::name(name)).collect(),
            namespaces: Vec::new(),
        }
    }
}
