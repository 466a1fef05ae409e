//! From the tree to text: block style, two blanks a level, texts quoted only where they must be.

use std::fmt::Write;

use super::{Kind, Node, Pair, Resolved, Scalar};

/// Prints a tree as a YAML document. Reading it again gives the same tree but for lines and styles.
pub(crate) fn print(node: &Node) -> String {
    let mut out = String::new();
    match &node.kind {
        Kind::Map(pairs) if !pairs.is_empty() => print_pairs(&mut out, pairs, 0),
        Kind::List(items) if !items.is_empty() => print_items(&mut out, items, 0),
        _ => {
            out.push_str(&inline(node));
            out.push('\n');
        }
    }
    out
}

fn print_pairs(out: &mut String, pairs: &[Pair], depth: usize) {
    for pair in pairs {
        indent(out, depth);
        let key = scalar_text(&Scalar {
            text: pair.key.clone(),
            plain: false,
        });
        let _ = write!(out, "{key}:");
        print_after_key(out, &pair.value, depth);
    }
}

fn print_after_key(out: &mut String, value: &Node, depth: usize) {
    match &value.kind {
        Kind::Map(pairs) if !pairs.is_empty() => {
            out.push('\n');
            print_pairs(out, pairs, depth + 1);
        }
        Kind::List(items) if !items.is_empty() => {
            out.push('\n');
            print_items(out, items, depth + 1);
        }
        _ => {
            let _ = writeln!(out, " {}", inline(value));
        }
    }
}

fn print_items(out: &mut String, items: &[Node], depth: usize) {
    for item in items {
        indent(out, depth);
        out.push('-');
        match &item.kind {
            Kind::Map(pairs) if !pairs.is_empty() => {
                // The first pair stands beside the dash: printed one level deeper, its indentation cut off.
                let mut block = String::new();
                print_pairs(&mut block, pairs, depth + 1);
                out.push(' ');
                out.push_str(block.trim_start_matches(' '));
            }
            Kind::List(inner) if !inner.is_empty() => {
                out.push('\n');
                print_items(out, inner, depth + 1);
            }
            _ => {
                let _ = writeln!(out, " {}", inline(item));
            }
        }
    }
}

fn indent(out: &mut String, depth: usize) {
    out.extend(std::iter::repeat_n("  ", depth));
}

fn inline(node: &Node) -> String {
    match &node.kind {
        Kind::Map(_) => "{}".to_owned(),
        Kind::List(_) => "[]".to_owned(),
        Kind::Scalar(scalar) => scalar_text(scalar),
    }
}

fn scalar_text(scalar: &Scalar) -> String {
    let text = &scalar.text;
    if scalar.plain {
        return if text.is_empty() {
            "null".to_owned()
        } else {
            text.clone()
        };
    }
    let as_plain = Scalar {
        text: text.clone(),
        plain: true,
    };
    let stays_text = matches!(as_plain.resolve(), Resolved::Text(_));
    if stays_text && is_plain_safe(text) {
        return text.clone();
    }
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            control if control.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// Texts that no reader takes for anything else, by their characters alone.
fn is_plain_safe(text: &str) -> bool {
    let starts_safely = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/' || c == '_' || c == '.');
    let safe = |c: char| c.is_ascii_alphanumeric() || "/_.-+:()*".contains(c);
    let old_truth = ["y", "n", "yes", "no", "on", "off"].contains(&text.to_ascii_lowercase().as_str());
    starts_safely && text.chars().all(safe) && !text.ends_with(':') && !old_truth
}
