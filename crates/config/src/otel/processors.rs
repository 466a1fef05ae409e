//! Processors other than `k8s_attributes`.

use std::time::Duration;

use longshore_model::otel::Value;

use super::KubernetesAttributesSettings;

/// A processor of any type.
#[derive(Debug, Clone, PartialEq)]
pub enum ProcessorSettings {
    /// Adds Kubernetes' facts.
    KubernetesAttributes(Box<KubernetesAttributesSettings>),
    /// Gathers records.
    Batch(BatchSettings),
    /// Holds the receivers while memory is short.
    MemoryLimiter(MemoryLimiterSettings),
    /// Changes attributes of records.
    Attributes(Vec<ActionSettings>),
    /// Changes attributes of resources.
    Resource(Vec<ActionSettings>),
}

/// Settings of `batch`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchSettings {
    /// A batch leaves when its first record is so old; 0 at once. Default: 200 ms.
    pub timeout: Duration,
    /// A batch leaves when it has so many records; 0 at once. A trigger, not a maximum. Default: 8192.
    pub send_batch_size: u64,
    /// Most records in a batch; 0 for no limit, otherwise at least `send_batch_size`. Default: 0.
    pub send_batch_max_size: u64,
}

/// Settings of `memory_limiter`; a limit in MiB or in percent is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryLimiterSettings {
    /// How often memory is measured; above 0.
    pub check_interval: Duration,
    /// The hard limit.
    pub limit_mib: u64,
    /// How far below the hard limit refusing begins. Default: a fifth of the limit.
    pub spike_limit_mib: u64,
    /// The hard limit as a share of the machine's or container's memory, when `limit_mib` is 0.
    pub limit_percentage: u64,
    /// As `spike_limit_mib`, in percent.
    pub spike_limit_percentage: u64,
}

/// One change of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub struct ActionSettings {
    /// The attribute's name; may be empty with `pattern`.
    pub key: String,
    /// What is done.
    pub action: ActionKind,
    /// Where the value comes from; `None` for actions that need none.
    pub source: Option<ActionSource>,
    /// A regular expression (Go's) for `extract`, `delete` and `hash`.
    pub pattern: Option<String>,
    /// `int`, `double` or `string` for `convert`.
    pub converted_type: Option<String>,
}

/// What is done to an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionKind {
    /// Set where it is not there.
    Insert,
    /// Set where it is there.
    Update,
    /// Set.
    Upsert,
    /// Removed.
    Delete,
    /// Replaced by its SHA-256.
    Hash,
    /// Taken apart by a pattern's named groups.
    Extract,
    /// Made another type.
    Convert,
}

/// Where an action's value comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum ActionSource {
    /// It stands in the file.
    Value(Value),
    /// Another attribute.
    FromAttribute(String),
    /// Metadata of the request, as `metadata.x` or `auth.x`.
    FromContext(String),
}
