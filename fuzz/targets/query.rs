//! Texts of queries: none panics, and what is printed of one reads as the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use longshore_logql::{Expr, parse};

fuzz_target!(|text: &str| {
    let Ok(expr) = parse(text) else { return };
    let (printed, pretty) = (expr.to_string(), expr.pretty());
    // What constants come to is printed as a number; these two are none in the language.
    if printed.contains("NaN") || printed.contains("Inf") {
        return;
    }
    let again = parse(&printed).unwrap_or_else(|error| panic!("{printed}: {error}"));
    assert_eq!(again.to_string(), printed);
    parse(&pretty).unwrap_or_else(|error| panic!("{pretty}: {error}"));
    if let Expr::Log(expr) = expr {
        for line in [&b"{\"a\":1,\"b\":{\"c\":\"d\"}}"[..], b"a=1 b=\"c d\" 10.1.2.3", b""] {
            let _ = longshore_fuzz::process(&expr, line);
        }
    }
});
