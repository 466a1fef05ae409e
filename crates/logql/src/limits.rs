//! Bounds of the language and its evaluation; each says what happens when it is hit.

/// Longest query, bytes; Loki's. Hit: a parse error.
pub const QUERY_BYTES_MAX: usize = 131_072;

/// Deepest nesting of expressions and label filters: the parser recurses, 200 levels fit a thread of 2 MiB in a
/// debug build. Hit: a parse error.
pub const NESTING_MAX: usize = 200;

/// Most steps of one run of a template, rounds of loops included: a label of 64 KiB as a list of numbers fits. Hit: the
/// line is marked with `TemplateFormatErr`.
pub const TEMPLATE_STEPS_MAX: usize = 100_000;

/// Most bytes that one run of a template makes, about: four times the longest line that Loki takes. Hit: as above.
pub const TEMPLATE_BYTES_MAX: usize = 1 << 20;

/// Deepest nesting of `{{template}}` calls; a run recurses, and every call may nest blocks. Hit: as above.
pub const TEMPLATE_CALLS_MAX: usize = 20;
