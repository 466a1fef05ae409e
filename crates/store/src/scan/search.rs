//! Searching many lines that lie end to end as one buffer.

use std::sync::Arc;

use longshore_model::{LineSearch, Lines};

/// A batch shares the buffer its lines lie in if they are at least this share of it (one over that), else they are
/// copied: a few hits that the engine keeps must not keep whole pages in memory.
const SHARE_AT_LEAST_ONE_IN: usize = 4;

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
