//! What dashboards and alert rules ask of VictoriaMetrics and of the store: it is there, also for the real programs.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use longshore_tests::clock::wait_until;
use longshore_tests::halves::{Half, Halves, Via};
use longshore_tests::http::{self, escape};
use longshore_tests::peers::find_or_skip;
use longshore_tests::program::{Program, free_address};
use serde_json::Value;

use crate::{PATIENCE, filled, program};

/// What Grafana puts in the place of its variables, in this order.
const VARIABLES: [(&str, &str); 7] = [
    ("$__rate_interval", "1m"),
    ("$__auto", "1m"),
    ("$__range", "1h"),
    ("$workload", ".+"),
    ("$namespace", ".*"),
    ("$pod", ".*"),
    ("$search", ""),
];

fn deploy_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy")
}

/// Every query of the dashboards, with its data source's type and variables filled in.
fn dashboard_queries() -> Vec<(String, String)> {
    let mut queries = Vec::new();
    for file in ["longshore-logs", "longshore-health"] {
        let text = fs::read_to_string(deploy_folder().join(format!("grafana/dashboards/{file}.json"))).unwrap();
        let dashboard: Value = serde_json::from_str(&text).unwrap();
        let panels = dashboard["panels"].as_array().unwrap().iter();
        for target in panels.flat_map(|panel| panel["targets"].as_array().unwrap()) {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let fill = |query: String, (name, value): &(&str, &str)| query.replace(name, value);
            let query = VARIABLES.iter().fold(text(&target["expr"]), fill);
            queries.push((text(&target["datasource"]["type"]), query));
        }
    }
    queries
}

/// Every expression of the alert rules.
fn alert_expressions() -> Vec<String> {
    let alerts = fs::read_to_string(deploy_folder().join("alerts/longshore.yaml")).unwrap();
    let lines = alerts.lines().filter_map(|line| line.trim().strip_prefix("expr: "));
    lines.map(str::to_owned).collect()
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

    let mut expressions = alert_expressions();
    for (kind, query) in dashboard_queries() {
        if kind == "prometheus" {
            expressions.push(query);
            continue;
        }
        let path = format!("/loki/api/v1/format_query?query={}", escape(&query));
        let answer = store.get(&path).unwrap();
        assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    }
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

/// The result of an instant query over metrics.
fn ask(metrics: SocketAddr, expression: &str) -> Result<Value, String> {
    let path = format!("/api/v1/query?query={}", escape(expression));
    let answer = http::Client::new(metrics)
        .get(&path)
        .map_err(|error| error.to_string())?;
    if answer.status != 200 {
        return Err(format!("{expression}: {} {}", answer.status, answer.text()));
    }
    let answer: Value = serde_json::from_slice(&answer.body).map_err(|error| error.to_string())?;
    Ok(answer["data"]["result"].clone())
}

/// The configuration that compose mounts, with the addresses of this test and no time between two looks.
fn scrape_file(halves: &Halves, victoria: SocketAddr, folder: &Path) -> PathBuf {
    let shipped = fs::read_to_string(deploy_folder().join("victoriametrics/scrape.yaml")).unwrap();
    let mut text = shipped.replace("scrape_interval: 15s", "scrape_interval: 1s");
    for (name, address) in [
        ("longshore-collector:8888", halves.metrics),
        ("longshore-store:3100", halves.address),
        ("victoriametrics:8428", victoria),
    ] {
        assert!(text.contains(name), "{name} is not scraped:\n{text}");
        text = text.replace(name, &address.to_string());
    }
    let path = folder.join("scrape.yaml");
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn the_real_victoriametrics_scrapes_both_halves_and_answers_every_panel() {
    let Some(victoria) = find_or_skip("victoria-metrics", "scraping both halves by VictoriaMetrics") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (halves, _generator) = filled(folder.path(), Via::Otlp, 5, 100);

    let address = free_address().unwrap();
    let scrape = scrape_file(&halves, address, folder.path());
    let mut command = Command::new(victoria);
    command
        .arg(format!("-promscrape.config={}", scrape.display()))
        .arg("-promscrape.config.strictParse=true")
        .arg(format!("-storageDataPath={}", folder.path().join("metrics").display()))
        .arg(format!("-httpListenAddr={address}"))
        .arg("-search.latencyOffset=0s");
    let victoria = Program::start("victoria-metrics", folder.path(), &mut command).unwrap();
    // Two samples of each, so that rates have something to say.
    let scraped = wait_until(PATIENCE, || {
        let up = ask(address, "sum_over_time(up{job=~\"longshore-.+\"}[1m]) >= 2").ok()?;
        (up.as_array()?.len() == 2).then_some(())
    });
    assert!(scraped.is_some(), "{}\n{}", victoria.last_words(), halves.last_words());

    // What says nothing on a healthy stack, or only after minutes.
    let silent = ["files_lost", "dropped", "discarded", "duplicate"];
    for (kind, expression) in dashboard_queries() {
        if kind != "prometheus" {
            continue;
        }
        let answer = ask(address, &expression).unwrap();
        let may_be_empty = silent.iter().any(|word| expression.contains(word));
        let is_there = answer.as_array().is_some_and(|series| !series.is_empty());
        assert!(is_there || may_be_empty, "no data for the panel {expression}");
    }
    for expression in alert_expressions() {
        let firing = ask(address, &expression).unwrap();
        // Nothing was read in the last minutes by a collector that started seconds ago: the rule waits for that. And how
        // full this machine's disk is says nothing about us.
        let may_hold = ["[15m]", "disk_free"].iter().any(|word| expression.contains(word));
        assert!(firing == Value::Array(Vec::new()) || may_hold, "{expression}: {firing}");
    }
}

#[test]
fn the_real_vmalert_takes_the_rules() {
    let Some(vmalert) = find_or_skip("vmalert", "the alert rules by vmalert") else {
        return;
    };
    let rules = deploy_folder().join("alerts/longshore.yaml");
    let output = Command::new(vmalert)
        .arg("-dryRun")
        .arg(format!("-rule={}", rules.display()))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
