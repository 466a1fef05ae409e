//! What the server is told: plain values, already validated by `config`.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::StatusCode;
use longshore_config::loki::{self, StoreSettings};
use longshore_goregex::Regex;
use longshore_model::{ByteSize, TenantId};
use longshore_wire::generic_fields::GenericFields;
use longshore_wire::level::LevelFields;
use longshore_wire::otel_labels::{Action, INDEX_ATTRIBUTES, Names, Rule, Rules};
use longshore_wire::service_name::DISCOVERY_LABELS;

use crate::connections::ConnectionSettings;
use crate::limits::{
    PUSH_BODY_BYTES_DEFAULT, PUSH_INFLATED_BYTES_DEFAULT, PUSH_MEMORY_BYTES_DEFAULT, QUERY_BODY_BYTES_DEFAULT,
    QUERY_MEMORY_BYTES_DEFAULT,
};
use crate::policies::{Policies, Until};
use crate::query::limits::{BlockedQuery, BlockedText, QueryKind};
use crate::rate::Rate;

/// How the server works.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// `address:port`; port 0 for any free one.
    pub listen: String,
    /// Stands before every path; empty for none.
    pub path_prefix: String,
    /// With it, clients are answered by TLS only.
    pub tls: Option<loki::TlsSettings>,
    /// How long clients are waited for.
    pub connections: ConnectionSettings,
    /// Requests must name their tenant in `X-Scope-OrgID`. Without it everything belongs to tenant `fake`.
    pub auth_enabled: bool,
    /// Largest push request on the wire, in bytes.
    pub push_body_bytes_max: usize,
    /// Largest push request once inflated, in bytes.
    pub push_inflated_bytes_max: usize,
    /// Longest `max_interval` that a delete request may name.
    pub delete_max_interval: Duration,
    /// A read may name several tenants, `a|b`.
    pub multi_tenant_queries_enabled: bool,
    /// Answers are compressed for clients that take it.
    pub compress_responses: bool,
    /// `X-Loki-Query-Limits` acts.
    pub per_request_limits_enabled: bool,
    /// How long a stream counts as active after its last line.
    pub stream_idle_period: Duration,
    /// Queries that run at a time.
    pub queries_at_once: usize,
    /// Queries of a tenant that may wait for others to end; one more gets 429.
    pub queries_waiting_max: usize,
    /// Largest form body of a query, in bytes.
    pub query_body_bytes_max: usize,
    /// Queries that take longer are told in the log; `None` tells none.
    pub slow_query: Option<Duration>,
    /// Start and end of metric queries are moved down to whole steps.
    pub align_queries_with_step: bool,
    /// Bytes that queries, their answers and lines that wait for live tails may hold together; one query gets half of
    /// them.
    pub query_memory_bytes: usize,
    /// Bytes that pushes may hold together, from their bodies to the store.
    pub push_memory_bytes: usize,
    /// What pushes and queries may do.
    pub limits: Limits,
    /// The same for single tenants, instead of `limits`.
    pub overrides: BTreeMap<TenantId, Limits>,
    /// Longest live tail.
    pub tail_duration_max: Duration,
    /// Answer `patterns`.
    pub patterns_enabled: bool,
    /// The effective configuration as YAML, for `/config`; empty for none.
    pub effective_config: String,
}

