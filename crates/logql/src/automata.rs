//! The regular expressions of a query, each compiled once, together within a bound.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use longshore_goregex::limits::{AUTOMATON_BYTES_MAX, CACHE_BYTES_MAX};
use longshore_goregex::{Error, ErrorKind, Regex, Size};
use longshore_model::ByteSize;

use crate::limits::{AUTOMATA_BYTES_MAX, AUTOMATA_LARGE_CACHES, AUTOMATA_SMALL_CACHE_BYTES};

/// Expressions compiled so far, and what is left for more.
#[derive(Debug)]
pub(crate) struct Automata {
    left_bytes: usize,
    compiled: HashMap<(Box<str>, Place), Regex>,
}

/// Where in a text an expression must match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    /// Anywhere.
    Anywhere,
    /// From its first byte to its last.
    Whole,
}

/// Why an expression is not compiled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AutomataError {
    /// It is none, or alone too large.
    #[error(transparent)]
    Regex(Error),
    /// It and the others are too large together.
    #[error("the regular expressions of a query may take {0} together: use fewer or simpler ones")]
    Together(ByteSize),
}

impl AutomataError {
    /// Whether it is a bound that was hit, and not a mistake of the expression.
    pub(crate) fn is_too_large(&self) -> bool {
        match self {
            Self::Regex(error) => error.kind == ErrorKind::Large,
            Self::Together(_) => true,
        }
    }
}

impl Default for Automata {
    fn default() -> Self {
        Self {
            left_bytes: AUTOMATA_BYTES_MAX,
            compiled: HashMap::new(),
        }
    }
}

impl Automata {
    /// The expression compiled.
    pub(crate) fn regex(&mut self, expression: &str, place: Place) -> Result<Regex, AutomataError> {
        // Few expressions of ordinary queries, so these search as fast as can be.
        let cache_bytes_max = match self.compiled.len() {
            0..AUTOMATA_LARGE_CACHES => CACHE_BYTES_MAX,
            _ => AUTOMATA_SMALL_CACHE_BYTES,
        };
        let vacant = match self.compiled.entry((expression.into(), place)) {
            Entry::Occupied(known) => return Ok(known.get().clone()),
            Entry::Vacant(vacant) => vacant,
        };
        let together = || AutomataError::Together(ByteSize(AUTOMATA_BYTES_MAX as u64));
        // One cache for the search for a match's end, one for its start.
        let left_bytes = self.left_bytes.checked_sub(2 * cache_bytes_max).ok_or_else(together)?;
        let size = Size {
            automaton_bytes_max: left_bytes.min(AUTOMATON_BYTES_MAX),
            cache_bytes_max,
        };
        let compiled = match place {
            Place::Anywhere => Regex::sized(expression, size),
            Place::Whole => Regex::anchored_sized(expression, size),
        };
        let regex = compiled.map_err(|error| match error.kind {
            ErrorKind::Large if left_bytes < AUTOMATON_BYTES_MAX => together(),
            _ => AutomataError::Regex(error),
        })?;
        self.left_bytes = left_bytes.checked_sub(regex.memory_bytes()).ok_or_else(together)?;
        Ok(vacant.insert(regex).clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_expression_is_compiled_once() {
        let mut automata = Automata::default();
        let first = automata.regex("a+", Place::Anywhere).unwrap();
        let left_bytes = automata.left_bytes;
        assert_eq!(automata.regex("a+", Place::Anywhere), Ok(first));
        assert_eq!(automata.left_bytes, left_bytes);
        let whole = automata.regex("a+", Place::Whole).unwrap();
        assert!(automata.left_bytes < left_bytes && !whole.is_match(b"ba"));
    }

    #[test]
    fn many_expressions_fit_unless_they_are_large() {
        let compiled = |expression: fn(usize) -> String| {
            let mut automata = Automata::default();
            (0..10_000)
                .take_while(|&number| automata.regex(&expression(number), Place::Anywhere).is_ok())
                .count()
        };
        let small = compiled(|number| format!("code[0-9]*{number}"));
        assert!((300..1000).contains(&small), "{small}");
        let large = compiled(|number| format!(r"\pL{{100}}{number}"));
        assert!((4..12).contains(&large), "{large}");
    }

    #[test]
    fn what_is_told_is_which_bound_was_hit() {
        let mut automata = Automata::default();
        let alone = automata.regex(r"\pL{1000}", Place::Anywhere).unwrap_err();
        assert_eq!(
            alone.to_string(),
            r"error parsing regexp: expression too large: `\pL{1000}`"
        );
        let full = (1..1000).find_map(|number| automata.regex(&format!("[a-z]+{number}"), Place::Whole).err());
        assert_eq!(
            full.unwrap().to_string(),
            "the regular expressions of a query may take 64MiB together: use fewer or simpler ones"
        );
    }
}
