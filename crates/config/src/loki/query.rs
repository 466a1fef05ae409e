//! The `querier`, `query_range` and `frontend` sections.

use std::time::Duration;

/// How queries run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuerierSettings {
    /// Queries that run at a time. Default: 4.
    pub max_concurrent: u64,
    /// Longest live tail. Default: 1 h.
    pub tail_max_duration: Duration,
    /// A query may name several tenants, `a|b`. Default: false.
    pub multi_tenant_queries_enabled: bool,
    /// How far back an instant query of logs looks (`engine.max_look_back_period`). Default: 30 s.
    pub max_look_back_period: Duration,
    /// Start and end are moved to whole steps (`query_range.align_queries_with_step`). Default: false.
    pub align_queries_with_step: bool,
}

/// How answers leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrontendSettings {
    /// Queries slower than this are logged; `None` never. Default: never.
    pub log_queries_longer_than: Option<Duration>,
    /// Answers are compressed where the client takes it. Default: true.
    pub compress_responses: bool,
    /// Queries of a tenant that may wait (`max_outstanding_per_tenant`). Default: 2048.
    pub max_outstanding_per_tenant: u64,
    /// Largest body of a query request. Default: 10 MiB.
    pub max_body_size_bytes: u64,
}