/// What pushes and queries may do; the names are those of Loki's `limits_config`.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Bytes of a line; `None` for any.
    pub max_line_size: Option<usize>,
    /// Longer lines are cut instead of refused.
    pub max_line_size_truncate: bool,
    /// Bytes of a label's name.
    pub max_label_name_length: usize,
    /// Bytes of a label's value.
    pub max_label_value_length: usize,
    /// Labels of a stream.
    pub max_label_names_per_series: usize,
    /// Refuse entries that are older than this; `None` takes any.
    pub reject_old_samples_max_age: Option<Duration>,
    /// Refuse entries that lie further in the future.
    pub creation_grace_period: Duration,
    /// Entries may have structured metadata.
    pub allow_structured_metadata: bool,
    /// Bytes of an entry's structured metadata; `None` for any.
    pub max_structured_metadata_size: Option<usize>,
    /// Number of an entry's structured metadata; `None` for any.
    pub max_structured_metadata_entries_count: Option<usize>,
    /// Labels of which the first becomes `service_name`; empty adds none.
    pub discover_service_name: Vec<String>,
    /// Add `detected_level` to each entry.
    pub discover_log_levels: bool,
    /// Entries of an answer.
    pub max_entries_limit_per_query: usize,
    /// Longest range of a query; `None` for any.
    pub max_query_length: Option<Duration>,
    /// Series of a metric query; `None` for any.
    pub max_query_series: Option<usize>,
    /// Longest time of a query.
    pub query_timeout: Duration,
    /// Range queries of numbers have their start and end moved to whole steps, as Loki does when it splits queries.
    pub align_metric_queries: bool,
    /// Live tails at a time, for each tenant.
    pub max_concurrent_tail_requests: usize,
    /// Answer `index/volume`.
    pub volume_enabled: bool,
    /// What is put at the end of a line that was cut, within `max_line_size`; empty for nothing.
    pub truncated_identifier: String,
    /// Labels that each stream must have.
    pub enforced_labels: Vec<String>,
    /// Lines with the timestamp of the line before are moved by a nanosecond.
    pub increment_duplicate_timestamp: bool,
    /// Fields that tell the level.
    pub level_fields: LevelFields,
    /// What becomes of OpenTelemetry's attributes.
    pub otlp_rules: Rules,
    /// Bytes that may be pushed; `None` for any.
    pub ingestion_rate: Option<Rate>,
    /// Bytes that may be pushed to each stream; `None` for any.
    pub stream_rate: Option<Rate>,
    /// Active streams; `None` for any.
    pub max_streams: Option<usize>,
    /// Pushes are refused for a time.
    pub blocked: Option<Until>,
    /// The answer to what is blocked; 200 refuses in silence.
    pub blocked_status: StatusCode,
    /// What is about some streams only.
    pub policies: Policies,
    /// Fields that become structured metadata.
    pub generic_fields: GenericFields,
    /// Lines are kept for so long, which explorers want to know; `None` for ever.
    pub retention_period: Option<Duration>,
    /// Longest window of a range aggregation; `None` for any.
    pub max_query_range: Option<Duration>,
    /// How far back queries see; `None` for everything.
    pub max_query_lookback: Option<Duration>,
    /// Bytes of lines that a query may read; `None` for any.
    pub max_query_bytes_read: Option<u64>,
    /// Matchers of a selector.
    pub max_streams_matchers_per_query: usize,
    /// Labels that the selectors of a range query must name.
    pub required_labels: Vec<String>,
    /// How many labels they must name.
    pub minimum_labels_number: usize,
    /// Queries that are refused.
    pub blocked_queries: Vec<BlockedQuery>,
    /// Series of an answer of `index/volume`.
    pub volume_max_series: usize,
    /// All of them as YAML, for `/config/tenant/v1/limits`; empty for none.
    pub effective_yaml: String,
}

/// Burst when only a rate is given: Loki's default, or what the rate gives in a second.
const INGESTION_BURST_MB: f64 = 6.0;
/// The same for a stream.
const STREAM_BURST: ByteSize = ByteSize(15 << 20);
const MEBIBYTE: f64 = 1_048_576.0;

