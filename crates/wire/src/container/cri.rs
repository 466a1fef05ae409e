//! `2026-11-22T18:00:00.123456789Z stdout P the program's text`.

use std::borrow::Cow;

use longshore_model::TimestampNs;

use super::{ContainerLine, OutputStream};

/// Reads a CRI line: time, stream, tags joined by `:` of which the first is `P` or `F`, content.
///
/// The blank after the tags may be missing when the content is empty.
pub fn scan_cri(line: &[u8]) -> Option<ContainerLine<'_>> {
    let (time, rest) = split_at_blank(line)?;
    let (stream, content) = if let Some(rest) = rest.strip_prefix(b"stdout ") {
        (OutputStream::Stdout, rest)
    } else {
        (OutputStream::Stderr, rest.strip_prefix(b"stderr ")?)
    };
    let (is_partial, rest) = match content {
        [b'F', rest @ ..] => (false, rest),
        [b'P', rest @ ..] => (true, rest),
        _ => return None,
    };
    let content = match rest {
        [b' ', content @ ..] => content,
        [] => rest,
        [b':', more_tags @ ..] => match split_at_blank(more_tags) {
            Some((_, content)) => content,
            None => &[],
        },
        _ => return None,
    };
    Some(ContainerLine {
        timestamp: TimestampNs::parse_rfc3339(time).ok()?,
        stream,
        is_partial,
        content: Cow::Borrowed(content),
    })
}

fn split_at_blank(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = text.iter().position(|&byte| byte == b' ')?;
    Some((&text[..at], &text[at + 1..]))
}
