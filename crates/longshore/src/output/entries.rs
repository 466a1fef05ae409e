//! Log lines in the three modes.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use jiff::tz::TimeZone;
use longshore_model::Labels;
use serde_json::{Map, Value, json};

use super::time;
use super::{Mode, OutputArgs};
use crate::client::LogEntry;
use crate::limits::LABEL_PADDING_MAX;

/// Colours of label sets; a set keeps its colour within a run and between runs.
const COLOURS: [AnsiColor; 6] = [
    AnsiColor::Cyan,
    AnsiColor::Green,
    AnsiColor::Yellow,
    AnsiColor::Blue,
    AnsiColor::Magenta,
    AnsiColor::BrightCyan,
];
const TIME: Style = Style::new().dimmed();

/// Prints lines as the arguments say.
pub(crate) struct EntryPrinter<'a> {
    arguments: &'a OutputArgs,
    zone: TimeZone,
    common: Labels,
    label_width: usize,
}

impl<'a> EntryPrinter<'a> {
    /// A printer that has seen nothing yet.
    pub(crate) fn new(arguments: &'a OutputArgs) -> Self {
        Self {
            arguments,
            zone: arguments.timezone.zone(),
            common: Labels::empty(),
            label_width: 0,
        }
    }

    /// Looks at a batch before it is printed: finds the labels all of it shares, which are then not repeated, and the
    /// width of the rest. Returns the shared ones to be told once; empty when they are to be printed with each line.
    pub(crate) fn study(&mut self, entries: &[LogEntry]) -> Labels {
        if self.arguments.output != Mode::Default || self.arguments.no_labels {
            return Labels::empty();
        }
        if !self.arguments.include_common_labels && self.arguments.include_label.is_empty() {
            self.common = common_labels(entries);
        }
        self.widen(entries);
        self.common.clone()
    }

    /// Makes the column of labels as wide as these lines need it; it never becomes narrower.
    pub(crate) fn widen(&mut self, entries: &[LogEntry]) {
        if self.arguments.output != Mode::Default || self.arguments.no_labels {
            return;
        }
        let widths = entries
            .iter()
            .map(|entry| self.shown(&entry.labels).to_string().chars().count());
        let widest = widths.max().unwrap_or(0).min(LABEL_PADDING_MAX);
        self.label_width = self.label_width.max(widest);
    }

    /// Prints one line.
    pub(crate) fn print(&self, entry: &LogEntry, out: &mut impl Write) -> io::Result<()> {
        match self.arguments.output {
            Mode::Raw => writeln!(out, "{}", entry.line),
            Mode::Jsonl => writeln!(out, "{}", self.json(entry)),
            Mode::Default => {
                let at = time::format(entry.at, &self.zone, false);
                write!(out, "{TIME}{at}{TIME:#} ")?;
                if !self.arguments.no_labels {
                    let labels = self.shown(&entry.labels);
                    let (colour, width) = (colour_of(&labels), self.label_width);
                    write!(out, "{colour}{:width$}{colour:#} ", labels.to_string())?;
                }
                writeln!(out, "{}", entry.line)
            }
        }
    }

    fn json(&self, entry: &LogEntry) -> Value {
        let mut labels = Map::new();
        if !self.arguments.no_labels {
            labels.extend(
                self.shown(&entry.labels)
                    .iter()
                    .map(|(name, value)| (name.to_owned(), json!(value))),
            );
        }
        json!({
            "labels": labels,
            "line": entry.line,
            "timestamp": time::format(entry.at, &self.zone, true),
        })
    }

    /// The labels to print with a line.
    fn shown(&self, labels: &Labels) -> Labels {
        let (include, exclude) = (&self.arguments.include_label, &self.arguments.exclude_label);
        labels
            .iter()
            .filter(|(name, _)| include.is_empty() || include.iter().any(|wanted| wanted == name))
            .filter(|(name, _)| !exclude.iter().any(|unwanted| unwanted == name))
            .filter(|(name, value)| self.common.get(name) != Some(value))
            .collect()
    }
}

/// Labels with the same value in all entries.
fn common_labels(entries: &[LogEntry]) -> Labels {
    let Some((first, rest)) = entries.split_first() else {
        return Labels::empty();
    };
    let shared = |name: &str, value: &str| rest.iter().all(|entry| entry.labels.get(name) == Some(value));
    first
        .labels
        .iter()
        .filter(|(name, value)| shared(name, value))
        .collect()
}

fn colour_of(labels: &Labels) -> Style {
    // FNV-1a over the text: stable between runs, unlike the standard library's hasher.
    let hash = labels
        .iter()
        .flat_map(|(name, value)| name.bytes().chain(value.bytes()))
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    COLOURS[(hash % COLOURS.len() as u64) as usize].on_default()
}
