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

/// The rows by what names their stream, in order of these; the rows of a stream keep their order.
///
/// With `categorize`, the stream's own labels name it and each entry says the rest; without, all labels together
/// name it.
fn streams(rows: &[Row], categorize: bool) -> BTreeMap<Labels, Vec<&Row>> {
    let mut streams: BTreeMap<Labels, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        let name = if categorize {
            row.labels.stream.clone()
        } else {
            row.labels.merged()
        };
        streams.entry(name).or_default().push(row);
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

/// Appends the rows as a list of streams.
pub(crate) fn put_streams(out: &mut Vec<u8>, rows: &[Row], categorize: bool) {
    put_list(out, streams(rows, categorize), |out, (labels, rows)| {
        put_stream(out, &labels, rows.into_iter().map(|row| entry(row, categorize)));
    });
}

/// The answer to a log query.
pub(crate) fn answer(
    rows: &[Row],
    categorize: bool,
    encoding_flags: Option<&str>,
    memory: &QueryMemory,
) -> Result<Answer, MemoryError> {
    let expected = rows.iter().map(|row| row.line.len() + ENTRY_BYTES).sum();
    // Names that are made of all labels, one for each row at most.
    let names = |row: &Row| match categorize {
        true => 0,
        false => row.labels.parsed.size_bytes() + row.labels.structured_metadata.size_bytes() + ENTRY_BYTES,
    };
    memory.take(rows.iter().map(names).sum())?;
    let mut answer = Answer::new("streams", encoding_flags, expected, memory)?;
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
