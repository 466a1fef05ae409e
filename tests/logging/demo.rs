//! What a stranger does first: one command, and the logs are there.

use std::collections::BTreeSet;
use std::process::Command;

use longshore_model::{SECOND_NS, TimeRange, TimestampNs};
use longshore_tests::clock::{now, wait_until};
use longshore_tests::loki::{Line, Loki};
use longshore_tests::program::{Program, free_address};

use crate::{ENDS_WITHIN, PATIENCE, program};

#[test]
fn one_command_shows_logs_and_ctrl_c_ends_it_well() {
    let folder = tempfile::tempdir().unwrap();
    let address = free_address().unwrap();
    let data = folder.path().join("data");
    let mut command = Command::new(program());
    command
        .args(["up", "--demo", "--listen", &address.to_string(), "--data"])
        .arg(&data)
        .current_dir(folder.path());
    let mut up = Program::start("up", folder.path(), &mut command).unwrap();
    let mut loki = Loki::new(address);
    if let Err(error) = loki.wait_ready(PATIENCE) {
        panic!("{error}\n{}", up.last_words());
    }

    let lines = wait_until(PATIENCE, || {
        let end = TimestampNs(now().0 + SECOND_NS);
        let range = TimeRange {
            start: TimestampNs(end.0 - 3_600 * SECOND_NS),
            end,
        };
        loki.lines("{service_name=~\".+\"}", range, 1_000, false)
            .ok()
            .filter(|lines| lines.len() >= 100 && services(lines).len() >= 3)
    });
    let lines = lines.unwrap_or_else(|| panic!("no lines of a handful of services\n{}", up.last_words()));
    for label in [
        "service_name",
        "k8s_namespace_name",
        "k8s_pod_name",
        "k8s_container_name",
    ] {
        let without = lines
            .iter()
            .find(|line| line.labels.get(label).is_none_or(String::is_empty));
        assert!(without.is_none(), "no {label}: {without:?}");
    }

    let page = loki.get("/").unwrap();
    assert!(
        page.status == 200 && page.text().contains("<!doctype html"),
        "{} {:.300}",
        page.status,
        page.text()
    );
    let metrics = loki.get("/metrics").unwrap();
    assert!(
        metrics.status == 200 && metrics.text().contains("# TYPE"),
        "{:.300}",
        metrics.text()
    );

    let said = up.output();
    assert!(
        said.contains(&format!("http://{address}")) && said.contains("Ctrl-C"),
        "{said}"
    );
    up.interrupt().unwrap();
    let status = up.wait(ENDS_WITHIN);
    assert!(
        status.is_some_and(|status| status.success()),
        "{status:?}\n{}",
        up.last_words()
    );
    assert!(!up.output().contains("panicked"), "{}", up.output());
}

fn services(lines: &[Line]) -> BTreeSet<&String> {
    lines
        .iter()
        .filter_map(|line| line.labels.get("service_name"))
        .collect()
}
