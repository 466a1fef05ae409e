//! Bodies of Loki's push as protobuf, with and without the block of snappy around them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use longshore_wire::loki_push::{Encoder, decode_protobuf};

fuzz_target!(|message: &[u8]| {
    let _ = decode_protobuf(message, 1 << 20);
    let block = snap::raw::Encoder::new().compress_vec(message).expect("it fits");
    let Ok(streams) = decode_protobuf(&block, 64 << 20) else { return };
    let mut encoder = Encoder::new();
    let again = encoder.encode(&streams).to_vec();
    assert_eq!(decode_protobuf(&again, 64 << 20).expect("ours reads"), streams);
});
