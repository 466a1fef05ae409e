//! Queries and their printed forms, or the texts of their mistakes.

use longshore_logql::{Expr, parse};
use serde_json::Value;

use super::{Outcome, cases, outcome};

pub(super) fn run(document: &Value) -> Vec<Outcome> {
    cases(document)
        .iter()
        .map(|case| outcome(case, "query", difference(case)))
        .collect()
}

fn difference(case: &Value) -> Option<String> {
    let query = case["query"].as_str().unwrap_or("");
    if let Some(error) = case["error"].as_str() {
        return match parse(query) {
            Ok(_) => Some(format!("is accepted; expected: {error}")),
            Err(mistake) => {
                let text = mistake.to_string();
                (without_column(&text) != without_column(error)).then(|| format!("{text}; expected: {error}"))
            }
        };
    }
    let expr = match parse(query) {
        Ok(expr) => expr,
        Err(mistake) => return Some(mistake.to_string()),
    };
    let kind = match expr {
        Expr::Log(_) => "log",
        Expr::Sample(_) => "metric",
    };
    if case["kind"] != kind {
        return Some(format!("is a {kind} query"));
    }
    let canonical = case["string"].as_str().unwrap_or("");
    let pretty = case["pretty"].as_str().unwrap_or(canonical);
    for (what, ours, theirs) in [
        ("prints", expr.to_string(), canonical),
        ("pretty", expr.pretty(), pretty),
    ] {
        if ours != theirs {
            return Some(format!("{what} as {ours}; expected: {theirs}"));
        }
    }
    None
}

/// What differs of the pretty form that a server gives, or of the text of its refusal.
pub(super) fn difference_of_format(case: &Value, formatted: Result<String, String>) -> Option<String> {
    let canonical = case["string"].as_str().unwrap_or("");
    let pretty = case["pretty"].as_str().unwrap_or(canonical);
    match (formatted, case["error"].as_str()) {
        (Ok(_), Some(error)) => Some(format!("is accepted; expected: {error}")),
        (Ok(text), None) => (text != pretty).then(|| format!("pretty as {text}; expected: {pretty}")),
        (Err(text), None) => Some(text),
        (Err(text), Some(error)) => {
            let told = serde_json::from_str::<Value>(&text).ok();
            let told = told
                .and_then(|body| Some(body["error"].as_str()?.to_owned()))
                .unwrap_or(text);
            (without_column(&told) != without_column(error)).then(|| format!("{told}; expected: {error}"))
        }
    }
}

/// Columns of generated parsers differ by where they look ahead, so they are not compared.
fn without_column(text: &str) -> String {
    let Some((before, after)) = text.split_once(", col ") else {
        return text.to_owned();
    };
    format!("{before}{}", after.trim_start_matches(|c: char| c.is_ascii_digit()))
}
