//! `longshore deploy render`: its files in the programs' own judgement, and dashboards and alerts against what is there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use longshore_tests::halves::{Half, Halves, Via};
use longshore_tests::http;
use longshore_tests::peers::find_or_skip;
use serde_json::Value;

use crate::program;

fn deploy_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy")
}

fn assert_accepted(command: &mut Command) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{command:?}: {said}");
}

/// What `longshore deploy render` prints, as documents.
fn rendered(arguments: &[&str]) -> Vec<Value> {
    let mut command = Command::new(program());
    command
        .args(["deploy", "render"])
        .args(arguments)
        .env_remove("ENABLE_LOGGING");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let documents = text.split("\n---\n").skip(1);
    documents
        .map(|document| serde_saphyr::from_str(document).unwrap())
        .collect()
}

/// A file of one of the rendered ConfigMaps, written to `folder`.
fn file_of(documents: &[Value], name: &str, folder: &Path) -> PathBuf {
    let maps = documents.iter().filter(|document| document["kind"] == "ConfigMap");
    let text = maps.filter_map(|map| map["data"][name].as_str()).next().unwrap();
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn rendered_files_are_accepted_by_ours_and_by_upstream() {
    let otelcol = find_or_skip("otelcol", "`otelcol validate` of rendered files");
    let loki = find_or_skip("loki", "`loki -verify-config` of rendered files");
    let external = [
        "--set",
        "store.engine=external",
        "--set",
        "store.endpoint=https://logs.example.com/otlp",
    ];
    let variants: [&[&str]; 4] = [
        &[],
        &["--engine", "upstream", "--set", "tenant=team-a"],
        &["--set", "store.retention=30d"],
        &external,
    ];
    for variant in variants {
        let folder = tempfile::tempdir().unwrap();
        let documents = rendered(variant);
        let collector = file_of(&documents, "otel-collector-config.yaml", folder.path());
        let url = ("LONGSHORE_STORE_URL", "https://logs.example.com/otlp");
        assert_accepted(
            Command::new(program())
                .args(["validate", "--config"])
                .arg(&collector)
                .env(url.0, url.1),
        );
        if let Some(otelcol) = &otelcol {
            assert_accepted(
                Command::new(otelcol)
                    .args(["validate", "--config"])
                    .arg(&collector)
                    .env(url.0, url.1),
            );
        }
        if variant == external {
            continue;
        }
        let store = file_of(&documents, "loki-config.yaml", folder.path());
        assert_accepted(Command::new(program()).args(["validate", "--config"]).arg(&store));
        if let Some(loki) = &loki {
            let file = format!("-config.file={}", store.display());
            assert_accepted(Command::new(loki).args(["-verify-config", &file]));
        }
    }
}

#[test]
fn the_switch_renders_nothing_but_comments() {
    let mut command = Command::new(program());
    let output = command
        .args(["deploy", "render"])
        .env("ENABLE_LOGGING", "false")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success() && text.lines().all(|line| line.starts_with('#')),
        "{text}"
    );
    let mut command = Command::new(program());
    let output = command
        .args(["deploy", "render"])
        .env("ENABLE_LOGGING", "maybe")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        !output.status.success() && said.contains("'maybe' is neither true nor false"),
        "{said}"
    );
}

/// Every query of a dashboard, with its data source's type.
fn queries(dashboard: &Value) -> Vec<(String, String)> {
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().unwrap());
    let query = |target: &Value| {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&target["datasource"]["type"]), text(&target["expr"]))
    };
    targets.map(query).collect()
}

/// The names under which a text of metrics has samples, as Prometheus sees them.
fn sample_names(metrics: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for line in metrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let (name, kind) = line.split_once(' ').unwrap();
        let endings: &[&str] = match kind {
            "counter" => &["_total"],
            "histogram" => &["_bucket", "_count", "_sum"],
            _ => &[""],
        };
        names.extend(endings.iter().map(|ending| format!("{name}{ending}")));
    }
    names
}

/// Whether a metric is registered, where it shows itself with its first event only, as families with labels do.
fn is_registered(name: &str) -> bool {
    let sources = [
        include_str!("../../crates/collector/src/metrics.rs"),
        include_str!("../../crates/server/src/metrics.rs"),
        include_str!("../../crates/store/src/events.rs"),
    ];
    let stem = name
        .trim_start_matches("longshore_")
        .trim_end_matches("_total")
        .trim_end_matches("_bucket");
    let spellings = [stem, stem.split_once('_').unwrap_or_default().1].map(|name| format!("\"{name}\""));
    let stands = |source: &&str| spellings.iter().any(|spelling| source.contains(spelling));
    sources.iter().any(stands)
}

/// The names of our own metrics in an expression.
fn own_metrics(expression: &str) -> Vec<&str> {
    let words = expression.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
    words.filter(|word| word.starts_with("longshore_")).collect()
}

#[test]
fn dashboards_and_alerts_ask_for_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut halves = Halves::new(program(), folder.path(), Via::Loki).unwrap();
    halves.start_ready(Half::Store).unwrap();
    halves.start_ready(Half::Collector).unwrap();
    let mut store = http::Client::new(halves.address);
    let mut metrics = store.get("/metrics").unwrap().text();
    metrics.push_str(&http::Client::new(halves.metrics).get("/metrics").unwrap().text());
    let names = sample_names(&metrics);

    let mut expressions = Vec::new();
    for file in ["longshore-logs", "longshore-health"] {
        let text = fs::read_to_string(deploy_folder().join(format!("grafana/dashboards/{file}.json"))).unwrap();
        for (kind, query) in queries(&serde_json::from_str(&text).unwrap()) {
            if kind == "prometheus" {
                expressions.push(query);
                continue;
            }
            // As Grafana puts variables in.
            let variables = [
                ("$__auto", "1m"),
                ("$__range", "1h"),
                ("$workload", ".+"),
                ("$namespace", ".*"),
                ("$pod", ".*"),
                ("$search", ""),
            ];
            let query = variables
                .iter()
                .fold(query, |query, (name, value)| query.replace(name, value));
            let path = format!("/loki/api/v1/format_query?query={}", http::escape(&query));
            let answer = store.get(&path).unwrap();
            assert_eq!(answer.status, 200, "{query}: {}", answer.text());
        }
    }
    let alerts = fs::read_to_string(deploy_folder().join("alerts/longshore.yaml")).unwrap();
    expressions.extend(
        alerts
            .lines()
            .filter_map(|line| line.trim().strip_prefix("expr: "))
            .map(str::to_owned),
    );
    assert!(expressions.len() > 20, "{expressions:?}");
    for expression in &expressions {
        for name in own_metrics(expression) {
            assert!(
                names.contains(name) || is_registered(name),
                "no metric {name}, in {expression}; there are {names:?}"
            );
        }
    }
}

/// A program on the path.
fn on_path(name: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&folders)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}

#[test]
fn alerts_fire_when_they_must() {
    let test = deploy_folder().join("alerts/longshore.test.yaml");
    if let Some(promtool) = on_path("promtool") {
        assert_accepted(
            Command::new(&promtool)
                .args(["check", "rules"])
                .arg(deploy_folder().join("alerts/longshore.yaml")),
        );
        assert_accepted(Command::new(promtool).args(["test", "rules"]).arg(&test));
    } else if let Some(tool) = on_path("vmalert-tool") {
        assert_accepted(
            Command::new(tool)
                .arg("unittest")
                .arg(format!("--files={}", test.display())),
        );
    } else {
        longshore_tests::peers::tell(
            "SKIPPED the alert rules' own tests: neither promtool nor vmalert-tool is on the path",
        );
    }
}
