//! The level of a line: found or not, never a panic.

#![no_main]

use libfuzzer_sys::fuzz_target;
use longshore_model::Labels;
use longshore_wire::level::LevelFields;

fuzz_target!(|line: &[u8]| {
    let _ = LevelFields::default().detect(None, &Labels::empty(), line);
});
