//! Cutting a push that is too large for one record of the write-ahead log.
//!
//! Invariant: entries that metadata alone tells apart, those of a stream with the same timestamp and the same line,
//! stay in one part. A part is one push to heads, segments and replay, and these keep them apart within one push only.

use std::collections::{HashMap, HashSet};

use longshore_model::{Entry, Labels, StreamEntries};

use crate::limits::{PUSH_PART_BYTES, RECORD_BYTES_MAX};
use crate::wal::record::{entry_bound, size_bound, stream_bound};

/// Sizes that parts are cut to, in bytes of [`size_bound`].
#[derive(Clone, Copy)]
struct Sizes {
    /// A part has no more, unless what has to stay together does.
    part_bytes: usize,
    /// Where the entries of one moment alone have more, they are cut too.
    record_bytes: usize,
}

/// Cuts a push into parts; the same push always into the same ones.
///
/// Entries that share stream and timestamp keep their order. Only where they are more than a record holds, equal lines
/// move to the first of them, and repetitions with the same metadata, which would be dropped anyway, are left out.
pub(crate) fn cut(streams: Vec<StreamEntries>) -> Vec<Vec<StreamEntries>> {
    let sizes = Sizes {
        part_bytes: PUSH_PART_BYTES,
        record_bytes: RECORD_BYTES_MAX,
    };
    cut_to(streams, sizes)
}

fn cut_to(streams: Vec<StreamEntries>, sizes: Sizes) -> Vec<Vec<StreamEntries>> {
    if size_bound(&streams) <= sizes.part_bytes {
        return vec![streams];
    }
    let mut parts = Parts {
        part_bytes: sizes.part_bytes,
        parts: vec![Vec::new()],
        bytes: 0,
    };
    for StreamEntries { labels, mut entries } in joined(streams) {
        let room = sizes.record_bytes.saturating_sub(stream_bound(&labels));
        entries.sort_by_key(|entry| entry.timestamp);
        for moment in entries.chunk_by(|a, b| a.timestamp == b.timestamp) {
            if bound(moment) <= room {
                parts.add(&labels, moment);
                continue;
            }
            for same in by_line(moment).chunk_by(|a, b| a.line == b.line) {
                parts.add(&labels, same);
            }
        }
    }
    parts.parts
}

/// Each stream once, in the order in which they came first.
fn joined(streams: Vec<StreamEntries>) -> Vec<StreamEntries> {
    let mut places: HashMap<Labels, usize> = HashMap::new();
    let mut joined: Vec<StreamEntries> = Vec::new();
    for stream in streams {
        match places.get(&stream.labels) {
            Some(&place) => joined[place].entries.extend(stream.entries),
            None => {
                places.insert(stream.labels.clone(), joined.len());
                joined.push(stream);
            }
        }
    }
    joined
}

/// Entries of one moment, each once, equal lines beside each other.
fn by_line(moment: &[Entry]) -> Vec<Entry> {
    let mut seen = HashSet::new();
    let is_first = |entry: &&Entry| seen.insert((entry.line.clone(), entry.structured_metadata.clone()));
    let mut entries: Vec<Entry> = moment.iter().filter(is_first).cloned().collect();
    let mut firsts = HashMap::new();
    for entry in &entries {
        let next = firsts.len();
        firsts.entry(entry.line.clone()).or_insert(next);
    }
    entries.sort_by_key(|entry| firsts.get(&entry.line).copied());
    entries
}

fn bound(entries: &[Entry]) -> usize {
    entries.iter().map(entry_bound).sum()
}

/// Parts as they grow; the last one is open.
struct Parts {
    part_bytes: usize,
    parts: Vec<Vec<StreamEntries>>,
    /// Bytes of the open one.
    bytes: usize,
}

impl Parts {
    /// Adds what must stay together.
    fn add(&mut self, labels: &Labels, entries: &[Entry]) {
        let bytes = bound(entries);
        if self.bytes > 0 && self.bytes + bytes + stream_bound(labels) > self.part_bytes {
            self.parts.push(Vec::new());
            self.bytes = 0;
        }
        let part = self.parts.last_mut().expect("there is one from the start");
        match part.last_mut().filter(|stream| stream.labels == *labels) {
            Some(stream) => stream.entries.extend_from_slice(entries),
            None => {
                self.bytes += stream_bound(labels);
                part.push(StreamEntries {
                    labels: labels.clone(),
                    entries: entries.to_vec(),
                });
            }
        }
        self.bytes += bytes;
    }
}

#[cfg(test)]
mod tests;
