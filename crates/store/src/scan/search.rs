//! Searching many lines that lie end to end as one buffer.

use std::ops::Range;
use std::sync::Arc;

use longshore_model::{LineSearch, Lines};

/// A batch shares the buffer its lines lie in if they are at least this share of it (one over that), else they are
/// copied: a few hits that the engine keeps must not keep whole pages in memory.
const SHARE_AT_LEAST_ONE_IN: usize = 4;

/// The rows in which a search may hit, going from hit to hit, not from row to row. `span` ascends with the rows.
pub(super) fn find_hits(
    text: &[u8],
    span: impl Fn(usize) -> (u32, u32),
    rows: Range<usize>,
    search: &dyn LineSearch,
) -> Vec<usize> {
    let mut found = Vec::new();
    let Some(last) = rows.clone().last() else {
        return found;
    };
    let span = |row| {
        let (start, end) = span(row);
        (start as usize, end as usize)
    };
    // Nothing after the last wanted line is searched.
    let text = &text[..span(last).1];
    let mut row = rows.start;
    while row < rows.end {
        let Some(hit) = search.find(text, span(row).0) else {
            break;
        };
        row = first_from(row..rows.end, |row| span(row).1 >= hit);
        // Of the lines that the hit touches the empty ones before come first, then the one it lies in.
        while row < rows.end && span(row).0 <= hit {
            let (start, end) = span(row);
            if hit < end || hit == start {
                found.push(row);
            }
            row += 1;
        }
    }
    found
}

/// The first row for which `is_there` holds, which then holds for all behind; looks near the beginning first.
fn first_from(rows: Range<usize>, is_there: impl Fn(usize) -> bool) -> usize {
    let (mut from, mut step) = (rows.start, 1);
    while from + step < rows.end && !is_there(from + step - 1) {
        from += step;
        step *= 2;
    }
    let mut to = (from + step).min(rows.end);
    while from < to {
        let middle = from + (to - from) / 2;
        if is_there(middle) {
            to = middle;
        } else {
            from = middle + 1;
        }
    }
    from
}

/// Keeps the rows in which every search may hit. `rows` ascend and `span` ascends with them.
pub(super) fn retain_hits(
    text: &[u8],
    span: impl Fn(usize) -> (u32, u32),
    rows: &mut Vec<usize>,
    searches: &[Arc<dyn LineSearch>],
) {
    for search in searches {
        let Some(&last) = rows.last() else { return };
        // Nothing after the last wanted line is searched.
        let text = &text[..span(last).1 as usize];
        let mut hit = Some(0);
        let mut searched_from = None;
        rows.retain(|&row| {
            let (start, end) = span(row);
            let (start, end) = (start as usize, end as usize);
            let is_stale = hit.is_some_and(|hit| hit < start) || searched_from.is_none();
            if is_stale {
                hit = search.find(text, start);
                searched_from = Some(start);
            }
            // A hit at the start counts for an empty line too.
            hit.is_some_and(|hit| hit < end || hit == start)
        });
    }
}

/// The lines of some rows, sharing the text or copied from it.
pub(super) fn lines_of(text: bytes::Bytes, spans: Vec<(u32, u32)>) -> Lines {
    let wanted: usize = spans.iter().map(|&(start, end)| (end - start) as usize).sum();
    if wanted * SHARE_AT_LEAST_ONE_IN >= text.len() {
        Lines::new(text, spans)
    } else {
        Lines::from_lines(spans.iter().map(|&(start, end)| &text[start as usize..end as usize]))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct Literal(Vec<u8>);

    impl LineSearch for Literal {
        fn find(&self, haystack: &[u8], from: usize) -> Option<usize> {
            memchr::memmem::find(&haystack[from..], &self.0).map(|at| at + from)
        }

        fn required_literals(&self) -> &[Vec<u8>] {
            std::slice::from_ref(&self.0)
        }
    }

    proptest! {
        #[test]
        fn no_matching_line_is_lost(
            lines in proptest::collection::vec("[ab]{0,6}", 0..40),
            needles in proptest::collection::vec("[ab]{0,3}", 0..3),
            skip in proptest::collection::vec(any::<bool>(), 40),
        ) {
            let text: Vec<u8> = lines.concat().into_bytes();
            let mut ends = vec![0];
            lines.iter().for_each(|line| ends.push(ends.last().unwrap() + line.len() as u32));
            for needle in &needles {
                let span = |row| (ends[row], ends[row + 1]);
                let hits = find_hits(&text, span, 0..lines.len(), &Literal(needle.clone().into_bytes()));
                prop_assert!(hits.is_sorted_by(|a, b| a < b));
                for (row, line) in lines.iter().enumerate() {
                    prop_assert!(!line.contains(needle.as_str()) || hits.contains(&row), "row {row} for {needle}");
                }
            }
            let searches: Vec<Arc<dyn LineSearch>> =
                needles.iter().map(|needle| Arc::new(Literal(needle.clone().into_bytes())) as _).collect();
            let wanted: Vec<usize> = (0..lines.len()).filter(|&row| !skip[row]).collect();
            let mut rows = wanted.clone();
            retain_hits(&text, |row| (ends[row], ends[row + 1]), &mut rows, &searches);
            for row in wanted {
                let matches = needles.iter().all(|needle| lines[row].contains(needle.as_str()));
                prop_assert!(!matches || rows.contains(&row), "line {row} {:?} for {needles:?}", lines[row]);
            }
        }
    }
}
