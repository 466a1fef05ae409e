//! From the tree to typed settings, with every problem collected.
//!
//! A [`Section`] reads the keys of one map. Each key that is read is thereby known (so unknown ones are found without
//! a second list) and written, with its default where it is not given, to the effective configuration.

mod hint;
mod report;
mod section;
mod values;

#[cfg(test)]
mod tests;

pub(crate) use hint::nearest;
pub(crate) use report::Report;
pub(crate) use section::Section;
pub(crate) use values::{Wrong, join_path};
