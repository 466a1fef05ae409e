//! The plain types every crate shares: labels, entries, timestamps, durations, sizes, OpenTelemetry records,
//! and the traits at which the query engine and the store meet.
//!
//! Invariant: no I/O, no clock, no environment, no runtime. Everything here can be built in a test by hand.

mod batch;
mod duration;
mod entry;
mod labels;
pub mod otel;
mod scan;
mod size;
mod tenant;
mod timestamp;

pub use batch::{Batch, Lines, Metadata};
pub use duration::{DurationError, format_go_duration, parse_go_duration, parse_prometheus_duration};
pub use entry::{Entry, StreamEntries};
pub use labels::{Labels, quote_label_value};
pub use scan::{
    AllStreams, BatchSource, Cancellation, Columns, Direction, LineSearch, RowFilter, RowFilterCompiler, ScanError,
    ScanRequest, ScanStats, Storage, StreamSelector,
};
pub use size::{ByteSize, SizeError};
pub use tenant::{TenantError, TenantId};
pub use timestamp::{DAY_NS, SECOND_NS, TimeRange, TimestampError, TimestampNs};
