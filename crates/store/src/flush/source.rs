//! The rows of a frozen head, one tenant and day, in order of (labels, time).

use longshore_model::TimestampNs;

use crate::head::{StreamHead, TenantHead};
use crate::segment::SegmentError;
use crate::segment::page::PageRows;
use crate::segment::write::RowSource;

/// Hands out rows stream by stream; sorts one stream at a time.
pub(super) struct HeadSource<'a> {
    day: i32,
    /// Sorted by labels in descending order; the next one is the last.
    streams: Vec<&'a StreamHead>,
    current: Option<SortedStream<'a>>,
}

/// One stream's rows of the day in order of time.
struct SortedStream<'a> {
    stream: &'a StreamHead,
    rows: Vec<RowPlace>,
    next: usize,
}

struct RowPlace {
    timestamp: i64,
    block: u32,
    row: u32,
}

impl<'a> HeadSource<'a> {
    pub(super) fn new(tenant: &'a TenantHead, day: i32) -> Self {
        let mut streams: Vec<&StreamHead> = tenant.streams.values().collect();
        streams.sort_by(|a, b| b.labels.cmp(&a.labels));
        Self {
            day,
            streams,
            current: None,
        }
    }

    /// The stream whose turn it is, `None` at the end.
    fn current(&mut self) -> Option<&mut SortedStream<'a>> {
        while self
            .current
            .as_ref()
            .is_none_or(|stream| stream.next >= stream.rows.len())
        {
            let stream = self.streams.pop()?;
            self.current = Some(SortedStream {
                stream,
                rows: sorted_rows(stream, self.day),
                next: 0,
            });
        }
        self.current.as_mut()
    }
}

impl RowSource for HeadSource<'_> {
    fn fill(&mut self, page: &mut PageRows) -> Result<(), SegmentError> {
        while let Some(current) = self.current() {
            page.begin_stream(&current.stream.labels);
            while let Some(place) = current.rows.get(current.next) {
                let block = &current.stream.blocks()[place.block as usize];
                let row = place.row as usize;
                let line = block.line(row);
                if !page.fits(line.len()) {
                    return Ok(());
                }
                page.push(place.timestamp, line, block.metadata(row));
                current.next += 1;
            }
        }
        Ok(())
    }
}

fn sorted_rows(stream: &StreamHead, day: i32) -> Vec<RowPlace> {
    let mut rows = Vec::new();
    for (number, block) in stream.blocks().iter().enumerate() {
        let (first, last) = block.time_bounds();
        if first.day() > day || last.day() < day {
            continue;
        }
        let is_of_day = |&row: &usize| TimestampNs(block.timestamp(row)).day() == day;
        rows.extend((0..block.rows()).filter(is_of_day).map(|row| RowPlace {
            timestamp: block.timestamp(row),
            block: number as u32,
            row: row as u32,
        }));
    }
    // Stable, so rows of the same moment keep their order of arrival.
    rows.sort_by_key(|place| place.timestamp);
    rows
}
