//! The `compactor` section: retention and deletion.

use std::time::Duration;

/// When old lines go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompactorSettings {
    /// Old lines are removed. Default: false, as Loki's; true where `retention_period` is set at a place where only
    /// we take it.
    pub retention_enabled: bool,
    /// How long after it is found too old a segment is unlinked. Default: 2 h.
    pub retention_delete_delay: Duration,
    /// How often it is looked for. Default: 10 min.
    pub compaction_interval: Duration,
    /// How long a delete request may be taken back. Default: 24 h.
    pub delete_request_cancel_period: Duration,
    /// Where delete requests are kept; Loki wants it with retention. Here: with the data.
    pub delete_request_store: Option<String>,
}
