//! New entries to the live tails that want them.
//!
//! Invariant: a slow tail never delays a push nor another tail. Its queue is bounded in batches and bytes, and what
//! waits in it is taken from the memory of queries until it is sent; what does not fit is dropped for it alone,
//! counted, and told to it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use bytes::Bytes;
use longshore_logql::Pipeline;
use longshore_logql::eval::{MemoryPool, QueryMemory};
use longshore_model::{Entry, Labels, StreamEntries, TenantId, TimestampNs};
use longshore_store::EntryListener;
use tokio::sync::mpsc;

use crate::limits::{TAIL_DROPPED_LISTED_MAX, TAIL_QUEUE_BATCHES, TAIL_QUEUE_BYTES};
use crate::metrics::Metrics;

/// An entry that a tail did not get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dropped {
    pub(crate) labels: Labels,
    pub(crate) timestamp: TimestampNs,
}

/// Entries that were stored together.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) streams: Vec<StreamEntries>,
    /// What they count in a queue.
    pub(crate) bytes: usize,
    /// Goes back with them.
    _memory: QueryMemory,
}

impl Batch {
    pub(super) fn new(streams: Vec<StreamEntries>, bytes: usize, memory: QueryMemory) -> Self {
        Self {
            streams,
            bytes,
            _memory: memory,
        }
    }
}

/// What tail and hub share.
struct Subscriber {
    tenant: TenantId,
    pipeline: Arc<Pipeline>,
    sender: mpsc::Sender<Batch>,
    queued_bytes: AtomicUsize,
    dropped: Mutex<Vec<Dropped>>,
}

/// All live tails.
pub(crate) struct Hub {
    subscribers: RwLock<Vec<Arc<Subscriber>>>,
    metrics: Arc<Metrics>,
    memory: Arc<MemoryPool>,
}

/// A tail's end of its queue; dropping it ends the subscription.
pub(crate) struct Subscription {
    hub: Arc<Hub>,
    subscriber: Arc<Subscriber>,
    receiver: mpsc::Receiver<Batch>,
}

impl Hub {
    pub(crate) fn new(metrics: Arc<Metrics>, memory: Arc<MemoryPool>) -> Self {
        Self {
            subscribers: RwLock::new(Vec::new()),
            metrics,
            memory,
        }
    }

    /// Sends new entries of the streams that the pipeline selects from now on; `None` when the tenant has
    /// `tails_max` tails already.
    pub(crate) fn subscribe(
        self: &Arc<Self>,
        tenant: TenantId,
        pipeline: Arc<Pipeline>,
        tails_max: usize,
    ) -> Option<Subscription> {
        let (sender, receiver) = mpsc::channel(TAIL_QUEUE_BATCHES);
        let mut subscribers = self.subscribers.write().unwrap_or_else(PoisonError::into_inner);
        if subscribers.iter().filter(|other| other.tenant == tenant).count() >= tails_max {
            return None;
        }
        let subscriber = Arc::new(Subscriber {
            tenant,
            pipeline,
            sender,
            queued_bytes: AtomicUsize::new(0),
            dropped: Mutex::new(Vec::new()),
        });
        subscribers.push(Arc::clone(&subscriber));
        self.metrics.tail_opened();
        Some(Subscription {
            hub: Arc::clone(self),
            subscriber,
            receiver,
        })
    }
}

impl EntryListener for Hub {
    fn entries_stored(&self, tenant: &TenantId, streams: &[StreamEntries]) {
        let subscribers = self.subscribers.read().unwrap_or_else(PoisonError::into_inner);
        for subscriber in subscribers.iter().filter(|subscriber| subscriber.tenant == *tenant) {
            subscriber.offer(streams, self);
        }
    }
}

impl Subscriber {
    fn offer(&self, streams: &[StreamEntries], hub: &Hub) {
        let wanted = || {
            streams
                .iter()
                .filter(|stream| self.pipeline.matches_stream(&stream.labels))
        };
        let bytes: usize = wanted().map(size_bytes).sum();
        if bytes == 0 {
            return;
        }
        let is_room = self.queued_bytes.load(Ordering::Relaxed) + bytes <= TAIL_QUEUE_BYTES;
        let memory = hub.memory.query();
        if is_room
            && let Ok(place) = self.sender.try_reserve()
            && memory.take(bytes).is_ok()
        {
            self.queued_bytes.fetch_add(bytes, Ordering::Relaxed);
            place.send(Batch::new(wanted().map(copy).collect(), bytes, memory));
            return;
        }
        let mut dropped = self.dropped.lock().unwrap_or_else(PoisonError::into_inner);
        for stream in wanted() {
            hub.metrics.tail_dropped(stream.entries.len());
            let room = TAIL_DROPPED_LISTED_MAX.saturating_sub(dropped.len());
            dropped.extend(stream.entries.iter().take(room).map(|entry| Dropped {
                labels: stream.labels.clone(),
                timestamp: entry.timestamp,
            }));
        }
    }
}

/// Bytes that entries of a stream count in a queue; never 0, as empty lines take room too.
fn size_bytes(stream: &StreamEntries) -> usize {
    const ENTRY_BYTES: usize = size_of::<Entry>();
    stream.entries.iter().map(|entry| ENTRY_BYTES + entry.line.len()).sum()
}

/// Copies the lines, so that a waiting entry does not hold on to the whole request that brought it.
fn copy(stream: &StreamEntries) -> StreamEntries {
    let entries = stream.entries.iter().map(|entry| Entry {
        line: Bytes::copy_from_slice(&entry.line),
        ..entry.clone()
    });
    StreamEntries {
        labels: stream.labels.clone(),
        entries: entries.collect(),
    }
}

impl Subscription {
    /// The next batch; there is always one to come, as the subscription itself keeps a sender. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Option<Batch> {
        let batch = self.receiver.recv().await?;
        self.subscriber.queued_bytes.fetch_sub(batch.bytes, Ordering::Relaxed);
        Some(batch)
    }

    /// What selects and changes the entries.
    pub(crate) fn pipeline(&self) -> &Arc<Pipeline> {
        &self.subscriber.pipeline
    }

    /// What was dropped since the last call.
    pub(crate) fn take_dropped(&self) -> Vec<Dropped> {
        std::mem::take(&mut *self.subscriber.dropped.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut subscribers = self.hub.subscribers.write().unwrap_or_else(PoisonError::into_inner);
        subscribers.retain(|other| !Arc::ptr_eq(other, &self.subscriber));
        self.hub.metrics.tail_closed();
    }
}

#[cfg(test)]
mod tests;
