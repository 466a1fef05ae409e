//! Pulumi programs in Rust.
