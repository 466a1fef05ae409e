//! Reading limits: for everybody, or for one tenant over everybody's.

use std::collections::BTreeMap;
use std::mem;
use std::time::Duration;

use longshore_goregex::Regex;
use longshore_model::{ByteSize, TenantId};

use super::policies::{self, Policies};
use super::{BlockedQuery, DeletionMode, LimitsSettings, OtlpAction, OtlpAttributeRule, OtlpLabels, StreamRetention};
use crate::decode::{Section, join_path};
use crate::yaml::Kind;

const HOUR: Duration = Duration::from_secs(3600);

impl LimitsSettings {
    /// Limits where nothing is configured.
    ///
    /// They are Loki's, but for those that lose lines: rates and streams are not limited on a machine of one's own, a
    /// line may be as long as the collector joins it, as old as the retention allows, and have all 18 labels that
    /// OpenTelemetry's resources give.
    pub(in crate::loki) fn usual(default_resource_attributes: Option<Vec<String>>) -> Self {
        let names = |names: &str| names.split(' ').map(str::to_owned).collect();
        Self {
            ingestion_rate_mb: None,
            ingestion_burst_size_mb: None,
            per_stream_rate_limit: None,
            per_stream_rate_limit_burst: None,
            max_line_size: None,
            max_line_size_truncate: false,
            max_line_size_truncate_identifier: String::new(),
            enforced_labels: Vec::new(),
            max_label_name_length: 1024,
            max_label_value_length: 2048,
            max_label_names_per_series: 32,
            reject_old_samples: false,
            reject_old_samples_max_age: 7 * 24 * HOUR,
            creation_grace_period: Duration::from_secs(600),
            max_streams: None,
            increment_duplicate_timestamp: false,
            allow_structured_metadata: true,
            max_structured_metadata_size: Some(ByteSize(64 << 10)),
            max_structured_metadata_entries_count: Some(128),
            discover_service_name: names(
                "service app application app_name name app_kubernetes_io_name container container_name \
                 k8s_container_name component workload job k8s_job_name",
            ),
            discover_log_levels: true,
            log_level_fields: names(
                "level LEVEL Level log.level severity SEVERITY Severity SeverityText lvl LVL Lvl severity_text \
                 Severity_Text SEVERITY_TEXT",
            ),
            log_level_from_json_max_depth: Some(2),
            generic_fields: BTreeMap::new(),
            otlp: OtlpLabels {
                default_resource_attributes,
                ..OtlpLabels::default()
            },
            block_ingestion_until: None,
            block_ingestion_status_code: 260,
            policies: Policies::default(),
            max_query_series: Some(500),
            max_query_length: Some(721 * HOUR),
            max_query_range: None,
            max_query_lookback: None,
            max_entries_limit_per_query: Some(5000),
            query_timeout: Duration::from_secs(60),
            split_queries_by_interval: Some(HOUR),
            max_query_bytes_read: None,
            max_streams_matchers_per_query: 1000,
            max_concurrent_tail_requests: 10,
            required_labels: Vec::new(),
            required_number_labels: 0,
            blocked_queries: Vec::new(),
            volume_enabled: true,
            volume_max_series: 1000,
            retention_period: None,
            retention_stream: Vec::new(),
            deletion_mode: DeletionMode::FilterAndDelete,
        }
    }
}

