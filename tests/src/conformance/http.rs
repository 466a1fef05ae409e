//! The same cases over HTTP: their lines pushed to a real server, their queries asked of it.
//!
//! Invariants: each scenario has a tenant of its own, so that no case sees the lines of another; what is compared is
//! the same as in this process, read from the JSON that any client gets.

mod answers;
mod server;

use std::collections::BTreeMap;
use std::path::Path;

use longshore_model::{Labels, SECOND_NS};
use serde_json::{Value, json};

use super::{Family, Outcome, cases, integer, labels, metric, outcome, parse, pipeline};
pub use server::Server;

/// Where cases lie that do not say when: 2023-11-14, each a second after the one before.
const BASE_NS: i64 = 1_700_000_000_000_000_000;
/// How far before and after its time a line is looked for.
const AROUND_NS: i64 = SECOND_NS / 2;

/// Runs the cases of a document against the server; those that cannot be pushed are left out.
///
/// # Errors
/// The server does not answer, or refuses lines.
pub(super) fn run(family: Family, name: &str, document: &Value, server: &mut Server) -> Result<Vec<Outcome>, String> {
    match family {
        Family::Parse => Ok(run_parse(document, server)),
        Family::Pipeline => run_pipeline(name, document, server),
        Family::Metric => run_metric(document, server),
        Family::Level => run_levels(document, server),
    }
}

fn run_parse(document: &Value, server: &mut Server) -> Vec<Outcome> {
    let run = |case: &Value| {
        let query = case["query"].as_str().unwrap_or("");
        let answer = server.ask("format_query", "parse", &[("query", query)]);
        let formatted = answer.and_then(|answer| answers::text(&answer));
        outcome(case, "query", parse::difference_of_format(case, formatted))
    };
    cases(document).iter().map(run).collect()
}

/// Lines of a tenant by their labels, as a push has them.
#[derive(Default)]
struct Push(BTreeMap<Labels, Vec<Value>>);

impl Push {
    fn add(&mut self, stream: Labels, at: i64, line: &str, metadata: &Value) {
        let metadata: serde_json::Map<String, Value> = labels(metadata)
            .iter()
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect();
        let entry = match metadata.is_empty() {
            true => json!([at.to_string(), line]),
            false => json!([at.to_string(), line, metadata]),
        };
        self.0.entry(stream).or_default().push(entry);
    }

    fn send(self, tenant: &str, server: &mut Server) -> Result<(), String> {
        if self.0.is_empty() {
            return Ok(());
        }
        let object = |labels: &Labels| -> serde_json::Map<String, Value> {
            labels
                .iter()
                .map(|(name, value)| (name.to_owned(), value.into()))
                .collect()
        };
        let streams: Vec<Value> = (self.0.iter())
            .map(|(labels, values)| json!({"stream": object(labels), "values": values}))
            .collect();
        server.push(tenant, &json!({ "streams": streams }))
    }
}

/// A name that a tenant may have.
fn tenant(text: &str) -> String {
    text.replace(|c: char| !c.is_ascii_alphanumeric(), "-")
}

fn run_pipeline(name: &str, document: &Value, server: &mut Server) -> Result<Vec<Outcome>, String> {
    // A push cannot carry a label without a value.
    let pushable = cases(document)
        .iter()
        .filter(|case| labels(&case["stream"]).iter().all(|(_, value)| !value.is_empty()));
    let mut pushes: BTreeMap<String, Push> = BTreeMap::new();
    let mut placed = Vec::new();
    for (index, case) in pushable.enumerate() {
        // Those that say when are about the time, and have a tenant of their own.
        let (tenant, at) = match integer(&case["ts_ns"]) {
            0 => (tenant(name), BASE_NS + index as i64 * SECOND_NS),
            at => (tenant(case["id"].as_str().unwrap_or("")), at),
        };
        let line = case["line"].as_str().unwrap_or("");
        let push = pushes.entry(tenant.clone()).or_default();
        push.add(labels(&case["stream"]), at, line, &case["structured_metadata"]);
        placed.push((case, tenant, at));
    }
    for (tenant, push) in pushes {
        push.send(&tenant, server)?;
    }
    let run = |(case, tenant, at): (&Value, String, i64)| {
        let query = case["query"].as_str().unwrap_or("");
        let (start, end) = ((at - AROUND_NS).to_string(), (at + AROUND_NS).to_string());
        let answer = server.ask(
            "query_range",
            &tenant,
            &[("query", query), ("start", &start), ("end", &end)],
        );
        let processed = answer.and_then(|answer| answers::one_line(&answer));
        outcome(case, "query", pipeline::difference_of(case, processed))
    };
    Ok(placed.into_iter().map(run).collect())
}

