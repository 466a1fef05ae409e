//! End to end: real programs, real files, every line counted; and the rules the repository holds itself to.
//!
//! One binary, so that it links once. Whoever adds a test adds a file below `logging/` or `architecture/`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod architecture;
