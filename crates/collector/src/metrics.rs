//! What the collector counts, by Prometheus names `longshore_collector_*`.

use prometheus_client::registry::Registry;

/// The collector's metrics; cheap to clone, all clones count together.
#[derive(Debug, Clone, Default)]
pub struct Metrics {}

impl Metrics {
    /// Adds every metric to a registry; may be called for several registries.
    pub fn register(&self, _registry: &mut Registry) {}
}
