//! Tails container logs and ships them: receivers, operators, processors, exporters.
//!
//! Invariants:
//! * A read offset is committed only after every exporter of every pipeline has had the record acknowledged, or the
//!   record was dropped and counted with a reason.
//! * Nothing is read beyond the byte budget: back-pressure is not reading.
//! * The tailer's core knows no clock and no disk; drivers hand both in.

mod batch;
mod collector;
mod delivery;
mod exporters;
pub mod file_log;
mod http;
mod kubernetes;
mod limits;
mod metrics;
mod operators;
mod pipeline;
mod processors;
mod status;

pub use collector::{BuildError, Collector, RunError, StopReport, Surroundings};
pub use metrics::{Component, Dropped, KubernetesAnswer, KubernetesFailure, KubernetesWatch, Metrics, Request};
pub use status::Status;
