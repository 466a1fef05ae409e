//! `longshore deploy render`: its files in the programs' own judgement.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

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
