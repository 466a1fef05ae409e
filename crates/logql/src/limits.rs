//! Bounds of the language and its evaluation; each says what happens when it is hit.

/// Longest query, bytes; Loki's. Hit: a parse error.
pub const QUERY_BYTES_MAX: usize = 131_072;

/// Deepest nesting of expressions and label filters: the parser recurses, 200 levels fit a thread of 2 MiB in a
/// debug build. Hit: a parse error.
pub const NESTING_MAX: usize = 200;

/// Most values that one range aggregation holds at once, series times steps: 16 Mi of 16 bytes are 256 MiB. Hit: the
/// query fails with the text for too many series.
pub const RANGE_VALUES_MAX: usize = 16 << 20;

/// Most samples of unwrapped labels that a query holds at once: 16 Mi of 16 bytes are 256 MiB. Hit: as above.
pub const UNWRAPPED_SAMPLES_MAX: usize = 16 << 20;

/// Most steps of one run of a template, rounds of loops included: a label of 64 KiB as a list of numbers fits. Hit: the
/// line is marked with `TemplateFormatErr`.
pub const TEMPLATE_STEPS_MAX: usize = 100_000;

/// Most bytes that one run of a template makes, about: four times the longest line that Loki takes. Hit: as above.
pub const TEMPLATE_BYTES_MAX: usize = 1 << 20;

/// Deepest nesting of `{{template}}` calls; a run recurses, and every call may nest blocks. Hit: as above.
pub const TEMPLATE_CALLS_MAX: usize = 20;
