//! The known word nearest to an unknown one.

use crate::limits::HINT_DISTANCE_SHARE;

/// The known word that needs the fewest changes, if they are few for its length.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let bare = |text: &str| text.replace(['_', '-'], "").to_ascii_lowercase();
    let word = bare(word);
    known
        .into_iter()
        .map(|candidate| (distance(&word, &bare(candidate)), candidate))
        .filter(|(changes, candidate)| *changes <= (candidate.len() / HINT_DISTANCE_SHARE).max(1))
        .min_by_key(|(changes, _)| *changes)
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions, replacements and swaps of neighbours between two words.
fn distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let width = right.len() + 1;
    let mut rows: Vec<Vec<usize>> = vec![(0..width).collect()];
    for i in 1..=left.len() {
        let mut row = vec![i; width];
        for j in 1..width {
            let cost = usize::from(left[i - 1] != right[j - 1]);
            row[j] = (rows[i - 1][j] + 1).min(row[j - 1] + 1).min(rows[i - 1][j - 1] + cost);
            let swapped = i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1];
            if swapped {
                row[j] = row[j].min(rows[i - 2][j - 2] + 1);
            }
        }
        rows.push(row);
    }
    rows[left.len()][width - 1]
}
