//! The two configuration dialects: OpenTelemetry Collector's and Loki's YAML, read into plain settings.
//!
//! Invariants:
//! * No I/O, clock or environment: the caller hands in the text and a function that looks up variables.
//! * All problems of a file are reported at once, each with file, line, key and what to write instead.
//! * Unknown keys are refused. What upstream knows and we do differently is a warning, once per place.
//! * The effective configuration, loaded again, gives the same settings and no warning.

mod decode;
mod dialect;
mod finding;
mod limits;
pub mod loki;
pub mod otel;
mod secret;
mod yaml;

#[cfg(test)]
mod tests;

pub use dialect::Dialect;
pub use finding::{ConfigErrors, Finding};
pub use secret::Secret;
pub use yaml::yaml_difference;

/// Looks up an environment variable; `None` when it is not set.
pub type Env<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// A configuration that was read whole.
#[derive(Debug, Clone)]
pub struct Loaded<T> {
    /// The validated settings.
    pub settings: T,
    /// Departures from upstream and other remarks, in the order of the file. Print each one.
    pub warnings: Vec<Finding>,
    /// The configuration as it acts: defaults filled in, names canonical, secrets hidden. YAML.
    pub effective_yaml: String,
}
