//! The text frames of a live tail.

use crate::json::{put_labels, put_list, put_nanoseconds};
use crate::query::rows::{Row, put_streams};

use super::hub::Dropped;

/// `{"streams": [..], "dropped_entries": [..]}`.
pub(super) fn text(rows: &[Row], dropped: &[Dropped], categorize: bool) -> String {
    let mut out = Vec::with_capacity(1024);
    out.extend_from_slice(b"{\"streams\":");
    put_streams(&mut out, rows, categorize);
    if !dropped.is_empty() {
        out.extend_from_slice(b",\"dropped_entries\":");
        put_list(&mut out, dropped, |out, entry| {
            out.extend_from_slice(b"{\"timestamp\":");
            put_nanoseconds(out, entry.timestamp);
            out.extend_from_slice(b",\"labels\":");
            put_labels(out, &entry.labels);
            out.push(b'}');
        });
    }
    if categorize {
        out.extend_from_slice(b",\"encodingFlags\":[\"categorize-labels\"]");
    }
    out.push(b'}');
    // Everything in it was written as UTF-8.
    String::from_utf8(out).unwrap_or_default()
}
