//! What the server counts, beside what the store counts itself.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::{encode, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::ingest::Refusals;

/// Upper bounds of the buckets of request durations, in seconds.
const DURATION_BUCKETS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: String,
    route: String,
    status_code: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

/// The server's metrics and the registry that writes them.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    /// What others in the process count; names are whole there.
    others: Mutex<Registry>,
    requests: Family<RequestLabels, Histogram, fn() -> Histogram>,
    received_lines: Counter,
    received_bytes: Counter,
    discarded_lines: Family<ReasonLabel, Counter>,
    discarded_bytes: Family<ReasonLabel, Counter>,
    tail_clients: Gauge,
    tail_dropped_lines: Counter,
    queries_running: Gauge,
    query_bytes: Counter,
    query_memory: Gauge,
}

impl Metrics {
    /// Makes the metrics; `register_store` adds the store's to the same registry.
    pub(crate) fn new(register_store: impl FnOnce(&mut Registry)) -> Self {
        let mut registry = Registry::with_prefix("longshore");
        register_store(&mut registry);
        let mut metrics = Self {
            registry: Registry::default(),
            others: Mutex::default(),
            requests: Family::new_with_constructor(|| Histogram::new(DURATION_BUCKETS)),
            received_lines: Counter::default(),
            received_bytes: Counter::default(),
            discarded_lines: Family::default(),
            discarded_bytes: Family::default(),
            tail_clients: Gauge::default(),
            tail_dropped_lines: Counter::default(),
            queries_running: Gauge::default(),
            query_bytes: Counter::default(),
            query_memory: Gauge::default(),
        };
        metrics.register(&mut registry);
        metrics.registry = registry;
        metrics
    }

    fn register(&self, registry: &mut Registry) {
        registry.register(
            "server_request_duration_seconds",
            "Requests by route and status, with how long they took",
            self.requests.clone(),
        );
        registry.register(
            "server_received_lines",
            "Lines of pushes that were stored",
            self.received_lines.clone(),
        );
        registry.register(
            "server_received_bytes",
            "Bytes of these lines",
            self.received_bytes.clone(),
        );
        registry.register(
            "store_discarded_lines",
            "Lines refused, by reason",
            self.discarded_lines.clone(),
        );
        registry.register(
            "store_discarded_bytes",
            "Bytes of lines refused, by reason",
            self.discarded_bytes.clone(),
        );
        registry.register(
            "server_tail_clients",
            "Live tails that are open",
            self.tail_clients.clone(),
        );
        registry.register(
            "server_tail_dropped_lines",
            "Lines that slow live tails did not get",
            self.tail_dropped_lines.clone(),
        );
        registry.register(
            "server_queries_running",
            "Queries that run",
            self.queries_running.clone(),
        );
        registry.register(
            "server_query_bytes",
            "Bytes of lines that queries looked at",
            self.query_bytes.clone(),
        );
        registry.register(
            "server_query_memory_bytes",
            "Memory that queries, answers on their way to clients, and lines that wait for live tails hold",
            self.query_memory.clone(),
        );
    }

    pub(crate) fn request(&self, method: &str, route: &str, status_code: u16, took: Duration) {
        let labels = RequestLabels {
            method: method.to_owned(),
            route: route.to_owned(),
            status_code,
        };
        self.requests.get_or_create(&labels).observe(took.as_secs_f64());
    }

    pub(crate) fn pushed(&self, lines: usize, bytes: usize) {
        self.received_lines.inc_by(lines as u64);
        self.received_bytes.inc_by(bytes as u64);
    }

    pub(crate) fn refused(&self, refusals: &Refusals) {
        for (reason, (lines, bytes)) in &refusals.counts {
            let label = ReasonLabel {
                reason: reason.as_str(),
            };
            self.discarded_lines.get_or_create(&label).inc_by(*lines);
            self.discarded_bytes.get_or_create(&label).inc_by(*bytes);
        }
    }

    pub(crate) fn tail_opened(&self) {
        self.tail_clients.inc();
    }

    pub(crate) fn tail_closed(&self) {
        self.tail_clients.dec();
    }

    pub(crate) fn tail_dropped(&self, lines: usize) {
        self.tail_dropped_lines.inc_by(lines as u64);
    }

    pub(crate) fn query_started(&self) {
        self.queries_running.inc();
    }

    pub(crate) fn query_ended(&self, bytes: u64) {
        self.queries_running.dec();
        self.query_bytes.inc_by(bytes);
    }

    /// Says what queries hold now.
    pub(crate) fn query_memory(&self, bytes: usize) {
        self.query_memory.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// Adds what another part of the process counts.
    pub(crate) fn add(&self, register: impl FnOnce(&mut Registry)) {
        register(&mut self.others.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Everything in OpenMetrics' text format.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        let others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        // Writing to a string cannot fail.
        encode_registry(&mut text, &self.registry)
            .and_then(|()| encode(&mut text, &others))
            .unwrap_or_default();
        text
    }
}
