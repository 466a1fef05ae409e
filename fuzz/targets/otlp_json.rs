//! OTLP logs as JSON: none panics, and what was read survives the other encoding.

#![no_main]

use libfuzzer_sys::fuzz_target;
use longshore_model::TimestampNs;
use longshore_wire::{otel_labels, otlp};

fuzz_target!(|body: &[u8]| {
    let Ok(logs) = otlp::decode_json(body) else { return };
    let mut message = Vec::new();
    otlp::encode_protobuf(&logs, &mut message);
    assert_eq!(otlp::decode_protobuf(&message).expect("ours reads"), logs);
    for logs in logs {
        let _ = otel_labels::stream_entries(logs, TimestampNs(0));
    }
});
