//! What the API may do to the program: log more, flush, end.

use longshore_model::SECOND_NS;
use longshore_tests::clock::{now, wait_until};
use longshore_tests::halves::{Half, Halves, Via};
use longshore_tests::http::Client;
use longshore_tests::program::Program;
use serde_json::json;

use crate::{ENDS_WITHIN, PATIENCE, program};

/// `log_format`, `log_level` and `log_queries_longer_than` of the configuration.
#[test]
fn queries_are_told_in_the_form_that_is_configured() {
    let folder = tempfile::tempdir().unwrap();
    let mut halves = Halves::new(program(), folder.path(), Via::Loki).unwrap();
    let file = folder.path().join("store.yaml");
    let config = std::fs::read_to_string(&file).unwrap();
    let config = config.replace("log_level: info", "log_level: info, log_format: json");
    std::fs::write(&file, format!("{config}\nfrontend: {{log_queries_longer_than: -1s}}\n")).unwrap();
    halves.start_ready(Half::Store).unwrap();
    let answer = Client::new(halves.address)
        .get("/loki/api/v1/labels?query=%7Ba%3D%22b%22%7D")
        .unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let told = || {
        let words = halves.store.as_ref().map(|store| store.output())?;
        let line = words.lines().find(|line| line.contains("slow query"))?;
        Some(serde_json::from_str::<serde_json::Value>(line).unwrap())
    };
    let line = wait_until(PATIENCE, told).unwrap_or_else(|| panic!("{}", halves.last_words()));
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["path"], "/loki/api/v1/labels");
    assert_eq!(line["parameters"], "query=\"{a=\\\"b\\\"}\"");
}

#[test]
fn the_level_of_logging_changes_and_the_store_ends_when_it_is_asked_to() {
    let folder = tempfile::tempdir().unwrap();
    let mut halves = Halves::new(program(), folder.path(), Via::Loki).unwrap();
    halves.start_ready(Half::Store).unwrap();
    let mut client = Client::new(halves.address);
    let answer = client.get("/log_level").unwrap();
    assert_eq!(answer.text(), r#"{"message":"Current log level is info"}"#);
    let answer = client.post("/log_level?log_level=debug", &[], &[]).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(
        client.get("/log_level").unwrap().text(),
        r#"{"message":"Current log level is debug"}"#
    );
    let told = || {
        let words = halves.store.as_ref().map(|store| store.output())?;
        words.contains("the level of logging was changed").then_some(())
    };
    assert!(wait_until(PATIENCE, told).is_some(), "{}", halves.last_words());

    let at = (now().0 - SECOND_NS).to_string();
    let body = json!({"streams": [{"stream": {"app": "web"}, "values": [[at, "kept"]]}]}).to_string();
    let headers = [("Content-Type", "application/json")];
    assert_eq!(
        client
            .post("/loki/api/v1/push", &headers, body.as_bytes())
            .unwrap()
            .status,
        204
    );
    assert_eq!(client.post("/ingester/shutdown", &[], &[]).unwrap().status, 204);
    let ended = halves.store.as_mut().unwrap().wait(ENDS_WITHIN);
    assert!(ended.is_some_and(|status| status.success()), "{}", halves.last_words());

    halves.start_ready(Half::Store).unwrap();
    let found = halves
        .loki()
        .sum("sum(count_over_time({app=\"web\"} |= \"kept\" [1h]))", now())
        .unwrap();
    assert_eq!(found, 1.0);
}

/// As when a pod starts before the one that it replaces has ended.
#[test]
fn who_comes_second_waits_for_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let mut halves = Halves::new(program(), folder.path(), Via::Loki).unwrap();
    halves.start_ready(Half::Store).unwrap();
    let second = Program::start("second", folder.path(), &mut halves.command(Half::Store)).unwrap();
    let waits = || second.output().contains("waiting for the folder").then_some(());
    assert!(wait_until(PATIENCE, waits).is_some(), "{}", second.last_words());
    let mut first = halves.store.replace(second).unwrap();
    first.terminate().unwrap();
    assert!(first.wait(ENDS_WITHIN).is_some_and(|status| status.success()));
    halves.wait_ready(Half::Store).unwrap();
}
