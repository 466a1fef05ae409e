//! What the query of a live tail makes of new entries: a frame at a time, on a thread, in turns with other tails.
//!
//! Invariant: entries of a batch come in order of time, and those of the same time in the order in which they were
//! stored.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::time::Instant;

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

    /// The rows of the next frame: what passes the pipeline and was not sent from the past. None is no end. Looks at
    /// one entry at least, and at no other after a moment.
    pub(super) fn next_frame(&mut self, pipeline: &Pipeline, known: &Known, until: Instant) -> Vec<Row> {
        let mut rows = Vec::new();
        let mut bytes = 0;
        for looked_at in 0..TAIL_FRAME_ENTRIES_MAX {
            if frame::is_full(rows.len(), bytes) || (looked_at > 0 && Instant::now() >= until) {
                break;
            }
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
            if !known.contains(&row) {
                bytes += row.line.len();
                rows.push(row);
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
    use std::sync::Arc;
    use std::time::Duration;

    use longshore_logql::eval::MemoryPool;
    use longshore_logql::{Expr, ResultLabels, parse};
    use longshore_model::{Labels, StreamEntries};

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

    #[test]
    fn a_batch_is_worked_on_in_order_however_short_the_turns_are() {
        let Expr::Log(expr) = parse(r#"{app="web"} != "left out""#).unwrap() else {
            panic!("a log query")
        };
        let pipeline = Pipeline::new(&expr).unwrap();
        let stream = |entries: &[(i64, &'static str)]| StreamEntries {
            labels: Labels::new([("app", "web")]),
            entries: entries
                .iter()
                .map(|&(at, line)| Entry {
                    timestamp: TimestampNs(at),
                    line: line.into(),
                    structured_metadata: Labels::empty(),
                })
                .collect(),
        };
        let streams = [
            stream(&[(3, "d"), (1, "a"), (2, "left out")]),
            stream(&[(1, "b"), (2, "c")]),
        ];
        let frames = |turn: Duration| {
            let memory = Arc::new(MemoryPool::new(usize::MAX, usize::MAX)).query();
            let mut work = Work::new(Batch::new(streams.to_vec(), 0, memory));
            let mut frames = Vec::new();
            while !work.is_done() {
                let rows = work.next_frame(&pipeline, &Known::of(&[]), Instant::now() + turn);
                frames.push(rows.into_iter().map(|row| row.line).collect::<Vec<_>>());
            }
            frames
        };
        assert_eq!(frames(Duration::from_secs(3_600)), [vec!["a", "b", "c", "d"]]);
        // A turn that is over before it begins.
        let one_each = [vec!["a"], vec!["b"], vec![], vec!["c"], vec!["d"]];
        assert_eq!(frames(Duration::ZERO), one_each);
    }
}