impl Default for Limits {
    /// Loki's defaults where they protect, wider ones where they lose lines.
    fn default() -> Self {
        Self {
            // A container's line may be as long as the collector joins it; refusing it would lose it.
            max_line_size: None,
            max_line_size_truncate: false,
            max_label_name_length: 1024,
            max_label_value_length: 2048,
            // OpenTelemetry's 18 index labels fit.
            max_label_names_per_series: 32,
            // A collector that was away for long still has lines to deliver.
            reject_old_samples_max_age: None,
            creation_grace_period: Duration::from_secs(600),
            allow_structured_metadata: true,
            max_structured_metadata_size: Some(64 << 10),
            max_structured_metadata_entries_count: Some(128),
            discover_service_name: DISCOVERY_LABELS.map(str::to_owned).to_vec(),
            discover_log_levels: true,
            max_entries_limit_per_query: 5_000,
            max_query_length: Some(Duration::from_secs(721 * 3600)),
            max_query_series: Some(500),
            query_timeout: Duration::from_secs(60),
            align_metric_queries: true,
            max_concurrent_tail_requests: 10,
            volume_enabled: true,
            truncated_identifier: String::new(),
            enforced_labels: Vec::new(),
            increment_duplicate_timestamp: false,
            level_fields: LevelFields::default(),
            otlp_rules: Rules::default(),
            ingestion_rate: None,
            stream_rate: None,
            max_streams: None,
            blocked: None,
            blocked_status: StatusCode::BAD_REQUEST,
            policies: Policies::default(),
            generic_fields: GenericFields::default(),
            retention_period: None,
            max_query_range: None,
            max_query_lookback: None,
            max_query_bytes_read: None,
            max_streams_matchers_per_query: 1_000,
            required_labels: Vec::new(),
            minimum_labels_number: 0,
            blocked_queries: Vec::new(),
            volume_max_series: 1_000,
            effective_yaml: String::new(),
        }
    }
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:3100".to_owned(),
            path_prefix: String::new(),
            tls: None,
            connections: ConnectionSettings::default(),
            auth_enabled: false,
            push_body_bytes_max: PUSH_BODY_BYTES_DEFAULT,
            push_inflated_bytes_max: PUSH_INFLATED_BYTES_DEFAULT,
            delete_max_interval: Duration::from_secs(86_400),
            multi_tenant_queries_enabled: false,
            compress_responses: true,
            per_request_limits_enabled: false,
            stream_idle_period: Duration::from_secs(1800),
            queries_at_once: 4,
            queries_waiting_max: 2_048,
            query_body_bytes_max: QUERY_BODY_BYTES_DEFAULT,
            slow_query: None,
            align_queries_with_step: false,
            query_memory_bytes: QUERY_MEMORY_BYTES_DEFAULT,
            push_memory_bytes: PUSH_MEMORY_BYTES_DEFAULT,
            limits: Limits::default(),
            overrides: BTreeMap::new(),
            tail_duration_max: Duration::from_secs(3600),
            patterns_enabled: true,
            effective_config: String::new(),
        }
    }
}

/// Limits of single tenants, as the configuration gives them.
pub fn overrides(overrides: &BTreeMap<TenantId, loki::LimitsSettings>) -> BTreeMap<TenantId, Limits> {
    let limits = overrides.iter().map(|(tenant, limits)| (tenant.clone(), limits.into()));
    limits.collect()
}

/// Lets a number of a file be no more than fits into memory.
fn size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

impl From<&StoreSettings> for ServerSettings {
    fn from(settings: &StoreSettings) -> Self {
        let server = &settings.server;
        let address = match server.http_listen_address.as_str() {
            "" => "0.0.0.0".to_owned(),
            address if address.contains(':') && !address.starts_with('[') => format!("[{address}]"),
            address => address.to_owned(),
        };
        Self {
            listen: format!("{address}:{}", server.http_listen_port),
            path_prefix: server.http_path_prefix.clone(),
            tls: server.http_tls_config.clone(),
            connections: connections(server),
            auth_enabled: settings.auth_enabled,
            push_body_bytes_max: size(server.push_size_max.0),
            push_inflated_bytes_max: size(server.push_decompressed_size_max.0).min(PUSH_INFLATED_BYTES_DEFAULT),
            delete_max_interval: settings.compactor.delete_max_interval,
            multi_tenant_queries_enabled: settings.querier.multi_tenant_queries_enabled,
            compress_responses: settings.frontend.compress_responses,
            per_request_limits_enabled: settings.querier.per_request_limits_enabled,
            stream_idle_period: settings.ingester.chunk_idle_period,
            queries_at_once: size(settings.querier.max_concurrent).max(1),
            queries_waiting_max: size(settings.frontend.max_outstanding_per_tenant),
            query_body_bytes_max: settings
                .frontend
                .max_body_size_bytes
                .map_or(QUERY_BODY_BYTES_DEFAULT, size),
            slow_query: settings.frontend.log_queries_longer_than,
            align_queries_with_step: settings.querier.align_queries_with_step,
            query_memory_bytes: QUERY_MEMORY_BYTES_DEFAULT,
            push_memory_bytes: PUSH_MEMORY_BYTES_DEFAULT,
            limits: Limits::from(&settings.limits),
            overrides: overrides(&settings.overrides),
            tail_duration_max: settings.querier.tail_max_duration,
            patterns_enabled: settings.patterns_enabled,
            effective_config: String::new(),
        }
    }
}

