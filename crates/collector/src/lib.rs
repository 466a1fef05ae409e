//! Tails container logs and ships them: receivers, operators, processors, exporters.
//!
//! Invariants:
//! * A read offset is committed only after every exporter of every pipeline has had the record acknowledged, or the
//!   record was dropped and counted with a reason.
//! * Nothing is read beyond the byte budget: back-pressure is not reading.
//! * The tailer's core knows no clock and no disk; drivers hand both in.

mod collector;
mod metrics;

pub use collector::{BuildError, Collector, RunError, Status, StopReport, Surroundings};
pub use metrics::Metrics;
