//! The store's configuration as a whole.

use std::collections::BTreeMap;
use std::time::Duration;

use longshore_model::TenantId;

use super::{CompactorSettings, FrontendSettings, IngesterSettings, LimitsSettings, QuerierSettings, ServerSettings};
use super::{compactor, distributor, ingester, limits, query, server};
use crate::decode::{Section, join_path};

/// Everything a store and its server need to know.
#[derive(Debug, Clone, PartialEq)]
pub struct StoreSettings {
    /// Requests must name a tenant in `X-Scope-OrgID`. Default: true; without it all belongs to tenant `fake`.
    pub auth_enabled: bool,
    /// `common.path_prefix`: the folder everything lies under; `None`: the program's default.
    pub data_directory: Option<String>,
    /// Where it listens.
    pub server: ServerSettings,
    /// How lines come to disk.
    pub ingester: IngesterSettings,
    /// What a tenant may do, when there is nothing in `overrides` for it.
    pub limits: LimitsSettings,
    /// The same for single tenants, each whole: what an override leaves out is taken from `limits`.
    pub overrides: BTreeMap<TenantId, LimitsSettings>,
    /// Files with more of these, read again while the store runs.
    pub runtime_config: RuntimeConfigSettings,
    /// Retention.
    pub compactor: CompactorSettings,
    /// Queries.
    pub querier: QuerierSettings,
    /// Answers.
    pub frontend: FrontendSettings,
    /// Patterns of lines are found when they are asked for (`pattern_ingester.enabled`). Default: true.
    pub patterns_enabled: bool,
}

/// How often files of overrides are read again: Loki's default.
const OVERRIDES_PERIOD: Duration = Duration::from_secs(10);

/// The `runtime_config` section: files with `overrides` (`loki::load_overrides`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuntimeConfigSettings {
    /// Later files are laid over earlier ones. Default: none.
    pub files: Vec<String>,
    /// How often they are read again. Default: 10 s.
    pub period: Duration,
}

/// Sections that join many processes into one Loki, cache between them, or belong to experiments of theirs.
const UPSTREAM_ONLY: [&str; 37] = [
    "analytics",
    "ballast_bytes",
    "bloom_build",
    "bloom_gateway",
    "chunk_store_config",
    "compactor_client",
    "compactor_grpc_client",
    "dataobj",
    "frontend_worker",
    "http_prefix",
    "index_gateway",
    "ingest_limits",
    "ingest_limits_frontend",
    "ingest_limits_frontend_client",
    "ingester_client",
    "internal_server",
    "kafka_config",
    "lbac",
    "legacy_read_target",
    "listtargets",
    "logconfig",
    "memberlist",
    "metrics_namespace",
    "operational_config",
    "printconfig",
    "profiling",
    "query_engine",
    "ruler",
    "ruler_storage",
    "schema_config",
    "shutdown_delay",
    "table_manager",
    "target",
    "tenant_limits_allow_publish",
    "tracing",
    "ui",
    "verifyconfig",
];

/// Stores of objects that lines could be expected in.
const REMOTE_STORES: [&str; 10] = [
    "alibabacloud",
    "aws",
    "azure",
    "bos",
    "cos",
    "gcs",
    "object_store",
    "s3",
    "swift",
    "named_stores",
];

pub(super) fn decode(top: &mut Section<'_>) -> StoreSettings {
    if !top.has("auth_enabled") {
        let message =
            "is not given and true, as in Loki: a request without the header X-Scope-OrgID is refused with 401";
        top.report.warn(
            0,
            "auth_enabled",
            message,
            "write auth_enabled: false for a store with one tenant, or true",
        );
    }
    let auth_enabled = top.boolean("auth_enabled", true);
    let (data_directory, common_storage) = common(top);
    let distributor = top.child("distributor", distributor::decode);
    let server = top.child("server", |section| server::decode(section, &distributor));
    let ingester = top.child("ingester", ingester::decode);
    let usual_limits = LimitsSettings::usual(distributor.default_resource_attributes);
    let (limits, old_runtime_config) = top.child("limits_config", |section| {
        // Where the file of overrides stood before `runtime_config`.
        let file = section.text("per_tenant_override_config");
        let period = match section.value("per_tenant_override_period") {
            Some(_) => section.long_duration("per_tenant_override_period", OVERRIDES_PERIOD),
            None => OVERRIDES_PERIOD,
        };
        (limits::decode(section, &usual_limits), (file, period))
    });
    let overrides = limits::decode_overrides(top, &limits, BTreeMap::new());
    let has_files = top.has("runtime_config");
    let compactor = top.child("compactor", |section| {
        compactor::decode(section, std::iter::once(&limits).chain(overrides.values()), has_files)
    });
    let runtime_config = top.child("runtime_config", |section| runtime_config(section, old_runtime_config));
    let storage = storage_config(top);
    warn_of_remote_storage(top, common_storage.or(storage));
    if top.has("no_auth_tenant") && top.text("no_auth_tenant").as_deref() != Some("fake") {
        top.wrong(
            "no_auth_tenant",
            "the tenant without authentication is 'fake' here",
            "remove the key",
        );
    }
    top.without_effect(&UPSTREAM_ONLY);
    StoreSettings {
        auth_enabled,
        data_directory,
        server,
        ingester,
        limits,
        overrides,
        runtime_config,
        compactor,
        querier: query::decode_querier(top),
        frontend: query::decode_frontend(top),
        patterns_enabled: top.child("pattern_ingester", decode_pattern_ingester),
    }
}

