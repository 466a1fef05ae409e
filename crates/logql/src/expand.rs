//! Matches of regular expressions replaced, as Go's `Regexp` does it.

use std::ops::Range;

use longshore_goregex::{Captures, Regex};

/// Every match that does not overlap one before it. An empty match right after a match does not count.
pub(crate) fn matches(regex: &Regex, text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    each_match(regex, text, |range| found.push(range));
    found
}

fn each_match(regex: &Regex, text: &str, mut take: impl FnMut(Range<usize>)) {
    let mut from = 0;
    let mut last_end = None;
    while from <= text.len() {
        let Some(range) = regex.find(text.as_bytes(), from) else {
            return;
        };
        let (empty, end) = (range.is_empty(), range.end);
        if !empty || last_end != Some(range.start) {
            take(range);
            last_end = Some(end);
        }
        // After an empty match the search goes on behind the next character.
        from = if empty {
            end + text[end..].chars().next().map_or(1, char::len_utf8)
        } else {
            end
        };
    }
}

/// Replaces every match by a template with `$1` and `${name}`.
pub(crate) fn replace_all(regex: &Regex, text: &str, template: &str) -> String {
    replace(regex, text, |range| {
        match regex.captures(text.as_bytes(), range.start) {
            Some(captures) => expand(template, text, regex, &captures),
            None => String::new(),
        }
    })
}

/// Replaces every match by a text as it is.
pub(crate) fn replace_all_literal(regex: &Regex, text: &str, replacement: &str) -> String {
    replace(regex, text, |_| replacement.to_owned())
}

fn replace(regex: &Regex, text: &str, replacement: impl Fn(&Range<usize>) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    each_match(regex, text, |range| {
        out.push_str(&text[from..range.start]);
        out.push_str(&replacement(&range));
        from = range.end;
    });
    out.push_str(&text[from..]);
    out
}

/// Puts groups in the places of `$1`, `${1}`, `$name`, as Go's `Regexp.Expand`; `$$` is a dollar.
pub(crate) fn expand(template: &str, value: &str, regex: &Regex, captures: &Captures) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some(at) = rest.find('$') {
        text.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            text.push('$');
            rest = after;
            continue;
        }
        let braced = rest.strip_prefix('{').and_then(|body| body.split_once('}'));
        let (name, after) = braced.unwrap_or_else(|| {
            let end = rest
                .find(|c: char| c != '_' && !c.is_alphanumeric())
                .unwrap_or(rest.len());
            rest.split_at(end)
        });
        if name.is_empty() {
            text.push('$');
            continue;
        }
        let index = name
            .parse::<usize>()
            .ok()
            .or_else(|| regex.capture_names().position(|group| group == Some(name)));
        if let Some(range) = index.and_then(|index| captures.get(index)) {
            text.push_str(value.get(range).unwrap_or(""));
        }
        rest = after;
    }
    text.push_str(rest);
    text
}
