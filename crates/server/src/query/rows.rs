//! Entries of a result, and how they stand in the answer.

use std::collections::BTreeMap;

use bytes::Bytes;
use longshore_logql::ResultLabels;
use longshore_model::{Labels, TimestampNs};

use crate::json::{EntryJson, put_list, put_stream};

/// An entry of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) labels: ResultLabels,
    pub(crate) timestamp: TimestampNs,
    pub(crate) line: Bytes,
}

/// Appends the rows as a list of streams in order of their labels; the rows of a stream keep their order.
///
/// With `categorize`, the stream's own labels name it and each entry says the rest; without, all labels together
/// name it.
pub(crate) fn put_streams(out: &mut Vec<u8>, rows: &[Row], categorize: bool) {
    let mut streams: BTreeMap<Labels, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        let name = if categorize {
            row.labels.stream.clone()
        } else {
            row.labels.merged()
        };
        streams.entry(name).or_default().push(row);
    }
    put_list(out, &streams, |out, (labels, rows)| {
        let entries = rows.iter().map(|row| EntryJson {
            timestamp: row.timestamp,
            line: &row.line,
            categories: categorize.then_some((&row.labels.structured_metadata, &row.labels.parsed)),
        });
        put_stream(out, labels, entries);
    });
}
