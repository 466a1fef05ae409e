//! `${env:NAME}` in values, as the OpenTelemetry Collector puts variables in.
//!
//! A value that is one reference as a whole takes the variable's text as YAML, so it may be a number or a list; a
//! reference inside a text gives text. `$$` is a `$`. Keys are left as they are.
//!
//! # Source
//! OpenTelemetry, "Environment variable substitution"; behaviour by the collector's own test cases.

use crate::Env;
use crate::decode::{Report, join_path};
use crate::limits::EXPANSIONS_PER_VALUE_MAX;
use crate::yaml::{self, Kind, Node, Scalar};

/// Puts variables into every value below a node.
pub(super) fn expand(node: &mut Node, env: &Env<'_>, report: &Report) {
    Expander { env, report }.node(node, "");
}

struct Expander<'a> {
    env: &'a Env<'a>,
    report: &'a Report,
}

impl Expander<'_> {
    fn node(&self, node: &mut Node, path: &str) {
        let line = node.line;
        match &mut node.kind {
            Kind::List(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.node(item, &format!("{path}[{index}]"));
                }
            }
            Kind::Map(pairs) => {
                for pair in pairs {
                    self.node(&mut pair.value, &join_path(path, &pair.key));
                }
            }
            Kind::Scalar(scalar) => {
                if let Some(mut structure) = self.scalar(scalar, line, path) {
                    set_lines(&mut structure, line);
                    self.node(&mut structure, path);
                    *node = structure;
                }
            }
        }
    }

    /// Expands a scalar in place, or gives the list or map it became.
    fn scalar(&self, scalar: &mut Scalar, line: usize, path: &str) -> Option<Node> {
        for _ in 0..EXPANSIONS_PER_VALUE_MAX {
            let Some(reference) = find_reference(&scalar.text).map(str::to_owned) else {
                scalar.text = scalar.text.replace("$$", "$");
                return None;
            };
            let inner = &reference[2..reference.len() - 1];
            let Some(value) = self.look_up(inner, line, path) else {
                // Reported; a null is what is reported least about again.
                *scalar = Scalar {
                    text: String::new(),
                    plain: true,
                };
                return None;
            };
            if reference == scalar.text {
                if let Ok(node) = yaml::parse(&value)
                    && !matches!(node.kind, Kind::Scalar(_))
                    && value.contains(['[', '{', ':', '-'])
                {
                    return Some(node);
                }
                *scalar = Scalar {
                    text: value,
                    plain: true,
                };
            } else {
                *scalar = Scalar {
                    text: scalar.text.replace(&reference, &value),
                    plain: false,
                };
            }
        }
        self.report.error(
            line,
            path,
            format!("puts in more than {EXPANSIONS_PER_VALUE_MAX} variables"),
            "look for a variable whose value names itself",
        );
        *scalar = Scalar {
            text: String::new(),
            plain: true,
        };
        None
    }

    /// The text of what stands between the braces; `None` after an error.
    fn look_up(&self, inner: &str, line: usize, path: &str) -> Option<String> {
        let opaque = match inner.split_once(':') {
            Some(("env", opaque)) => opaque,
            Some(("file" | "yaml" | "http" | "https", _)) => {
                let message = format!("'${{{inner}}}' is known upstream, but only variables are put in here");
                self.report
                    .error(line, path, message, "write the value itself, or ${env:NAME}");
                return None;
            }
            Some((name, default)) if is_name(name) && default.starts_with('-') => {
                let message =
                    format!("upstream takes '{name}' of '${{{inner}}}' for the kind of a source and refuses it");
                self.report.warn(line, path, message, format!("write ${{env:{inner}}}"));
                inner
            }
            Some((scheme, _)) => {
                let message = format!("'${{{inner}}}' names a source '{scheme}' that is not known");
                self.report.error(
                    line,
                    path,
                    message,
                    "write ${env:NAME} or ${env:NAME:-default}; a '$' itself is '$$'",
                );
                return None;
            }
            None => inner,
        };
        let (name, default) = opaque
            .split_once(":-")
            .map_or((opaque, None), |(name, default)| (name, Some(default)));
        if !is_name(name) {
            let message = format!("'{name}' is no name of a variable");
            let fix = "a name has letters, digits and '_' and does not begin with a digit; a '$' itself is '$$'";
            self.report.error(line, path, message, fix);
            return None;
        }
        let value = (self.env)(name).or_else(|| default.map(str::to_owned));
        if value.is_none() {
            let fix = format!("set {name}, or write ${{env:{name}:-default}}");
            self.report.warn(
                line,
                path,
                format!("the variable {name} is not set, the value is empty"),
                fix,
            );
        }
        Some(value.unwrap_or_default())
    }
}

fn is_name(text: &str) -> bool {
    let first_is_good = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    first_is_good && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The innermost reference that is complete first, `${...}`; `None` when there is none or it is escaped.
fn find_reference(text: &str) -> Option<&str> {
    let mut start = 0;
    loop {
        let rest = &text[start..];
        let close = rest.find('}')?;
        if let Some(open) = rest[..close].rfind("${") {
            let dollars_before = rest[..open].bytes().rev().take_while(|byte| *byte == b'$').count();
            return (dollars_before % 2 == 0).then(|| &rest[open..=close]);
        }
        start += close + 1;
    }
}

/// What a variable brings stands where the variable stood.
fn set_lines(node: &mut Node, line: usize) {
    node.line = line;
    match &mut node.kind {
        Kind::Scalar(_) => {}
        Kind::List(items) => items.iter_mut().for_each(|item| set_lines(item, line)),
        Kind::Map(pairs) => {
            for pair in pairs {
                pair.line = line;
                set_lines(&mut pair.value, line);
            }
        }
    }
}
