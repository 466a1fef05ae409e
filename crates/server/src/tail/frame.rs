//! The text frames of a live tail.

use crate::json::{put_labels, put_list, put_nanoseconds, put_string};
use crate::legacy;
use crate::query::rows::{Row, put_runs, runs};

use super::hub::Dropped;

/// How a client wants its frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// All labels together.
    Flat,
    /// Labels by where they came from.
    Categorized,
    /// As before Loki 1.0.
    Legacy,
}

/// `{"streams": [..], "dropped_entries": [..]}`; lines stay in their order, a stream is named anew where another came
/// between.
pub(super) fn text(rows: &[Row], dropped: &[Dropped], shape: Shape) -> String {
    let mut out = Vec::with_capacity(1024);
    out.extend_from_slice(b"{\"streams\":");
    match shape {
        Shape::Legacy => legacy::put_streams(&mut out, runs(rows, false)),
        shape => put_runs(&mut out, rows, shape == Shape::Categorized),
    }
    if dropped.is_empty() && shape == Shape::Legacy {
        out.extend_from_slice(b",\"dropped_entries\":null");
    } else if !dropped.is_empty() {
        out.extend_from_slice(b",\"dropped_entries\":");
        put_list(&mut out, dropped, |out, entry| match shape {
            Shape::Legacy => put_legacy_dropped(out, entry),
            _ => put_dropped(out, entry),
        });
    }
    if shape == Shape::Categorized {
        out.extend_from_slice(b",\"encodingFlags\":[\"categorize-labels\"]");
    }
    out.push(b'}');
    // Everything in it was written as UTF-8.
    String::from_utf8(out).unwrap_or_default()
}

fn put_dropped(out: &mut Vec<u8>, entry: &Dropped) {
    out.extend_from_slice(b"{\"timestamp\":");
    put_nanoseconds(out, entry.timestamp);
    out.extend_from_slice(b",\"labels\":");
    put_labels(out, &entry.labels);
    out.push(b'}');
}

fn put_legacy_dropped(out: &mut Vec<u8>, entry: &Dropped) {
    out.extend_from_slice(b"{\"Timestamp\":");
    put_string(out, &entry.timestamp.to_string());
    out.extend_from_slice(b",\"Labels\":");
    put_string(out, &entry.labels.to_string());
    out.push(b'}');
}
