//! Bounds on regular expressions; each says what happens when it is hit.

/// Largest count in `x{n,m}`, also for nested repetitions multiplied; Go's own limit. Hit: `invalid repeat count`.
pub const REPEAT_COUNT_MAX: u32 = 1000;

/// Deepest nesting of groups. Go allows 1000; the compiler below recurses, and 250 is what fits a thread of 2 MiB in
/// a debug build with room to spare. Hit: `expression nests too deeply`.
pub const NESTING_MAX: usize = 250;

/// Memory of a compiled automaton, bytes; three times the `regex` crate's default, because `\pL{100}` is legal in Go.
/// Hit: `expression too large`.
pub const AUTOMATON_BYTES_MAX: usize = 32 << 20;

/// Memory of each cache that the searches of a thread fill, bytes; the `regex` crate's default. Hit: the cache is
/// emptied, and if that happens too often the search goes on without.
pub const CACHE_BYTES_MAX: usize = 2 << 20;

/// Memory of a compiled automaton that searches pages, bytes: a larger one does not pay. Hit: no page search is offered
/// and lines are tested one by one.
pub const PAGE_AUTOMATON_BYTES_MAX: usize = 4 << 20;

/// Most literals told of an expression: one is searched for, a few leave out pages. Hit: the ones behind are not told.
pub const REQUIRED_LITERALS_MAX: usize = 64;

/// Longest match that a page search looks for, bytes: each candidate costs at most this much, so that a search over
/// a page stays linear. Hit: no page search is offered and lines are tested one by one.
pub const PAGE_MATCH_BYTES_MAX: usize = 1024;

const _: () = assert!(REPEAT_COUNT_MAX as usize <= AUTOMATON_BYTES_MAX);
