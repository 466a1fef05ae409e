//! OTLP logs as protobuf: none panics, and what was read is written as the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use longshore_model::TimestampNs;
use longshore_wire::{otel_labels, otlp};

fuzz_target!(|message: &[u8]| {
    let Ok(logs) = otlp::decode_protobuf(message) else { return };
    let mut again = Vec::new();
    otlp::encode_protobuf(&logs, &mut again);
    // NaN is not equal to itself, so the bytes are compared.
    let mut third = Vec::new();
    otlp::encode_protobuf(&otlp::decode_protobuf(&again).expect("ours reads"), &mut third);
    assert_eq!(third, again);
    for logs in logs {
        let _ = otel_labels::stream_entries(logs, TimestampNs(0));
    }
});
