//! The `file_log` receiver.

use std::time::Duration;

use super::components::{EXTENSIONS, parse_id};
use super::{ComponentId, OperatorSettings, OperatorValue, operators};
use crate::decode::Section;
use crate::yaml::Node;

/// A receiver of any type.
#[derive(Debug, Clone, PartialEq)]
pub enum ReceiverSettings {
    /// Reads log files.
    FileLog(Box<FileLogSettings>),
}

/// Settings of `file_log`.
#[derive(Debug, Clone, PartialEq)]
pub struct FileLogSettings {
    /// Globs of files to read; `*` and `?` stop at `/`, `**` does not. At least one.
    pub include: Vec<String>,
    /// Globs of files to leave out, matched against the whole path.
    pub exclude: Vec<String>,
    /// Leaves out files not written to for so long, unless they are known already.
    pub exclude_older_than: Option<Duration>,
    /// Where to begin in a file seen for the first time. Default: beginning.
    pub start_at: StartAt,
    /// How often the globs are looked at besides what the kernel reports. Default: 200 ms.
    pub poll_interval: Duration,
    /// Bytes of a file's beginning that tell it from others. Default: 1000.
    pub fingerprint_size_bytes: u64,
    /// Longest line in bytes. Default: 1 MiB.
    pub max_log_size_bytes: u64,
    /// What happens to a longer line. Default: split.
    pub max_log_size_behavior: LongLineBehavior,
    /// Files open at a time, at least 1; more of them take turns. `None` for any. Default: any (upstream: 1024).
    pub max_concurrent_files: Option<u64>,
    /// Default: UTF-8.
    pub encoding: Encoding,
    /// How lines form records, when a record is more than a line.
    pub multiline: Option<MultilineSettings>,
    /// When an unfinished last line is taken as a record; `None` never. Default: 500 ms.
    /// A container's log does not need it: there a line is whole when its newline is there.
    pub force_flush_period: Option<Duration>,
    /// Keeps blanks at the beginning. Default: false, of no effect on container logs.
    pub preserve_leading_whitespaces: bool,
    /// Keeps blanks at the end. Default: false, of no effect on container logs.
    pub preserve_trailing_whitespaces: bool,
    /// Sets `log.file.name`. Default: true.
    pub include_file_name: bool,
    /// Sets `log.file.path`. Default: false.
    pub include_file_path: bool,
    /// Sets `log.file.name_resolved`. Default: false.
    pub include_file_name_resolved: bool,
    /// Sets `log.file.path_resolved`. Default: false.
    pub include_file_path_resolved: bool,
    /// Sets `log.file.record_number`. Default: false.
    pub include_file_record_number: bool,
    /// Sets `log.file.record_offset`. Default: false.
    pub include_file_record_offset: bool,
    /// Attributes of every record.
    pub attributes: Vec<(String, OperatorValue)>,
    /// Resource attributes of every record.
    pub resource: Vec<(String, OperatorValue)>,
    /// The storage extension for read offsets; `None`: they are kept in the collector's own data folder.
    pub storage: Option<ComponentId>,
    /// Default: by the file's name.
    pub compression: FileCompression,
    /// What is done to each record, in this order.
    pub operators: Vec<OperatorSettings>,
}

/// Where reading begins in a new file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartAt {
    /// At its first byte.
    Beginning,
    /// At its end, but only for files that are there at the first start.
    End,
}

/// What becomes of a line over the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LongLineBehavior {
    /// It becomes several records.
    Split,
    /// Its rest is dropped.
    Truncate,
}

/// How bytes become text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Invalid bytes become U+FFFD.
    Utf8,
    /// As `Utf8`: lines are always valid UTF-8 here.
    Utf8Raw,
}

/// How files are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileCompression {
    /// Not at all.
    None,
    /// All are gzip.
    Gzip,
    /// Those that end in `.gz` are gzip.
    Auto,
}

