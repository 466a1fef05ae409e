//! The YAML itself, word for word. After a change on purpose: `RECORD=1 cargo test -p longshore-deploy golden`, then read
//! the difference before it is committed.

use std::path::Path;
use std::{env, fs};

use serde_json::Value;

use super::render;
use crate::{Object, Settings, objects};

const GOLDEN: &[(&str, &[(&str, &str)])] = &[
    ("native-staging", &[]),
    (
        "native-production",
        &[
            ("environment", "production"),
            ("metrics.operator", "true"),
            ("store.size", "100Gi"),
        ],
    ),
    ("upstream", &[("engine", "upstream"), ("tenant", "team-a")]),
    (
        "external",
        &[
            ("store.engine", "external"),
            ("store.endpoint", "https://logs.example.com/otlp"),
            ("store.username", "42"),
            ("store.secret", "logs-token"),
            ("store.caSecret", "logs-authority"),
        ],
    ),
    ("off", &[("enableLogging", "false")]),
];

fn settings(pairs: &[(&str, &str)]) -> Settings {
    Settings::from_pairs(pairs.iter().copied()).unwrap()
}

#[test]
fn golden() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/golden");
    for (name, pairs) in GOLDEN {
        let path = folder.join(format!("{name}.yaml"));
        let text = render(&settings(pairs));
        if env::var_os("RECORD").is_some() {
            fs::write(&path, &text).unwrap();
        }
        let golden = fs::read_to_string(&path).unwrap_or_default();
        let difference = golden.lines().zip(text.lines()).position(|(old, new)| old != new);
        assert!(
            golden == text,
            "{name}.yaml differs from what is rendered, first in line {}; if that is meant, record it with RECORD=1",
            difference.map_or(golden.lines().count().min(text.lines().count()), |line| line) + 1
        );
    }
}

#[test]
fn yaml_reads_back_as_the_objects() {
    for (_, pairs) in GOLDEN {
        let settings = settings(pairs);
        let text = render(&settings);
        let documents: Vec<Value> = text
            .split("\n---\n")
            .skip(1)
            .map(|text| serde_saphyr::from_str(text).unwrap())
            .collect();
        let objects: Vec<Value> = objects(&settings).iter().map(Object::to_value).collect();
        assert_eq!(documents, objects);
    }
}

#[test]
fn files_in_config_maps_can_be_compared_line_by_line() {
    let text = render(&settings(&[]));
    assert!(text.contains("  otel-collector-config.yaml: |\n"), "not a block");
    assert!(text.contains("  loki-config.yaml: |\n"), "not a block");
}

#[test]
fn the_volumes_name_is_the_statefulsets() {
    let objects = objects(&settings(&[]));
    let set = objects
        .iter()
        .find(|object| object.kind() == "StatefulSet")
        .unwrap()
        .to_value();
    let claim = &set["spec"]["volumeClaimTemplates"][0]["metadata"]["name"];
    assert_eq!(
        super::CLAIM,
        format!(
            "{}-{}-0",
            claim.as_str().unwrap(),
            set["metadata"]["name"].as_str().unwrap()
        )
    );
}
