//! Measures the programs: a corpus, its pushing, the collector's reading, queries, and the table of it all.

pub mod corpus;
pub mod push;