/// Lines that belong together; exactly one of the patterns is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MultilineSettings {
    /// A regular expression (Go's) that the first line of a record matches.
    pub line_start_pattern: Option<String>,
    /// A regular expression (Go's) that the last line of a record matches.
    pub line_end_pattern: Option<String>,
    /// Takes the matched text out of the record. Default: false.
    pub omit_pattern: bool,
}

/// The line filter that a stranger who excludes `*health*` is likely to want.
const PROBE_FILTER: &str = r#"to drop health probes that were answered well, write under operators:
- type: filter
  expr: 'body matches "\"(GET|HEAD) /((health|live|ready)z?|ping)/?([?][^ ]*)? HTTP/[0-9.]+\" [23][0-9][0-9]\\b"'"#;

/// Upstream's smallest fingerprint.
const FINGERPRINT_SIZE_BYTES_MIN: u64 = 16;

const LONG_LINE_BEHAVIORS: [(&str, LongLineBehavior); 2] = [
    ("split", LongLineBehavior::Split),
    ("truncate", LongLineBehavior::Truncate),
];

const ENCODINGS: [(&str, Encoding); 3] = [
    ("utf-8", Encoding::Utf8),
    ("utf8", Encoding::Utf8),
    ("utf-8-raw", Encoding::Utf8Raw),
];

const COMPRESSIONS: [(&str, FileCompression); 3] = [
    ("auto", FileCompression::Auto),
    ("", FileCompression::None),
    ("gzip", FileCompression::Gzip),
];

/// What upstream has and we do not.
const NOT_SUPPORTED: [&str; 6] = [
    "delete_after_read",
    "header",
    "include_file_owner_group_name",
    "include_file_owner_name",
    "include_file_permissions",
    "ordering_criteria",
];

/// The way files are read here needs none of these; reading waits as long as the pipeline does, whatever is written.
const WITHOUT_EFFECT: [&str; 9] = [
    "acquire_fs_lock",
    "file_cache_advise",
    "id",
    "initial_buffer_size",
    "max_batches",
    "on_truncate",
    "polls_to_archive",
    "retry_on_failure",
    "type",
];

pub(super) fn decode(section: &mut Section<'_>) -> FileLogSettings {
    let include = section.texts("include");
    if include.is_empty() && !section.is_misspelt("include") {
        section.wrong(
            "include",
            "the receiver needs files to read",
            "add include: [/var/log/pods/*/*/*.log]",
        );
    }
    let exclude = section.texts("exclude");
    warn_of_dead_excludes(section, &exclude);
    let start_at = start_at(section);
    let fingerprint_size_bytes = section.decimal_size("fingerprint_size", 1000);
    if fingerprint_size_bytes < FINGERPRINT_SIZE_BYTES_MIN {
        section.wrong(
            "fingerprint_size",
            "is too small to tell files apart",
            "write 16 or more, 1000 is usual",
        );
    }
    let settings = FileLogSettings {
        include,
        exclude,
        exclude_older_than: section
            .optional_duration("exclude_older_than")
            .filter(|age| !age.is_zero()),
        start_at,
        poll_interval: section.duration("poll_interval", Duration::from_millis(200)),
        fingerprint_size_bytes,
        max_log_size_bytes: section.decimal_size("max_log_size", 1 << 20),
        max_log_size_behavior: section.choice("max_log_size_behavior", LongLineBehavior::Split, &LONG_LINE_BEHAVIORS),
        max_concurrent_files: section.optional_unsigned("max_concurrent_files"),
        encoding: section.choice("encoding", Encoding::Utf8, &ENCODINGS),
        multiline: section.optional_child("multiline", multiline),
        force_flush_period: Some(section.duration("force_flush_period", Duration::from_millis(500)))
            .filter(|period| !period.is_zero()),
        preserve_leading_whitespaces: section.boolean("preserve_leading_whitespaces", false),
        preserve_trailing_whitespaces: section.boolean("preserve_trailing_whitespaces", false),
        include_file_name: section.boolean("include_file_name", true),
        include_file_path: section.boolean("include_file_path", false),
        include_file_name_resolved: section.boolean("include_file_name_resolved", false),
        include_file_path_resolved: section.boolean("include_file_path_resolved", false),
        include_file_record_number: section.boolean("include_file_record_number", false),
        include_file_record_offset: section.boolean("include_file_record_offset", false),
        attributes: values_by_name(section, "attributes"),
        resource: values_by_name(section, "resource"),
        storage: storage(section),
        compression: section.choice("compression", FileCompression::Auto, &COMPRESSIONS),
        operators: operators::decode(section),
    };
    if settings.max_concurrent_files == Some(0) {
        section.wrong(
            "max_concurrent_files",
            "must be above 0",
            "write 1 or more, 1024 is usual",
        );
    }
    section.not_supported(&NOT_SUPPORTED);
    section.without_effect(&WITHOUT_EFFECT);
    settings
}

