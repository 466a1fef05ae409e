//! Lines of logfmt: reading only what a query needs gives what reading everything gives.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|line: &str| {
    for stage in ["logfmt", "logfmt --keep-empty", "logfmt --strict"] {
        longshore_fuzz::assert_needed_is_same(stage, line.as_bytes());
    }
    let query = r#"{app="x"} | logfmt a="b", c"#;
    let _ = longshore_fuzz::process(&longshore_fuzz::log_expr(query), line.as_bytes());
});