/// Keys of limits that mean nothing here, and old ones that Loki passes over in silence.
const WITHOUT_EFFECT: [&str; 79] = [
    "allow_deletes",
    "bloom_block_encoding",
    "bloom_build_builder_response_timeout",
    "bloom_build_max_builders",
    "bloom_build_task_max_retries",
    "bloom_creation_enabled",
    "bloom_gateway_enable_filtering",
    "bloom_max_block_size",
    "bloom_max_bloom_size",
    "bloom_planning_strategy",
    "bloom_prefetch_blocks",
    "bloom_split_series_keyspace_by",
    "bloom_task_target_series_chunk_size",
    "cardinality_limit",
    "dataobj_index_compaction_enabled",
    "dataobj_log_compaction_enabled",
    "debug_engine_streams",
    "debug_engine_tasks",
    "enable_multi_variant_queries",
    "engine_results_cache_time_bucket_interval",
    "index_gateway_max_capacity",
    "index_gateway_shard_size",
    "ingestion_partitions_tenant_shard_size",
    "ingestion_rate_strategy",
    "max_cache_freshness_per_query",
    "max_chunks_per_query",
    "max_metadata_cache_freshness",
    "max_querier_bytes_read",
    "max_queriers_per_tenant",
    "max_query_capacity",
    "max_scan_task_parallelism",
    "max_stats_cache_freshness",
    "metric_aggregation_enabled",
    "min_sharding_lookback",
    "pattern_ingester_tokenizable_json_fields_append",
    "pattern_ingester_tokenizable_json_fields_default",
    "pattern_ingester_tokenizable_json_fields_delete",
    "pattern_persistence_enabled",
    "pattern_persistence_granularity",
    "pattern_rate_threshold",
    "query_ready_index_num_days",
    "recent_metadata_query_window",
    "ruler_alertmanager_config",
    "ruler_enable_wal_replay",
    "ruler_max_rule_groups_per_tenant",
    "ruler_max_rules_per_rule_group",
    "ruler_remote_evaluation_max_response_size",
    "ruler_remote_evaluation_timeout",
    "ruler_remote_write_config",
    "ruler_remote_write_disabled",
    "ruler_remote_write_headers",
    "ruler_remote_write_queue_batch_send_deadline",
    "ruler_remote_write_queue_capacity",
    "ruler_remote_write_queue_max_backoff",
    "ruler_remote_write_queue_max_samples_per_send",
    "ruler_remote_write_queue_max_shards",
    "ruler_remote_write_queue_min_backoff",
    "ruler_remote_write_queue_min_shards",
    "ruler_remote_write_queue_retry_on_ratelimit",
    "ruler_remote_write_relabel_configs",
    "ruler_remote_write_sigv4_config",
    "ruler_remote_write_timeout",
    "ruler_remote_write_url",
    "ruler_tenant_shard_size",
    "s3_sse_kms_encryption_context",
    "s3_sse_kms_key_id",
    "s3_sse_type",
    "shard_aggregations",
    "shard_streams",
    "simulated_push_latency",
    "split_ingester_queries_by_interval",
    "split_instant_metric_queries_by_interval",
    "split_metadata_queries_by_interval",
    "split_recent_metadata_queries_by_interval",
    "tsdb_max_bytes_per_shard",
    "tsdb_max_query_parallelism",
    "tsdb_precompute_chunks",
    "tsdb_sharding_strategy",
    "unordered_writes",
];

/// Reads limits; what is not given is `base`'s.
pub(in crate::loki) fn decode(section: &mut Section<'_>, base: &LimitsSettings) -> LimitsSettings {
    let mut limits = base.clone();
    ingestion(section, &mut limits);
    metadata(section, &mut limits);
    queries(section, &mut limits);
    retention(section, &mut limits);
    section.without_effect(&WITHOUT_EFFECT);
    section.without_effect(&["max_query_parallelism", "use_owned_stream_count"]);
    limits
}

/// Reads `overrides`: limits by tenant. An entry changes what `overrides` has for its tenant already, or else `base`.
pub(in crate::loki) fn decode_overrides(
    top: &mut Section<'_>,
    base: &LimitsSettings,
    mut overrides: BTreeMap<TenantId, LimitsSettings>,
) -> BTreeMap<TenantId, LimitsSettings> {
    top.optional_child("overrides", |section| {
        for pair in section.all() {
            let path = join_path(&section.path, &pair.key);
            match TenantId::new(&pair.key) {
                Ok(tenant) => {
                    let base = overrides.get(&tenant).unwrap_or(base);
                    let (limits, effective) = Section::read(section.report, &path, Some(&pair.value), |section| {
                        decode(section, base)
                    });
                    section.show(&pair.key, effective);
                    overrides.insert(tenant, limits);
                }
                Err(error) => {
                    let fix = "a tenant is at most 150 of letters, digits and !-_.*'()";
                    section.report.error(pair.line, &path, error.to_string(), fix);
                }
            }
        }
    });
    overrides
}