impl Limits {
    /// Limits of queries that limit nothing.
    pub(crate) fn unlimited() -> Self {
        Self {
            max_entries_limit_per_query: usize::MAX,
            max_query_length: None,
            max_query_series: None,
            query_timeout: Duration::MAX,
            max_concurrent_tail_requests: usize::MAX,
            max_streams_matchers_per_query: usize::MAX,
            volume_max_series: usize::MAX,
            ..Self::default()
        }
    }

    /// Lets queries do no more than both allow.
    pub(crate) fn tighten(&mut self, other: &Self) {
        fn least<T: Ord + Copy>(own: &mut Option<T>, other: Option<T>) {
            *own = [*own, other].into_iter().flatten().min();
        }
        fn lesser<T: Ord + Copy>(own: &mut T, other: T) {
            *own = (*own).min(other);
        }
        lesser(&mut self.max_entries_limit_per_query, other.max_entries_limit_per_query);
        lesser(&mut self.query_timeout, other.query_timeout);
        lesser(
            &mut self.max_concurrent_tail_requests,
            other.max_concurrent_tail_requests,
        );
        lesser(
            &mut self.max_streams_matchers_per_query,
            other.max_streams_matchers_per_query,
        );
        lesser(&mut self.volume_max_series, other.volume_max_series);
        least(&mut self.max_query_length, other.max_query_length);
        least(&mut self.max_query_series, other.max_query_series);
        least(&mut self.max_query_range, other.max_query_range);
        least(&mut self.max_query_lookback, other.max_query_lookback);
        least(&mut self.max_query_bytes_read, other.max_query_bytes_read);
        self.minimum_labels_number = self.minimum_labels_number.max(other.minimum_labels_number);
        self.volume_enabled &= other.volume_enabled;
        for name in &other.required_labels {
            if !self.required_labels.contains(name) {
                self.required_labels.push(name.clone());
            }
        }
        self.blocked_queries.extend(other.blocked_queries.iter().cloned());
    }
}

fn blocked_query(query: &loki::BlockedQuery) -> Option<BlockedQuery> {
    let text = match &query.pattern {
        None => None,
        // The configuration has compiled it once already.
        Some(pattern) if query.regex => Some(BlockedText::Matching(Regex::new(pattern).ok()?)),
        Some(text) => Some(BlockedText::Same(text.clone())),
    };
    Some(BlockedQuery {
        text,
        kinds: query
            .types
            .iter()
            .filter_map(|kind| QueryKind::from_name(kind))
            .collect(),
        hash: Some(query.hash).filter(|hash| *hash > 0),
    })
}

fn connections(server: &loki::ServerSettings) -> ConnectionSettings {
    let usual = ConnectionSettings::default();
    ConnectionSettings {
        connections_max: server.http_listen_conn_limit.map(size),
        read_timeout: server.http_server_read_timeout,
        answer_timeout: server.http_server_write_timeout,
        write_timeout: server.http_server_write_timeout.unwrap_or(usual.write_timeout),
        idle_timeout: server.http_server_idle_timeout,
        shutdown_grace: server.graceful_shutdown_timeout,
    }
}

fn otlp_rules(settings: &loki::OtlpLabels) -> Rules {
    let mut resource = Vec::new();
    if !settings.ignore_defaults {
        let usual = || INDEX_ATTRIBUTES.map(str::to_owned).to_vec();
        resource.push(Rule::labels(
            settings.default_resource_attributes.clone().unwrap_or_else(usual),
        ));
    }
    let rules = |rules: &[loki::OtlpAttributeRule]| -> Vec<Rule> { rules.iter().filter_map(otlp_rule).collect() };
    resource.extend(rules(&settings.resource_attributes));
    Rules {
        resource,
        scope: rules(&settings.scope_attributes),
        record: rules(&settings.log_attributes),
        severity_text_as_label: settings.severity_text_as_label,
    }
}

