//! The `compactor` section: retention and deletion.

use std::time::Duration;

use super::LimitsSettings;
use crate::decode::Section;

/// When old lines go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompactorSettings {
    /// Old lines are removed. Default: whether a retention period is given, or a file that may give one (Loki: false, and
    /// periods are forgotten).
    pub retention_enabled: bool,
    /// How long a delete request may be taken back. Default: 24 h.
    pub delete_request_cancel_period: Duration,
    /// Longest `max_interval` that a delete request may name. Default: 24 h.
    pub delete_max_interval: Duration,
    /// Where delete requests are kept; Loki wants it with retention. Here: with the data.
    pub delete_request_store: Option<String>,
}

/// `limits` are everybody's and those of single tenants; `has_files` says whether a file may give more.
pub(super) fn decode<'l>(
    section: &mut Section<'_>,
    mut limits: impl Iterator<Item = &'l LimitsSettings>,
    has_files: bool,
) -> CompactorSettings {
    let has_period = limits.any(|limits| limits.retention_period.is_some() || !limits.retention_stream.is_empty());
    let is_said = section.has("retention_enabled");
    // Files of overrides may give periods too.
    let retention_enabled = section.boolean("retention_enabled", has_period || has_files);
    let delete_request_store = section.text("delete_request_store").filter(|store| !store.is_empty());
    let fix = "write\ncompactor:\n  retention_enabled: true\n  delete_request_store: filesystem";
    if has_period && !is_said {
        let message = "is not given: here a retention period is enough, Loki would keep everything for ever";
        section.warn("retention_enabled", message, fix);
    } else if is_said && retention_enabled && delete_request_store.is_none() {
        let message = "is not given: here it is of no need, Loki refuses to start with retention and without it";
        section.warn(
            "delete_request_store",
            message,
            "write delete_request_store: filesystem",
        );
    } else if has_period && !retention_enabled {
        section.warn(
            "retention_enabled",
            "with false, the retention period has no effect: nothing is removed",
            fix,
        );
    }
    section.without_effect(&[
        // A key without a name in what Loki prints.
        "_",
        "deletion_ignore_missing_chunks",
        "apply_retention_interval",
        "compaction_interval",
        "backup_delete_request_store_db_type",
        "compactor_ring",
        "delete_batch_size",
        "delete_request_store_db_type",
        "delete_request_store_key_prefix",
        "deletion_marker_object_store_prefix",
        "horizontal_scaling_mode",
        "jobs_config",
        "max_compaction_parallelism",
        "retention_backoff_config",
        "retention_delete_delay",
        "retention_delete_worker_count",
        "retention_table_timeout",
        "skip_latest_n_tables",
        "tables_to_compact",
        "upload_parallelism",
        "worker_config",
        "working_directory",
    ]);
    CompactorSettings {
        retention_enabled,
        delete_request_cancel_period: section
            .long_duration("delete_request_cancel_period", Duration::from_secs(86_400)),
        delete_max_interval: section.long_duration("delete_max_interval", Duration::from_secs(86_400)),
        delete_request_store,
    }
}