fn ingestion(section: &mut Section<'_>, limits: &mut LimitsSettings) {
    limits.ingestion_rate_mb = optional_float(section, "ingestion_rate_mb", limits.ingestion_rate_mb);
    limits.ingestion_burst_size_mb = optional_float(section, "ingestion_burst_size_mb", limits.ingestion_burst_size_mb);
    limits.per_stream_rate_limit = optional_size(section, "per_stream_rate_limit", limits.per_stream_rate_limit);
    limits.per_stream_rate_limit_burst = optional_size(
        section,
        "per_stream_rate_limit_burst",
        limits.per_stream_rate_limit_burst,
    );
    limits.max_line_size = optional_size(section, "max_line_size", limits.max_line_size);
    limits.max_line_size_truncate = section.boolean("max_line_size_truncate", limits.max_line_size_truncate);
    let identifier = section.text("max_line_size_truncate_identifier");
    limits.max_line_size_truncate_identifier =
        identifier.unwrap_or(mem::take(&mut limits.max_line_size_truncate_identifier));
    limits.enforced_labels = texts(section, "enforced_labels", &limits.enforced_labels);
    limits.max_label_name_length = section.unsigned("max_label_name_length", limits.max_label_name_length);
    limits.max_label_value_length = section.unsigned("max_label_value_length", limits.max_label_value_length);
    limits.max_label_names_per_series =
        section.unsigned("max_label_names_per_series", limits.max_label_names_per_series);
    limits.reject_old_samples = section.boolean("reject_old_samples", limits.reject_old_samples);
    limits.reject_old_samples_max_age =
        section.long_duration("reject_old_samples_max_age", limits.reject_old_samples_max_age);
    limits.creation_grace_period = section.long_duration("creation_grace_period", limits.creation_grace_period);
    let per_process = optional_count(section, "max_streams_per_user", None);
    let everywhere = optional_count(section, "max_global_streams_per_user", limits.max_streams);
    limits.max_streams = [per_process, everywhere].into_iter().flatten().min();
    limits.increment_duplicate_timestamp =
        section.boolean("increment_duplicate_timestamp", limits.increment_duplicate_timestamp);
    let until = policies::moment(section, "block_ingestion_until");
    limits.block_ingestion_until = until.or(limits.block_ingestion_until.take());
    policies::decode(section, &mut limits.policies);
    let code = section.unsigned(
        "block_ingestion_status_code",
        u64::from(limits.block_ingestion_status_code),
    );
    limits.block_ingestion_status_code = u16::try_from(code)
        .ok()
        .filter(|code| (200..600).contains(code))
        .unwrap_or_else(|| {
            section.wrong(
                "block_ingestion_status_code",
                format!("{code} is no status of HTTP"),
                "write 260 or 429",
            );
            260
        });
}

fn metadata(section: &mut Section<'_>, limits: &mut LimitsSettings) {
    limits.allow_structured_metadata = section.boolean("allow_structured_metadata", limits.allow_structured_metadata);
    limits.max_structured_metadata_size = optional_size(
        section,
        "max_structured_metadata_size",
        limits.max_structured_metadata_size,
    );
    limits.max_structured_metadata_entries_count = optional_count(
        section,
        "max_structured_metadata_entries_count",
        limits.max_structured_metadata_entries_count,
    );
    limits.discover_service_name = texts(section, "discover_service_name", &limits.discover_service_name);
    limits.discover_log_levels = section.boolean("discover_log_levels", limits.discover_log_levels);
    limits.log_level_fields = texts(section, "log_level_fields", &limits.log_level_fields);
    let depth = section.signed(
        "log_level_from_json_max_depth",
        limits.log_level_from_json_max_depth.map_or(0, i64::from),
    );
    limits.log_level_from_json_max_depth = u32::try_from(depth).ok().filter(|depth| *depth > 0);
    if let Some(fields) = section.optional_child("discover_generic_fields", generic_fields) {
        limits.generic_fields = fields;
    }
    let default_resource_attributes = limits.otlp.default_resource_attributes.clone();
    if let Some(otlp) = section.optional_child("otlp_config", |section| otlp(section, default_resource_attributes)) {
        limits.otlp = otlp;
    }
}

