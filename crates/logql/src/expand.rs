//! Matches of regular expressions replaced, as Go's `Regexp` does it.

use std::fmt::{Result as Written, Write};
use std::ops::Range;

use longshore_goregex::{Captures, Regex};

/// Number of matches that do not overlap one before them. An empty match right after a match does not count.
pub(crate) fn count_matches(regex: &Regex, text: &str) -> i64 {
    let mut count = 0;
    let counted = each_match(regex, text, |_| {
        count += 1;
        Ok(())
    });
    debug_assert!(counted.is_ok(), "counting fails never");
    count
}

fn each_match(regex: &Regex, text: &str, mut take: impl FnMut(Range<usize>) -> Written) -> Written {
    let mut from = 0;
    let mut last_end = None;
    while from <= text.len() {
        let Some(range) = regex.find(text.as_bytes(), from) else {
            return Ok(());
        };
        let (empty, end) = (range.is_empty(), range.end);
        if !empty || last_end != Some(range.start) {
            take(range)?;
            last_end = Some(end);
        }
        // After an empty match the search goes on behind the next character.
        from = if empty {
            end + text[end..].chars().next().map_or(1, char::len_utf8)
        } else {
            end
        };
    }
    Ok(())
}

/// Replaces every match by a template with `$1` and `${name}`.
pub(crate) fn replace_all(regex: &Regex, text: &str, template: &str, out: &mut impl Write) -> Written {
    let mut from = 0;
    each_match(regex, text, |range| {
        out.write_str(&text[from..range.start])?;
        from = range.end;
        match regex.captures(text.as_bytes(), range.start) {
            Some(captures) => expand(template, text, regex, &captures, out),
            None => Ok(()),
        }
    })?;
    out.write_str(&text[from..])
}

/// Replaces every match by a text as it is.
pub(crate) fn replace_all_literal(regex: &Regex, text: &str, replacement: &str, out: &mut impl Write) -> Written {
    let mut from = 0;
    each_match(regex, text, |range| {
        out.write_str(&text[from..range.start])?;
        from = range.end;
        out.write_str(replacement)
    })?;
    out.write_str(&text[from..])
}

/// Puts groups in the places of `$1`, `${1}`, `$name`, as Go's `Regexp.Expand`; `$$` is a dollar.
pub(crate) fn expand(template: &str, value: &str, regex: &Regex, captures: &Captures, out: &mut impl Write) -> Written {
    let mut rest = template;
    while let Some(at) = rest.find('$') {
        out.write_str(&rest[..at])?;
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.write_str("$")?;
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
            out.write_str("$")?;
            continue;
        }
        let index = name
            .parse::<usize>()
            .ok()
            .or_else(|| regex.capture_names().position(|group| group == Some(name)));
        if let Some(range) = index.and_then(|index| captures.get(index)) {
            out.write_str(value.get(range).unwrap_or(""))?;
        }
        rest = after;
    }
    out.write_str(rest)
}
