//! Lines of one stream as the store hands them to the query engine: columns, not objects.

use bytes::Bytes;

use crate::{Labels, TimestampNs};

/// Some consecutive rows of one stream, in ascending order of time.
///
/// Invariant: every column that was asked for has `timestamps.len()` rows; one that was not asked for is empty.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// Labels of the stream that all rows belong to.
    pub labels: Labels,
    /// One timestamp a row, ascending.
    pub timestamps: Vec<TimestampNs>,
    /// Number of further rows that have no place here, because to the caller they are the same as the last one; see
    /// `ScanRequest::alike`.
    pub alike: usize,
    /// The text of each row, empty when `Columns::lines` was not asked for.
    pub lines: Lines,
    /// Structured metadata of each row, empty when `Columns::metadata` was not asked for, or `metadata_names` has no
    /// name of it.
    pub metadata: Metadata,
}

impl Batch {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.timestamps.len()
    }

    /// Keeps the rows whose flag is set; there is one flag a row.
    pub fn retain(&mut self, keep: &[bool]) {
        let mut flags = keep.iter();
        self.timestamps.retain(|_| *flags.next().unwrap_or(&true));
        let mut flags = keep.iter();
        self.lines.spans.retain(|_| *flags.next().unwrap_or(&true));
        let mut flags = keep.iter();
        self.metadata.rows.retain(|_| *flags.next().unwrap_or(&true));
    }
}

/// Lines as spans of one shared buffer, so that a page is decompressed once and never copied.
#[derive(Debug, Clone, Default)]
pub struct Lines {
    buffer: Bytes,
    spans: Vec<(u32, u32)>,
}

impl Lines {
    /// Makes lines of half-open `[start, end)` byte ranges of `buffer`.
    ///
    /// # Panics
    /// When a span lies outside the buffer: the caller made both.
    pub fn new(buffer: Bytes, spans: Vec<(u32, u32)>) -> Self {
        assert!(
            spans
                .iter()
                .all(|&(start, end)| start <= end && end as usize <= buffer.len()),
            "a line's span lies outside its buffer"
        );
        Self { buffer, spans }
    }

    /// Copies the given lines into one buffer.
    pub fn from_lines<'a>(lines: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut buffer = Vec::new();
        let mut spans = Vec::new();
        for line in lines {
            let start = buffer.len() as u32;
            buffer.extend_from_slice(line);
            spans.push((start, buffer.len() as u32));
        }
        Self {
            buffer: buffer.into(),
            spans,
        }
    }

    /// Number of lines.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there is no line.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The text of line `row`.
    pub fn get(&self, row: usize) -> &[u8] {
        let (start, end) = self.spans[row];
        &self.buffer[start as usize..end as usize]
    }

    /// The text of line `row`, sharing the buffer.
    pub fn get_shared(&self, row: usize) -> Bytes {
        let (start, end) = self.spans[row];
        self.buffer.slice(start as usize..end as usize)
    }

    /// All lines in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.spans
            .iter()
            .map(|&(start, end)| &self.buffer[start as usize..end as usize])
    }
}

/// Structured metadata of rows as indexes into the few distinct label sets of a batch.
#[derive(Debug, Clone, Default)]
pub struct Metadata {
    /// The distinct label sets.
    pub dictionary: Vec<Labels>,
    /// One index into `dictionary` a row.
    pub rows: Vec<u32>,
}

impl Metadata {
    /// The metadata of row `row`; `None` when the column was not read.
    pub fn get(&self, row: usize) -> Option<&Labels> {
        self.rows.get(row).map(|&index| &self.dictionary[index as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_kept_in_every_column_there_is() {
        let whole = Batch {
            labels: Labels::empty(),
            timestamps: vec![TimestampNs(1), TimestampNs(2), TimestampNs(3)],
            alike: 0,
            lines: Lines::from_lines([&b"one"[..], b"two", b"three"]),
            metadata: Metadata {
                dictionary: vec![Labels::empty(), Labels::new([("trace", "1")])],
                rows: vec![0, 1, 0],
            },
        };
        let mut batch = whole.clone();
        batch.retain(&[true, false, true]);
        assert_eq!(batch.timestamps, [TimestampNs(1), TimestampNs(3)]);
        assert_eq!(batch.lines.iter().collect::<Vec<_>>(), [&b"one"[..], b"three"]);
        assert_eq!(batch.metadata.rows, [0, 0]);
        let mut times_only = Batch {
            lines: Lines::default(),
            metadata: Metadata::default(),
            ..whole
        };
        times_only.retain(&[false, true, false]);
        assert_eq!(times_only.timestamps, [TimestampNs(2)]);
        assert!(times_only.lines.is_empty() && times_only.metadata.rows.is_empty());
    }
}
