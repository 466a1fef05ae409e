//! The rows of one page on their way into a segment.

use longshore_model::Labels;

use crate::head::Map;
use crate::limits::{PAGE_METADATA_BYTES, PAGE_ROWS_MAX, PAGE_TEXT_BYTES};

/// A dictionary of metadata pays when at most one row in so many has a set of its own.
const DISTINCT_ONE_IN: usize = 4;

/// Rows as columns, sorted by (stream, time).
///
/// Invariant: `timestamps`, `ends` and `metadata` have one value a row; the runs' rows add up to theirs.
#[derive(Default)]
pub(crate) struct PageRows {
    /// Streams in order with their number of rows.
    pub(crate) runs: Vec<(Labels, usize)>,
    pub(crate) timestamps: Vec<i64>,
    pub(crate) text: Vec<u8>,
    /// End of each line in `text`.
    pub(crate) ends: Vec<u32>,
    pub(crate) dictionary: Vec<Labels>,
    /// Index into `dictionary` of each row.
    pub(crate) metadata: Vec<u32>,
    ids: Map<Labels, u32>,
    metadata_bytes: usize,
}

impl PageRows {
    pub(crate) fn clear(&mut self) {
        self.runs.clear();
        self.timestamps.clear();
        self.text.clear();
        self.ends.clear();
        self.dictionary.clear();
        self.metadata.clear();
        self.ids.clear();
        self.metadata_bytes = 0;
    }

    pub(crate) fn rows(&self) -> usize {
        self.timestamps.len()
    }

    /// Bytes of the distinct sets of structured metadata.
    pub(crate) fn metadata_bytes(&self) -> usize {
        self.metadata_bytes
    }

    /// Whether most rows share their metadata with others, so that a dictionary pays.
    pub(crate) fn repeats_metadata(&self) -> bool {
        self.dictionary.len() * DISTINCT_ONE_IN <= self.rows()
    }

    /// Whether a line of this length still fits; any line fits into an empty page.
    pub(crate) fn fits(&self, line_bytes: usize) -> bool {
        let has_room = self.text.len() + line_bytes <= PAGE_TEXT_BYTES && self.metadata_bytes < PAGE_METADATA_BYTES;
        self.rows() == 0 || (has_room && self.rows() < PAGE_ROWS_MAX)
    }

    /// Rows pushed from here on belong to this stream.
    pub(crate) fn begin_stream(&mut self, labels: &Labels) {
        if self.runs.last().is_some_and(|(_, rows)| *rows == 0) {
            self.runs.pop();
        }
        self.runs.push((labels.clone(), 0));
    }

    /// Appends a row of the stream begun last.
    pub(crate) fn push(&mut self, timestamp: i64, line: &[u8], metadata: &Labels) {
        self.timestamps.push(timestamp);
        self.text.extend_from_slice(line);
        self.ends.push(self.text.len() as u32);
        let same_as_before = self
            .metadata
            .last()
            .copied()
            .filter(|&id| self.dictionary[id as usize] == *metadata);
        let id = same_as_before
            .or_else(|| self.ids.get(metadata).copied())
            .unwrap_or_else(|| {
                let id = self.dictionary.len() as u32;
                self.dictionary.push(metadata.clone());
                self.metadata_bytes += metadata.size_bytes();
                self.ids.insert(metadata.clone(), id);
                id
            });
        self.metadata.push(id);
        let (_, rows) = self
            .runs
            .last_mut()
            .expect("a stream is begun before its rows are pushed");
        *rows += 1;
    }
}
