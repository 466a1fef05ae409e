//! A processor's handle: from settings to attributes, and what receivers are told.

pub(crate) mod script;

use longshore_config::otel::{self, ProcessorSettings};

use super::object::{Object, Owner, PodDetails};
use super::*;

/// Settings of a `k8s_attributes` processor with these keys, in YAML's flow form.
pub(crate) fn settings(keys: &str) -> KubernetesAttributesSettings {
    let config = format!(
        "receivers: {{file_log: {{include: ['/x/*.log']}}}}
processors: {{k8s_attributes: {{{keys}}}}}
exporters: {{debug: }}
service: {{pipelines: {{logs: {{receivers: [file_log], processors: [k8s_attributes], exporters: [debug]}}}}}}
"
    );
    let loaded = otel::load(&config, "test.yaml", &|_| None).unwrap_or_else(|errors| panic!("{errors}"));
    let processors = loaded.settings.processors.into_values();
    let mut ours = processors.filter_map(|processor| match processor {
        ProcessorSettings::KubernetesAttributes(settings) => Some(settings),
        _ => None,
    });
    *ours.next().unwrap()
}

/// A pod of a deployment, `web-0` in `shop` with uid `u-0` for the number 0.
pub(crate) fn pod(number: u32) -> Object {
    let labels = [
        ("pod-template-hash", "66f5996c7c"),
        ("app.kubernetes.io/name", "checkout"),
    ];
    Object {
        name: format!("web-{number}"),
        namespace: "shop".to_owned(),
        uid: format!("u-{number}"),
        labels: labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        owners: vec![Owner {
            kind: "ReplicaSet".to_owned(),
            name: "web-66f5996c7c".to_owned(),
            uid: "rs-1".to_owned(),
            is_controller: true,
        }],
        created: Some(1_795_381_200),
        pod: PodDetails {
            node: "n-1".to_owned(),
            ..PodDetails::default()
        },
        ..Object::default()
    }
}

pub(crate) fn facts(number: u32) -> PodFacts {
    PodFacts {
        namespace: "shop".to_owned(),
        pod: format!("web-{number}"),
        uid: Some(format!("u-{number}")),
        container: "app".to_owned(),
        restart_count: Some(0),
        container_id: None,
    }
}

pub(crate) fn attributes(pairs: &[(&str, &str)]) -> Attributes {
    pairs
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()))
        .collect()
}

#[test]
fn the_node_is_added_to_pods_also_of_an_unknown_one() {
    let settings = settings("filter: {node: n-1}, extract: {metadata: [k8s.node.name, k8s.deployment.name]}");
    let handle = Handle::new("k8s_attributes", &settings, Metrics::default()).unwrap();
    let check = |pairs: &[(&str, &str)], expected: &[(&str, &str)]| {
        let mut found = attributes(pairs);
        handle.add(&mut found);
        assert_eq!(found, attributes(expected));
    };
    let known = [("k8s.pod.name", "web-0"), ("k8s.pod.uid", "u-0")];
    check(&known, &[known[0], known[1], ("k8s.node.name", "n-1")]);
    check(&[("a", "b")], &[("a", "b")]);
    handle.take(Kind::Pod, Change::Put(pod(0)));
    let deployment = ("k8s.deployment.name", "web");
    check(&known, &[known[0], known[1], deployment, ("k8s.node.name", "n-1")]);
}

#[test]
fn what_is_told_wakes_the_receivers_and_changes_the_revision() {
    let handle = Arc::new(Handle::new("k8s_attributes", &settings("filter: {node: n-1}"), Metrics::default()).unwrap());
    let awaited = Awaited(vec![handle.clone()]);
    assert!(!awaited.is_ready(&facts(0)));
    let before = awaited.revision();
    handle.take(Kind::Pod, Change::Listing);
    handle.take(Kind::Pod, Change::Put(pod(0)));
    handle.take(Kind::Pod, Change::Listed);
    assert!(awaited.is_ready(&facts(0)) && !awaited.is_ready(&facts(1)));
    assert!(awaited.revision() > before);
    let text = handle.metrics.text();
    let expected = "longshore_collector_kubernetes_watch_up{component=\"k8s_attributes\",resource=\"pods\"} 1";
    assert!(text.contains(expected), "{text}");
    assert!(
        text.contains("longshore_collector_kubernetes_pods{component=\"k8s_attributes\"} 1"),
        "{text}"
    );
}

#[tokio::test]
async fn without_a_cluster_nothing_waits() {
    let settings = settings("auth_type: none, filter: {node: n-1}");
    let handle = Arc::new(Handle::new("k8s_attributes", &settings, Metrics::default()).unwrap());
    let awaited = Awaited(vec![handle.clone()]);
    assert!(!awaited.is_ready(&facts(0)));
    let mut tasks = JoinSet::new();
    handle.start(&mut tasks).await;
    assert!(awaited.is_ready(&facts(0)) && tasks.is_empty());
}

#[test]
fn files_of_namespaces_that_are_not_watched_do_not_wait() {
    for (namespace, is_ready) in [("shop", false), ("other", true)] {
        let settings = settings(&format!("filter: {{node: n-1, namespace: {namespace}}}"));
        let handle = Handle::new("k8s_attributes", &settings, Metrics::default()).unwrap();
        assert_eq!(
            Awaited(vec![Arc::new(handle)]).is_ready(&facts(0)),
            is_ready,
            "{namespace}"
        );
    }
}
