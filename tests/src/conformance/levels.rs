//! Levels that a line gets on its way in.

use longshore_wire::level::LevelFields;
use serde_json::Value;

use super::{Outcome, cases, labels, outcome};

pub(super) fn run(document: &Value) -> Vec<Outcome> {
    cases(document)
        .iter()
        .map(|case| outcome(case, "line", difference(case)))
        .collect()
}

fn difference(case: &Value) -> Option<String> {
    let (stream, metadata) = (labels(&case["stream"]), labels(&case["structured_metadata"]));
    let line = case["line"].as_str().unwrap_or("");
    let fields = match case["log_level_fields"].as_array() {
        Some(names) => LevelFields::new(names.iter().filter_map(Value::as_str)),
        None => LevelFields::default(),
    };
    let found = fields.detect(fields.of_labels(&stream), &metadata, line.as_bytes());
    let wanted = case["expect_level"].as_str().unwrap_or("");
    (found != wanted).then(|| format!("{found}; expected: {wanted}"))
}
