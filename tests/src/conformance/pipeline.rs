//! One line through one pipeline.

use longshore_logql::{Expr, Pipeline, Processed, parse};
use longshore_model::{Entry, Labels, TimestampNs};
use serde_json::Value;

use super::{Outcome, cases, integer, labels, outcome};

/// The moment that the template function `now` gives: any that is not 0.
const NOW_NS: i64 = 1_700_000_000_000_000_000;

pub(super) fn run(document: &Value) -> Vec<Outcome> {
    cases(document)
        .iter()
        .map(|case| outcome(case, "query", difference(case)))
        .collect()
}

fn difference(case: &Value) -> Option<String> {
    difference_of(case, processed(case))
}

/// What differs of the line that came out, or of the text of the refusal.
pub(super) fn difference_of(case: &Value, processed: Result<Option<Processed>, String>) -> Option<String> {
    let expect = &case["expect"];
    let processed = match processed {
        Ok(processed) => processed,
        Err(text) => {
            return match expect["error"].as_str() {
                Some(error) => (text != error).then(|| format!("fails with {text}; expected: {error}")),
                None => Some(format!("fails with {text}")),
            };
        }
    };
    if let Some(error) = expect["error"].as_str() {
        return Some(format!("runs; expected: {error}"));
    }
    let wanted = expect["matched"].as_bool() != Some(false);
    let Some(processed) = processed else {
        return wanted.then(|| "drops the line".to_owned());
    };
    if !wanted {
        return Some("lets the line pass".to_owned());
    }
    let line = String::from_utf8_lossy(&processed.line);
    if Some(&*line) != expect["line"].as_str() {
        return Some(format!("line {line:?}; expected: {}", expect["line"]));
    }
    let found = &processed.labels;
    for (what, ours) in [
        ("labels", found.merged()),
        ("structured_metadata_labels", found.structured_metadata.clone()),
        ("parsed_labels", found.parsed.clone()),
    ] {
        let theirs = without_internal(&labels(&expect[what]));
        if ours != theirs {
            return Some(format!("{what} {ours}; expected: {theirs}"));
        }
    }
    None
}

fn processed(case: &Value) -> Result<Option<Processed>, String> {
    let query = case["query"].as_str().unwrap_or("");
    let log = match parse(query) {
        Ok(Expr::Log(log)) => log,
        Ok(Expr::Sample(_)) => return Err("it is a metric query".to_owned()),
        Err(mistake) => return Err(mistake.to_string()),
    };
    let pipeline = Pipeline::new(&log).map_err(|error| error.to_string())?;
    let entry = Entry {
        timestamp: TimestampNs(integer(&case["ts_ns"])),
        line: case["line"].as_str().unwrap_or("").to_owned().into(),
        structured_metadata: labels(&case["structured_metadata"]),
    };
    let now = TimestampNs(NOW_NS);
    Ok(pipeline.process_at(&labels(&case["stream"]), &entry, now))
}

/// Without the label that only carries state between Loki's parts.
fn without_internal(labels: &Labels) -> Labels {
    labels
        .iter()
        .filter(|(name, _)| *name != "__preserve_error__")
        .collect()
}
