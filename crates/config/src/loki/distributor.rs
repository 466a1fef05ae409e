//! The `distributor` section: what bounds a push, and which attributes become labels.

use longshore_model::ByteSize;

use crate::decode::Section;

/// What is read from the section; it acts in the server and in the limits.
pub(super) struct Distributor {
    /// Largest push on the wire.
    pub(super) push_size_max: ByteSize,
    /// Largest push unpacked.
    pub(super) push_decompressed_size_max: ByteSize,
    /// Resource attributes that become labels; `None` for the usual ones.
    pub(super) default_resource_attributes: Option<Vec<String>>,
}

/// Reads `distributor`.
pub(super) fn decode(section: &mut Section<'_>) -> Distributor {
    section.without_effect(&[
        "circuit_breaker",
        "dataobj_tee",
        "default_policy_stream_mappings",
        "ingest_limits_dry_run_enabled",
        "ingest_limits_enabled",
        "ingester_writes_enabled",
        "kafka_writes_enabled",
        "max_inflight_bytes",
        "otlp_attribute_logging",
        "push_worker_count",
        "rate_store",
        "ring",
        "write_failures_logging",
    ]);
    Distributor {
        push_size_max: ByteSize(section.unsigned("max_recv_msg_size", 100 << 20)),
        push_decompressed_size_max: ByteSize(section.unsigned("max_decompressed_size", 5000 << 20)),
        default_resource_attributes: section.child("otlp_config", |otlp| {
            const KEY: &str = "default_resource_attributes_as_index_labels";
            let is_given = otlp.has(KEY);
            let names = otlp.texts(KEY);
            is_given.then_some(names)
        }),
    }
}
