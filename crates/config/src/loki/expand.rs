//! `${NAME}` anywhere in the text, as Loki puts variables in with `-config.expand-env`: before YAML is read.
//!
//! Whole-line comments are left alone, where Loki would refuse a brace that is no variable's name.

use crate::Env;
use crate::decode::Report;

/// Puts variables into a text. Lines stay lines, so that findings name the right ones.
pub(super) fn expand(text: &str, env: &Env<'_>, report: &Report) -> String {
    let mut out = String::with_capacity(text.len());
    for (index, line) in text.split_inclusive('\n').enumerate() {
        if line.trim_start().starts_with('#') {
            out.push_str(line);
        } else {
            expand_line(&mut out, line, index + 1, env, report);
        }
    }
    out
}

fn expand_line(out: &mut String, line: &str, number: usize, env: &Env<'_>, report: &Report) {
    let mut rest = line;
    while let Some(start) = rest.find("${") {
        let (before, reference) = rest.split_at(start);
        if let Some(escaped) = before.strip_suffix('$') {
            out.push_str(escaped);
            out.push_str("${");
            rest = &reference[2..];
            continue;
        }
        out.push_str(before);
        let Some(end) = reference.find('}') else {
            report.error(
                number,
                "",
                "'${' without '}'",
                "close the brace, or write $${ for the characters themselves",
            );
            rest = "";
            continue;
        };
        out.push_str(&look_up(&reference[2..end], number, env, report));
        rest = &reference[end + 1..];
    }
    out.push_str(rest);
}

fn look_up(inner: &str, line: usize, env: &Env<'_>, report: &Report) -> String {
    let name_end = inner
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(inner.len());
    let (name, how) = inner.split_at(name_end);
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        let fix = "write ${NAME} or ${NAME:-default}; $${ for the characters themselves";
        report.error(line, "", format!("'${{{inner}}}' names no variable"), fix);
        return String::new();
    }
    let value = env(name);
    let is_empty = value.as_deref().is_none_or(str::is_empty);
    let default = match how {
        "" => None,
        _ if how.starts_with(":-") || how.starts_with(":=") => is_empty.then(|| how[2..].to_owned()),
        _ if how.starts_with('-') || how.starts_with('=') => value.is_none().then(|| how[1..].to_owned()),
        _ if how.starts_with(':') && !how[1..].starts_with(|c: char| c.is_ascii_digit() || c == '?' || c == '+') => {
            let default = &how[1..];
            let message = format!("upstream does not take '{default}' of '${{{inner}}}' for a default");
            report.warn(line, "", message, format!("write ${{{name}:-{default}}}"));
            is_empty.then(|| default.to_owned())
        }
        _ => {
            let message = format!("'${{{inner}}}' changes a variable in a way that is not supported here");
            report.error(line, "", message, format!("write ${{{name}}} or ${{{name}:-default}}"));
            return String::new();
        }
    };
    if how.is_empty() && value.is_none() {
        let fix = format!("set {name}, or write ${{{name}:-default}}");
        report.warn(
            line,
            "",
            format!("the variable {name} is not set, its place is left empty"),
            fix,
        );
    }
    let text = default.or(value).unwrap_or_default();
    if text.contains('\n') {
        let message = format!("the value of {name} has more than one line");
        report.error(
            line,
            "",
            message,
            "a variable holds one value; put a longer text into the file",
        );
        return String::new();
    }
    text
}
