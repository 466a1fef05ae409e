//! Finds entries that are in a segment already.
//!
//! Only an entry at or below the newest flushed timestamp of its stream can be; for those the pages that may hold
//! its timestamp are read, and the lines compared byte by byte.
//!
//! What a damaged page held cannot be read any more, so its lines count as not stored: one bad page must not stop all
//! pushes of its streams.

use std::sync::Arc;

use longshore_model::{Entry, StreamEntries, TenantId};

use crate::catalogue::Catalogue;
use crate::segment::plain::Buffers;
use crate::segment::{Segment, SegmentError};

/// Which entries of a push are stored already: for each stream, nothing or one flag an entry.
#[derive(Debug, Default)]
pub(crate) struct Stored {
    streams: Vec<Vec<bool>>,
    /// Entries that had to be compared.
    pub(crate) compared: usize,
    /// Pages that could not be read.
    pub(crate) damaged: Vec<SegmentError>,
}

impl Stored {
    pub(crate) fn contains(&self, stream: usize, entry: usize) -> bool {
        self.streams
            .get(stream)
            .and_then(|flags| flags.get(entry))
            .copied()
            .unwrap_or(false)
    }
}

/// One entry that may be in one piece of a segment.
struct Question<'a> {
    segment: &'a Arc<Segment>,
    piece: usize,
    stream: usize,
    entry: usize,
}

/// Looks for the entries in the segments of a catalogue.
pub(crate) fn find(
    catalogue: &Catalogue,
    tenant: &TenantId,
    streams: &[StreamEntries],
) -> Result<Stored, SegmentError> {
    let mut stored = Stored::default();
    let mut questions = ask(catalogue, tenant, streams, &mut stored.compared);
    if questions.is_empty() {
        return Ok(stored);
    }
    stored.streams = streams.iter().map(|stream| vec![false; stream.entries.len()]).collect();
    // Questions about one page come one after the other, so each page is read once.
    let page_of = |question: &Question<'_>| {
        (
            Arc::as_ptr(question.segment),
            question.segment.piece(question.piece).page,
            question.piece,
        )
    };
    questions.sort_by_key(page_of);
    let same_page = |a: &Question<'_>, b: &Question<'_>| {
        Arc::ptr_eq(a.segment, b.segment) && a.segment.piece(a.piece).page == b.segment.piece(b.piece).page
    };
    for of_page in questions.chunk_by(same_page) {
        match answer(of_page, streams, &mut stored) {
            Err(error @ (SegmentError::Damaged { .. } | SegmentError::Parquet { .. })) => stored.damaged.push(error),
            answered => answered?,
        }
    }
    Ok(stored)
}

fn ask<'a>(
    catalogue: &'a Catalogue,
    tenant: &TenantId,
    streams: &[StreamEntries],
    compared: &mut usize,
) -> Vec<Question<'a>> {
    let mut questions = Vec::new();
    let Some(segments) = catalogue.tenant(tenant) else {
        return questions;
    };
    for (stream_index, stream) in streams.iter().enumerate() {
        let Some(newest) = segments.newest(&stream.labels) else {
            continue;
        };
        for (entry_index, entry) in stream
            .entries
            .iter()
            .enumerate()
            .filter(|(_, entry)| entry.timestamp <= newest)
        {
            *compared += 1;
            for segment in segments.days.get(&entry.timestamp.day()).into_iter().flatten() {
                let Some(number) = segment.find_stream(&stream.labels) else {
                    continue;
                };
                let at = entry.timestamp.0;
                let pieces = segment.pieces_of(number).filter(|&piece| {
                    let piece = segment.piece(piece);
                    piece.first <= at && at <= piece.last
                });
                questions.extend(pieces.map(|piece| Question {
                    segment,
                    piece,
                    stream: stream_index,
                    entry: entry_index,
                }));
            }
        }
    }
    questions
}

/// Answers questions about one page.
fn answer(questions: &[Question<'_>], streams: &[StreamEntries], stored: &mut Stored) -> Result<(), SegmentError> {
    let Some(first) = questions.first() else { return Ok(()) };
    let segment = first.segment;
    let page = segment.piece(first.piece).page as usize;
    let mut buffers = Buffers::default();
    let times = segment.read_times(page, &mut buffers)?;
    let mut lines = None;
    for question in questions {
        let entry: &Entry = &streams[question.stream].entries[question.entry];
        let piece = segment.piece(question.piece);
        let start = piece.first_row as usize;
        let of_piece = &times[start..start + piece.rows as usize];
        let from = of_piece.partition_point(|&at| at < entry.timestamp.0);
        let to = of_piece.partition_point(|&at| at <= entry.timestamp.0);
        if from == to {
            continue;
        }
        let lines = match &mut lines {
            Some(lines) => lines,
            None => lines.insert(segment.read_lines(page, &mut buffers)?),
        };
        if (start + from..start + to).any(|row| lines.line(row) == &*entry.line) {
            stored.streams[question.stream][question.entry] = true;
        }
    }
    Ok(())
}
