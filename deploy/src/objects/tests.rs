//! What must hold for every object, whatever the settings.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{Object, Settings, objects};

fn made(pairs: &[(&str, &str)]) -> Vec<Object> {
    objects(&Settings::from_pairs(pairs.iter().copied()).unwrap())
}

fn values(pairs: &[(&str, &str)]) -> Vec<Value> {
    made(pairs).iter().map(Object::to_value).collect()
}

fn find(values: &[Value], kind: &str) -> Value {
    values.iter().find(|value| value["kind"] == kind).unwrap().clone()
}

/// Settings that between them reach every branch.
const VARIANTS: &[&[(&str, &str)]] = &[
    &[],
    &[
        ("environment", "production"),
        ("namespace", "logs"),
        ("engine", "upstream"),
        ("tenant", "team-a"),
    ],
    &[
        ("metrics.operator", "true"),
        ("collector.docker", "true"),
        ("labels", "team=platform"),
    ],
    &[
        ("networkPolicy.namespaces", "grafana"),
        ("collector.limits.cpu", ""),
        ("imagePullSecrets", "registry"),
    ],
    &[
        ("store.engine", "external"),
        ("store.endpoint", "https://a/otlp"),
        ("store.secret", "token"),
        ("store.caSecret", "ca"),
        ("metrics.operator", "true"),
    ],
];

#[test]
fn every_object_has_the_recommended_labels_a_name_of_its_own_and_the_namespace() {
    for pairs in VARIANTS {
        let settings = Settings::from_pairs(pairs.iter().copied()).unwrap();
        let mut names = BTreeSet::new();
        for object in objects(&settings) {
            let name = format!("{}/{}", object.kind(), object.name());
            let metadata = object.metadata();
            let labels = metadata.labels.as_ref().unwrap();
            assert_eq!(labels["app.kubernetes.io/name"], "longshore", "{name}");
            assert!(
                ["collector", "store"].contains(&labels["app.kubernetes.io/component"].as_str()),
                "{name}"
            );
            assert_eq!(
                labels["app.kubernetes.io/instance"],
                format!("longshore-{}", settings.environment),
                "{name}"
            );
            assert_eq!(labels["app.kubernetes.io/version"], env!("CARGO_PKG_VERSION"), "{name}");
            assert_eq!(labels["app.kubernetes.io/managed-by"], "longshore-deploy", "{name}");
            for (key, value) in &settings.labels {
                assert_eq!(&labels[key], value, "{name}");
            }
            if object.kind().starts_with("ClusterRole") {
                // Two stacks in one cluster must not share their rights.
                assert_eq!(metadata.namespace, None, "{name}");
                assert!(object.name().ends_with(&settings.namespace), "{name}");
            } else {
                assert_eq!(metadata.namespace.as_ref(), Some(&settings.namespace), "{name}");
            }
            assert!(names.insert(name));
        }
    }
}

#[test]
fn what_pods_need_comes_before_them() {
    for pairs in VARIANTS {
        let stages: Vec<_> = made(pairs).iter().map(Object::stage).collect();
        assert!(stages.is_sorted(), "{stages:?}");
    }
}

