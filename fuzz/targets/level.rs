//! The level of a line: found or not, never a panic.

#![no_main]

use libfuzzer_sys::fuzz_target;
use longshore_wire::level;

fuzz_target!(|line: &[u8]| {
    let _ = level::of_line(line);
});
