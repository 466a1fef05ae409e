//! Builds a collector with what this machine says besides its configuration.

use std::path::PathBuf;

use longshore_collector::{BuildError, Collector, Surroundings};
use longshore_config::otel::CollectorSettings;

use crate::memory_limit;

/// Checks everything and opens nothing; `data` takes the checkpoints when the configuration names no storage.
pub(crate) fn collector(settings: &CollectorSettings, data: PathBuf) -> Result<Collector, BuildError> {
    crate::choose_cryptography();
    let node_name = std::env::var("K8S_NODE_NAME").ok().filter(|name| !name.is_empty());
    Collector::new(
        settings,
        &Surroundings {
            data_directory: Some(data),
            node_name,
            memory_bytes: memory_limit::of_process(),
        },
    )
}
