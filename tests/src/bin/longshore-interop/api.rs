//! Every path of Loki's API, asked of the real Loki and of ours over the same data: status, content type, and the
//! text or the form of the body.
//!
//! Numbers that depend on the moment or on how lines are stored are compared by type. What is known to differ, and why,
//! stands beside the request.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use longshore_model::SECOND_NS;
use longshore_tests::clock::{now, wait_until};
use longshore_tests::halves::{Half, Halves, Via};
use longshore_tests::http::{Client, Response, escape};
use longshore_tests::loki::Loki;
use longshore_tests::program::Program;
use serde_json::{Value, json};

use crate::stores::LOKI_READY_WITHIN;
use crate::{Outcome, Pair};

/// Lines of each of the two streams: enough for the real one to see a pattern.
const LINES: i64 = 60;
/// The real one shows new lines in its metadata after a moment.
const SEEN_WITHIN: Duration = Duration::from_secs(30);

/// How two bodies are compared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Compare {
    /// Byte for byte.
    Text,
    /// As JSON values.
    Json,
    /// The kinds of JSON values and the names of their fields.
    Form,
    /// Not at all.
    Status,
    /// Ours is 405 without a text; the real one says 404 or 405 for one and the same request, as its routes lie today.
    Refused,
}

/// One request.
struct Ask {
    method: &'static str,
    /// `{range}` stands for `start` and `end` around the data.
    path: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    compare: Compare,
    /// Why the answers differ, where they are known to.
    differs: Option<&'static str>,
}

const fn get(path: &'static str, compare: Compare) -> Ask {
    Ask {
        method: "GET",
        path,
        headers: &[],
        body: "",
        compare,
        differs: None,
    }
}

const fn send(method: &'static str, path: &'static str, body: &'static str, compare: Compare) -> Ask {
    Ask {
        method,
        path,
        headers: &[],
        body,
        compare,
        differs: None,
    }
}

impl Ask {
    const fn with(mut self, headers: &'static [(&'static str, &'static str)]) -> Self {
        self.headers = headers;
        self
    }

    const fn differs(mut self, why: &'static str) -> Self {
        self.differs = Some(why);
        self
    }
}

mod requests;

/// Asks both and counts.
pub(crate) fn compare(pair: &Pair) -> Outcome {
    let theirs_folder = pair.folder.join("loki");
    let ours_folder = pair.folder.join("longshore");
    let theirs = Halves::new(&pair.longshore, &theirs_folder, Via::Loki)?;
    let mut ours = Halves::new(&pair.longshore, &ours_folder, Via::Loki)?;
    let mut command = Command::new(&pair.peer);
    command
        .arg(format!("-config.file={}", theirs_folder.join("store.yaml").display()))
        .args([
            "-pattern-ingester.enabled=true",
            "-use-thanos-objstore=true",
            "-ruler-storage.backend=filesystem",
            "-compactor.retention-enabled=true",
            "-compactor.delete-request-store=filesystem",
        ])
        .arg(format!(
            "-object-store.filesystem.dir={}",
            theirs_folder.join("objects").display()
        ))
        .arg(format!(
            "-ruler-storage.filesystem.dir={}",
            theirs_folder.join("rules").display()
        ))
        .current_dir(&theirs_folder);
    let loki = Program::start("loki", &theirs_folder, &mut command)?;
    ours.start_ready(Half::Store)?;
    let ready = Loki::new(theirs.address).wait_ready(LOKI_READY_WITHIN);
    ready.map_err(|error| format!("{error}\n{}", loki.last_words()))?;
    let mut clients = [Client::new(theirs.address), Client::new(ours.address)];
    let range = fill(&mut clients)?;

    let mut differences = Vec::new();
    let mut explained = 0;
    for ask in requests::ALL {
        let path = ask.path.replace("{range}", &range);
        let [theirs, ours] = &mut clients;
        let mut answers = Vec::new();
        for client in [theirs, ours] {
            answers.push(client.send(ask.method, &path, ask.headers, ask.body.as_bytes())?);
        }
        let difference = match answers.as_slice() {
            [theirs, ours] => differs(ask, theirs, ours),
            _ => None,
        };
        match (difference, ask.differs) {
            (Some(_), Some(_)) => explained += 1,
            (Some(difference), None) => differences.push(format!("{} {path}: {difference}", ask.method)),
            (None, Some(why)) => differences.push(format!("{} {path}: the same, although {why}", ask.method)),
            (None, None) => {}
        }
    }
    let asked = requests::ALL.len();
    if differences.is_empty() {
        return Ok(format!(
            "{asked} requests, {explained} answered differently for a known reason"
        ));
    }
    Err(format!("{} of {asked} requests:\n{}", differences.len(), differences.join("\n")).into())
}

