//! Bodies of Loki's push as JSON: none panics, and what was read survives the other encoding.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use longshore_wire::loki_push::{Encoder, decode_json, decode_protobuf};

fuzz_target!(|body: &[u8]| {
    let Ok(streams) = decode_json(&Bytes::copy_from_slice(body)) else { return };
    let mut encoder = Encoder::new();
    let block = encoder.encode(&streams).to_vec();
    // Names that JSON may carry are not all names in the text form of labels.
    if let Ok(again) = decode_protobuf(&block, 64 << 20) {
        assert_eq!(again, streams);
    }
});
