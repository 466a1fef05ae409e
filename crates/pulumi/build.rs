//! Compiles Longshore's part of Pulumi's protocol. No protoc is needed: protox is the compiler.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let files = ["proto/language.proto", "proto/engine.proto", "proto/resource.proto"];
    let descriptors = protox::compile(files, ["proto"])?;
    // The map types keep their keys in order, so that equal requests are equal bytes.
    tonic_prost_build::configure().btree_map(".").compile_fds(descriptors)?;
    Ok(())
}
