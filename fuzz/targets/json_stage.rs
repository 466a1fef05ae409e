//! Lines of JSON: reading only what a query needs gives what reading everything gives.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|line: &str| {
    longshore_fuzz::assert_needed_is_same("json", line.as_bytes());
    for query in [r#"{app="x"} | json a="b.c", d="e[1]""#, r#"{app="x"} | unpack"#] {
        let _ = longshore_fuzz::process(&longshore_fuzz::log_expr(query), line.as_bytes());
    }
    if matches!(serde_json::from_str(line), Ok(serde_json::Value::Object(_))) {
        let read = longshore_fuzz::process(&longshore_fuzz::log_expr(r#"{app="x"} | json"#), line.as_bytes());
        let error = read.and_then(|read| Some(read.labels.parsed.get("__error__")?.to_owned()));
        // A key of the line may come to be called `__error__`.
        assert_ne!(error.as_deref(), Some("JSONParserErr"), "an object is refused: {line}");
    }
});
