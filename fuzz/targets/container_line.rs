//! Lines of container runtimes: none panics, and what was found lies in the line.

#![no_main]

use libfuzzer_sys::fuzz_target;
use longshore_wire::container::{ContainerDialect, facts_from_path, scan, scan_cri};

fuzz_target!(|line: &[u8]| {
    let _ = scan(line, ContainerDialect::Docker);
    if let Some(found) = scan_cri(line) {
        assert!(line.ends_with(&found.content));
    }
    if let Ok(path) = std::str::from_utf8(line) {
        let _ = facts_from_path(path);
    }
});
