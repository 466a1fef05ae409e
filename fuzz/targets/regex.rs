//! Regular expressions in Go's dialect: what is accepted ends, and no short cut around an expression contradicts it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use longshore_goregex::Regex;

fuzz_target!(|input: (&str, &str)| {
    let (expression, text) = input;
    let Ok(regex) = Regex::new(expression) else { return };
    let bytes = text.as_bytes();
    let matches = regex.is_match(bytes);
    assert_eq!(regex.find(bytes, 0).is_some(), matches);
    if let Some(literal) = regex.as_literal() {
        assert_eq!(memchr::memmem::find(bytes, literal).is_some(), matches, "{expression} is no plain text");
    }
    if matches {
        for literal in regex.required_literals() {
            assert!(memchr::memmem::find(bytes, literal).is_some(), "{expression} does not need {literal:?}");
        }
        if let Some(search) = regex.page_search() {
            // Lines lie end to end in a page.
            let page = format!("line before{text}line behind");
            let end = "line before".len() + text.len();
            let hit = search.find(page.as_bytes(), 0);
            let mut from = 0;
            let mut inside = false;
            while let Some(at) = search.find(page.as_bytes(), from).filter(|at| *at <= end) {
                inside |= at >= "line before".len();
                from = at + 1;
                if inside || from > page.len() {
                    break;
                }
            }
            assert!(hit.is_some() && inside, "{expression}: the page search misses {text:?}");
        }
    }
    if let Ok(whole) = Regex::anchored(expression)
        && whole.is_match(bytes)
        && !expression.contains('.')
    {
        assert!(matches, "{expression} matches all of {text:?} and no part of it");
    }
});
