//! The real upstream programs as judges, where they are there: our files in their parsers, their client on our store.

use std::path::{Path, PathBuf};
use std::process::Command;

use longshore_tests::halves::Via;
use longshore_tests::peers::find_or_skip;

use crate::{filled, program};

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../deploy/configs")
        .join(name)
}

fn assert_accepted(command: &mut Command) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{command:?}: {said}");
}

#[test]
fn our_own_files_are_accepted_by_ours() {
    for name in ["otel-collector-config.yaml", "loki-config.yaml"] {
        assert_accepted(
            Command::new(program())
                .args(["validate", "--config"])
                .arg(shipped(name)),
        );
    }
}

#[test]
fn the_collector_file_is_accepted_by_the_real_one() {
    let Some(otelcol) = find_or_skip("otelcol", "`otelcol validate` of deploy/configs") else {
        return;
    };
    assert_accepted(
        Command::new(otelcol)
            .arg("validate")
            .arg("--config")
            .arg(shipped("otel-collector-config.yaml")),
    );
}

#[test]
fn the_store_file_is_accepted_by_the_real_one() {
    let Some(loki) = find_or_skip("loki", "`loki -verify-config` of deploy/configs") else {
        return;
    };
    let file = format!("-config.file={}", shipped("loki-config.yaml").display());
    assert_accepted(Command::new(loki).args(["-verify-config", "-config.expand-env=true", &file]));
}

#[test]
fn logcli_reads_our_store() {
    let Some(logcli) = find_or_skip("logcli", "logcli against the store") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (halves, _generator) = filled(folder.path(), Via::Loki, 5, 100);

    let run = |arguments: &[&str]| {
        let address = format!("http://{}", halves.address);
        let output = Command::new(&logcli)
            .args(arguments)
            .env("LOKI_ADDR", address)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    };
    let raw = run(&[
        "query",
        "{service_name=\"cart\"}",
        "--output=raw",
        "--limit=1000",
        "--forward",
        "--quiet",
    ]);
    let numbers: Vec<_> = raw.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(
        numbers,
        (0..100).map(|number| format!("n={number}")).collect::<Vec<_>>()
    );
    let values = run(&["labels", "service_name", "--quiet"]);
    assert_eq!(
        values.split_whitespace().collect::<Vec<_>>(),
        ["cart", "checkout", "frontend", "payment", "shipping"]
    );
    let series = run(&["series", "{service_name=~\"cart|payment\"}", "--quiet"]);
    assert_eq!(
        series.lines().filter(|line| line.contains("k8s_pod_name")).count(),
        2,
        "{series}"
    );
    let count = run(&[
        "instant-query",
        "sum(count_over_time({service_name=\"cart\"}[1h]))",
        "--quiet",
    ]);
    assert!(count.contains("100"), "{count}");
}