/// Pushes the same lines to both and waits until they are found; gives the range around them as parameters.
fn fill(clients: &mut [Client; 2]) -> Result<String, Box<dyn std::error::Error>> {
    let end = now().0 / SECOND_NS * SECOND_NS;
    let start = end - LINES * SECOND_NS;
    let values = |line: &dyn Fn(i64) -> String| -> Vec<Value> {
        let at = |index: i64| (start + index * SECOND_NS).to_string();
        (0..LINES)
            .map(|index| json!([at(index), line(index), {"trace": format!("t{index}")}]))
            .collect()
    };
    let web = values(&|index| format!("level=info msg=\"request served\" status=200 took={index}ms"));
    let db = values(&|index| format!("{{\"msg\":\"slow query\",\"rows\":{index}}}"));
    let body = json!({"streams": [
        {"stream": {"app": "web", "env": "test"}, "values": web},
        {"stream": {"app": "db", "env": "test"}, "values": db},
    ]})
    .to_string();
    let range = format!("start={start}&end={}", end + SECOND_NS);
    let query = escape("sum(count_over_time({env=\"test\"}[10m]))");
    let expected = (2 * LINES).to_string();
    for client in clients {
        let answer = client.post(
            "/loki/api/v1/push",
            &[("Content-Type", "application/json")],
            body.as_bytes(),
        )?;
        if answer.status != 204 {
            return Err(format!("the push was refused: {} {}", answer.status, answer.text()).into());
        }
        let seen = wait_until(SEEN_WITHIN, || {
            let mut ask = |path: &str| serde_json::from_slice::<Value>(&client.get(path).ok()?.body).ok();
            let counted = ask(&format!("/loki/api/v1/query?query={query}"))?;
            let patterns = ask(&format!(
                "/loki/api/v1/patterns?{range}&query={}",
                escape("{app=\"web\"}")
            ))?;
            let is_counted = counted["data"]["result"][0]["value"][1].as_str() == Some(&expected);
            (is_counted && patterns["data"][0].is_object()).then_some(())
        });
        if seen.is_none() {
            return Err(format!("{} does not find the lines", client.address()).into());
        }
    }
    Ok(range)
}

/// What is different about our answer.
fn differs(ask: &Ask, theirs: &Response, ours: &Response) -> Option<String> {
    if ask.compare == Compare::Refused && matches!(theirs.status, 404 | 405) && ours.status == 405 {
        return (!ours.body.is_empty()).then(|| format!("ours has a text: {:?}", short(ours)));
    }
    if theirs.status != ours.status {
        return Some(format!(
            "status {} {:?}, ours {} {:?}",
            theirs.status,
            short(theirs),
            ours.status,
            short(ours)
        ));
    }
    if ask.compare == Compare::Status {
        return None;
    }
    let content_type = |response: &Response| {
        let header = response.header("content-type").unwrap_or_default();
        header.to_ascii_lowercase().replace(' ', "")
    };
    if content_type(theirs) != content_type(ours) {
        return Some(format!(
            "content type {}, ours {}",
            content_type(theirs),
            content_type(ours)
        ));
    }
    let parsed = |response: &Response| serde_json::from_slice::<Value>(&response.body).unwrap_or_default();
    let is_same = match ask.compare {
        Compare::Status | Compare::Refused => true,
        Compare::Text => theirs.body == ours.body,
        Compare::Json => parsed(theirs) == parsed(ours),
        Compare::Form => form(&parsed(theirs)) == form(&parsed(ours)),
    };
    match ask.compare {
        _ if is_same => None,
        Compare::Form => Some(show(&form(&parsed(theirs)), &form(&parsed(ours)))),
        _ => Some(format!("{:?}, ours {:?}", short(theirs), short(ours))),
    }
}

fn short(response: &Response) -> String {
    response.text().chars().take(600).collect()
}

/// Each place in a value with the kind of what stands there; elements of a list are taken together.
fn form(value: &Value) -> BTreeSet<String> {
    let mut places = BTreeSet::new();
    put_places(value, "", &mut places);
    // The real one has it only where an ingester was asked.
    places.retain(|place| !place.contains(".recvWaitTime "));
    places
}

fn put_places(value: &Value, path: &str, places: &mut BTreeSet<String>) {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "text",
        Value::Array(items) => {
            items
                .iter()
                .for_each(|item| put_places(item, &format!("{path}[]"), places));
            "list"
        }
        Value::Object(fields) => {
            fields
                .iter()
                .for_each(|(name, field)| put_places(field, &format!("{path}.{name}"), places));
            "object"
        }
    };
    places.insert(format!("{path} {kind}"));
}

/// What only one of them has.
fn show(theirs: &BTreeSet<String>, ours: &BTreeSet<String>) -> String {
    let missing: Vec<&str> = theirs.difference(ours).map(String::as_str).collect();
    let added: Vec<&str> = ours.difference(theirs).map(String::as_str).collect();
    format!("missing here: {}; only here: {}", missing.join(", "), added.join(", "))
}
