//! Reading a segment page by page.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use longshore_model::{
    Batch, Direction, Labels, LineSearch, Metadata, ScanError, ScanRequest, ScanStats, TimeRange, TimestampNs,
};

use super::read_error;
use super::search::{find_hits, lines_of, retain_hits};
use crate::deletion::{Hidden, columns_for, hide};
use crate::row_set::RowSet;
use crate::segment::plain::Buffers;
use crate::segment::read::LinePage;
use crate::segment::{Segment, SegmentError, schema};

/// The part of a scan that lies in one segment.
pub(crate) struct SegmentScan {
    segment: Arc<Segment>,
    hidden: Vec<HiddenRows>,
    /// Pages with the pieces wanted of them; the next one is the last.
    pages: Vec<WantedPage>,
    current: Option<OpenPage>,
    /// Between two pages; the page that is open has them.
    buffers: Buffers,
    /// Of each group, whether it has structured metadata that anything looks at; known once it was needed.
    has_metadata: Vec<Option<bool>>,
}

/// Rows that are not to be seen, and the pages that may hold any of them.
struct HiddenRows {
    rows: RowSet,
    pages: BTreeSet<usize>,
}

struct WantedPage {
    page: usize,
    /// Numbers of pieces, ascending.
    pieces: Vec<usize>,
    first: i64,
    last: i64,
}

/// A page that is being read; a column is there once it was needed.
struct OpenPage {
    page: usize,
    /// The next one is the last.
    pieces: Vec<usize>,
    reads_metadata: bool,
    buffers: Buffers,
    lines: Option<LinePage>,
    times: Option<Vec<i64>>,
    metadata: Option<Metadata>,
}

/// Rows of a page that a batch is made of.
enum Rows {
    Run(Range<usize>),
    Hits(Vec<usize>),
}

impl Rows {
    fn is_empty(&self) -> bool {
        match self {
            Self::Run(run) => run.is_empty(),
            Self::Hits(rows) => rows.is_empty(),
        }
    }

    fn iter(&self) -> impl Iterator<Item = usize> {
        let (run, rows) = match self {
            Self::Run(run) => (run.clone(), &[][..]),
            Self::Hits(rows) => (0..0, &rows[..]),
        };
        run.chain(rows.iter().copied())
    }
}

impl SegmentScan {
    /// Chooses pages by streams, time and grams.
    pub(crate) fn open(
        segment: Arc<Segment>,
        request: &ScanRequest<'_>,
        hidden: &Hidden,
        wanted: TimeRange,
        stats: &mut ScanStats,
        buffers: Buffers,
    ) -> Result<Self, ScanError> {
        let mut by_page: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (number, labels) in segment.streams().iter().enumerate() {
            let (first, last) = segment.stream_bounds(number);
            if !wanted.overlaps(first, last) || !request.selector.matches(labels) {
                continue;
            }
            for index in segment.pieces_of(number) {
                let piece = segment.piece(index);
                if wanted.overlaps(TimestampNs(piece.first), TimestampNs(piece.last)) {
                    by_page.entry(piece.page as usize).or_default().push(index);
                }
            }
        }
        if by_page.is_empty() {
            return Ok(Self {
                segment,
                hidden: Vec::new(),
                pages: Vec::new(),
                current: None,
                buffers,
                has_metadata: Vec::new(),
            });
        }
        stats.segments += 1;
        let chosen = by_page.len();
        let candidates = pages_that_may_hold(&segment, &request.searches, by_page.keys().copied().collect());
        let candidates = candidates.map_err(|error| read_error(&segment, error))?;
        by_page.retain(|page, _| candidates.contains(page));
        let hidden = hidden_rows(&segment, hidden, &candidates).map_err(|error| read_error(&segment, error))?;
        stats.pages_skipped += (chosen - by_page.len()) as u64;
        let with_bounds = |(page, pieces): (usize, Vec<usize>)| {
            let first = pieces
                .iter()
                .map(|&index| segment.piece(index).first)
                .min()
                .unwrap_or(0);
            let last = pieces.iter().map(|&index| segment.piece(index).last).max().unwrap_or(0);
            WantedPage {
                page,
                pieces,
                first,
                last,
            }
        };
        let mut pages: Vec<WantedPage> = by_page.into_iter().map(with_bounds).collect();
        match request.direction {
            Direction::Backward => pages.sort_by_key(|page| page.last),
            Direction::Forward => pages.sort_by_key(|page| std::cmp::Reverse(page.first)),
        }
        let has_metadata = vec![None; segment.groups().len()];
        Ok(Self {
            segment,
            hidden,
            pages,
            current: None,
            buffers,
            has_metadata,
        })
    }

