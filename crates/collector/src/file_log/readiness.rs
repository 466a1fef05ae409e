//! What decides whether a container's lines may be read yet.

use std::collections::HashSet;
use std::fmt::Debug;
use std::time::Duration;

use longshore_wire::container::PodFacts;

/// Knows whether what is needed to label a container's lines is there.
///
/// An implementation must answer from memory, at once: it is asked by the thread that reads.
pub trait Readiness: Debug + Send + Sync {
    /// How long a file waits at most.
    fn patience(&self) -> Duration;

    /// A number that changes when an answer may have.
    fn revision(&self) -> u64;

    /// Whether lines of that container may be read.
    fn is_ready(&self, facts: &PodFacts) -> bool;

    /// Hears that a file of that container has waited and is read now, whether its pod is known or not.
    fn waited(&self, facts: &PodFacts);

    /// Hears the uids of all pods that a receiver has files of.
    fn in_use(&self, receiver: &str, uids: HashSet<String>);
}