fn runtime_config(section: &mut Section<'_>, old: (Option<String>, Duration)) -> RuntimeConfigSettings {
    section.without_effect(&[
        "http_client_cluster_validation",
        "http_client_disable_keep_alives",
        "http_client_timeout",
    ]);
    let (old_files, old_period) = old;
    let given_files = section.text("file").filter(|files| !files.is_empty());
    let default_period = if given_files.is_none() {
        old_period
    } else {
        OVERRIDES_PERIOD
    };
    let period = section.duration("period", default_period);
    if period.is_zero() {
        section.wrong("period", "must be more than nothing", "write period: 10s");
    }
    let files = given_files.or(old_files).unwrap_or_default();
    let files = files.split(',').map(str::trim).filter(|file| !file.is_empty());
    RuntimeConfigSettings {
        files: files.map(str::to_owned).collect(),
        period,
    }
}

/// Patterns are found by queries here, so nothing of the rest of the section means anything.
fn decode_pattern_ingester(section: &mut Section<'_>) -> bool {
    let keys = section.all().iter().map(|pair| pair.key.as_str());
    let others: Vec<&str> = keys.filter(|key| *key != "enabled").collect();
    section.without_effect(&others);
    section.boolean("enabled", true)
}

/// The data folder, and the remote store that `common.storage` names.
fn common(top: &mut Section<'_>) -> (Option<String>, Option<String>) {
    top.child("common", |section| {
        section.without_effect(&[
            "compactor_address",
            "compactor_grpc_address",
            "instance_addr",
            "instance_interface_names",
            "persist_tokens",
            "replication_factor",
            "ring",
            "scratch_path",
        ]);
        let remote = section.child("storage", |storage| {
            let remote = REMOTE_STORES
                .iter()
                .find(|name| storage.has(name))
                .map(|name| join_path(&storage.path, name));
            storage.without_effect(&REMOTE_STORES);
            storage.without_effect(&["congestion_control", "filesystem", "hedging"]);
            remote
        });
        (section.text("path_prefix").filter(|path| !path.is_empty()), remote)
    })
}

fn storage_config(top: &mut Section<'_>) -> Option<String> {
    top.child("storage_config", |section| {
        let is_remote = |name: &&&str| section.has(name) && **name != "object_store";
        let remote = REMOTE_STORES
            .iter()
            .find(is_remote)
            .map(|name| join_path(&section.path, name));
        section.without_effect(&REMOTE_STORES);
        section.without_effect(&[
            "bigtable",
            "bloom_shipper",
            "boltdb",
            "boltdb_shipper",
            "cassandra",
            "congestion_control",
            "disable_broad_index_queries",
            "filesystem",
            "grpc_store",
            "hedging",
            "index_cache_validity",
            "index_queries_cache_config",
            "max_chunk_batch_size",
            "max_parallel_get_chunk",
            "object_prefix",
            "tsdb_shipper",
            "use_thanos_objstore",
        ]);
        remote
    })
}

fn warn_of_remote_storage(top: &Section<'_>, remote: Option<String>) {
    if let Some(path) = remote {
        let section = path.split('.').next().unwrap_or_default();
        let message = "lines are kept on this machine's disk, not in a store of objects";
        top.report.warn(
            top.line_of(section),
            &path,
            message,
            "make room under common.path_prefix, and back it up",
        );
    }
}