    /// Memory for the next segment.
    pub(super) fn into_buffers(self) -> Buffers {
        self.buffers
    }

    /// The rows of the next piece that has any, `None` at the end of the segment.
    pub(crate) fn next_batch(
        &mut self,
        request: &ScanRequest<'_>,
        wanted: TimeRange,
        stats: &mut ScanStats,
    ) -> Result<Option<Batch>, ScanError> {
        let segment = Arc::clone(&self.segment);
        loop {
            while let Some(page) = &mut self.current {
                let Some(piece) = page.pieces.pop() else {
                    self.buffers = self.current.take().map(OpenPage::into_buffers).unwrap_or_default();
                    break;
                };
                let batch = page.read_piece(&segment, piece, request, &self.hidden, wanted, stats);
                if let Some(batch) = batch.map_err(|error| read_error(&segment, error))? {
                    return Ok(Some(batch));
                }
            }
            if request.cancellation.is_cancelled() {
                return Err(ScanError::Cancelled);
            }
            let Some(next) = self.pages.pop() else { return Ok(None) };
            if wanted.overlaps(TimestampNs(next.first), TimestampNs(next.last)) {
                let reads_metadata = self.reads_metadata(next.page, request);
                let reads_metadata = reads_metadata.map_err(|error| read_error(&segment, error))?;
                let WantedPage { page, mut pieces, .. } = next;
                if request.direction == Direction::Forward {
                    pieces.reverse();
                }
                self.current = Some(OpenPage {
                    page,
                    pieces,
                    reads_metadata,
                    buffers: std::mem::take(&mut self.buffers),
                    lines: None,
                    times: None,
                    metadata: None,
                });
            } else {
                stats.pages_skipped += 1;
            }
        }
    }
}

impl SegmentScan {
    /// Whether the structured metadata of a page has to be read.
    fn reads_metadata(&mut self, page: usize, request: &ScanRequest<'_>) -> Result<bool, SegmentError> {
        let names = match &request.metadata_names {
            _ if !request.columns.metadata => return Ok(false),
            None => return Ok(true),
            Some(names) => names,
        };
        let place = &self.segment.pages()[page];
        if place.metadata_pairs == 0 {
            return Ok(false);
        }
        let known = &mut self.has_metadata[place.group];
        match *known {
            Some(known) => Ok(known),
            None => Ok(*known.insert(self.segment.may_have_metadata(place.group, names)?)),
        }
    }
}

/// Of some pages those that may hold a line which passes all searches.
fn pages_that_may_hold(
    segment: &Segment,
    searches: &[Arc<dyn LineSearch>],
    mut pages: BTreeSet<usize>,
) -> Result<BTreeSet<usize>, SegmentError> {
    let literals: Vec<Vec<u8>> = searches
        .iter()
        .flat_map(|search| search.required_literals().iter().cloned())
        .collect();
    if literals.is_empty() {
        return Ok(pages);
    }
    for group in segment.groups() {
        if pages.range(group.pages.clone()).next().is_none() {
            continue;
        }
        let candidates = segment.candidate_pages(group, &literals)?;
        pages.retain(|page| {
            let within = page.wrapping_sub(group.pages.start);
            !group.pages.contains(page) || candidates >> within & 1 == 1
        });
    }
    Ok(pages)
}

/// What is hidden in some pages. A request for a rare text touches few of them: the others are read as if there were
/// none.
fn hidden_rows(segment: &Segment, hidden: &Hidden, pages: &BTreeSet<usize>) -> Result<Vec<HiddenRows>, SegmentError> {
    let (first, last) = segment.time_bounds();
    let in_pages = |rows: &RowSet| {
        Ok(HiddenRows {
            pages: pages_that_may_hold(segment, rows.searches(), pages.clone())?,
            rows: rows.clone(),
        })
    };
    hidden.overlapping(first, last).map(in_pages).collect()
}

impl OpenPage {
    /// Memory for the next page.
    fn into_buffers(mut self) -> Buffers {
        if let Some(lines) = self.lines {
            self.buffers.take_back(lines);
        }
        self.buffers
    }