#[test]
fn everything_a_pod_refers_to_is_there() {
    for pairs in VARIANTS {
        let all = values(pairs);
        let exists = |kind: &str, name: &Value| {
            assert!(
                all.iter()
                    .any(|value| value["kind"] == kind && value["metadata"]["name"] == *name),
                "{kind} {name}"
            );
        };
        for workload in all
            .iter()
            .filter(|value| ["DaemonSet", "StatefulSet"].contains(&value["kind"].as_str().unwrap()))
        {
            let template = &workload["spec"]["template"];
            for (key, value) in workload["spec"]["selector"]["matchLabels"].as_object().unwrap() {
                assert_eq!(&template["metadata"]["labels"][key], value);
            }
            let pod = &template["spec"];
            exists("ServiceAccount", &pod["serviceAccountName"]);
            let mut volumes: BTreeSet<String> = BTreeSet::new();
            for volume in pod["volumes"].as_array().unwrap() {
                volumes.insert(volume["name"].to_string());
                if let Some(map) = volume.get("configMap") {
                    exists("ConfigMap", &map["name"]);
                }
            }
            let claims = workload["spec"]["volumeClaimTemplates"].as_array();
            volumes.extend(
                claims
                    .into_iter()
                    .flatten()
                    .map(|claim| claim["metadata"]["name"].to_string()),
            );
            let container = &pod["containers"][0];
            let mounts: BTreeSet<String> = container["volumeMounts"]
                .as_array()
                .unwrap()
                .iter()
                .map(|mount| mount["name"].to_string())
                .collect();
            assert_eq!(mounts, volumes);
            let ports: Vec<_> = container["ports"]
                .as_array()
                .unwrap()
                .iter()
                .map(|port| &port["name"])
                .collect();
            for probe in ["livenessProbe", "readinessProbe"] {
                assert!(ports.contains(&&container[probe]["httpGet"]["port"]), "{probe}");
            }
            if let Some(service) = workload["spec"].get("serviceName") {
                exists("Service", service);
            }
        }
    }
}

#[test]
fn no_pod_may_more_than_it_needs() {
    for pairs in VARIANTS {
        for workload in values(pairs) {
            let Some(container) = workload.pointer("/spec/template/spec/containers/0") else {
                continue;
            };
            let pod = &workload["spec"]["template"]["spec"];
            assert_eq!(
                container["securityContext"],
                json!({
                    "allowPrivilegeEscalation": false,
                    "capabilities": { "drop": ["ALL"] },
                    "readOnlyRootFilesystem": true,
                })
            );
            assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
            let mounts = container["volumeMounts"].as_array().unwrap();
            for mount in mounts.iter().filter(|mount| mount["readOnly"] != true) {
                assert!(
                    ["state", "data", "tmp"].contains(&mount["name"].as_str().unwrap()),
                    "{mount}"
                );
            }
            if workload["kind"] == "StatefulSet" {
                assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
                assert_eq!(pod["automountServiceAccountToken"], false);
            }
        }
    }
}

