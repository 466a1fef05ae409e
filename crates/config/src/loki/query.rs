//! The `querier`, `query_range` and `frontend` sections.

use std::time::Duration;

use crate::decode::Section;

/// How queries run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuerierSettings {
    /// Queries that run at a time. Default: 4.
    pub max_concurrent: u64,
    /// Longest live tail. Default: 1 h.
    pub tail_max_duration: Duration,
    /// A query may name several tenants, `a|b`. Default: false.
    pub multi_tenant_queries_enabled: bool,
    /// `X-Loki-Query-Limits` of a request acts. Default: false.
    pub per_request_limits_enabled: bool,
    /// Start and end of metric queries are moved down to whole steps (`query_range.align_queries_with_step`).
    /// Default: false.
    pub align_queries_with_step: bool,
}

/// How answers leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrontendSettings {
    /// Queries that take longer are logged; `None` never. Default: never.
    pub log_queries_longer_than: Option<Duration>,
    /// Answers are compressed where the client takes it. Default: true.
    pub compress_responses: bool,
    /// Queries of a tenant that may wait: the lesser of `max_outstanding_per_tenant` and
    /// `query_scheduler.max_outstanding_requests_per_tenant`. Default: 2048.
    pub max_outstanding_per_tenant: u64,
    /// Largest body of a query request (`max_body_size`); `None` for the server's own bound. Default: `None`.
    pub max_body_size_bytes: Option<u64>,
}

/// Reads `querier` and `query_range`.
pub(super) fn decode_querier(top: &mut Section<'_>) -> QuerierSettings {
    let align_queries_with_step = top.child("query_range", |section| {
        section.without_effect(&[
            "cache_index_stats_results",
            "cache_instant_metric_results",
            "cache_label_results",
            "cache_results",
            "cache_series_results",
            "cache_volume_results",
            "index_stats_results_cache",
            "instant_metric_query_split_align",
            "instant_metric_results_cache",
            "label_results_cache",
            "max_retries",
            "parallelise_shardable_queries",
            "results_cache",
            "series_results_cache",
            "shard_aggregations",
            "volume_results_cache",
        ]);
        section.boolean("align_queries_with_step", false)
    });
    top.child("querier", |section| {
        section.without_effect(&[
            "extra_query_delay",
            "query_ingester_only",
            "query_ingesters_within",
            "query_partition_ingesters",
            "query_store_only",
        ]);
        // Of instant queries of logs, which are refused, and of queries over many processes.
        section.without_effect(&["engine"]);
        QuerierSettings {
            max_concurrent: section.unsigned("max_concurrent", 4),
            tail_max_duration: section.duration("tail_max_duration", Duration::from_secs(3600)),
            multi_tenant_queries_enabled: section.boolean("multi_tenant_queries_enabled", false),
            per_request_limits_enabled: section.boolean("per_request_limits_enabled", false),
            align_queries_with_step,
        }
    })
}

/// Reads `frontend` and `query_scheduler`, where Loki's own queue is.
pub(super) fn decode_frontend(top: &mut Section<'_>) -> FrontendSettings {
    let scheduled = top.child("query_scheduler", |section| {
        section.without_effect(&[
            "grpc_client_config",
            "max_queue_hierarchy_levels",
            "querier_forget_delay",
            "scheduler_ring",
            "use_scheduler_ring",
        ]);
        section.unsigned("max_outstanding_requests_per_tenant", 32_000)
    });
    let mut settings = top.child("frontend", frontend);
    settings.max_outstanding_per_tenant = settings.max_outstanding_per_tenant.min(scheduled);
    settings
}

fn frontend(section: &mut Section<'_>) -> FrontendSettings {
    section.without_effect(&[
        "address",
        "downstream_url",
        "encoding",
        "graceful_shutdown_timeout",
        "grpc_client_config",
        "instance_addr",
        "instance_enable_ipv6",
        "instance_interface_names",
        "instance_port",
        "log_query_request_headers",
        "port",
        "querier_forget_delay",
        "query_stats_enabled",
        "scheduler_address",
        "scheduler_dns_lookup_period",
        "scheduler_worker_concurrency",
        "support_parquet_encoding",
        "tail_proxy_url",
        "tail_tls_config",
    ]);
    FrontendSettings {
        log_queries_longer_than: slow_queries(section),
        compress_responses: section.boolean("compress_responses", true),
        max_outstanding_per_tenant: section.unsigned("max_outstanding_per_tenant", 2048),
        max_body_size_bytes: section.optional_unsigned("max_body_size"),
    }
}

/// 0 is no query, less than that every one.
fn slow_queries(section: &mut Section<'_>) -> Option<Duration> {
    let ns = section.signed_duration_ns("log_queries_longer_than", 0);
    (ns != 0).then(|| Duration::from_nanos(u64::try_from(ns).unwrap_or(0)))
}
