//! What the collector counts, by Prometheus names `longshore_collector_*`.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Which receiver or exporter.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Component {
    /// Its id, as in `file_log/pods`.
    pub component: String,
}

/// Why records were dropped, and where.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Dropped {
    /// The component's or operator's id.
    pub component: String,
    /// `filter`, `refused`, `gave_up`, `operator_error`.
    pub reason: &'static str,
}

/// An exporter's requests by how they ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Request {
    /// The exporter's id.
    pub component: String,
    /// `accepted`, `refused` or `failed`.
    pub result: &'static str,
}

/// How a question about a pod, or a wait for one, ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct KubernetesAnswer {
    /// The processor's id.
    pub component: String,
    /// `found` or `missed`; of waits `known` or `timeout`.
    pub result: &'static str,
}

/// A watch of one kind of objects.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct KubernetesWatch {
    /// The processor's id.
    pub component: String,
    /// `pods`, `namespaces` and so on.
    pub resource: &'static str,
}

/// Why a watch failed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct KubernetesFailure {
    /// The processor's id.
    pub component: String,
    /// `pods`, `namespaces` and so on.
    pub resource: &'static str,
    /// `forbidden`, `unauthorized`, `expired`, `slow` or `failed`.
    pub reason: &'static str,
}

type Gauge64 = Gauge<i64>;
type SecondsGauge = Gauge<f64, AtomicU64>;

/// The collector's metrics; cheap to clone, all clones count together.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    pub(crate) records_read: Family<Component, Counter>,
    pub(crate) bytes_read: Family<Component, Counter>,
    pub(crate) lines_split: Family<Component, Counter>,
    pub(crate) bytes_truncated: Family<Component, Counter>,
    pub(crate) lines_unscanned: Family<Component, Counter>,
    pub(crate) files_lost: Family<Component, Counter>,
    pub(crate) files_open: Family<Component, Gauge64>,
    pub(crate) files_waiting: Family<Component, Gauge64>,
    pub(crate) unread_bytes: Family<Component, Gauge64>,
    pub(crate) behind_files: Family<Component, Gauge64>,
    pub(crate) behind_bytes: Family<Component, Gauge64>,
    pub(crate) behind_seconds: Family<Component, SecondsGauge>,
    pub(crate) in_flight_bytes: Family<Component, Gauge64>,
    pub(crate) checkpoint_seconds: Family<Component, SecondsGauge>,
    pub(crate) checkpoint_failures: Family<Component, Counter>,
    pub(crate) records_dropped: Family<Dropped, Counter>,
    pub(crate) records_sent: Family<Component, Counter>,
    pub(crate) bytes_sent: Family<Component, Counter>,
    pub(crate) requests: Family<Request, Counter>,
    pub(crate) kubernetes_pods: Family<Component, Gauge64>,
    pub(crate) kubernetes_listed: Family<KubernetesWatch, Gauge64>,
    pub(crate) kubernetes_lookups: Family<KubernetesAnswer, Counter>,
    pub(crate) kubernetes_waits: Family<KubernetesAnswer, Counter>,
    pub(crate) kubernetes_failures: Family<KubernetesFailure, Counter>,
}

