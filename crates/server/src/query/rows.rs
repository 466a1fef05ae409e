//! Entries of a result, and how they stand in the answer.

use std::collections::BTreeMap;

use bytes::Bytes;
use longshore_logql::ResultLabels;
use longshore_logql::eval::{MemoryError, QueryMemory};
use longshore_model::{Labels, TimestampNs};

use crate::json::{Answer, EntryJson, put_entry, put_labels, put_list, put_stream};

/// What an entry takes in an answer beside its line, about: its time, and its labels where most lines share them.
const ENTRY_BYTES: usize = 128;

/// An entry of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) labels: ResultLabels,
    pub(crate) timestamp: TimestampNs,
    pub(crate) line: Bytes,
}

/// What names the stream of a row in an answer: with `categorize` the stream's own labels, and each entry says the
/// rest; without, all labels together.
fn name(row: &Row, categorize: bool) -> Labels {
    if categorize {
        row.labels.stream.clone()
    } else {
        row.labels.merged()
    }
}

/// The rows by what names their stream, in order of these; the rows of a stream keep their order.
pub(crate) fn streams(rows: &[Row], categorize: bool) -> BTreeMap<Labels, Vec<&Row>> {
    let mut streams: BTreeMap<Labels, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        streams.entry(name(row, categorize)).or_default().push(row);
    }
    streams
}

fn entry(row: &Row, categorize: bool) -> EntryJson<'_> {
    EntryJson {
        timestamp: row.timestamp,
        line: &row.line,
        categories: categorize.then_some((&row.labels.structured_metadata, &row.labels.parsed)),
    }
}

/// The rows as they come, cut where another stream begins: who prints them as they come sees them in their order.
pub(crate) fn runs(rows: &[Row], categorize: bool) -> impl Iterator<Item = (Labels, &[Row])> {
    let is_same = move |a: &Row, b: &Row| match categorize {
        true => a.labels.stream == b.labels.stream,
        false => a.labels == b.labels,
    };
    let named = move |run: &'_ [Row]| run.first().map(|row| name(row, categorize));
    rows.chunk_by(is_same).filter_map(move |run| Some((named(run)?, run)))
}

/// Appends the rows as a list of streams, each as often as it comes.
pub(crate) fn put_runs(out: &mut Vec<u8>, rows: &[Row], categorize: bool) {
    put_list(out, runs(rows, categorize), |out, (labels, rows)| {
        put_stream(out, &labels, rows.iter().map(|row| entry(row, categorize)));
    });
}

/// What rows take in an answer, about.
pub(crate) fn expected_bytes(rows: &[Row]) -> usize {
    rows.iter().map(|row| row.line.len() + ENTRY_BYTES).sum()
}

/// What names that are made of all labels take, one for each row at most.
pub(crate) fn names_bytes(rows: &[Row]) -> usize {
    let name = |row: &Row| row.labels.parsed.size_bytes() + row.labels.structured_metadata.size_bytes() + ENTRY_BYTES;
    rows.iter().map(name).sum()
}

/// The answer to a log query.
pub(crate) fn answer(
    rows: &[Row],
    categorize: bool,
    encoding_flags: Option<&str>,
    memory: &QueryMemory,
) -> Result<Answer, MemoryError> {
    if !categorize {
        memory.take(names_bytes(rows))?;
    }
    let mut answer = Answer::new("streams", encoding_flags, expected_bytes(rows), memory)?;
    answer.list(streams(rows, categorize), |answer, (labels, rows)| {
        answer.put(|out| {
            out.extend_from_slice(b"{\"stream\":");
            put_labels(out, &labels);
            out.extend_from_slice(b",\"values\":");
        });
        answer.list(rows, |answer, row| {
            answer.put(|out| put_entry(out, &entry(row, categorize)));
        });
        answer.put(|out| out.push(b'}'));
    });
    Ok(answer)
}
