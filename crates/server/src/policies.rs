//! Policies of a tenant: what only some of its streams must have, and until when they are refused.

use std::collections::BTreeMap;
use std::sync::Arc;

use longshore_config::loki;
use longshore_logql::{Selector, Span};
use longshore_model::{Labels, StreamSelector as _, TimestampNs};

/// Stands for all streams, or for those without a policy.
const ANY: &str = "*";

/// A moment until which pushes are refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Until {
    /// The moment.
    pub at: TimestampNs,
    /// As it was configured.
    pub given: String,
}

impl Until {
    /// Reads RFC 3339; `None` for anything else.
    pub fn new(given: &str) -> Option<Self> {
        Some(Self {
            at: TimestampNs::parse_rfc3339(given.as_bytes()).ok()?,
            given: given.to_owned(),
        })
    }
}

/// The policies of a tenant.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Policies(Arc<Content>);

#[derive(Debug, PartialEq, Default)]
struct Content {
    /// Which streams belong to which policy; the first that fits holds.
    streams: Vec<(Selector, String)>,
    enforced_labels: BTreeMap<String, Vec<String>>,
    blocked: BTreeMap<String, Until>,
    /// `None` for any number.
    max_streams: BTreeMap<String, Option<usize>>,
}

impl Policies {
    /// Those of a configuration.
    ///
    /// # Errors
    /// A selector that cannot be read.
    pub fn new(settings: &loki::Policies) -> Result<Self, String> {
        let mut streams = Vec::new();
        for (policy, selectors) in &settings.streams {
            for given in selectors {
                let matchers = longshore_logql::parse_matchers(&given.selector).map_err(|error| {
                    let (line, selector) = (given.line, &given.selector);
                    format!(
                        "policy_stream_mapping.{policy}: the selector {selector} in line {line} cannot be read: {error}"
                    )
                })?;
                let span = Span::default();
                streams.push((given.priority, Selector { matchers, span }, policy.clone()));
            }
        }
        // Those of the same priority stay in the order of their names.
        streams.sort_by_key(|(priority, ..)| std::cmp::Reverse(*priority));
        let until = |(policy, given): (&String, &String)| Some((policy.clone(), Until::new(given)?));
        Ok(Self(Arc::new(Content {
            streams: streams
                .into_iter()
                .map(|(_, selector, policy)| (selector, policy))
                .collect(),
            enforced_labels: settings.enforced_labels.clone(),
            blocked: settings.blocked_until.iter().filter_map(until).collect(),
            max_streams: settings
                .max_streams
                .iter()
                .map(|(policy, max)| {
                    (
                        policy.clone(),
                        max.map(|max| usize::try_from(max).unwrap_or(usize::MAX)),
                    )
                })
                .collect(),
        })))
    }

    /// The policy of a stream, empty when it has none.
    pub(crate) fn of(&self, labels: &Labels) -> &str {
        let mut streams = self.0.streams.iter();
        streams
            .find(|(selector, _)| selector.matches(labels))
            .map_or("", |(_, policy)| policy)
    }

    /// The labels that streams of a policy must have.
    pub(crate) fn enforced_labels(&self, policy: &str) -> impl Iterator<Item = &String> {
        let labels = &self.0.enforced_labels;
        [ANY, policy]
            .into_iter()
            .filter_map(|policy| labels.get(policy))
            .flatten()
    }

    /// Until when streams of a policy are refused, if they are now.
    pub(crate) fn blocked(&self, policy: &str, now: TimestampNs) -> Option<&Until> {
        let policy = if policy.is_empty() { ANY } else { policy };
        self.0.blocked.get(policy).filter(|until| until.at > now)
    }

    /// The policy that a stream counts for, empty when it is one of the tenant's own.
    pub(crate) fn counted(&self, labels: &Labels) -> &str {
        let is_counted = |policy: &&str| self.0.max_streams.contains_key(*policy);
        let policy = self.is_counting().then(|| self.of(labels));
        policy.filter(is_counted).unwrap_or_default()
    }

    /// How many active streams a policy may have, `None` for any number; nothing where they count as the tenant's.
    pub(crate) fn max_streams(&self, policy: &str) -> Option<Option<usize>> {
        self.0.max_streams.get(policy).copied()
    }

    /// Whether the active streams of any policy are counted for themselves.
    pub(crate) fn is_counting(&self) -> bool {
        !self.0.max_streams.is_empty()
    }

    /// Whether any stream may be refused.
    pub(crate) fn is_blocking(&self) -> bool {
        !self.0.blocked.is_empty()
    }
}