/// The names that each field is found as.
fn generic_fields(section: &mut Section<'_>) -> BTreeMap<String, Vec<String>> {
    section.child("fields", |fields| {
        let names = fields.all().iter().map(|pair| pair.key.clone());
        names.map(|name| (name.clone(), fields.texts(&name))).collect()
    })
}

fn otlp(section: &mut Section<'_>, default_resource_attributes: Option<Vec<String>>) -> OtlpLabels {
    let (ignore_defaults, resource_attributes) = section.child("resource_attributes", |section| {
        (
            section.boolean("ignore_defaults", false),
            section.children("attributes_config", |rule| attribute_rule(rule, true)),
        )
    });
    OtlpLabels {
        default_resource_attributes,
        ignore_defaults,
        resource_attributes,
        scope_attributes: section.children("scope_attributes", |rule| attribute_rule(rule, false)),
        log_attributes: section.children("log_attributes", |rule| attribute_rule(rule, false)),
        severity_text_as_label: section.boolean("severity_text_as_label", false),
    }
}

fn attribute_rule(section: &mut Section<'_>, of_resource: bool) -> Option<OtlpAttributeRule> {
    let actions = [
        ("index_label", OtlpAction::IndexLabel),
        ("structured_metadata", OtlpAction::StructuredMetadata),
        ("drop", OtlpAction::Drop),
    ];
    let rule = OtlpAttributeRule {
        action: section.choice("action", OtlpAction::StructuredMetadata, &actions),
        attributes: section.texts("attributes"),
        regex: section.text("regex").filter(|regex| !regex.is_empty()),
    };
    if rule.attributes.is_empty() == rule.regex.is_none() {
        let message = "needs exactly one of attributes and regex";
        section
            .report
            .error(section.line, &section.path, message, "write attributes: [name, name]");
        return None;
    }
    if let Some(regex) = &rule.regex
        && let Err(error) = Regex::anchored(regex)
    {
        section.wrong("regex", error.to_string(), "write a regular expression of Go's");
    }
    if rule.action == OtlpAction::IndexLabel && !of_resource {
        let message = "only attributes of resources can become labels";
        section.wrong("action", message, "write action: structured_metadata");
        return None;
    }
    Some(rule)
}

fn queries(section: &mut Section<'_>, limits: &mut LimitsSettings) {
    limits.max_query_series = optional_count(section, "max_query_series", limits.max_query_series);
    limits.max_query_length = optional_duration(section, "max_query_length", limits.max_query_length);
    limits.max_query_range = optional_duration(section, "max_query_range", limits.max_query_range);
    limits.max_query_lookback = optional_duration(section, "max_query_lookback", limits.max_query_lookback);
    limits.max_entries_limit_per_query = optional_count(
        section,
        "max_entries_limit_per_query",
        limits.max_entries_limit_per_query,
    );
    limits.query_timeout = section.long_duration("query_timeout", limits.query_timeout);
    limits.split_queries_by_interval =
        optional_duration(section, "split_queries_by_interval", limits.split_queries_by_interval);
    limits.max_query_bytes_read = optional_size(section, "max_query_bytes_read", limits.max_query_bytes_read);
    limits.max_streams_matchers_per_query =
        section.unsigned("max_streams_matchers_per_query", limits.max_streams_matchers_per_query);
    limits.max_concurrent_tail_requests =
        section.unsigned("max_concurrent_tail_requests", limits.max_concurrent_tail_requests);
    limits.required_labels = texts(section, "required_labels", &limits.required_labels);
    limits.required_number_labels = section.unsigned("minimum_labels_number", limits.required_number_labels);
    if section.has("blocked_queries") {
        limits.blocked_queries = section.children("blocked_queries", |query| Some(blocked_query(query)));
    }
    limits.volume_enabled = section.boolean("volume_enabled", limits.volume_enabled);
    limits.volume_max_series = section.unsigned("volume_max_series", limits.volume_max_series);
}

