//! Each of logcli's commands against our store, where the real logcli is.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use longshore_model::{SECOND_NS, TimestampNs};
use longshore_tests::clock::{now, wait_until};
use longshore_tests::halves::{Half, Halves, Via};
use longshore_tests::http::Client;
use longshore_tests::peers::find_or_skip;
use longshore_tests::program::Program;
use serde_json::{Value, json};

use crate::{PATIENCE, program};

/// Lines of the stream `app="web"`, a second apart; the last one is ten seconds old.
const LINES: i64 = 60;

/// A store with known lines and the client.
struct Setup {
    logcli: PathBuf,
    halves: Halves,
    /// Of the first line.
    first: TimestampNs,
    folder: tempfile::TempDir,
}

impl Setup {
    /// `None`, and said, without a logcli.
    fn new(what: &str) -> Option<Self> {
        let logcli = find_or_skip("logcli", what)?;
        let folder = tempfile::tempdir().unwrap();
        let mut halves = Halves::new(program(), folder.path(), Via::Loki).unwrap();
        halves.start_ready(Half::Store).unwrap();
        let first = TimestampNs((now().0 / SECOND_NS - 10 - LINES) * SECOND_NS);
        let values: Vec<Value> = (0..LINES)
            .map(|index| {
                let at = (first.0 + index * SECOND_NS).to_string();
                json!([at, format!("level=info n={index} took={index}ms")])
            })
            .collect();
        let streams = json!({"streams": [
            {"stream": {"app": "web", "env": "test"}, "values": values},
            {"stream": {"app": "db", "env": "test"}, "values": [[first.0.to_string(), "checkpoint"]]},
        ]});
        push(&halves, &streams);
        Some(Self {
            logcli,
            halves,
            first,
            folder,
        })
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.logcli);
        command
            .args(arguments)
            .arg("--quiet")
            .env("LOKI_ADDR", format!("http://{}", self.halves.address))
            .current_dir(self.folder.path());
        command
    }

    fn try_run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// What a command prints, which must succeed.
    fn run(&self, arguments: &[&str]) -> String {
        let output = self.try_run(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{arguments:?}: {said}\n{}",
            self.halves.last_words()
        );
        String::from_utf8(output.stdout).unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let text = self.run(arguments);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{arguments:?}: {error} in {text}"))
    }

    /// Times around all lines, as logcli takes them.
    fn range(&self) -> [String; 2] {
        [
            format!("--from={}", self.first),
            format!("--to={}", TimestampNs(self.first.0 + LINES * SECOND_NS)),
        ]
    }
}

fn push(halves: &Halves, streams: &Value) {
    let headers = [("Content-Type", "application/json")];
    let body = streams.to_string();
    let answer = Client::new(halves.address).post("/loki/api/v1/push", &headers, body.as_bytes());
    assert_eq!(answer.unwrap().status, 204);
}

/// The numbers of raw lines, in their order.
fn numbers(raw: &str) -> Vec<i64> {
    let number = |line: &str| line.split("n=").nth(1)?.split(' ').next()?.parse().ok();
    raw.lines().filter_map(number).collect()
}

#[test]
fn queries_of_lines() {
    let Some(setup) = Setup::new("logcli's queries of lines") else {
        return;
    };
    let all: Vec<i64> = (0..LINES).collect();
    let newest = setup.run(&["query", "{app=\"web\"}", "--limit=3", "-o", "raw"]);
    assert_eq!(numbers(&newest), [59, 58, 57]);
    let batches = [
        "query",
        "{app=\"web\"}",
        "--limit=1000",
        "--batch=7",
        "--forward",
        "-o",
        "raw",
    ];
    assert_eq!(numbers(&setup.run(&batches)), all);
    let [from, to] = &setup.range();
    let whole = setup.run(&[
        "query",
        "{app=\"web\"}",
        from,
        to,
        "--limit=0",
        "--forward",
        "-o",
        "raw",
    ]);
    assert_eq!(numbers(&whole), all);
    let filtered = setup.run(&["query", "{app=\"web\"} | logfmt | n=\"7\"", "-o", "jsonl"]);
    let line: Value = serde_json::from_str(&filtered).unwrap();
    assert_eq!(line["line"], "level=info n=7 took=7ms");
    let text = setup.run(&["query", "{app=\"web\"} |= \"n=7 \"", "--include-label=app"]);
    assert!(text.contains("{app=\"web\"} level=info n=7 took=7ms"), "{text}");

    let parts = setup.folder.path().join("part");
    let parts = format!("--part-path-prefix={}", parts.display());
    let parallel = [
        "query",
        "{app=\"web\"}",
        from,
        to,
        "--parallel-duration=20s",
        "--parallel-max-workers=2",
        &parts,
    ];
    let merged = setup.run(&[&parallel[..], &["--merge-parts", "--forward", "--limit=0", "-o", "raw"]].concat());
    assert_eq!(numbers(&merged), all);

    let wrong = setup.try_run(&["query", "{app=\"web"]);
    assert!(!wrong.status.success());
    let said = String::from_utf8_lossy(&wrong.stderr);
    assert!(
        said.contains("parse error at line 1, col 6: literal not terminated"),
        "{said}"
    );
}

