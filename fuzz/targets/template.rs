//! Texts of templates: none panics, runs on, or grows.

#![no_main]

use libfuzzer_sys::fuzz_target;
use longshore_logql::ast::StageKind;

fuzz_target!(|text: &str| {
    let mut expr = longshore_fuzz::log_expr(r#"{app="x"} | logfmt | line_format "" "#);
    expr.stages[1].kind = StageKind::LineFormat(text.to_owned());
    let _ = longshore_fuzz::process(&expr, b"a=1 b=text c=[1,2] d=2m e=");
});
