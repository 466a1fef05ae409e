//! Entries in memory that are not in a segment yet: one head a generation of the write-ahead log.
//!
//! Invariant: within a head no two rows of a stream have the same timestamp and the same line.

mod block;
mod stream;

pub(crate) use block::Block;
pub(crate) use stream::StreamHead;

use std::hash::BuildHasher;
use std::path::PathBuf;

use foldhash::fast::RandomState;
use longshore_model::{Entry, Labels, TenantId, TimestampNs};

/// A map with a fast hash that is seeded anew in each process.
pub(crate) type Map<K, V> = hashbrown::HashMap<K, V, RandomState>;

/// All tenants' entries of one generation.
pub(crate) struct Head {
    /// Names the file of the write-ahead log that new entries go to.
    pub(crate) generation: u64,
    /// Older files whose entries are in this head too, from a replay.
    pub(crate) replayed_files: Vec<ReplayedFile>,
    pub(crate) tenants: Map<TenantId, TenantHead>,
    /// Memory of all entries, estimated.
    pub(crate) bytes: usize,
    /// Bytes of the stream that has most.
    pub(crate) largest_stream_bytes: usize,
    /// When the first entry came.
    pub(crate) began: Option<TimestampNs>,
    /// Names its segments; set when it is frozen.
    pub(crate) segment_number: u64,
    /// Position in the log after its last entry; set when it is frozen.
    pub(crate) log_position: u64,
    /// Counts pushes, so that rows of one can be told from rows before it.
    push: u64,
    hashes: RandomState,
}

/// A file of the write-ahead log that was read at the start.
pub(crate) struct ReplayedFile {
    pub(crate) path: PathBuf,
    /// Whether some of it could not be read, so that it is kept under another name.
    pub(crate) damaged: bool,
}

/// One tenant's streams.
#[derive(Default)]
pub(crate) struct TenantHead {
    pub(crate) streams: Map<Labels, StreamHead>,
}

impl Head {
    /// An empty head. All heads of a store share `hashes`, so a hash made for one serves the other.
    pub(crate) fn new(generation: u64, hashes: RandomState) -> Self {
        Self {
            generation,
            replayed_files: Vec::new(),
            tenants: Map::default(),
            bytes: 0,
            largest_stream_bytes: 0,
            began: None,
            segment_number: 0,
            log_position: 0,
            push: 0,
            hashes,
        }
    }

    /// What is inserted from now on belongs to a new push.
    pub(crate) fn begin_push(&mut self) {
        self.push += 1;
    }

    /// Whether it holds no entry.
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    pub(crate) fn stream(&self, tenant: &TenantId, labels: &Labels) -> Option<&StreamHead> {
        self.tenants.get(tenant)?.streams.get(labels)
    }

    /// Inserts the entries that `wanted` accepts and that are not there yet; calls `wanted` in order.
    ///
    /// `wanted` answers for the index of an entry whether it is new everywhere else. Returns the indexes inserted.
    pub(crate) fn insert(
        &mut self,
        tenant: &TenantId,
        labels: &Labels,
        entries: &[Entry],
        hashes: &[u32],
        now: TimestampNs,
        mut wanted: impl FnMut(usize) -> bool,
    ) -> Vec<usize> {
        let tenant_head = self.tenants.entry(tenant.clone()).or_default();
        let stream = match tenant_head.streams.get_mut(labels) {
            Some(stream) => stream,
            None => tenant_head
                .streams
                .entry(labels.clone())
                .or_insert_with(|| StreamHead::new(labels.clone())),
        };
        stream.begin(self.push);
        let before = stream.bytes();
        let mut inserted = Vec::with_capacity(entries.len());
        for (index, (entry, &hash)) in entries.iter().zip(hashes).enumerate() {
            if wanted(index) && stream.insert(entry, hash) {
                inserted.push(index);
            }
        }
        if !inserted.is_empty() {
            stream.last_insert = now;
            self.began.get_or_insert(now);
        }
        self.bytes += stream.bytes() - before;
        self.largest_stream_bytes = self.largest_stream_bytes.max(stream.line_bytes);
        inserted
    }

    /// When the stream that has been idle longest got its last entry.
    pub(crate) fn oldest_last_insert(&self) -> Option<TimestampNs> {
        let streams = self.tenants.values().flat_map(|tenant| tenant.streams.values());
        streams
            .filter(|stream| stream.rows() > 0)
            .map(|stream| stream.last_insert)
            .min()
    }

    /// The hash by which duplicates are looked up.
    pub(crate) fn hash(hashes: &RandomState, entry: &Entry) -> u32 {
        (hashes.hash_one((entry.timestamp.0, &*entry.line)) >> 32) as u32
    }

    pub(crate) fn hashes(&self) -> &RandomState {
        &self.hashes
    }
}

#[cfg(test)]
mod tests;
