//! Bounds of the language and its evaluation; each says what happens when it is hit.

/// Longest query, bytes; Loki's. Hit: a parse error.
pub const QUERY_BYTES_MAX: usize = 131_072;

/// Deepest nesting of expressions and label filters: the parser recurses, 200 levels fit a thread of 2 MiB in a
/// debug build. Hit: a parse error.
pub const NESTING_MAX: usize = 200;
