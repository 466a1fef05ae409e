//! What happens to pushed entries before they are stored: limits, `service_name`, `detected_level`.
//!
//! Pure: entries in, entries and refusals out. Good entries of a request are stored although others are refused, and
//! every refused one is counted with its reason.

mod refusal;

use bytes::Bytes;
use longshore_model::{Entry, Labels, StreamEntries, TenantId, TimestampNs};
use longshore_wire::level::{DETECTED_LEVEL, LevelFields};
use longshore_wire::loki_push::is_label_name;
use longshore_wire::service_name::{SERVICE_NAME, discover};

use crate::policies::Until;
use crate::settings::Limits;

pub(crate) use refusal::{Reason, Refusals};

/// What a request becomes.
#[derive(Debug, Default)]
pub(crate) struct Accepted {
    /// To be stored.
    pub(crate) streams: Vec<Checked>,
    /// Lines in them.
    pub(crate) lines: usize,
    /// Bytes of these lines.
    pub(crate) bytes: usize,
    /// What was refused.
    pub(crate) refusals: Refusals,
}

/// The good entries of a stream.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) stream: StreamEntries,
    /// Bytes of lines and metadata of each entry as they came, which rates count.
    pub(crate) entry_bytes: Vec<usize>,
}

impl Checked {
    /// Bytes that rates count.
    pub(crate) fn bytes(&self) -> usize {
        self.entry_bytes.iter().sum()
    }
}

impl Accepted {
    /// Refuses streams that were good so far.
    pub(crate) fn refuse_streams(&mut self, mut refusal: impl FnMut(&Checked) -> Option<Refusal>) {
        for checked in std::mem::take(&mut self.streams) {
            match refusal(&checked) {
                None => self.streams.push(checked),
                Some((reason, text)) => {
                    let entries = &checked.stream.entries;
                    let bytes = entries.iter().map(|entry| entry.line.len()).sum();
                    self.lines -= entries.len();
                    self.bytes -= bytes;
                    self.refusals.add(reason, text, entries.len(), bytes);
                }
            }
        }
    }
}

/// Checks and completes the streams of a request.
pub(crate) fn prepare(streams: Vec<StreamEntries>, tenant: &TenantId, limits: &Limits, now: TimestampNs) -> Accepted {
    let mut accepted = Accepted::default();
    for stream in streams {
        if stream.entries.is_empty() {
            continue;
        }
        let count = stream.entries.len();
        let given = stream.labels;
        let stream = StreamEntries {
            labels: with_service_name(given.clone(), limits),
            entries: stream.entries,
        };
        let checked = check_labels(&given, &stream.labels, limits)
            .and_then(|()| check_enforced_labels(&stream.labels, tenant, limits));
        match checked {
            Ok(()) => prepare_stream(stream, limits, now, &mut accepted),
            Err((reason, text)) => {
                let bytes = stream.entries.iter().map(|entry| entry.line.len()).sum();
                accepted.refusals.add(reason, text, count, bytes);
            }
        }
    }
    accepted
}

/// Refuses what is blocked now: everything of a tenant, or the streams of a policy.
pub(crate) fn refuse_blocked(accepted: &mut Accepted, tenant: &TenantId, limits: &Limits, now: TimestampNs) {
    let status = limits.blocked_status.as_u16();
    if let Some(Until { given, .. }) = limits.blocked.as_ref().filter(|blocked| blocked.at > now) {
        let text = format!("ingestion blocked for user '{tenant}' until '{given}' with status code '{status}'");
        accepted.refuse_streams(|_| Some((Reason::Blocked, text.clone())));
    } else if limits.policies.is_blocking() {
        accepted.refuse_streams(|checked| {
            let policy = limits.policies.of(&checked.stream.labels);
            let Until { given, .. } = limits.policies.blocked(policy, now)?;
            let text = format!(
                "ingestion blocked for user '{tenant}' (policy: '{policy}') until '{given}' with status code '{status}'"
            );
            Some((Reason::Blocked, text))
        });
    }
}

/// Why something is refused, and what the client is told.
pub(crate) type Refusal = (Reason, String);

/// Checks the labels that came with the push; the texts show the stream with the `service_name` that was added.
fn check_labels(given: &Labels, labels: &Labels, limits: &Limits) -> Result<(), Refusal> {
    if labels.is_empty() {
        return Err((
            Reason::MissingLabels,
            "error at least one label pair is required per stream".to_owned(),
        ));
    }
    let limit = limits.max_label_names_per_series;
    let count = given.len();
    if count > limit {
        let text = format!("entry for stream '{labels}' has {count} label names; limit {limit}");
        return Err((Reason::MaxLabelNames, text));
    }
    for (name, value) in given.iter() {
        if !is_label_name(name) {
            return Err((
                Reason::InvalidLabels,
                format!("couldn't parse labels: stream '{labels}' has an invalid label name: '{name}'"),
            ));
        }
        if name.len() > limits.max_label_name_length {
            return Err((
                Reason::LabelNameTooLong,
                format!("stream '{labels}' has label name too long: '{name}'"),
            ));
        }
        if value.len() > limits.max_label_value_length {
            return Err((
                Reason::LabelValueTooLong,
                format!("stream '{labels}' has label value too long: '{value}'"),
            ));
        }
    }
    Ok(())
}

