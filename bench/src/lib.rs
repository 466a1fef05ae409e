//! Measures the programs: a corpus, its pushing, the collector's reading, queries, and the table of it all.
//!
//! Invariant: every figure is per CPU-second of the measured process (user and system time of all its threads), so
//! that it holds on a busy machine; wall times are given beside it where a person waits for them.

pub mod collecting;
pub mod corpus;
pub mod push;
pub mod querying;
pub mod report;
pub mod stored;
pub mod storing;
