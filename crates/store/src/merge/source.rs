//! The rows of several segments of one day in order of (labels, time), less those that are to go.
//!
//! Every segment has that order already, so each is read once from its first page to its last, one page at a time.

use std::sync::Arc;

use longshore_model::{Batch, Cancellation, Labels, Lines, Metadata, TimestampNs};

use crate::removal::Removed;
use crate::row_set::{RowSet, kept_rows};
use crate::segment::page::PageRows;
use crate::segment::plain::Buffers;
use crate::segment::read::LinePage;
use crate::segment::write::RowSource;
use crate::segment::{Segment, SegmentError};

/// Merges the rows of its cursors.
pub(crate) struct MergeSource<'a> {
    cursors: Vec<Cursor>,
    /// Cursors that stand at the stream whose turn it is.
    active: Vec<usize>,
    /// Rows that are left out.
    without: &'a [RowSet],
    removed: Removed,
    cancellation: Cancellation,
}

/// A place in one segment.
struct Cursor {
    segment: Arc<Segment>,
    /// Number of the piece it stands in; past the last one at the end.
    piece: usize,
    /// Rows of the piece that are behind it.
    row: usize,
    loaded: Option<Loaded>,
    buffers: Buffers,
}

struct Loaded {
    page: usize,
    times: Vec<i64>,
    lines: LinePage,
    metadata: Metadata,
    /// One flag a row, `None` when all rows stay.
    kept: Option<Vec<bool>>,
}

impl Loaded {
    fn read(segment: &Segment, page: usize, without: &[RowSet], buffers: &mut Buffers) -> Result<Self, SegmentError> {
        let mut loaded = Self {
            page,
            times: segment.read_times(page, buffers)?,
            lines: segment.read_lines(page, buffers)?,
            metadata: segment.read_metadata(page)?,
            kept: None,
        };
        for piece in &segment.pieces()[segment.pages()[page].pieces.clone()] {
            let labels = &segment.streams()[piece.stream as usize];
            let (first, last) = (TimestampNs(piece.first), TimestampNs(piece.last));
            let touching: Vec<&RowSet> = without.iter().filter(|set| set.touches(labels, first, last)).collect();
            if touching.is_empty() {
                continue;
            }
            let rows = piece.first_row as usize..(piece.first_row + piece.rows) as usize;
            let batch = Batch {
                labels: labels.clone(),
                timestamps: loaded.times[rows.clone()].iter().copied().map(TimestampNs).collect(),
                lines: Lines::new(
                    loaded.lines.text.clone(),
                    rows.clone().map(|row| loaded.lines.span(row)).collect(),
                ),
                metadata: Metadata {
                    dictionary: loaded.metadata.dictionary.clone(),
                    rows: loaded.metadata.rows[rows.clone()].to_vec(),
                },
                ..Batch::default()
            };
            if let Some(kept) = kept_rows(touching, &batch) {
                let count = loaded.times.len();
                loaded.kept.get_or_insert_with(|| vec![true; count])[rows].copy_from_slice(&kept);
            }
        }
        Ok(loaded)
    }

    fn is_kept(&self, row: usize) -> bool {
        self.kept.as_ref().is_none_or(|kept| kept[row])
    }
}

impl Cursor {
    /// Labels of the stream it stands in, `None` at the end.
    fn labels(&self) -> Option<&Labels> {
        let piece = self.segment.pieces().get(self.piece)?;
        self.segment.streams().get(piece.stream as usize)
    }

    /// Makes sure that the page it stands in is in memory.
    fn load(&mut self, without: &[RowSet]) -> Result<(), SegmentError> {
        let Some(piece) = self.segment.pieces().get(self.piece) else {
            return Ok(());
        };
        let page = piece.page as usize;
        if self.loaded.as_ref().is_none_or(|loaded| loaded.page != page) {
            // The page before goes first, so that two are never held.
            if let Some(loaded) = self.loaded.take() {
                self.buffers.take_back(loaded.lines);
            }
            self.loaded = Some(Loaded::read(&self.segment, page, without, &mut self.buffers)?);
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
    fn advance(&mut self, without: &[RowSet]) -> Result<bool, SegmentError> {
        let pieces = self.segment.pieces();
        let stream = pieces[self.piece].stream;
        self.row += 1;
        if self.row < pieces[self.piece].rows as usize {
            return Ok(true);
        }
        self.row = 0;
        self.piece += 1;
        let same = pieces.get(self.piece).is_some_and(|piece| piece.stream == stream);
        self.load(without)?;
        Ok(same)
    }
}

impl<'a> MergeSource<'a> {
    pub(super) fn new(segments: &[Arc<Segment>], cancellation: Cancellation) -> Self {
        let cursor = |segment: &Arc<Segment>| Cursor {
            segment: Arc::clone(segment),
            piece: 0,
            row: 0,
            loaded: None,
            buffers: Buffers::default(),
        };
        Self {
            cursors: segments.iter().map(cursor).collect(),
            active: Vec::new(),
            without: &[],
            removed: Removed::default(),
            cancellation,
        }
    }

    /// One segment's rows without those of the sets.
    pub(crate) fn without(segment: Arc<Segment>, sets: &'a [RowSet], cancellation: Cancellation) -> Self {
        Self {
            without: sets,
            ..Self::new(&[segment], cancellation)
        }
    }

    /// What was left out so far.
    pub(crate) fn removed(&self) -> Removed {
        self.removed
    }

    /// Labels of the stream whose turn it is; chooses the next one when the last is done.
    fn labels(&mut self) -> Result<Option<Labels>, SegmentError> {
        if self.active.is_empty() {
            let Some(labels) = self.cursors.iter().filter_map(Cursor::labels).min().cloned() else {
                return Ok(None);
            };
            for (index, cursor) in self.cursors.iter_mut().enumerate() {
                if cursor.labels() == Some(&labels) {
                    cursor.load(self.without)?;
                    self.active.push(index);
                }
            }
        }
        let first = self.active.first().and_then(|&index| self.cursors[index].labels());
        Ok(first.cloned())
    }
}

impl RowSource for MergeSource<'_> {
    fn fill(&mut self, page: &mut PageRows) -> Result<(), SegmentError> {
        while let Some(labels) = self.labels()? {
            if self.cancellation.is_cancelled() {
                return Err(SegmentError::Stopped);
            }
            page.begin_stream(&labels);
            while let Some(at) = (0..self.active.len()).min_by_key(|&at| self.cursors[self.active[at]].time()) {
                let cursor = &mut self.cursors[self.active[at]];
                let Some((loaded, row)) = cursor.current() else { break };
                let line = loaded.lines.line(row);
                if loaded.is_kept(row) {
                    if !page.fits(line.len()) {
                        return Ok(());
                    }
                    let metadata = &loaded.metadata.dictionary[loaded.metadata.rows[row] as usize];
                    page.push(loaded.times[row], line, metadata);
                } else {
                    self.removed.lines += 1;
                    self.removed.line_bytes += line.len() as u64;
                }
                if !cursor.advance(self.without)? {
                    self.active.remove(at);
                }
            }
        }
        Ok(())
    }
}
