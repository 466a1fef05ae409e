//! Recorded behaviours of Loki run against our language in this process, and over HTTP against our server.
//!
//! The cases are not part of this repository: `LONGSHORE_CASES` names a folder of them. Each file is one JSON
//! document whose `format` says of which family it is.
//!
//! Invariant: a case counts as passed only when everything it says was compared; what fails must be named in the list
//! of departures, and what is named there must fail.

mod departures;
mod http;
mod levels;
pub mod memory;
mod metric;
mod parse;
mod pipeline;

use std::fmt;
use std::path::Path;

use serde_json::Value;

pub use departures::Departures;
pub use http::{Server, program};

/// One case that was run.
pub struct Outcome {
    /// Its name in the file.
    pub id: String,
    /// The query or line, to find it again.
    pub subject: String,
    /// What differs; `None` when it passed.
    pub difference: Option<String>,
}

/// What a file of cases is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// Queries and their printed forms.
    Parse,
    /// One line through one pipeline.
    Pipeline,
    /// Metric queries over generated streams.
    Metric,
    /// Levels of lines.
    Level,
}

impl Family {
    fn of_format(format: &str) -> Option<Self> {
        Some(match format {
            "loki-parse-cases/1" => Self::Parse,
            "loki-pipeline-cases/1" => Self::Pipeline,
            "loki-metric-cases/1" => Self::Metric,
            "loki-level-cases/1" => Self::Level,
            _ => return None,
        })
    }
}

impl fmt::Display for Family {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Parse => "parse",
            Self::Pipeline => "pipeline",
            Self::Metric => "metric",
            Self::Level => "level",
        })
    }
}

/// The cases of one file.
pub struct Report {
    /// The family it belongs to.
    pub family: Family,
    /// Name of the file without its ending.
    pub file: String,
    /// Every case that was run in this process.
    pub outcomes: Vec<Outcome>,
    /// Every case that was run over HTTP; `None` when none was.
    pub http: Option<Vec<Outcome>>,
}

/// How many passed.
pub fn passed(outcomes: &[Outcome]) -> usize {
    outcomes.iter().filter(|outcome| outcome.difference.is_none()).count()
}

/// Runs every file of cases in a folder, in order of names, against the server too where there is one; files of formats
/// that are not known are left out.
///
/// # Errors
/// A folder or file that cannot be read, a server that takes no lines, in words.
pub fn run(folder: &Path, mut server: Option<Server>) -> Result<Vec<Report>, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
    paths.sort();
    let mut reports = Vec::new();
    for path in paths {
        let text =
            std::fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let document: Value =
            serde_json::from_str(&text).map_err(|error| format!("{} is no JSON: {error}", path.display()))?;
        let Some(family) = Family::of_format(document["format"].as_str().unwrap_or("")) else {
            continue;
        };
        let outcomes = match family {
            Family::Parse => parse::run(&document),
            Family::Pipeline => pipeline::run(&document),
            Family::Metric => metric::run(&document),
            Family::Level => levels::run(&document),
        };
        let file = path.file_stem().map(|name| name.to_string_lossy().into_owned());
        let file = file.unwrap_or_default();
        let http = server
            .as_mut()
            .map(|server| http::run(family, &file, &document, server))
            .transpose()?;
        reports.push(Report {
            family,
            file,
            outcomes,
            http,
        });
    }
    Ok(reports)
}

/// The cases of a document.
fn cases(document: &Value) -> &[Value] {
    document["cases"].as_array().map_or(&[], Vec::as_slice)
}

/// The outcome of a case that has an `id` and one field that says what it is about.
fn outcome(case: &Value, subject: &str, difference: Option<String>) -> Outcome {
    Outcome {
        id: case["id"].as_str().unwrap_or("").to_owned(),
        subject: case[subject].as_str().unwrap_or("").to_owned(),
        difference,
    }
}

/// A whole number that stands as text, as nanoseconds do.
fn integer(value: &Value) -> i64 {
    value
        .as_str()
        .and_then(|text| text.parse().ok())
        .or(value.as_i64())
        .unwrap_or(0)
}

/// Labels of `{"name": "value"}` or of `[["name", "value"]]`.
fn labels(value: &Value) -> longshore_model::Labels {
    let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
    match value {
        Value::Object(map) => map.iter().map(|(name, value)| (name.clone(), text(value))).collect(),
        Value::Array(pairs) => pairs.iter().map(|pair| (text(&pair[0]), text(&pair[1]))).collect(),
        _ => longshore_model::Labels::empty(),
    }
}
