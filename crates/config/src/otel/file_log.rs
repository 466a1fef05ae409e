//! The `file_log` receiver.

use std::time::Duration;

use super::{ComponentId, OperatorSettings, OperatorValue, RetrySettings};

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
    /// Leaves out files not written to for so long.
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
    /// Files open at a time. Default: 1024.
    pub max_concurrent_files: u64,
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
    /// What to do while the pipeline refuses records. Reading always waits, nothing is dropped.
    pub retry_on_failure: RetrySettings,
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
