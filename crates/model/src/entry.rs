//! One log line as it is pushed and stored.

use bytes::Bytes;

use crate::{Labels, TimestampNs};

/// One log line of a stream.
///
/// Invariant: `line` is valid UTF-8 without the line feed that ended it in its file; decoders replace invalid
/// bytes with U+FFFD on the way in. It is `Bytes` so that a whole push request shares one buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Time of the line, nanoseconds since the Unix epoch.
    pub timestamp: TimestampNs,
    /// The text, see the invariant.
    pub line: Bytes,
    /// Structured metadata: labels of this entry alone, not of its stream.
    pub structured_metadata: Labels,
}

/// Entries of one stream, in the order in which they were pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamEntries {
    /// The labels that name the stream.
    pub labels: Labels,
    /// Its entries; any order of time.
    pub entries: Vec<Entry>,
}
