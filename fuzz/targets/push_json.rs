//! Bodies of Loki's push as JSON: none panics, and what was read survives the other encoding.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use longshore_wire::loki_push::{Encoder, decode_json, decode_protobuf};

fuzz_target!(|body: &[u8]| {
    let Ok(streams) = decode_json(&Bytes::copy_from_slice(body)) else { return };
    // Names that JSON may carry are not all names in the text form of labels; the server refuses them later.
    let is_name = |name: &str| {
        let is_word = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        is_word && !name.starts_with(|first: char| first.is_ascii_digit())
    };
    if !streams.iter().all(|stream| stream.labels.iter().all(|(name, _)| is_name(name))) {
        return;
    }
    let mut encoder = Encoder::new();
    let block = encoder.encode(&streams).to_vec();
    if let Ok(again) = decode_protobuf(&block, 64 << 20) {
        assert_eq!(again, streams);
    }
});
