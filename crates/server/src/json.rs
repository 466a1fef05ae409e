//! Loki's JSON, written straight into a buffer: answers hold thousands of lines, and a tree of values would be
//! built only to be thrown away.
//!
//! Source: Loki, "HTTP API", sections on query results; `pkg/loghttp` for the exact shapes.

mod answer;
mod stats;

use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use longshore_model::{Labels, TimestampNs};

pub(crate) use answer::Answer;
pub(crate) use stats::QueryStats;

/// A small answer from a tree of values.
pub(crate) fn value(value: &serde_json::Value) -> Response {
    body(value.to_string().into_bytes())
}

/// A small answer of the paths where Loki names no character set.
pub(crate) fn plain_value(value: &serde_json::Value) -> Response {
    let content_type = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    (content_type, value.to_string()).into_response()
}

/// An answer whose text is written.
pub(crate) fn body(text: Vec<u8>) -> Response {
    let content_type = [(
        CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=UTF-8"),
    )];
    (content_type, text).into_response()
}

/// Appends a string in quotes.
pub(crate) fn put_string(out: &mut Vec<u8>, text: &str) {
    // Writing to memory cannot fail, nor can a string.
    serde_json::to_writer(out, text).unwrap_or_default();
}

/// Appends the text of a line.
pub(crate) fn put_line(out: &mut Vec<u8>, line: &[u8]) {
    put_string(out, &String::from_utf8_lossy(line));
}

/// Appends labels as an object.
pub(crate) fn put_labels(out: &mut Vec<u8>, labels: &Labels) {
    out.push(b'{');
    for (index, (name, value)) in labels.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        put_string(out, name);
        out.push(b':');
        put_string(out, value);
    }
    out.push(b'}');
}

/// Appends nanoseconds as a string.
pub(crate) fn put_nanoseconds(out: &mut Vec<u8>, at: TimestampNs) {
    out.extend_from_slice(format!("\"{}\"", at.0).as_bytes());
}

/// Appends seconds with as many decimals as it takes, to the millisecond.
pub(crate) fn put_seconds(out: &mut Vec<u8>, at: TimestampNs) {
    let milliseconds = at.0.div_euclid(1_000_000);
    out.extend_from_slice((milliseconds as f64 / 1e3).to_string().as_bytes());
}

/// One entry of a result or a live tail.
pub(crate) struct EntryJson<'a> {
    pub(crate) timestamp: TimestampNs,
    pub(crate) line: &'a [u8],
    /// Structured metadata and parsed labels, when they are to be told apart.
    pub(crate) categories: Option<(&'a Labels, &'a Labels)>,
}

/// Appends `["ns", "line"]`, or with the categories `["ns", "line", {..}]`.
pub(crate) fn put_entry(out: &mut Vec<u8>, entry: &EntryJson<'_>) {
    out.push(b'[');
    put_nanoseconds(out, entry.timestamp);
    out.push(b',');
    put_line(out, entry.line);
    if let Some((metadata, parsed)) = entry.categories {
        out.extend_from_slice(b",{");
        let mut separator: &[u8] = b"";
        for (name, labels) in [("structuredMetadata", metadata), ("parsed", parsed)] {
            if !labels.is_empty() {
                out.extend_from_slice(separator);
                put_string(out, name);
                out.push(b':');
                put_labels(out, labels);
                separator = b",";
            }
        }
        out.push(b'}');
    }
    out.push(b']');
}

/// Appends the items with commas in between.
pub(crate) fn put_list<T>(out: &mut Vec<u8>, items: impl IntoIterator<Item = T>, put: impl Fn(&mut Vec<u8>, T)) {
    out.push(b'[');
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        put(out, item);
    }
    out.push(b']');
}

/// Appends `{"stream": labels, "values": [..]}`.
pub(crate) fn put_stream<'a>(out: &mut Vec<u8>, labels: &Labels, entries: impl IntoIterator<Item = EntryJson<'a>>) {
    out.extend_from_slice(b"{\"stream\":");
    put_labels(out, labels);
    out.extend_from_slice(b",\"values\":");
    put_list(out, entries, |out, entry| put_entry(out, &entry));
    out.push(b'}');
}

/// Appends `[seconds, "value"]`.
pub(crate) fn put_point(out: &mut Vec<u8>, at: TimestampNs, value: &str) {
    out.push(b'[');
    put_seconds(out, at);
    out.push(b',');
    put_string(out, value);
    out.push(b']');
}

/// A whole query answer; `put_result` writes what stands behind `result`.
pub(crate) fn query_answer(
    result_type: &str,
    encoding_flags: Option<&str>,
    stats: &QueryStats,
    put_result: impl FnOnce(&mut Vec<u8>),
) -> Response {
    let mut out = Vec::with_capacity(4096);
    out.extend_from_slice(b"{\"status\":\"success\",\"data\":{\"resultType\":");
    put_string(&mut out, result_type);
    if let Some(flags) = encoding_flags {
        out.extend_from_slice(b",\"encodingFlags\":");
        let flags = flags.split(',').map(str::trim).filter(|flag| !flag.is_empty());
        put_list(&mut out, flags, put_string);
    }
    out.extend_from_slice(b",\"result\":");
    put_result(&mut out);
    out.extend_from_slice(b",\"stats\":");
    stats.put(&mut out);
    out.extend_from_slice(b"}}");
    body(out)
}

#[cfg(test)]
mod tests;