fn otlp_rule(rule: &loki::OtlpAttributeRule) -> Option<Rule> {
    let names = match &rule.regex {
        // The configuration has compiled it once already.
        Some(regex) => Names::Matching(Regex::anchored(regex).ok()?),
        None => Names::Listed(rule.attributes.clone()),
    };
    let action = match rule.action {
        loki::OtlpAction::IndexLabel => Action::Label,
        loki::OtlpAction::StructuredMetadata => Action::Metadata,
        loki::OtlpAction::Drop => Action::Drop,
    };
    Some(Rule { action, names })
}

impl From<&loki::LimitsSettings> for Limits {
    fn from(limits: &loki::LimitsSettings) -> Self {
        Self {
            max_line_size: limits.max_line_size.map(|bytes| size(bytes.0)),
            max_line_size_truncate: limits.max_line_size_truncate,
            max_label_name_length: size(limits.max_label_name_length),
            max_label_value_length: size(limits.max_label_value_length),
            max_label_names_per_series: size(limits.max_label_names_per_series),
            reject_old_samples_max_age: limits.reject_old_samples.then_some(limits.reject_old_samples_max_age),
            creation_grace_period: limits.creation_grace_period,
            allow_structured_metadata: limits.allow_structured_metadata,
            max_structured_metadata_size: limits.max_structured_metadata_size.map(|bytes| size(bytes.0)),
            max_structured_metadata_entries_count: limits.max_structured_metadata_entries_count.map(size),
            discover_service_name: limits.discover_service_name.clone(),
            discover_log_levels: limits.discover_log_levels,
            max_entries_limit_per_query: limits.max_entries_limit_per_query.map_or(usize::MAX, size),
            max_query_length: limits.max_query_length,
            max_query_series: limits.max_query_series.map(size),
            query_timeout: limits.query_timeout,
            align_metric_queries: limits.split_queries_by_interval.is_some(),
            max_concurrent_tail_requests: size(limits.max_concurrent_tail_requests),
            volume_enabled: limits.volume_enabled,
            truncated_identifier: limits.max_line_size_truncate_identifier.clone(),
            enforced_labels: limits.enforced_labels.clone(),
            increment_duplicate_timestamp: limits.increment_duplicate_timestamp,
            level_fields: LevelFields::new(&limits.log_level_fields).down_to(limits.log_level_from_json_max_depth),
            otlp_rules: otlp_rules(&limits.otlp),
            ingestion_rate: limits.ingestion_rate_mb.map(|rate| {
                let burst = limits.ingestion_burst_size_mb.unwrap_or(rate.max(INGESTION_BURST_MB));
                Rate::new(rate * MEBIBYTE, burst * MEBIBYTE)
            }),
            stream_rate: limits.per_stream_rate_limit.map(|rate| {
                let burst = limits.per_stream_rate_limit_burst.unwrap_or(rate.max(STREAM_BURST));
                Rate::new(rate.0 as f64, burst.0 as f64)
            }),
            max_streams: limits.max_streams.map(size),
            max_query_range: limits.max_query_range,
            max_query_lookback: limits.max_query_lookback,
            max_query_bytes_read: limits.max_query_bytes_read.map(|bytes| bytes.0),
            max_streams_matchers_per_query: size(limits.max_streams_matchers_per_query),
            required_labels: limits.required_labels.clone(),
            minimum_labels_number: size(limits.required_number_labels),
            blocked_queries: limits.blocked_queries.iter().filter_map(blocked_query).collect(),
            volume_max_series: size(limits.volume_max_series),
            blocked: limits.block_ingestion_until.as_deref().and_then(Until::new),
            // The configuration has checked it.
            blocked_status: StatusCode::from_u16(limits.block_ingestion_status_code).unwrap_or(StatusCode::BAD_REQUEST),
            // Who reads the configuration checks the selectors too, by the same function.
            policies: Policies::new(&limits.policies).unwrap_or_default(),
            generic_fields: GenericFields::new(limits.generic_fields.clone()),
            retention_period: limits.retention_period,
            effective_yaml: loki::limits_yaml(limits),
        }
    }
}
