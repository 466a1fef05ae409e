//! Entry point: everything is in the library so that tests can call it.

fn main() {}
