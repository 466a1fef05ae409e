//! Limits of this crate.

/// Nesting of maps and lists in a file. Configurations stay below 20; the parser recurses once a level.
pub(crate) const NESTING_MAX: usize = 64;

/// Values that aliases may repeat in a file, all together: stops a few lines from becoming gigabytes.
pub(crate) const ALIAS_NODES_MAX: usize = 100_000;

/// Variables that may be put in for one value; upstream's limit, against values that name themselves.
pub(crate) const EXPANSIONS_PER_VALUE_MAX: usize = 100;

/// Longest text of a value in a message, in characters: longer ones are cut.
pub(crate) const QUOTED_VALUE_CHARACTERS_MAX: usize = 80;

/// Differences between an unknown key and a known one up to which the known one is offered, as a share of its length.
pub(crate) const HINT_DISTANCE_SHARE: usize = 3;

/// Known keys that a message about an unknown one lists: more are not read by anybody.
pub(crate) const KNOWN_KEYS_LISTED_MAX: usize = 20;
