//! Longshore's part of Pulumi's protocol, as built from `proto/*.proto`; every message is described there.

#![allow(missing_docs, reason = "generated; the .proto files say what each message is")]
#![allow(
    clippy::all,
    clippy::allow_attributes_without_reason,
    clippy::too_many_lines,
    reason = "generated"
)]

tonic::include_proto!("pulumirpc");