fn run_metric(document: &Value, server: &mut Server) -> Result<Vec<Outcome>, String> {
    let mut outcomes = Vec::new();
    for scenario in document["scenarios"].as_array().into_iter().flatten() {
        let tenant = tenant(scenario["id"].as_str().unwrap_or(""));
        let mut push = Push::default();
        for stream in scenario["streams"].as_array().into_iter().flatten() {
            let entries = metric::stream(stream);
            for entry in &entries.entries {
                let line = String::from_utf8_lossy(&entry.line);
                let metadata = &stream["structured_metadata"];
                push.add(entries.labels.clone(), entry.timestamp.0, &line, metadata);
            }
        }
        push.send(&tenant, server)?;
        for case in cases(scenario) {
            let found = ask_metric(case, &tenant, server);
            outcomes.push(outcome(case, "query", metric::difference_of(case, found)));
        }
    }
    Ok(outcomes)
}

fn ask_metric(case: &Value, tenant: &str, server: &mut Server) -> Result<longshore_logql::eval::Value, String> {
    let text = |name: &str| case[name].as_str().unwrap_or("").to_owned();
    let query = text("query");
    let answer = if case["kind"] == "instant" {
        server.ask("query", tenant, &[("query", &query), ("time", &text("time_ns"))])
    } else {
        let step = (integer(&case["step_ns"]) as f64 / 1e9).to_string();
        let range = [
            ("start", &*text("start_ns")),
            ("end", &*text("end_ns")),
            ("step", &*step),
        ];
        let parameters: Vec<(&str, &str)> = [("query", &*query)].into_iter().chain(range).collect();
        server.ask("query_range", tenant, &parameters)
    };
    answer.and_then(|answer| answers::numbers(&answer))
}

fn run_levels(document: &Value, server: &mut Server) -> Result<Vec<Outcome>, String> {
    let mut outcomes = Vec::new();
    for case in cases(document) {
        let id = case["id"].as_str().unwrap_or("");
        // Other names of the field are another configuration, and so another tenant.
        let tenant = match case.get("log_level_fields") {
            Some(_) => format!("{}{id}", server::OWN_LEVEL_FIELDS),
            None => format!("{}{id}", server::LEVELS),
        };
        let mut stream = labels(&case["stream"]);
        if stream.is_empty() {
            stream = Labels::new([("app", "level")]);
        }
        let mut push = Push::default();
        let line = case["line"].as_str().unwrap_or("");
        push.add(stream.clone(), BASE_NS, line, &case["structured_metadata"]);
        let (start, end) = ((BASE_NS - AROUND_NS).to_string(), (BASE_NS + AROUND_NS).to_string());
        let (name, value) = stream.iter().next().unwrap_or_default();
        let query = format!("{{{name}={value:?}}}");
        let found = push
            .send(&tenant, server)
            .and_then(|()| {
                let parameters = [("query", &*query), ("start", &start), ("end", &end)];
                server.ask("query_range", &tenant, &parameters)
            })
            .and_then(|answer| answers::one_line(&answer));
        let level = found.map(|line| {
            let metadata = line.map(|line| line.labels.structured_metadata).unwrap_or_default();
            metadata.get("detected_level").unwrap_or("none").to_owned()
        });
        let wanted = case["expect_level"].as_str().unwrap_or("");
        let difference = match level {
            Ok(found) => (found != wanted).then(|| format!("{found}; expected: {wanted}")),
            Err(text) => Some(text),
        };
        outcomes.push(outcome(case, "line", difference));
    }
    Ok(outcomes)
}

/// Where the program is that is asked: beside this one, unless the environment names another.
pub fn program() -> Option<std::path::PathBuf> {
    let named = std::env::var_os("LONGSHORE_BIN").map(std::path::PathBuf::from);
    let beside = || Some(std::env::current_exe().ok()?.with_file_name("longshore"));
    named.or_else(beside).filter(|path| Path::exists(path))
}
