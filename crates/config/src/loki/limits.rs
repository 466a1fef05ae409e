//! What a tenant may do: `limits_config` and its overrides.

mod decode;
mod policies;

use std::collections::BTreeMap;
use std::time::Duration;

use longshore_model::ByteSize;

pub use self::policies::{Policies, PolicySelector};
pub(super) use decode::{decode, decode_overrides};

/// A tenant's limits. `None` of an optional limit means: no limit (0 in the file).
#[derive(Debug, Clone, PartialEq)]
pub struct LimitsSettings {
    /// Pushed bytes a second, in units of 2^20. Default: none (Loki: 4).
    pub ingestion_rate_mb: Option<f64>,
    /// Pushed bytes at once, in units of 2^20. Default: none (Loki: 6).
    pub ingestion_burst_size_mb: Option<f64>,
    /// Pushed bytes a second and stream. Default: none (Loki: 3 MB).
    pub per_stream_rate_limit: Option<ByteSize>,
    /// Pushed bytes at once and stream. Default: none (Loki: 15 MB).
    pub per_stream_rate_limit_burst: Option<ByteSize>,
    /// Longest line. Default: none (Loki: 256 KiB).
    pub max_line_size: Option<ByteSize>,
    /// Longer lines are cut instead of refused. Default: false.
    pub max_line_size_truncate: bool,
    /// What is put at the end of a line that was cut. Default: nothing.
    pub max_line_size_truncate_identifier: String,
    /// Labels that each stream must have.
    pub enforced_labels: Vec<String>,
    /// Bytes of a label's name. Default: 1024.
    pub max_label_name_length: u64,
    /// Bytes of a label's value. Default: 2048.
    pub max_label_value_length: u64,
    /// Labels of a stream. Default: 32 (Loki: 15, fewer than OpenTelemetry's resources have).
    pub max_label_names_per_series: u64,
    /// Refuses lines older than `reject_old_samples_max_age`. Default: false (Loki: true).
    pub reject_old_samples: bool,
    /// Default: 1 week.
    pub reject_old_samples_max_age: Duration,
    /// How far in the future a line may be. Default: 10 min.
    pub creation_grace_period: Duration,
    /// Streams at a time. Default: none (Loki: 5000).
    pub max_streams: Option<u64>,
    /// Moves a line with a timestamp that is taken by 1 ns. Default: false.
    pub increment_duplicate_timestamp: bool,
    /// Takes structured metadata. Default: true.
    pub allow_structured_metadata: bool,
    /// Bytes of a line's structured metadata. Default: 64 KiB.
    pub max_structured_metadata_size: Option<ByteSize>,
    /// Entries of a line's structured metadata. Default: 128.
    pub max_structured_metadata_entries_count: Option<u64>,
    /// Labels, the first of which becomes `service_name`; empty for none.
    pub discover_service_name: Vec<String>,
    /// Adds `detected_level`. Default: true.
    pub discover_log_levels: bool,
    /// Names of fields that hold the level.
    pub log_level_fields: Vec<String>,
    /// How deep in a JSON line it is looked for, 1 for the outer object only; `None` for any depth. Default: 2.
    pub log_level_from_json_max_depth: Option<u32>,
    /// Fields that become structured metadata, with the names they are found as (`discover_generic_fields.fields`).
    pub generic_fields: BTreeMap<String, Vec<String>>,
    /// Which OpenTelemetry attributes become labels.
    pub otlp: OtlpLabels,
    /// Answers pushes until then with `block_ingestion_status_code`; RFC 3339.
    pub block_ingestion_until: Option<String>,
    /// Default: 260.
    pub block_ingestion_status_code: u16,
    /// The same and enforced labels for some streams.
    pub policies: Policies,
    /// Series of a metric query. Default: 500.
    pub max_query_series: Option<u64>,
    /// Longest range of a query. Default: 30 d 1 h.
    pub max_query_length: Option<Duration>,
    /// Longest range of a range aggregation. Default: none.
    pub max_query_range: Option<Duration>,
    /// How far back a query may look. Default: none.
    pub max_query_lookback: Option<Duration>,
    /// Lines of an answer. Default: 5000.
    pub max_entries_limit_per_query: Option<u64>,
    /// Longest time of a query. Default: 1 min.
    pub query_timeout: Duration,
    /// Metric queries are aligned to it. Default: 1 h.
    pub split_queries_by_interval: Option<Duration>,
    /// Bytes a query may read. Default: none.
    pub max_query_bytes_read: Option<ByteSize>,
    /// Matchers of a selector. Default: 1000.
    pub max_streams_matchers_per_query: u64,
    /// Live tails at a time. Default: 10.
    pub max_concurrent_tail_requests: u64,
    /// Labels each query must name.
    pub required_labels: Vec<String>,
    /// How many labels each query must name. Default: 0.
    pub required_number_labels: u64,
    /// Queries that are refused.
    pub blocked_queries: Vec<BlockedQuery>,
    /// Answers `index/volume`. Default: true.
    pub volume_enabled: bool,
    /// Series of a volume answer. Default: 1000.
    pub volume_max_series: u64,
    /// How long lines are kept; `None` for ever. Default: for ever.
    pub retention_period: Option<Duration>,
    /// Other periods for some streams.
    pub retention_stream: Vec<StreamRetention>,
    /// What a delete request does. Default: filter and delete.
    pub deletion_mode: DeletionMode,
}

/// A period for streams of a selector; of several that fit, the one with the highest priority holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamRetention {
    /// A stream selector of LogQL.
    pub selector: String,
    /// Default: 0.
    pub priority: i64,
    /// At least 24 h.
    pub period: Duration,
    /// Line in the file, for errors found when the selector is parsed.
    pub line: usize,
}

/// A query that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockedQuery {
    /// Its text, or a regular expression (Go's); `None` for all.
    pub pattern: Option<String>,
    /// `pattern` is a regular expression.
    pub regex: bool,
    /// Its kinds (`metric`, `filter`, `limited`); empty for all.
    pub types: Vec<String>,
    /// Its hash; 0 for any.
    pub hash: u32,
}

/// What a delete request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeletionMode {
    /// It is refused.
    Disabled,
    /// The lines are hidden.
    FilterOnly,
    /// The lines are hidden, and removed later.
    FilterAndDelete,
}

/// The `otlp_config` section.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OtlpLabels {
    /// Resource attributes that become labels (`distributor.otlp_config.default_resource_attributes_as_index_labels`);
    /// `None` for the 18 usual ones.
    pub default_resource_attributes: Option<Vec<String>>,
    /// The usual labels are not taken. Default: false.
    pub ignore_defaults: bool,
    /// Rules for resource attributes, the first that fits holds.
    pub resource_attributes: Vec<OtlpAttributeRule>,
    /// Rules for scope attributes.
    pub scope_attributes: Vec<OtlpAttributeRule>,
    /// Rules for attributes of records.
    pub log_attributes: Vec<OtlpAttributeRule>,
    /// The severity's text becomes a label. Default: false.
    pub severity_text_as_label: bool,
}

/// A rule for attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtlpAttributeRule {
    /// What becomes of them.
    pub action: OtlpAction,
    /// Names; empty with `regex`.
    pub attributes: Vec<String>,
    /// A regular expression (Go's) for names.
    pub regex: Option<String>,
}

/// What becomes of an OpenTelemetry attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtlpAction {
    /// A label of the stream; for resource attributes only.
    IndexLabel,
    /// Structured metadata.
    StructuredMetadata,
    /// Nothing.
    Drop,
}
