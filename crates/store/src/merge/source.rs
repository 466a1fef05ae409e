//! The rows of several segments of one day in order of (labels, time).
//!
//! Every segment has that order already, so each is read once from its first page to its last, one page at a time.

use std::sync::Arc;

use longshore_model::{Labels, Metadata};

use crate::segment::page::PageRows;
use crate::segment::read::LinePage;
use crate::segment::write::RowSource;
use crate::segment::{Segment, SegmentError};

/// Merges the rows of its cursors.
pub(super) struct MergeSource {
    cursors: Vec<Cursor>,
    /// Cursors that stand at the stream whose turn it is.
    active: Vec<usize>,
}

/// A place in one segment.
struct Cursor {
    segment: Arc<Segment>,
    /// Number of the piece it stands in; past the last one at the end.
    piece: usize,
    /// Rows of the piece that are behind it.
    row: usize,
    loaded: Option<Loaded>,
}

struct Loaded {
    page: usize,
    times: Vec<i64>,
    lines: LinePage,
    metadata: Metadata,
}

impl Cursor {
    /// Labels of the stream it stands in, `None` at the end.
    fn labels(&self) -> Option<&Labels> {
        let piece = self.segment.pieces().get(self.piece)?;
        self.segment.streams().get(piece.stream as usize)
    }

    /// Makes sure that the page it stands in is in memory.
    fn load(&mut self) -> Result<(), SegmentError> {
        let Some(piece) = self.segment.pieces().get(self.piece) else {
            return Ok(());
        };
        let page = piece.page as usize;
        if self.loaded.as_ref().is_none_or(|loaded| loaded.page != page) {
            // The page before goes first, so that two are never held.
            self.loaded = None;
            self.loaded = Some(Loaded {
                page,
                times: self.segment.read_times(page)?,
                lines: self.segment.read_lines(page)?,
                metadata: self.segment.read_metadata(page)?,
            });
        }
        Ok(())
    }

    /// The row it stands at: its page and its number there.
    fn current(&self) -> Option<(&Loaded, usize)> {
        let piece = self.segment.pieces().get(self.piece)?;
        Some((self.loaded.as_ref()?, piece.first_row as usize + self.row))
    }

    fn time(&self) -> i64 {
        self.current()
            .and_then(|(loaded, row)| loaded.times.get(row).copied())
            .unwrap_or(i64::MAX)
    }

    /// Goes to the next row; returns whether it is still in the same stream.
    fn advance(&mut self) -> Result<bool, SegmentError> {
        let pieces = self.segment.pieces();
        let stream = pieces[self.piece].stream;
        self.row += 1;
        if self.row < pieces[self.piece].rows as usize {
            return Ok(true);
        }
        self.row = 0;
        self.piece += 1;
        let same = pieces.get(self.piece).is_some_and(|piece| piece.stream == stream);
        self.load()?;
        Ok(same)
    }
}

impl MergeSource {
    pub(super) fn new(segments: &[Arc<Segment>]) -> Self {
        let cursor = |segment: &Arc<Segment>| Cursor {
            segment: Arc::clone(segment),
            piece: 0,
            row: 0,
            loaded: None,
        };
        Self {
            cursors: segments.iter().map(cursor).collect(),
            active: Vec::new(),
        }
    }

    /// Labels of the stream whose turn it is; chooses the next one when the last is done.
    fn labels(&mut self) -> Result<Option<Labels>, SegmentError> {
        if self.active.is_empty() {
            let Some(labels) = self.cursors.iter().filter_map(Cursor::labels).min().cloned() else {
                return Ok(None);
            };
            for (index, cursor) in self.cursors.iter_mut().enumerate() {
                if cursor.labels() == Some(&labels) {
                    cursor.load()?;
                    self.active.push(index);
                }
            }
        }
        let first = self.active.first().and_then(|&index| self.cursors[index].labels());
        Ok(first.cloned())
    }
}

impl RowSource for MergeSource {
    fn fill(&mut self, page: &mut PageRows) -> Result<(), SegmentError> {
        while let Some(labels) = self.labels()? {
            page.begin_stream(&labels);
            while let Some(at) = (0..self.active.len()).min_by_key(|&at| self.cursors[self.active[at]].time()) {
                let cursor = &mut self.cursors[self.active[at]];
                let Some((loaded, row)) = cursor.current() else { break };
                let line = loaded.lines.line(row);
                if !page.fits(line.len()) {
                    return Ok(());
                }
                let metadata = &loaded.metadata.dictionary[loaded.metadata.rows[row] as usize];
                page.push(loaded.times[row], line, metadata);
                if !cursor.advance()? {
                    self.active.remove(at);
                }
            }
        }
        Ok(())
    }
}
