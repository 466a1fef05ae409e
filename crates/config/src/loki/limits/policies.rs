//! Policies: streams of a tenant that some limits are about, by `policy_stream_mapping`.

use std::collections::BTreeMap;

use longshore_model::TimestampNs;

use crate::decode::Section;

/// What is about some streams only. Each part is by the name of a policy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policies {
    /// Which streams a policy is about (`policy_stream_mapping`).
    pub streams: BTreeMap<String, Vec<PolicySelector>>,
    /// Labels that its streams must have (`policy_enforced_labels`); those of `*` all streams must have.
    pub enforced_labels: BTreeMap<String, Vec<String>>,
    /// Until when its streams are refused (`block_ingestion_policy_until`), RFC 3339; `*` is about streams without a
    /// policy.
    pub blocked_until: BTreeMap<String, String>,
    /// Active streams of the policy (`policy_override_limits`), which then do not count as the tenant's; `None` for
    /// any number.
    pub max_streams: BTreeMap<String, Option<u64>>,
}

/// Streams of a policy; of several policies that fit, the one with the highest priority holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicySelector {
    /// A stream selector of LogQL.
    pub selector: String,
    /// Default: 0.
    pub priority: i64,
    /// Line in the file, for errors found when the selector is parsed.
    pub line: usize,
}

/// Reads what is given.
pub(super) fn decode(section: &mut Section<'_>, policies: &mut Policies) {
    let streams = by_policy(section, "policy_stream_mapping", |mapping, policy| {
        Some(mapping.children(policy, selector))
    });
    if let Some(streams) = streams {
        policies.streams = streams;
    }
    let labels = by_policy(section, "policy_enforced_labels", |labels, policy| {
        Some(labels.texts(policy))
    });
    if let Some(labels) = labels {
        policies.enforced_labels = labels;
    }
    if let Some(until) = by_policy(section, "block_ingestion_policy_until", moment) {
        policies.blocked_until = until;
    }
    if let Some(max_streams) = by_policy(section, "policy_override_limits", max_streams) {
        policies.max_streams = max_streams;
    }
}

/// The number of active streams, when it is given.
fn max_streams(section: &mut Section<'_>, policy: &str) -> Option<Option<u64>> {
    let given = section.child(policy, |limits| {
        ["max_streams_per_user", "max_global_streams_per_user"].map(|key| limits.optional_unsigned(key))
    });
    let given: Vec<u64> = given.into_iter().flatten().collect();
    // 0 is any number, as for a tenant.
    (!given.is_empty()).then(|| given.into_iter().filter(|count| *count > 0).min())
}

/// A map whose keys are policies; `None` when it is not given.
fn by_policy<T>(
    section: &mut Section<'_>,
    key: &str,
    read: impl Fn(&mut Section<'_>, &str) -> Option<T>,
) -> Option<BTreeMap<String, T>> {
    section.optional_child(key, |map| {
        let policies = map.all().iter().map(|pair| pair.key.clone());
        policies
            .filter_map(|policy| Some((policy.clone(), read(map, &policy)?)))
            .collect()
    })
}

fn selector(section: &mut Section<'_>) -> Option<PolicySelector> {
    let line = section.line_of("selector");
    let selector = section.text("selector").filter(|selector| !selector.is_empty());
    let priority = section.signed("priority", 0);
    if selector.is_none() {
        section.wrong("selector", "a selector is missing", "write selector: '{app=\"name\"}'");
    }
    Some(PolicySelector {
        selector: selector?,
        priority,
        line,
    })
}

/// A moment as it is written; `None` where there is none, as in Loki's `0`.
pub(super) fn moment(section: &mut Section<'_>, key: &str) -> Option<String> {
    let given = section.text(key).filter(|given| !given.is_empty() && given != "0")?;
    if TimestampNs::parse_rfc3339(given.as_bytes()).is_err() {
        let message = format!("'{given}' is no moment");
        section.wrong(key, message, "write one as in \"2030-01-31T00:00:00Z\"");
    }
    Some(given)
}
