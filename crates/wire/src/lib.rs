//! Bytes to model and back: container log lines, Loki's push, OTLP; and what both protocols give to a line on its way
//! in: labels, service, level, fields that go by several names.
//!
//! Invariant: pure. No I/O, no clock, no environment, no runtime; the moment and the limits are arguments. No input
//! makes a decoder panic or take more memory than its limits allow.

pub mod container;
pub mod generic_fields;
pub mod level;
mod limits;
pub mod loki_push;
pub mod otel_labels;
pub mod otlp;
mod protobuf;
pub mod service_name;
mod text;

pub use protobuf::ProtobufError;