fn blocked_query(section: &mut Section<'_>) -> BlockedQuery {
    section.not_supported(&["tags"]);
    let query = BlockedQuery {
        pattern: section.text("pattern").filter(|pattern| !pattern.is_empty()),
        regex: section.boolean("regex", false),
        types: section.texts("types"),
        hash: u32::try_from(section.unsigned("hash", 0)).unwrap_or(0),
    };
    if let Some(pattern) = query.pattern.as_ref().filter(|_| query.regex)
        && let Err(error) = Regex::new(pattern)
    {
        section.wrong("pattern", error.to_string(), "write a regular expression of Go's");
    }
    for kind in &query.types {
        if !["metric", "filter", "limited"].contains(&kind.as_str()) {
            section.wrong(
                "types",
                format!("'{kind}' is no kind of query"),
                "write some of: metric, filter, limited",
            );
        }
    }
    query
}

fn retention(section: &mut Section<'_>, limits: &mut LimitsSettings) {
    limits.retention_period = optional_duration(section, "retention_period", limits.retention_period);
    if section.has("retention_stream") {
        limits.retention_stream = section.children("retention_stream", stream_retention);
    }
    let modes = [
        ("filter-and-delete", DeletionMode::FilterAndDelete),
        ("filter-only", DeletionMode::FilterOnly),
        ("disabled", DeletionMode::Disabled),
    ];
    limits.deletion_mode = section.choice("deletion_mode", limits.deletion_mode, &modes);
}

fn stream_retention(section: &mut Section<'_>) -> Option<StreamRetention> {
    let line = section.line_of("selector");
    let selector = section.text("selector").filter(|selector| !selector.is_empty());
    let priority = section.signed("priority", 0);
    let period = section.long_duration("period", Duration::ZERO);
    if selector.is_none() {
        section.wrong("selector", "a selector is missing", "write selector: '{app=\"name\"}'");
    }
    if period < 24 * HOUR {
        section.wrong(
            "period",
            "must be 24h or more, whole days are removed",
            "write period: 24h",
        );
    }
    Some(StreamRetention {
        selector: selector?,
        priority,
        period,
        line,
    })
}

/// A limit of which 0 means none.
fn optional_count(section: &mut Section<'_>, key: &str, base: Option<u64>) -> Option<u64> {
    Some(section.unsigned(key, base.unwrap_or(0))).filter(|count| *count > 0)
}

fn optional_float(section: &mut Section<'_>, key: &str, base: Option<f64>) -> Option<f64> {
    Some(section.float(key, base.unwrap_or(0.0))).filter(|value| *value > 0.0)
}

fn optional_size(section: &mut Section<'_>, key: &str, base: Option<ByteSize>) -> Option<ByteSize> {
    Some(section.binary_size(key, base.unwrap_or_default())).filter(|size| size.0 > 0)
}

fn optional_duration(section: &mut Section<'_>, key: &str, base: Option<Duration>) -> Option<Duration> {
    Some(section.long_duration(key, base.unwrap_or(Duration::ZERO))).filter(|duration| !duration.is_zero())
}

fn texts(section: &mut Section<'_>, key: &str, base: &[String]) -> Vec<String> {
    let base: Vec<&str> = base.iter().map(String::as_str).collect();
    // An empty list is a decision, unlike a missing one.
    let is_empty_list = section
        .peek(key)
        .is_some_and(|node| matches!(&node.kind, Kind::List(items) if items.is_empty()));
    if is_empty_list {
        section.texts(key)
    } else {
        section.texts_or(key, &base)
    }
}
