//! Bounds of the language and its evaluation; each says what happens when it is hit.

/// Longest query, bytes; Loki's. Hit: a parse error.
pub const QUERY_BYTES_MAX: usize = 131_072;

/// Deepest nesting of expressions and label filters: whatever walks them recurses, and 200 levels take half of a
/// thread's 2 MiB in a debug build. Hit: a parse error.
pub const NESTING_MAX: usize = 200;

/// Most binary operators of a query; numbers that the parser adds up do not count. A chain of them is a tree as deep on
/// its left as the chain is long: to drop or copy one takes a frame a level, and to print it over lines blanks by the
/// square. Hit: a parse error.
pub const OPERATORS_MAX: usize = 1_000;

/// Memory of the compiled regular expressions of a query, all of its stages together, bytes: two of the largest that may
/// be, or some hundred ordinary ones. The constants of its templates have as much again, and so has each range of a
/// metric query while it is read. Hit: the query is refused.
pub const AUTOMATA_BYTES_MAX: usize = 64 << 20;

/// Expressions of a query whose searches have caches as large as `goregex` makes them. What is behind is searched for
/// with small ones, so that hundreds of expressions cannot hold gigabytes of caches.
pub const AUTOMATA_LARGE_CACHES: usize = 4;

/// Bytes of a small cache, of which an expression has two: the states of an ordinary expression fit.
pub const AUTOMATA_SMALL_CACHE_BYTES: usize = 64 << 10;

/// Searches over pages that are no plain texts, for one scan: up to twice a few megabytes each, and each reads every
/// page. Hit: the lines are tested one by one for the other filters.
pub const PAGE_SEARCHES_MAX: usize = 8;

const _: () = assert!(AUTOMATA_BYTES_MAX > longshore_goregex::limits::AUTOMATON_BYTES_MAX);

/// Bytes of names and values of labels that stages make of one line, all together: Loki takes lines of 256 KiB, nobody
/// reads more labels. Fields of nested objects carry the names of all around them, and many stages may copy a value, so
/// the line alone bounds nothing. Hit: the line is marked with `LabelsErr` and gets no more labels.
pub const LABELS_BYTES_MAX: usize = 32 << 20;

/// Most steps of one run of a template, rounds of loops included: a label of 64 KiB as a list of numbers fits. Hit: the
/// line is marked with `TemplateFormatErr`.
pub const TEMPLATE_STEPS_MAX: usize = 100_000;

/// Most bytes that one run of a template has written when it goes on: four times the longest line that Loki takes. Hit:
/// as above.
pub const TEMPLATE_BYTES_MAX: usize = 1 << 20;

/// Most bytes that the templates of one line work with, all together: arguments and results of functions, each with a
/// few bytes for its place, and what is written. The longest line that Loki takes, 64 times over. Hit: as above.
pub const TEMPLATE_WORK_BYTES_MAX: usize = 16 << 20;

/// Deepest nesting of blocks and parentheses of a template, and of these and `{{template}}` calls of a run together:
/// both recurse below a query that does, and all three fit a thread of 2 MiB in a debug build. Hit: the query is
/// refused; in a run as above.
pub const TEMPLATE_DEPTH_MAX: usize = 100;

/// Bytes of a line that a search for patterns looks at: headers and messages stand at the front. Hit: the pattern ends
/// with a hole.
pub const PATTERN_LINE_BYTES_MAX: usize = 4 << 10;

/// Words of a line that a search for patterns looks at. Hit: as above.
pub const PATTERN_WORDS_MAX: usize = 128;

/// Patterns that a search holds at once, a few kilobytes each. Hit: the half that fewer lines follow is forgotten.
pub const PATTERNS_MAX: usize = 1_000;

/// Patterns of an answer, those that most lines follow; Loki holds as many of a stream.
pub const PATTERNS_SHOWN_MAX: usize = 300;

/// Skeletons of lines whose pattern a search remembers, 16 bytes each. Hit: all are forgotten and found again.
pub const PATTERN_SKELETONS_MAX: usize = 64 << 10;