impl Metrics {
    /// Adds every metric to a registry; may be called for several registries.
    pub fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("longshore_collector");
        registry.register("records_read", "Records read from files", self.records_read.clone());
        registry.register(
            "bytes_read",
            "Bytes of records read from files",
            self.bytes_read.clone(),
        );
        registry.register(
            "lines_split",
            "Records split because they were too long",
            self.lines_split.clone(),
        );
        registry.register(
            "truncated_bytes",
            "Bytes cut off records that were too long",
            self.bytes_truncated.clone(),
        );
        registry.register(
            "lines_unscanned",
            "Lines of container logs in no known format, kept as they are",
            self.lines_unscanned.clone(),
        );
        registry.register(
            "files_lost",
            "Files that vanished before they were read whole",
            self.files_lost.clone(),
        );
        self.register_files(registry);
        registry.register(
            "in_flight_bytes",
            "Bytes that were read and are not acknowledged yet",
            self.in_flight_bytes.clone(),
        );
        registry.register(
            "checkpoint_timestamp_seconds",
            "When the checkpoint was last written, seconds since 1970",
            self.checkpoint_seconds.clone(),
        );
        registry.register(
            "checkpoint_failures",
            "Checkpoints that could not be written",
            self.checkpoint_failures.clone(),
        );
        registry.register(
            "records_dropped",
            "Records dropped, by reason",
            self.records_dropped.clone(),
        );
        registry.register(
            "records_sent",
            "Records acknowledged by the exporter's server",
            self.records_sent.clone(),
        );
        registry.register(
            "sent_bytes",
            "Bytes of acknowledged requests as sent",
            self.bytes_sent.clone(),
        );
        registry.register(
            "export_requests",
            "Requests of exporters, by result",
            self.requests.clone(),
        );
        self.register_kubernetes(registry);
    }

    fn register_files(&self, registry: &mut Registry) {
        registry.register("files_open", "Files that are open", self.files_open.clone());
        registry.register(
            "files_waiting",
            "Containers whose files wait for what the cluster says of them",
            self.files_waiting.clone(),
        );
        registry.register(
            "unread_bytes",
            "Bytes in open files that were not read yet",
            self.unread_bytes.clone(),
        );
        registry.register(
            "behind_files",
            "Rotated files with lines that were not read yet",
            self.behind_files.clone(),
        );
        registry.register(
            "behind_bytes",
            "Bytes of rotated files that were not read yet, as they are on disk",
            self.behind_bytes.clone(),
        );
        registry.register(
            "behind_seconds",
            "Age of the last line read of the container that is furthest behind, 0 while no rotated file is unread",
            self.behind_seconds.clone(),
        );
    }

    fn register_kubernetes(&self, registry: &mut Registry) {
        registry.register(
            "kubernetes_pods",
            "Pods that are known, recently deleted ones among them",
            self.kubernetes_pods.clone(),
        );
        registry.register(
            "kubernetes_watch_up",
            "1 while the objects are listed and watched, 0 while they are not",
            self.kubernetes_listed.clone(),
        );
        registry.register(
            "kubernetes_lookups",
            "Containers whose pod was looked up, by whether it was known",
            self.kubernetes_lookups.clone(),
        );
        registry.register(
            "kubernetes_waits",
            "Files that waited for their pod to become known, by how it ended",
            self.kubernetes_waits.clone(),
        );
        registry.register(
            "kubernetes_watch_failures",
            "Failures to list or watch objects, by reason",
            self.kubernetes_failures.clone(),
        );
    }

    /// All metrics as Prometheus reads them.
    pub fn text(&self) -> String {
        let mut registry = Registry::default();
        self.register(&mut registry);
        let mut text = String::new();
        encode(&mut text, &registry).expect("writing into a String never fails");
        text
    }

    pub(crate) fn drop_records(&self, component: &str, reason: &'static str, count: u64) {
        if count > 0 {
            let labels = Dropped {
                component: component.to_owned(),
                reason,
            };
            self.records_dropped.get_or_create(&labels).inc_by(count);
        }
    }

    pub(crate) fn set_pods(&self, component: &str, pods: usize) {
        let pods = i64::try_from(pods).unwrap_or(i64::MAX);
        self.kubernetes_pods.get_or_create(&Component::new(component)).set(pods);
    }

    pub(crate) fn count_lookup(&self, component: &str, result: &'static str) {
        let component = component.to_owned();
        self.kubernetes_lookups
            .get_or_create(&KubernetesAnswer { component, result })
            .inc();
    }

    pub(crate) fn count_wait(&self, component: &str, result: &'static str) {
        let component = component.to_owned();
        self.kubernetes_waits
            .get_or_create(&KubernetesAnswer { component, result })
            .inc();
    }

    pub(crate) fn count_watch_failure(&self, component: &str, resource: &'static str, reason: &'static str) {
        let labels = KubernetesFailure {
            component: component.to_owned(),
            resource,
            reason,
        };
        self.kubernetes_failures.get_or_create(&labels).inc();
    }

    pub(crate) fn count_request(&self, component: &str, result: &'static str) {
        self.requests
            .get_or_create(&Request {
                component: component.to_owned(),
                result,
            })
            .inc();
    }
}

impl Component {
    pub(crate) fn new(component: &str) -> Self {
        Self {
            component: component.to_owned(),
        }
    }
}
