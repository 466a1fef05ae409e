//! OTLP's logs: the export request as protobuf and JSON, and the small messages that answer it.
//!
//! Records of one resource and scope become one [`ResourceLogs`]; the resource is shared between its scopes.
//!
//! Source: opentelemetry-proto 1.x, `collector/logs/v1/logs_service.proto`; OTLP specification 1.x, "OTLP/HTTP".

mod decode;
mod encode;
mod json;
mod response;

use thiserror::Error;

pub use decode::decode_protobuf;
pub use encode::encode_protobuf;
pub use json::decode_json;
pub use response::{PartialSuccess, decode_partial_success, encode_partial_success, encode_status};

use crate::protobuf::ProtobufError;

/// Content type of protobuf requests.
pub const PROTOBUF_CONTENT_TYPE: &str = "application/x-protobuf";

/// Why an export request cannot be read. The client is at fault, and a repetition would fail the same way.
#[derive(Debug, Error)]
pub enum DecodeError {
    /// Not the protobuf message.
    #[error(transparent)]
    Protobuf(#[from] ProtobufError),
    /// Not the JSON document.
    #[error("cannot read the JSON of the export request")]
    Json(#[source] serde_json::Error),
}

#[cfg(test)]
mod tests;
