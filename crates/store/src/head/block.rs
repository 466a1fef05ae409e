//! Some rows of one stream in memory, as columns.

use std::sync::Arc;

use bytes::Bytes;
use longshore_model::{Entry, Labels, TimestampNs};

use super::Map;

/// Columns in the order of arrival.
///
/// Invariant: `timestamps`, `ends` and `metadata` have one value a row; `metadata` indexes `dictionary`.
#[derive(Clone, Default)]
pub(crate) struct Block {
    timestamps: Vec<i64>,
    text: Vec<u8>,
    /// End of each line in `text`; a line begins where the one before ends.
    ends: Vec<u32>,
    metadata: Vec<u32>,
    dictionary: Vec<Labels>,
    ids: Map<Labels, u32>,
    first: i64,
    last: i64,
    sorted: bool,
}

/// Lets a batch share the text of a block.
struct SharedText(Arc<Block>);

impl AsRef<[u8]> for SharedText {
    fn as_ref(&self) -> &[u8] {
        &self.0.text
    }
}

impl Block {
    /// An empty block with room for so much.
    pub(crate) fn with_capacity(rows: usize, text_bytes: usize) -> Self {
        Self {
            timestamps: Vec::with_capacity(rows),
            text: Vec::with_capacity(text_bytes),
            ends: Vec::with_capacity(rows),
            metadata: Vec::with_capacity(rows),
            ..Self::default()
        }
    }

    /// Appends a row; returns by how much the metadata grew, in bytes.
    pub(crate) fn push(&mut self, entry: &Entry) -> usize {
        let at = entry.timestamp.0;
        if self.timestamps.is_empty() {
            (self.first, self.last, self.sorted) = (at, at, true);
        } else {
            self.sorted &= at >= *self.timestamps.last().unwrap_or(&at);
            self.first = self.first.min(at);
            self.last = self.last.max(at);
        }
        self.timestamps.push(at);
        self.text.extend_from_slice(&entry.line);
        self.ends.push(self.text.len() as u32);
        let mut grown = 0;
        let id = match self.ids.get(&entry.structured_metadata) {
            Some(&id) => id,
            None => {
                let id = self.dictionary.len() as u32;
                // Two boxes of text a pair and their allocations, plus the places in table and dictionary.
                grown = entry.structured_metadata.size_bytes() + entry.structured_metadata.len() * 64 + 64;
                self.dictionary.push(entry.structured_metadata.clone());
                self.ids.insert(entry.structured_metadata.clone(), id);
                id
            }
        };
        self.metadata.push(id);
        grown
    }

    pub(crate) fn rows(&self) -> usize {
        self.timestamps.len()
    }

    pub(crate) fn text_bytes(&self) -> usize {
        self.text.len()
    }

    /// Least and greatest timestamp, inclusive; meaningless without rows.
    pub(crate) fn time_bounds(&self) -> (TimestampNs, TimestampNs) {
        (TimestampNs(self.first), TimestampNs(self.last))
    }

    /// Whether the rows ascend in time.
    pub(crate) fn is_sorted(&self) -> bool {
        self.sorted
    }

    pub(crate) fn timestamp(&self, row: usize) -> i64 {
        self.timestamps[row]
    }

    pub(crate) fn text(&self) -> &[u8] {
        &self.text
    }

    /// Half-open byte range of a line in the text.
    pub(crate) fn span(&self, row: usize) -> (u32, u32) {
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        (start, self.ends[row])
    }

    pub(crate) fn line(&self, row: usize) -> &[u8] {
        let (start, end) = self.span(row);
        &self.text[start as usize..end as usize]
    }

    pub(crate) fn metadata_id(&self, row: usize) -> u32 {
        self.metadata[row]
    }

    pub(crate) fn metadata(&self, row: usize) -> &Labels {
        &self.dictionary[self.metadata[row] as usize]
    }

    pub(crate) fn dictionary(&self) -> &[Labels] {
        &self.dictionary
    }

    /// The text as a buffer that keeps the block alive.
    pub(crate) fn shared_text(self: &Arc<Self>) -> Bytes {
        Bytes::from_owner(SharedText(Arc::clone(self)))
    }

    /// Gives back memory that growth reserved, and what only inserting needs.
    pub(crate) fn seal(&mut self) {
        self.timestamps.shrink_to_fit();
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
        self.metadata.shrink_to_fit();
        self.ids = Map::default();
    }
}