#[test]
fn the_collector_is_on_every_node_in_the_designs_limits() {
    let daemon_set = find(&values(&[]), "DaemonSet");
    let pod = &daemon_set["spec"]["template"]["spec"];
    assert_eq!(pod["tolerations"], json!([{ "operator": "Exists" }]));
    let resources = &pod["containers"][0]["resources"];
    assert_eq!(resources["limits"], json!({ "cpu": "100m", "memory": "128Mi" }));
    assert_eq!(resources["requests"], resources["limits"]);
    let environment = pod["containers"][0]["env"].as_array().unwrap();
    for name in ["K8S_NODE_NAME", "NODE_NAME"] {
        let variable = environment.iter().find(|variable| variable["name"] == name).unwrap();
        assert_eq!(variable["valueFrom"]["fieldRef"]["fieldPath"], "spec.nodeName");
    }
    let logs = pod["volumes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|volume| volume["name"] == "logs")
        .unwrap();
    assert_eq!(logs["hostPath"]["path"], "/var/log");
    assert_eq!(
        daemon_set["spec"]["updateStrategy"]["rollingUpdate"]["maxUnavailable"],
        "10%"
    );
}

#[test]
fn a_collector_without_a_cpu_limit_has_none() {
    let daemon_set = find(&values(&[("collector.limits.cpu", "")]), "DaemonSet");
    let limits = daemon_set
        .pointer("/spec/template/spec/containers/0/resources/limits")
        .unwrap();
    assert_eq!(*limits, json!({ "memory": "128Mi" }));
}

#[test]
fn another_file_replaces_the_pods_and_nothing_else_does() {
    let hash = |pairs: &[(&str, &str)], kind: &str| {
        let workload = find(&values(pairs), kind);
        workload["spec"]["template"]["metadata"]["annotations"]["longshore.dev/config-hash"].clone()
    };
    let longer = [("store.retention", "336h")];
    assert_ne!(hash(&[], "StatefulSet"), hash(&longer, "StatefulSet"));
    assert_eq!(hash(&[], "DaemonSet"), hash(&longer, "DaemonSet"));
    assert_eq!(
        hash(&[], "StatefulSet"),
        hash(&[("store.limits.memory", "1Gi")], "StatefulSet")
    );
}

#[test]
fn the_volume_stays_unless_it_was_said() {
    let policy = |pairs: &[(&str, &str)]| {
        find(&values(pairs), "StatefulSet")["spec"]["persistentVolumeClaimRetentionPolicy"].clone()
    };
    assert_eq!(policy(&[]), json!({ "whenDeleted": "Retain", "whenScaled": "Retain" }));
    assert_eq!(
        policy(&[("deleteData", "true")]),
        json!({ "whenDeleted": "Delete", "whenScaled": "Retain" })
    );
    // Removing what was applied must not remove it either.
    assert!(
        values(&[])
            .iter()
            .all(|value| value["kind"] != "PersistentVolumeClaim" && value["kind"] != "Namespace")
    );
}

#[test]
fn engines_have_folders_of_their_own() {
    let folders = |engine: &str| {
        let all = values(&[("engine", engine)]);
        let data = find(&all, "StatefulSet")
            .pointer("/spec/template/spec/containers/0/volumeMounts/1/subPath")
            .cloned();
        let state = find(&all, "DaemonSet")
            .pointer("/spec/template/spec/volumes/2/hostPath/path")
            .cloned();
        (data.unwrap(), state.unwrap())
    };
    let (native, upstream) = (folders("native"), folders("upstream"));
    assert_eq!(
        native,
        (json!("native"), json!("/var/lib/longshore/monitoring/collector-native"))
    );
    assert_eq!(
        upstream,
        (
            json!("upstream"),
            json!("/var/lib/longshore/monitoring/collector-upstream")
        )
    );
}

#[test]
fn off_is_nothing_and_external_has_no_store() {
    assert!(made(&[("enableLogging", "false")]).is_empty());
    let external = values(VARIANTS[4]);
    for kind in ["StatefulSet", "NetworkPolicy", "PodDisruptionBudget"] {
        assert!(external.iter().all(|value| value["kind"] != kind), "{kind}");
    }
    let environment = find(&external, "DaemonSet")
        .pointer("/spec/template/spec/containers/0/env")
        .cloned()
        .unwrap();
    let variable = |name: &str| {
        environment
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["name"] == name)
            .cloned()
            .unwrap()
    };
    assert_eq!(variable("LONGSHORE_STORE_URL")["value"], "https://a/otlp");
    assert_eq!(
        variable("LONGSHORE_STORE_TOKEN")["valueFrom"]["secretKeyRef"],
        json!({ "key": "token", "name": "token" })
    );
}

#[test]
fn environments_differ_in_values_only() {
    let shape = |environment: &str| {
        let all = values(&[("environment", environment)]);
        serde_json::to_string(&all).unwrap().replace(environment, "ENVIRONMENT")
    };
    assert_eq!(shape("staging"), shape("production"));
}

#[test]
fn the_operators_objects_replace_annotations_and_the_rules_file() {
    let kinds = |operator: &str| {
        let all = values(&[("metrics.operator", operator)]);
        let text = serde_json::to_string(&all).unwrap();
        let has = |kind: &str| all.iter().any(|value| value["kind"] == kind);
        let rules_file = all
            .iter()
            .any(|value| value["kind"] == "ConfigMap" && value["metadata"]["name"] == "longshore-alerts");
        (
            has("VMServiceScrape"),
            has("VMRule"),
            text.contains("prometheus.io/scrape"),
            rules_file,
        )
    };
    assert_eq!(kinds("true"), (true, true, false, false));
    assert_eq!(kinds("false"), (false, false, true, true));
}
