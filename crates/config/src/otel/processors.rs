//! Processors other than `k8s_attributes`.

use std::time::Duration;

use longshore_model::otel::Value;

use super::{KubernetesAttributesSettings, k8s_attributes, operators};
use crate::Env;
use crate::decode::Section;

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

/// Settings of `memory_limiter`; a limit in MiB or in percent is set, and the one in MiB acts where both are.
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
    /// As `spike_limit_mib`, in percent of the same memory.
    pub spike_limit_percentage: u64,
}

impl MemoryLimiterSettings {
    /// Bytes at which refusing begins: the hard limit less the spike. `memory_bytes` is what the process may use;
    /// `None` where the limit is a share of it and it is not known.
    pub fn soft_limit_bytes(&self, memory_bytes: Option<u64>) -> Option<u64> {
        let share = |percentage: u64| {
            let bytes = u128::from(memory_bytes?) * u128::from(percentage) / 100;
            u64::try_from(bytes).ok()
        };
        let (limit, spike) = if self.limit_mib > 0 {
            let bytes = |mebibytes: u64| mebibytes.saturating_mul(1 << 20);
            (bytes(self.limit_mib), bytes(self.spike_limit_mib))
        } else {
            (share(self.limit_percentage)?, share(self.spike_limit_percentage)?)
        };
        let spike = if spike > 0 { spike } else { limit / 5 };
        Some(limit.saturating_sub(spike))
    }
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

pub(super) fn decode(kind: &str, section: &mut Section<'_>, env: &Env<'_>) -> ProcessorSettings {
    match kind {
        "batch" => ProcessorSettings::Batch(batch(section)),
        "memory_limiter" => ProcessorSettings::MemoryLimiter(memory_limiter(section)),
        "attributes" => {
            section.not_supported(&["include", "exclude"]);
            ProcessorSettings::Attributes(actions(section, "actions"))
        }
        "resource" => ProcessorSettings::Resource(actions(section, "attributes")),
        _ => ProcessorSettings::KubernetesAttributes(Box::new(k8s_attributes::decode(section, env))),
    }
}

fn batch(section: &mut Section<'_>) -> BatchSettings {
    let settings = BatchSettings {
        timeout: section.duration("timeout", Duration::from_millis(200)),
        send_batch_size: section.unsigned("send_batch_size", 8192),
        send_batch_max_size: section.unsigned("send_batch_max_size", 0),
    };
    section.not_supported(&["metadata_keys"]);
    section.without_effect(&["metadata_cardinality_limit"]);
    if settings.send_batch_max_size > 0 && settings.send_batch_max_size < settings.send_batch_size {
        let message = format!(
            "the most records of a batch ({}) are fewer than send_batch_size ({})",
            settings.send_batch_max_size, settings.send_batch_size
        );
        section.wrong(
            "send_batch_max_size",
            message,
            "raise send_batch_max_size or lower send_batch_size",
        );
    }
    settings
}

fn memory_limiter(section: &mut Section<'_>) -> MemoryLimiterSettings {
    let settings = MemoryLimiterSettings {
        check_interval: section.duration("check_interval", Duration::ZERO),
        limit_mib: section.unsigned("limit_mib", 0),
        spike_limit_mib: section.unsigned("spike_limit_mib", 0),
        limit_percentage: section.unsigned("limit_percentage", 0),
        spike_limit_percentage: section.unsigned("spike_limit_percentage", 0),
    };
    let upstream_only = [
        "min_gc_interval_when_soft_limited",
        "min_gc_interval_when_hard_limited",
        "max_gc_interval_when_soft_limited",
        "max_gc_interval_when_hard_limited",
    ];
    section.without_effect(&["check_interval"]);
    section.without_effect(&upstream_only);
    if settings.check_interval.is_zero() {
        section.wrong("check_interval", "must be above 0", "write check_interval: 1s");
    }
    if settings.limit_mib == 0 && settings.limit_percentage == 0 {
        section.wrong(
            "limit_mib",
            "no limit is given",
            "write limit_mib: 100, or limit_percentage: 75",
        );
    }
    if settings.limit_mib > 0 && settings.spike_limit_mib >= settings.limit_mib {
        section.wrong(
            "spike_limit_mib",
            "must be below limit_mib",
            "a fifth of limit_mib is usual",
        );
    }
    if settings.limit_percentage > 100 || settings.spike_limit_percentage > 100 {
        section.wrong(
            "limit_percentage",
            "a share of memory is at most 100",
            "write a number from 1 to 100",
        );
    }
    let spike_is_too_large = settings.spike_limit_percentage >= settings.limit_percentage;
    if settings.limit_percentage > 0 && spike_is_too_large {
        section.wrong(
            "spike_limit_percentage",
            "must be below limit_percentage",
            "20 is usual",
        );
    }
    settings
}

fn actions(section: &mut Section<'_>, key: &str) -> Vec<ActionSettings> {
    let actions = section.children(key, action);
    if actions.is_empty() && !section.has(key) {
        section.wrong(
            key,
            "the processor needs something to do",
            "write - {key: name, value: text, action: upsert}",
        );
    }
    actions
}

fn action(section: &mut Section<'_>) -> Option<ActionSettings> {
    let kinds = [
        ("insert", ActionKind::Insert),
        ("update", ActionKind::Update),
        ("upsert", ActionKind::Upsert),
        ("delete", ActionKind::Delete),
        ("hash", ActionKind::Hash),
        ("extract", ActionKind::Extract),
        ("convert", ActionKind::Convert),
    ];
    let key = section.text("key").unwrap_or_default();
    if !section.has("action") {
        section.wrong(
            "action",
            "an action is missing",
            "write action: insert, update, upsert or delete",
        );
    }
    let action = section.choice("action", ActionKind::Upsert, &kinds);
    let value = section.node("value");
    if let Some(value) = value {
        section.show("value", value.clone());
    }
    let from_attribute = section.text("from_attribute");
    let from_context = section.text("from_context");
    let pattern = section.text("pattern");
    let converted_type = section.text("converted_type");
    section.not_supported(&["default_value"]);
    let sources = [
        value.map(|node| ActionSource::Value(operators::literal(node))),
        from_attribute.map(ActionSource::FromAttribute),
        from_context.map(ActionSource::FromContext),
    ];
    let mut sources = sources.into_iter().flatten();
    let source = sources.next();
    let has_more_sources = sources.next().is_some();
    let settings = ActionSettings {
        key,
        action,
        source,
        pattern,
        converted_type,
    };
    check_action(section, &settings, has_more_sources);
    Some(settings)
}

fn check_action(section: &Section<'_>, settings: &ActionSettings, has_more_sources: bool) {
    let action = settings.action;
    let writes = matches!(action, ActionKind::Insert | ActionKind::Update | ActionKind::Upsert);
    if writes && (settings.source.is_none() || has_more_sources) {
        let message = "needs exactly one of value, from_attribute and from_context";
        section.report.error(
            section.line,
            &section.path,
            message,
            "write value: with what the attribute shall be",
        );
    }
    let named_by_pattern = matches!(action, ActionKind::Delete | ActionKind::Hash) && settings.pattern.is_some();
    if settings.key.is_empty() && !named_by_pattern {
        section.wrong(
            "key",
            "an attribute's name is missing",
            "write key: with the attribute's name",
        );
    }
    if action == ActionKind::Extract && settings.pattern.is_none() {
        section.wrong(
            "pattern",
            "extract needs a pattern",
            "write pattern: with named groups, as in ^(?P<name>[a-z]+)",
        );
    }
    let types = ["int", "double", "string"];
    if action == ActionKind::Convert && !types.contains(&settings.converted_type.as_deref().unwrap_or_default()) {
        section.wrong(
            "converted_type",
            "convert needs a type",
            "write converted_type: int, double or string",
        );
    }
}
