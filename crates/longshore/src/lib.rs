//! The longshore program.
