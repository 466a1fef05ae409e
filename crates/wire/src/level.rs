//! Finds the level of a log line, which is stored as its structured metadata `detected_level`.
//!
//! Looked at in this order: an existing `detected_level`, labels of the stream, structured metadata, OTLP's severity
//! number, a level field of a JSON object (so many levels deep), a level field of logfmt, the first level word.
//! Hot path: each rule walks the line once and allocates nothing.
//!
//! Source: Loki, "Labels", section on log levels (`limits_config.discover_log_levels`).

mod fields;
mod words;

use longshore_model::Labels;

pub(crate) use self::fields::{logfmt_pairs, looks_like_json};

/// Name of the structured metadata that holds the level found.
pub const DETECTED_LEVEL: &str = "detected_level";

/// Name of the structured metadata that holds OTLP's severity number.
const SEVERITY_NUMBER: &str = "severity_number";

/// Fields that say the level, the most trusted first; they are recognised in any case.
const USUAL_FIELDS: [&str; 6] = ["level", "log.level", "severity", "severitytext", "lvl", "severity_text"];

/// `log.level` as the name of a label, where dots cannot stand.
const LOG_LEVEL_LABEL: &str = "log_level";
/// The field it stands for.
const LOG_LEVEL_FIELD: &[u8] = b"log.level";

/// A level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Not known.
    Unknown,
    /// The finest.
    Trace,
    /// For developers.
    Debug,
    /// Normal operation.
    Info,
    /// Something to look at.
    Warn,
    /// Something failed.
    Error,
    /// Something important failed.
    Critical,
    /// The program could not go on.
    Fatal,
}

impl Level {
    /// Its name as Loki stores it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Critical => "critical",
            Self::Fatal => "fatal",
        }
    }

    /// The level that a word means, in any case and in the usual short forms.
    pub fn from_word(word: &[u8]) -> Option<Self> {
        const WORDS: [(&str, Level); 14] = [
            ("info", Level::Info),
            ("error", Level::Error),
            ("warn", Level::Warn),
            ("debug", Level::Debug),
            ("warning", Level::Warn),
            ("trace", Level::Trace),
            ("fatal", Level::Fatal),
            ("critical", Level::Critical),
            ("err", Level::Error),
            ("inf", Level::Info),
            ("wrn", Level::Warn),
            ("dbg", Level::Debug),
            ("trc", Level::Trace),
            ("information", Level::Info),
        ];
        WORDS
            .iter()
            .find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, level)| *level)
    }

    /// The level of OTLP's severity number; 0 and numbers above 24 mean nothing.
    pub fn from_severity_number(number: i64) -> Self {
        match number {
            1..=4 => Self::Trace,
            5..=8 => Self::Debug,
            9..=12 => Self::Info,
            13..=16 => Self::Warn,
            17..=20 => Self::Error,
            21..=24 => Self::Fatal,
            _ => Self::Unknown,
        }
    }
}

/// The fields that say the level: Loki's `log_level_fields`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LevelFields {
    /// The most trusted first.
    names: Vec<Box<[u8]>>,
    /// A bit for each length of a name, which rules out most names at once; the last one stands for all longer ones.
    lengths: u64,
    /// Deepest object of a JSON line whose fields count.
    json_depth_max: u32,
}

/// Loki's `log_level_from_json_max_depth` where nobody says otherwise.
const JSON_DEPTH_USUAL: u32 = 2;

impl Default for LevelFields {
    fn default() -> Self {
        Self::new(USUAL_FIELDS)
    }
}

impl LevelFields {
    /// These names, the most trusted first; they are recognised in any case.
    pub fn new<N: AsRef<str>>(names: impl IntoIterator<Item = N>) -> Self {
        let mut fields = Self {
            names: Vec::new(),
            lengths: 0,
            json_depth_max: JSON_DEPTH_USUAL,
        };
        for name in names {
            let name = name.as_ref().as_bytes();
            if !fields.names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                fields.lengths |= length_bit(name);
                fields.names.push(name.into());
            }
        }
        fields
    }

    /// The same, where the fields of objects within a JSON line count down to this depth; 1 is the line itself, and
    /// `None` any.
    #[must_use]
    pub fn down_to(self, json_depth_max: Option<u32>) -> Self {
        Self {
            json_depth_max: json_depth_max.unwrap_or(u32::MAX),
            ..self
        }
    }

    /// The names, the most trusted first.
    pub fn names(&self) -> Vec<&str> {
        let text = |name| std::str::from_utf8(name).unwrap_or_default();
        self.names.iter().map(|name| text(&**name)).collect()
    }

    /// The level that a stream's labels say, for all of its lines; a value that is no known level is taken as it is.
    pub fn of_labels<'a>(&self, labels: &'a Labels) -> Option<&'a str> {
        let mut found: Option<&str> = None;
        for (name, value) in labels.iter() {
            if name == DETECTED_LEVEL {
                return Some(normalized(value));
            }
            let is_level = || self.rank(name.as_bytes()).is_some() || self.is_dotted_label(name);
            if found.is_none() && is_level() {
                found = Some(normalized(value));
            }
        }
        found
    }

    /// The level of an entry. `of_stream` is what [`LevelFields::of_labels`] says of its stream.
    pub fn detect<'a>(&self, of_stream: Option<&'a str>, metadata: &'a Labels, line: &[u8]) -> &'a str {
        if !metadata.is_empty() {
            if let Some(value) = metadata.get(DETECTED_LEVEL) {
                return normalized(value);
            }
            if let Some(level) = of_stream.or_else(|| self.of_labels(metadata)) {
                return level;
            }
            if let Some(number) = metadata.get(SEVERITY_NUMBER) {
                // Loki's answer to a number that is none.
                return number.parse().map_or(Level::Info, Level::from_severity_number).as_str();
            }
        }
        of_stream.unwrap_or_else(|| self.of_line(line).as_str())
    }

    /// The level that the text of a line tells.
    pub fn of_line(&self, line: &[u8]) -> Level {
        let field = if fields::looks_like_json(line) {
            fields::json_level(line, self)
        } else {
            fields::logfmt_level(line, self)
        };
        field.or_else(|| words::first_level(line)).unwrap_or(Level::Unknown)
    }

    /// How trusted a field is, 0 the most; `None` when it says nothing of the level.
    fn rank(&self, name: &[u8]) -> Option<usize> {
        if self.lengths & length_bit(name) == 0 {
            return None;
        }
        self.names.iter().position(|field| name.eq_ignore_ascii_case(field))
    }

    /// Whether a label stands for `log.level`, as dots cannot be in its name.
    fn is_dotted_label(&self, name: &str) -> bool {
        name == LOG_LEVEL_LABEL && self.rank(LOG_LEVEL_FIELD).is_some()
    }
}

fn length_bit(name: &[u8]) -> u64 {
    1 << name.len().min(63)
}

/// A level's usual spelling; what is no known level stays.
fn normalized(value: &str) -> &str {
    match Level::from_word(value.as_bytes()) {
        Some(level) => level.as_str(),
        None => value,
    }
}

#[cfg(test)]
mod tests;