#[test]
fn queries_of_numbers() {
    let Some(setup) = Setup::new("logcli's queries of numbers") else {
        return;
    };
    let count = setup.json(&["instant-query", "sum by (env) (count_over_time({env=\"test\"}[1h]))"]);
    assert_eq!(count[0]["metric"], json!({"env": "test"}));
    assert_eq!(count[0]["value"][1], "61");
    let query = "sum(count_over_time({app=\"web\"}[10s]))";
    let matrix = setup.json(&["query", query, "--since=10m", "--step=10s"]);
    let values = matrix[0]["values"].as_array().unwrap();
    let sum: i64 = values
        .iter()
        .map(|value| value[1].as_str().unwrap().parse::<i64>().unwrap())
        .sum();
    assert_eq!(sum, LINES);
    let stats = String::from_utf8(setup.try_run(&["query", "{app=\"web\"}", "--stats"]).stderr).unwrap();
    for name in [
        "Ingester.TotalReached",
        "Querier.TotalChunksRef",
        "Summary.BytesProcessedPerSecond",
    ] {
        assert!(stats.contains(name), "{name} in {stats}");
    }
}

#[test]
fn what_there_is() {
    let Some(setup) = Setup::new("logcli's labels, series, volumes and fields") else {
        return;
    };
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(words(&setup.run(&["labels"])), ["app", "env", "service_name"]);
    assert_eq!(words(&setup.run(&["labels", "app"])), ["db", "web"]);
    let series = setup.run(&["series", "{app=\"web\"}"]);
    assert_eq!(series.trim(), r#"{app="web", env="test", service_name="web"}"#);
    let analysis = setup.run(&["series", "{env=\"test\"}", "--analyze-labels"]);
    assert!(analysis.contains("Total Streams:  2"), "{analysis}");
    let stats = setup.run(&["stats", "{env=\"test\"}"]);
    assert!(stats.contains("streams: 2") && stats.contains("entries: 61"), "{stats}");
    let volume = setup.json(&["volume", "{env=\"test\"}", "--targetLabels=app"]);
    let names: Vec<_> = volume
        .as_array()
        .unwrap()
        .iter()
        .map(|series| series["metric"]["app"].clone())
        .collect();
    assert_eq!(names, ["web", "db"]);
    let bytes = |value: &Value| value[1].as_str().unwrap().parse::<u64>().unwrap();
    let range = setup.json(&["volume_range", "{app=\"db\"}", "--step=1m"]);
    let values = range[0]["values"].as_array().unwrap();
    assert_eq!(values.iter().map(bytes).sum::<u64>(), "checkpoint".len() as u64);
    let fields = setup.run(&["detected-fields", "{app=\"web\"}"]);
    let took = fields
        .lines()
        .find(|line| line.starts_with("label: took"))
        .unwrap_or_else(|| panic!("{fields}"));
    assert!(took.contains("duration") && took.contains("60"), "{took}");
    let values = setup.run(&["detected-fields", "{app=\"web\"}", "level"]);
    assert_eq!(values.trim(), "info");
}

#[test]
fn queries_are_formatted() {
    let Some(setup) = Setup::new("logcli fmt") else { return };
    let mut command = setup.command(&["fmt"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"{ app = \"web\" }|=\"x\"|json")
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        String::from_utf8(output.stdout).unwrap().trim(),
        r#"{app="web"} |= "x" | json"#
    );
}

#[test]
fn deletions() {
    let Some(setup) = Setup::new("logcli delete") else {
        return;
    };
    assert!(setup.run(&["delete", "list"]).trim().is_empty());
    let [from, to] = &setup.range();
    setup.run(&["delete", "create", "{app=\"db\"}", from, to]);
    let listed = setup.json(&["delete", "list", "-o", "jsonl"]);
    assert_eq!(listed[0]["query"], "{app=\"db\"}");
    assert_eq!(listed[0]["status"], "received");
    let gone = || {
        setup
            .run(&["query", "{app=\"db\"}", from, to, "-o", "raw"])
            .trim()
            .is_empty()
            .then_some(())
    };
    assert!(wait_until(PATIENCE, gone).is_some(), "{}", setup.halves.last_words());
    let unknown = setup.try_run(&["delete", "cancel", "--request-id=nothing"]);
    let said = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert!(said.contains("could not find delete request with given id"), "{said}");
}

fn follow(setup: &Setup, folder: &Path, more: &[&str]) -> Program {
    let arguments = [&["query", "{app=\"web\"}", "--tail", "-o", "raw"], more].concat();
    Program::start("tail", folder, &mut setup.command(&arguments)).unwrap()
}

#[test]
fn tails_with_and_without_delay() {
    let Some(setup) = Setup::new("logcli query --tail") else {
        return;
    };
    for (turn, more) in [&[][..], &["--delay-for=1"]].into_iter().enumerate() {
        let folder = setup.folder.path().join(format!("tail-{turn}"));
        std::fs::create_dir(&folder).unwrap();
        let tail = follow(&setup, &folder, more);
        let shows = |text: &str| wait_until(PATIENCE, || tail.output().contains(text).then_some(())).is_some();
        assert!(shows("n=59 "), "{}", tail.last_words());
        let number = 1_000 + turn;
        let line = json!([now().0.to_string(), format!("level=info n={number} took=1ms")]);
        push(
            &setup.halves,
            &json!({"streams": [{"stream": {"app": "web", "env": "test"}, "values": [line]}]}),
        );
        assert!(shows(&format!("n={number} ")), "{}", tail.last_words());
    }
}
