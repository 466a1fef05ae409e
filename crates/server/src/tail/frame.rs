//! The text frames of a live tail.

use crate::json::{put_labels, put_list, put_nanoseconds, put_string};
use crate::legacy;
use crate::limits::{TAIL_FRAME_BYTES, TAIL_FRAME_ENTRIES_MAX};
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

/// Whether nothing more goes into a frame.
pub(super) fn is_full(entries: usize, line_bytes: usize) -> bool {
    entries >= TAIL_FRAME_ENTRIES_MAX || line_bytes >= TAIL_FRAME_BYTES
}

/// Cuts rows into those of a frame each.
pub(super) fn cut(rows: &[Row]) -> Vec<&[Row]> {
    let mut frames = Vec::new();
    let (mut rest, mut entries, mut bytes) = (rows, 0, 0);
    for row in rows {
        entries += 1;
        bytes += row.line.len();
        if is_full(entries, bytes) {
            let (frame, after) = rest.split_at(entries);
            frames.push(frame);
            (rest, entries, bytes) = (after, 0, 0);
        }
    }
    if !rest.is_empty() {
        frames.push(rest);
    }
    frames
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

#[cfg(test)]
mod tests {
    use longshore_logql::ResultLabels;
    use longshore_model::{Labels, TimestampNs};

    use super::*;

    #[test]
    fn frames_end_after_so_many_entries_or_bytes() {
        let check = |lines: &[(usize, usize)], expected: &[usize]| {
            let row = |bytes: usize| Row {
                labels: ResultLabels {
                    stream: Labels::empty(),
                    structured_metadata: Labels::empty(),
                    parsed: Labels::empty(),
                },
                timestamp: TimestampNs(0),
                line: vec![b'x'; bytes].into(),
            };
            let rows: Vec<Row> = lines
                .iter()
                .flat_map(|&(count, bytes)| std::iter::repeat_n(row(bytes), count))
                .collect();
            let frames = cut(&rows);
            assert_eq!(frames.iter().map(|frame| frame.len()).collect::<Vec<_>>(), expected);
            assert!(frames.concat() == rows);
        };
        check(&[], &[]);
        check(&[(TAIL_FRAME_ENTRIES_MAX, 1)], &[TAIL_FRAME_ENTRIES_MAX]);
        check(&[(TAIL_FRAME_ENTRIES_MAX + 2, 0)], &[TAIL_FRAME_ENTRIES_MAX, 2]);
        check(&[(3, TAIL_FRAME_BYTES / 2), (1, TAIL_FRAME_BYTES), (1, 1)], &[2, 2, 1]);
    }
}
