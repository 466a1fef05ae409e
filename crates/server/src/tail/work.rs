//! What the query of a live tail makes of new entries: a frame at a time, on a thread, in turns with other tails.
//!
//! Invariant: entries of a batch come in order of time, and those of the same time in the order in which they were stored.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};

use longshore_logql::Pipeline;
use longshore_model::{Entry, TimestampNs};

use super::frame;
use super::hub::Batch;
use crate::limits::{TAIL_FRAME_ENTRIES_MAX, TAIL_KNOWN_MAX};
use crate::query::rows::Row;

/// The entries that were sent from the past, by their hashes.
#[derive(Debug)]
pub(super) struct Known {
    hashes: HashSet<u64>,
    /// Later entries are not among them.
    newest: TimestampNs,
    seed: RandomState,
}

impl Known {
    /// Of rows in order of time; only the last ones, when there are many.
    pub(super) fn of(rows: &[Row]) -> Self {
        let mut known = Self {
            hashes: HashSet::new(),
            newest: rows.last().map_or(TimestampNs(i64::MIN), |row| row.timestamp),
            seed: RandomState::new(),
        };
        known.hashes = rows
            .iter()
            .rev()
            .take(TAIL_KNOWN_MAX)
            .map(|row| known.hash(row))
            .collect();
        known
    }

    fn contains(&self, row: &Row) -> bool {
        row.timestamp <= self.newest && self.hashes.contains(&self.hash(row))
    }

    fn hash(&self, row: &Row) -> u64 {
        self.seed.hash_one((&row.labels.stream, row.timestamp, &row.line))
    }
}

/// The entries of a batch that are still to be looked at.
pub(super) struct Work {
    batch: Batch,
    /// Time, stream and place of each, the first to come at the end.
    places: Vec<(TimestampNs, usize, usize)>,
}

impl Work {
    pub(super) fn new(batch: Batch) -> Self {
        let mut places = Vec::new();
        for (number, stream) in batch.streams.iter().enumerate() {
            let place = |(index, entry): (usize, &Entry)| (entry.timestamp, number, index);
            places.extend(stream.entries.iter().enumerate().map(place));
        }
        places.sort_unstable_by(|a, b| b.cmp(a));
        Self { batch, places }
    }

    /// The rows of the next frame: what passes the pipeline and was not sent from the past. None is no end.
    pub(super) fn next_frame(&mut self, pipeline: &Pipeline, known: &Known) -> Vec<Row> {
        let mut rows = Vec::new();
        let mut bytes = 0;
        for _ in 0..TAIL_FRAME_ENTRIES_MAX {
            let Some((timestamp, number, index)) = self.places.pop() else {
                break;
            };
            let stream = &self.batch.streams[number];
            let Some(processed) = pipeline.process(&stream.labels, &stream.entries[index]) else {
                continue;
            };
            let row = Row {
                labels: processed.labels,
                timestamp,
                line: processed.line,
            };
            if known.contains(&row) {
                continue;
            }
            bytes += row.line.len();
            rows.push(row);
            if frame::is_full(rows.len(), bytes) {
                break;
            }
        }
        rows
    }

    /// Whether everything was looked at.
    pub(super) fn is_done(&self) -> bool {
        self.places.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use longshore_logql::ResultLabels;
    use longshore_model::Labels;

    use super::*;

    fn row(at: usize, line: &'static str) -> Row {
        Row {
            labels: ResultLabels {
                stream: Labels::new([("app", "web")]),
                structured_metadata: Labels::empty(),
                parsed: Labels::empty(),
            },
            timestamp: TimestampNs(i64::try_from(at).unwrap()),
            line: line.into(),
        }
    }

    #[test]
    fn the_newest_rows_of_the_past_are_known() {
        let past: Vec<Row> = (0..TAIL_KNOWN_MAX + 2).map(|at| row(at, "x")).collect();
        let known = Known::of(&past);
        assert_eq!(known.hashes.len(), TAIL_KNOWN_MAX);
        assert!(!known.contains(&past[1]) && past[2..].iter().all(|row| known.contains(row)));
        assert!(!known.contains(&row(5, "y")) && !known.contains(&row(TAIL_KNOWN_MAX + 2, "x")));
        let other_stream = |mut row: Row| {
            row.labels.stream = Labels::empty();
            row
        };
        assert!(!known.contains(&other_stream(row(5, "x"))));
        assert!(!Known::of(&[]).contains(&row(0, "x")));
    }
}