    fn read_piece(
        &mut self,
        segment: &Segment,
        index: usize,
        request: &ScanRequest<'_>,
        hidden: &[HiddenRows],
        wanted: TimeRange,
        stats: &mut ScanStats,
    ) -> Result<Option<Batch>, SegmentError> {
        let piece = segment.piece(index);
        if !wanted.overlaps(TimestampNs(piece.first), TimestampNs(piece.last)) {
            return Ok(None);
        }
        let mut run = piece.first_row as usize..(piece.first_row + piece.rows) as usize;
        let (first, last) = (TimestampNs(piece.first), TimestampNs(piece.last));
        let labels = &segment.streams()[piece.stream as usize];
        let hiding = self.hiding(hidden, labels, first, last);
        let columns = columns_for(&hiding, request.columns);
        if first < wanted.start || last >= wanted.end {
            let times = &self.times(segment, stats)?[run.clone()];
            let from = times.partition_point(|&at| at < wanted.start.0);
            let to = times.partition_point(|&at| at < wanted.end.0);
            run = run.start + from..run.start + to;
        } else if hiding.is_empty() && request.alike.is_some_and(|alike| alike(first, last)) {
            stats.decompressed_lines += u64::from(piece.rows);
            return Ok(Some(Batch {
                labels: labels.clone(),
                timestamps: vec![first],
                alike: piece.rows as usize - 1,
                ..Batch::default()
            }));
        }
        if run.is_empty() {
            return Ok(None);
        }
        let rows = self.search(segment, run, request, stats)?;
        if columns.lines || !request.searches.is_empty() {
            stats.decompressed_bytes += u64::from(piece.line_bytes);
        }
        stats.decompressed_lines += u64::from(piece.rows);
        if rows.is_empty() {
            return Ok(None);
        }
        let times = self.times(segment, stats)?;
        let mut batch = Batch {
            labels: labels.clone(),
            timestamps: rows.iter().map(|row| TimestampNs(times[row])).collect(),
            ..Batch::default()
        };
        if columns.lines {
            let lines = self.lines(segment, stats)?;
            batch.lines = lines_of(lines.text.clone(), rows.iter().map(|row| lines.span(row)).collect());
        }
        if self.reads_metadata || hiding.iter().any(|set| !set.is_of_whole_streams()) {
            let metadata = self.metadata(segment, stats)?;
            batch.metadata = Metadata {
                dictionary: metadata.dictionary.clone(),
                rows: rows.iter().map(|row| metadata.rows[row]).collect(),
            };
        }
        Ok(hide(&hiding, batch, request))
    }

    /// What hides rows of a piece with these labels and bounds.
    fn hiding<'h>(
        &self,
        hidden: &'h [HiddenRows],
        labels: &Labels,
        first: TimestampNs,
        last: TimestampNs,
    ) -> Vec<&'h RowSet> {
        hidden
            .iter()
            .filter(|hidden| hidden.pages.contains(&self.page) && hidden.rows.touches(labels, first, last))
            .map(|hidden| &hidden.rows)
            .collect()
    }

    /// The rows in which every search may hit.
    fn search(
        &mut self,
        segment: &Segment,
        run: Range<usize>,
        request: &ScanRequest<'_>,
        stats: &mut ScanStats,
    ) -> Result<Rows, SegmentError> {
        let Some((first, others)) = request.searches.split_first() else {
            return Ok(Rows::Run(run));
        };
        let lines = self.lines(segment, stats)?;
        let span = |row| lines.span(row);
        let mut rows = find_hits(&lines.text, span, run, &**first);
        retain_hits(&lines.text, span, &mut rows, others);
        Ok(Rows::Hits(rows))
    }

    fn times(&mut self, segment: &Segment, stats: &mut ScanStats) -> Result<&[i64], SegmentError> {
        if self.times.is_none() {
            stats.compressed_bytes += segment.compressed_bytes(self.page, schema::TIME);
            self.times = Some(segment.read_times(self.page, &mut self.buffers)?);
        }
        Ok(self.times.as_deref().unwrap_or_default())
    }

    fn lines(&mut self, segment: &Segment, stats: &mut ScanStats) -> Result<&LinePage, SegmentError> {
        if self.lines.is_none() {
            stats.pages_read += 1;
            stats.compressed_bytes += segment.compressed_bytes(self.page, schema::LINE);
        }
        match &mut self.lines {
            Some(lines) => Ok(lines),
            none => Ok(none.insert(segment.read_lines(self.page, &mut self.buffers)?)),
        }
    }

    fn metadata(&mut self, segment: &Segment, stats: &mut ScanStats) -> Result<&Metadata, SegmentError> {
        if self.metadata.is_none() && segment.pages()[self.page].metadata_pairs > 0 {
            for column in [schema::METADATA_KEYS, schema::METADATA_VALUES] {
                stats.compressed_bytes += segment.compressed_bytes(self.page, column);
            }
        }
        match &mut self.metadata {
            Some(metadata) => Ok(metadata),
            none => Ok(none.insert(segment.read_metadata(self.page)?)),
        }
    }
}