/// `*` stops at `/` and the whole path is matched, so a pattern without `/` matches nothing.
fn warn_of_dead_excludes(section: &Section<'_>, exclude: &[String]) {
    let dead: Vec<String> = exclude
        .iter()
        .filter(|pattern| !pattern.contains('/') && !pattern.starts_with("**"))
        .map(|pattern| format!("'{pattern}'"))
        .collect();
    if !dead.is_empty() {
        let message = format!(
            "{} matches no file, here as upstream: a pattern is held against the whole path and '*' stops at '/'",
            dead.join(", ")
        );
        section.warn(
            "exclude",
            message,
            format!("write '**/*name*' to leave out files by name;\n{PROBE_FILTER}"),
        );
    }
}

fn start_at(section: &mut Section<'_>) -> StartAt {
    if !section.has("start_at") {
        let message =
            "is not given: here files are read from the beginning, upstream skips what is there at the first start";
        section.warn("start_at", message, "write start_at: beginning (or end, to skip)");
    }
    let choices = [("beginning", StartAt::Beginning), ("end", StartAt::End)];
    section.choice("start_at", StartAt::Beginning, &choices)
}

fn storage(section: &mut Section<'_>) -> Option<ComponentId> {
    // A null is a decision: upstream's default, said aloud.
    let is_given = section.node("storage").is_some();
    if !is_given {
        let message = "is not given: here read offsets are kept in the data folder, upstream forgets them at its end";
        let fix = "write\nstorage: file_storage\nand, at the top,\nextensions:\n  file_storage: {directory: /var/lib/otelcol}";
        section.warn("storage", message, fix);
    }
    let Some(text) = section.text("storage") else {
        section.show("storage", Node::plain(""));
        return None;
    };
    match parse_id(&text, &EXTENSIONS) {
        Ok(id) if id.kind == "file_storage" => Some(id),
        Ok(id) => {
            section.wrong(
                "storage",
                format!("'{id}' is no storage"),
                "name a file_storage extension",
            );
            None
        }
        Err(message) => {
            section.wrong("storage", message, "name a file_storage extension");
            None
        }
    }
}

fn multiline(section: &mut Section<'_>) -> MultilineSettings {
    let settings = MultilineSettings {
        line_start_pattern: section.text("line_start_pattern").filter(|pattern| !pattern.is_empty()),
        line_end_pattern: section.text("line_end_pattern").filter(|pattern| !pattern.is_empty()),
        omit_pattern: section.boolean("omit_pattern", false),
    };
    if settings.line_start_pattern.is_some() == settings.line_end_pattern.is_some() {
        let message = "needs exactly one of line_start_pattern and line_end_pattern";
        section.report.error(
            section.line,
            &section.path,
            message,
            "keep the one that tells where a record begins or ends",
        );
    }
    settings
}

/// `attributes` and `resource`: names with values.
fn values_by_name(section: &mut Section<'_>, key: &str) -> Vec<(String, OperatorValue)> {
    let values = section.optional_child(key, |section| {
        let mut values = Vec::new();
        for pair in section.all() {
            if let Some(value) = operators::value(section, &pair.key, &pair.value) {
                section.show(&pair.key, pair.value.clone());
                values.push((pair.key.clone(), value));
            }
        }
        values
    });
    values.unwrap_or_default()
}
