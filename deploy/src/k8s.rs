//! Registration with Pulumi: the thin layer over the objects.

pub mod logging;