fn check_enforced_labels(labels: &Labels, tenant: &TenantId, limits: &Limits) -> Result<(), Refusal> {
    let policy = limits.policies.of(labels);
    let enforced = limits
        .enforced_labels
        .iter()
        .chain(limits.policies.enforced_labels(policy));
    let mut missing: Vec<&str> = Vec::new();
    for name in enforced {
        if labels.get(name).is_none() && !missing.contains(&name.as_str()) {
            missing.push(name);
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let missing = missing.join(",");
    let text =
        format!("missing required labels '{missing}' for user '{tenant}' for stream '{labels}' (policy: '{policy}')");
    Err((Reason::MissingEnforcedLabels, text))
}

fn prepare_stream(stream: StreamEntries, limits: &Limits, now: TimestampNs, accepted: &mut Accepted) {
    let StreamEntries { labels, entries } = stream;
    let checks = EntryChecks::new(limits, now);
    let mut levels = limits
        .discover_log_levels
        .then(|| Levels::new(&limits.level_fields, &labels));
    let mut duplicates = limits.increment_duplicate_timestamp.then(Duplicates::default);
    let mut kept: Vec<Entry> = Vec::with_capacity(entries.len());
    let mut entry_bytes = Vec::with_capacity(entries.len());
    for mut entry in entries {
        match checks.check(&labels, &mut entry) {
            Ok(()) => {
                entry_bytes.push(entry.line.len() + entry.structured_metadata.size_bytes());
                if let Some(levels) = &mut levels {
                    levels.add_to(&mut entry);
                }
                if !limits.generic_fields.is_empty() {
                    let metadata = &entry.structured_metadata;
                    entry.structured_metadata = limits.generic_fields.added_to(&labels, metadata, &entry.line);
                }
                if let Some(duplicates) = &mut duplicates {
                    duplicates.move_apart(kept.last(), &mut entry);
                }
                accepted.bytes += entry.line.len();
                kept.push(entry);
            }
            Err((reason, text)) => accepted.refusals.add(reason, text, 1, entry.line.len()),
        }
    }
    accepted.lines += kept.len();
    if !kept.is_empty() {
        let stream = StreamEntries { labels, entries: kept };
        accepted.streams.push(Checked { stream, entry_bytes });
    }
}

/// Moves lines that share a timestamp apart by a nanosecond each, so that they keep their order.
///
/// A line that equals the one before in text and time is a repetition: it gets the same timestamp and is stored once.
/// Every other line gets one of its own, also where it comes to a moment that a moved line has taken: the store would take
/// a like line there for a repetition. The same request gives the same timestamps each time, as a retry must.
#[derive(Default)]
struct Duplicates {
    /// The timestamp from which lines were moved, and that of the last line, as they came.
    given: Option<(TimestampNs, TimestampNs)>,
}

impl Duplicates {
    fn move_apart(&mut self, before: Option<&Entry>, entry: &mut Entry) {
        let came = entry.timestamp;
        let mut first = came;
        if let (Some(before), Some((run, last))) = (before, self.given)
            && (run..=before.timestamp).contains(&came)
        {
            let is_repetition = came == last && before.line == entry.line;
            let by_ns = i64::from(!is_repetition);
            entry.timestamp = TimestampNs(before.timestamp.0.saturating_add(by_ns));
            first = run;
        }
        self.given = Some((first, came));
    }
}

fn with_service_name(labels: Labels, limits: &Limits) -> Labels {
    if limits.discover_service_name.is_empty() || labels.get(SERVICE_NAME).is_some() {
        return labels;
    }
    let name = discover(&limits.discover_service_name, |label| labels.get(label));
    labels.merged(&Labels::new([(SERVICE_NAME, name)]))
}

/// The limits of an entry, as moments and sizes.
struct EntryChecks<'a> {
    limits: &'a Limits,
    oldest: Option<TimestampNs>,
    newest: TimestampNs,
}

impl<'a> EntryChecks<'a> {
    fn new(limits: &'a Limits, now: TimestampNs) -> Self {
        let ns = |duration: std::time::Duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
        Self {
            limits,
            oldest: limits
                .reject_old_samples_max_age
                .map(|age| TimestampNs(now.0.saturating_sub(ns(age)))),
            newest: TimestampNs(now.0.saturating_add(ns(limits.creation_grace_period))),
        }
    }

    fn check(&self, labels: &Labels, entry: &mut Entry) -> Result<(), Refusal> {
        let seconds = |at: TimestampNs| TimestampNs(at.0.div_euclid(1_000_000_000) * 1_000_000_000);
        if let Some(oldest) = self.oldest.filter(|oldest| entry.timestamp < *oldest) {
            let text = format!(
                "entry for stream '{labels}' has timestamp too old: {}, oldest acceptable timestamp is: {}",
                seconds(entry.timestamp),
                seconds(oldest)
            );
            return Err((Reason::TooOld, text));
        }
        if entry.timestamp > self.newest {
            let at = seconds(entry.timestamp);
            return Err((
                Reason::TooNew,
                format!("entry for stream '{labels}' has timestamp too new: {at}"),
            ));
        }
        self.check_line(labels, entry)?;
        self.check_metadata(labels, &entry.structured_metadata)
    }

    fn check_line(&self, labels: &Labels, entry: &mut Entry) -> Result<(), Refusal> {
        let length = entry.line.len();
        match self.limits.max_line_size {
            Some(limit) if length > limit && self.may_truncate(limit) => {
                entry.line = truncated(&entry.line, limit, self.limits.truncated_identifier.as_bytes());
                Ok(())
            }
            Some(limit) if length > limit => Err((
                Reason::LineTooLong,
                format!(
                    "max entry size '{limit}' bytes exceeded for stream '{labels}' while adding an entry with length \
                     '{length}' bytes"
                ),
            )),
            _ => Ok(()),
        }
    }

    /// Whether long lines are cut: there must be room for what tells that they were.
    fn may_truncate(&self, limit: usize) -> bool {
        self.limits.max_line_size_truncate && self.limits.truncated_identifier.len() <= limit
    }

    fn check_metadata(&self, labels: &Labels, metadata: &Labels) -> Result<(), Refusal> {
        if metadata.is_empty() {
            return Ok(());
        }
        if !self.limits.allow_structured_metadata {
            let text = format!(
                "stream '{labels}' includes structured metadata, but this feature is disallowed. Please see \
                 `limits_config.allow_structured_metadata` or contact your Loki administrator to enable it"
            );
            return Err((Reason::MetadataDisallowed, text));
        }
        let size = metadata.size_bytes();
        if let Some(limit) = self.limits.max_structured_metadata_size.filter(|limit| size > *limit) {
            let text = format!(
                "stream '{labels}' has structured metadata too large: '{size}' bytes, limit: '{limit}' bytes. Please \
                 see `limits_config.max_structured_metadata_size` or contact your Loki administrator to increase it"
            );
            return Err((Reason::MetadataTooLarge, text));
        }
        let count = metadata.len();
        if let Some(limit) = self
            .limits
            .max_structured_metadata_entries_count
            .filter(|limit| count > *limit)
        {
            let text = format!(
                "stream '{labels}' has too many structured metadata labels: '{count}', limit: '{limit}'. Please see \
                 `limits_config.max_structured_metadata_entries_count` or contact your Loki administrator to \
                 increase it"
            );
            return Err((Reason::MetadataTooMany, text));
        }
        Ok(())
    }
}

/// The beginning of a line and what tells that it was cut, `limit` bytes together, or fewer, so that no character is
/// cut.
fn truncated(line: &Bytes, limit: usize, identifier: &[u8]) -> Bytes {
    let is_continuation = |at: usize| line.get(at).is_some_and(|byte| byte & 0xc0 == 0x80);
    let mut end = limit.saturating_sub(identifier.len());
    while end > 0 && is_continuation(end) {
        end -= 1;
    }
    if identifier.is_empty() {
        return line.slice(..end);
    }
    [&line[..end], identifier].concat().into()
}

/// Adds the levels of a stream's entries. Labels with a level added are kept for the metadata that came last: entries
/// of a stream mostly share theirs.
struct Levels<'a> {
    fields: &'a LevelFields,
    of_stream: Option<&'a str>,
    base: Option<Labels>,
    with_level: Vec<Labels>,
}

impl<'a> Levels<'a> {
    fn new(fields: &'a LevelFields, stream: &'a Labels) -> Self {
        Self {
            fields,
            of_stream: fields.of_labels(stream),
            base: None,
            with_level: Vec::new(),
        }
    }

    fn add_to(&mut self, entry: &mut Entry) {
        let level = self
            .fields
            .detect(self.of_stream, &entry.structured_metadata, &entry.line);
        if !self
            .base
            .as_ref()
            .is_some_and(|base| base.is_same(&entry.structured_metadata))
        {
            self.base = Some(entry.structured_metadata.clone());
            self.with_level.clear();
        }
        let known = self
            .with_level
            .iter()
            .find(|labels| labels.get(DETECTED_LEVEL) == Some(level));
        let labels = match known {
            Some(labels) => labels.clone(),
            None => {
                let labels = entry
                    .structured_metadata
                    .merged(&Labels::new([(DETECTED_LEVEL, level)]));
                self.with_level.push(labels.clone());
                labels
            }
        };
        entry.structured_metadata = labels;
    }
}

#[cfg(test)]
mod tests;
