//! Gathers records into batches by time, number and size. A pure state machine: the moment is an argument.
//!
//! Invariants:
//! * A chunk is never torn: all its records are in one batch, so its progress belongs to exactly one.
//! * Batches keep the order of the chunks.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use longshore_config::otel::{BatchSettings, QueueBatchSettings, QueueSizer};
use longshore_model::otel::ResourceLogs;

use crate::delivery::{Delivery, Token};
use crate::limits::{BATCH_BYTES_MAX, BATCH_MEMORY_BYTES_MAX};

/// When a batch leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BatchLimits {
    /// Age of its first record.
    pub(crate) timeout: Duration,
    /// Records at which it leaves; 0 at once.
    pub(crate) records_trigger: usize,
    /// Most records; `usize::MAX` for no limit.
    pub(crate) records_max: usize,
    /// Bytes at which it leaves.
    pub(crate) bytes_trigger: usize,
}

impl BatchLimits {
    /// Without a batch processor: what is there leaves at once.
    pub(crate) const IMMEDIATE: Self = Self {
        timeout: Duration::ZERO,
        records_trigger: 0,
        records_max: usize::MAX,
        bytes_trigger: BATCH_BYTES_MAX,
    };

    pub(crate) fn of_processor(settings: &BatchSettings) -> Self {
        Self {
            timeout: settings.timeout,
            records_trigger: to_usize(settings.send_batch_size),
            records_max: or_unlimited(settings.send_batch_max_size),
            bytes_trigger: BATCH_BYTES_MAX,
        }
    }

    /// The `sending_queue.batch` of an exporter.
    pub(crate) fn of_queue(settings: &QueueBatchSettings) -> Self {
        let min = to_usize(settings.min_size);
        let max = or_unlimited(settings.max_size);
        let limits = Self {
            timeout: settings.flush_timeout,
            ..Self::IMMEDIATE
        };
        match settings.sizer {
            QueueSizer::Items => Self {
                records_trigger: min,
                records_max: max,
                ..limits
            },
            QueueSizer::Bytes => Self {
                records_trigger: usize::MAX,
                bytes_trigger: min.min(max).min(BATCH_BYTES_MAX),
                ..limits
            },
            QueueSizer::Requests => limits,
        }
    }
}

fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn or_unlimited(number: u64) -> usize {
    if number == 0 { usize::MAX } else { to_usize(number) }
}

/// Records that are sent together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Batch {
    /// Records of one resource are together.
    pub(crate) groups: Vec<ResourceLogs>,
    pub(crate) records: usize,
    pub(crate) bytes: usize,
    pub(crate) tokens: Arc<Vec<Arc<Token>>>,
}

/// The batch that is being gathered.
#[derive(Debug)]
pub(crate) struct Batcher {
    limits: BatchLimits,
    groups: Vec<ResourceLogs>,
    by_resource: HashMap<usize, usize>,
    records: usize,
    bytes: usize,
    memory_bytes: usize,
    tokens: Vec<Arc<Token>>,
    since: Option<Duration>,
}

impl Batcher {
    pub(crate) fn new(limits: BatchLimits) -> Self {
        Self {
            limits,
            groups: Vec::new(),
            by_resource: HashMap::new(),
            records: 0,
            bytes: 0,
            memory_bytes: 0,
            tokens: Vec::new(),
            since: None,
        }
    }

    /// Adds a chunk. Gives the batch that must leave before it, if it would become too large.
    pub(crate) fn push(&mut self, delivery: Delivery, now: Duration) -> Option<Batch> {
        let is_too_many = self.records.saturating_add(delivery.records) > self.limits.records_max;
        let is_too_large = self.bytes + delivery.bytes > BATCH_BYTES_MAX;
        let full = (self.records > 0 && (is_too_many || is_too_large)).then(|| self.take());
        self.records += delivery.records;
        self.bytes += delivery.bytes;
        self.memory_bytes += delivery.memory_bytes;
        self.tokens.push(delivery.token);
        self.since.get_or_insert(now);
        for mut logs in delivery.logs {
            // The address names the resource as long as the group keeps it alive.
            match self.by_resource.get(&Arc::as_ptr(&logs.resource).addr()) {
                Some(&index) => self.groups[index].records.append(&mut logs.records),
                None => {
                    self.by_resource
                        .insert(Arc::as_ptr(&logs.resource).addr(), self.groups.len());
                    self.groups.push(logs);
                }
            }
        }
        full
    }

    /// Whether the batch must leave.
    pub(crate) fn is_due(&self, now: Duration) -> bool {
        !self.tokens.is_empty()
            && (self.records >= self.limits.records_trigger
                || self.bytes >= self.limits.bytes_trigger
                || self.memory_bytes >= BATCH_MEMORY_BYTES_MAX
                || self.due_at().is_some_and(|at| now >= at))
    }

    /// When the batch must leave at the latest; `None` while there is none.
    pub(crate) fn due_at(&self) -> Option<Duration> {
        self.since.map(|since| since + self.limits.timeout)
    }

    /// Takes the batch, whatever it holds.
    pub(crate) fn take(&mut self) -> Batch {
        self.since = None;
        self.memory_bytes = 0;
        self.by_resource.clear();
        Batch {
            groups: std::mem::take(&mut self.groups),
            records: std::mem::take(&mut self.records),
            bytes: std::mem::take(&mut self.bytes),
            tokens: Arc::new(std::mem::take(&mut self.tokens)),
        }
    }
}

#[cfg(test)]
mod tests;
