//! A pod made into attributes.

use std::collections::HashMap;

use super::super::object::PodDetails;
use super::super::tests::{attributes, pod, settings};
use super::*;

#[derive(Default)]
struct Known(HashMap<(Kind, String), Related>);

impl Relations for Known {
    fn related(&self, kind: Kind, key: &str) -> Option<&Related> {
        self.0.get(&(kind, key.to_owned()))
    }
}

impl Known {
    fn with(rules: &Rules, objects: &[(Kind, Object)]) -> Self {
        let entry = |(kind, object): &(Kind, Object)| {
            let key = if kind.has_namespace() {
                &object.uid
            } else {
                &object.name
            };
            ((*kind, key.clone()), rules.related(*kind, object.clone()))
        };
        Self(objects.iter().map(entry).collect())
    }
}

fn object(name: &str, uid: &str, labels: &[(&str, &str)], owner: Option<(&str, &str, &str)>) -> Object {
    Object {
        name: name.to_owned(),
        uid: uid.to_owned(),
        labels: labels
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect(),
        owners: owner.into_iter().map(|owner| made_by(owner, true)).collect(),
        ..Object::default()
    }
}

fn made_by((kind, name, uid): (&str, &str, &str), is_controller: bool) -> Owner {
    Owner {
        kind: kind.to_owned(),
        name: name.to_owned(),
        uid: uid.to_owned(),
        is_controller,
    }
}

/// What a pod's attributes are under an `extract` section, sorted by name, on top of some that are there.
fn found(extract: &str, pod: &Object, others: &[(Kind, Object)], there: &[(&str, &str)]) -> Vec<(String, Value)> {
    let rules = Rules::new(&settings(&format!("filter: {{node: n-1}}, extract: {{{extract}}}"))).unwrap();
    let relations = Known::with(&rules, others);
    let mut attributes = attributes(there);
    rules.add(&rules.pod(pod.clone()), &relations, &mut attributes);
    let mut attributes: Vec<_> = attributes
        .iter()
        .map(|(name, value)| (name.to_string(), value.clone()))
        .collect();
    attributes.sort_by(|left, right| left.0.cmp(&right.0));
    attributes
}

fn check(extract: &str, pod: &Object, others: &[(Kind, Object)], expected: &[(&str, &str)]) {
    let expected: Vec<_> = expected
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Value::from(*value)))
        .collect();
    assert_eq!(found(extract, pod, others, &[]), expected, "{extract}");
}

#[test]
fn every_attribute_is_there_only_when_it_is_wanted() {
    let mut pod = pod(0);
    pod.pod.address = "10.0.0.7".to_owned();
    pod.pod.host_name = "web-0".to_owned();
    for (name, value) in [
        ("k8s.pod.name", "web-0"),
        ("k8s.pod.uid", "u-0"),
        ("k8s.pod.ip", "10.0.0.7"),
        ("k8s.pod.hostname", "web-0"),
        ("k8s.pod.start_time", "2026-11-22T21:00:00Z"),
        ("k8s.namespace.name", "shop"),
        ("k8s.node.name", "n-1"),
        ("k8s.replicaset.name", "web-66f5996c7c"),
        ("k8s.replicaset.uid", "rs-1"),
        ("k8s.deployment.name", "web"),
        ("service.namespace", "shop"),
    ] {
        check(&format!("metadata: [{name}]"), &pod, &[], &[(name, value)]);
    }
    check("metadata: []", &pod, &[], &[]);
    check(
        "metadata: [k8s.deployment.uid, k8s.job.name, k8s.cluster.uid]",
        &pod,
        &[],
        &[],
    );
}

#[test]
fn owners_are_workloads() {
    let owned = |kind: &str, name: &str| Object {
        owners: vec![made_by((kind, name, "o-1"), true)],
        ..pod(0)
    };
    let all = "metadata: [k8s.deployment.name, k8s.replicaset.name, k8s.statefulset.name, k8s.statefulset.uid, \
               k8s.daemonset.name, k8s.daemonset.uid, k8s.job.name, k8s.job.uid, k8s.cronjob.name]";
    let two = |of: &str, name: &str| {
        vec![
            (format!("k8s.{of}.name"), name.to_owned()),
            (format!("k8s.{of}.uid"), "o-1".to_owned()),
        ]
    };
    let check = |kind: &str, name: &str, expected: Vec<(String, String)>| {
        let expected: Vec<_> = expected
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        check(all, &owned(kind, name), &[], &expected);
    };
    check("StatefulSet", "db", two("statefulset", "db"));
    check("DaemonSet", "agent", two("daemonset", "agent"));
    check("Job", "once", two("job", "once"));
    let minute = 1_795_381_200 / 60;
    let mut cron = two("job", &format!("backup-{minute}"));
    cron.insert(0, ("k8s.cronjob.name".to_owned(), "backup".to_owned()));
    check("Job", &format!("backup-{minute}"), cron);
    // Not of a deployment, or of something unknown.
    check(
        "ReplicaSet",
        "alone",
        vec![("k8s.replicaset.name".to_owned(), "alone".to_owned())],
    );
    check("Rollout", "canary", vec![]);
}

#[test]
fn the_owner_itself_knows_better_than_its_name() {
    let set = |owner| (Kind::ReplicaSet, object("web-66f5996c7c", "rs-1", &[], owner));
    let extract = "metadata: [k8s.deployment.name, k8s.deployment.uid]";
    let deployment = [("k8s.deployment.name", "shop-web"), ("k8s.deployment.uid", "d-1")];
    check(
        extract,
        &pod(0),
        &[set(Some(("Deployment", "shop-web", "d-1")))],
        &deployment,
    );
    check(extract, &pod(0), &[set(None)], &[]);
    check(extract, &pod(0), &[set(Some(("Rollout", "shop-web", "d-1")))], &[]);
    let mut other = set(None);
    other.1.owners = vec![made_by(("Deployment", "shop-web", "d-1"), false)];
    check(extract, &pod(0), &[other], &[]);
    let job = Object {
        owners: vec![made_by(("Job", "backup-1", "j-1"), true)],
        ..pod(0)
    };
    let made = (
        Kind::Job,
        object("backup-1", "j-1", &[], Some(("CronJob", "backup", "c-1"))),
    );
    let cron_job = [("k8s.cronjob.name", "backup"), ("k8s.cronjob.uid", "c-1")];
    check(
        "metadata: [k8s.cronjob.name, k8s.cronjob.uid]",
        &job,
        &[made],
        &cron_job,
    );
}

#[test]
fn other_objects_lend_their_labels() {
    let others = [
        (Kind::Namespace, object("shop", "n-uid", &[("team", "payments")], None)),
        (
            Kind::Namespace,
            object("kube-system", "cluster", &[("team", "x")], None),
        ),
        (Kind::Node, object("n-1", "node-uid", &[("zone", "z-1")], None)),
        (
            Kind::ReplicaSet,
            object(
                "web-66f5996c7c",
                "rs-1",
                &[("a", "set")],
                Some(("Deployment", "web", "d-1")),
            ),
        ),
        (Kind::Deployment, object("web", "d-1", &[("a", "deployment")], None)),
    ];
    let extract = "metadata: [k8s.cluster.uid, k8s.node.uid], labels: [{key: team, from: namespace}, {key: zone, from: node}, \
                   {key: a, from: deployment}, {key: a, from: replicaset}]";
    let expected = [
        ("k8s.cluster.uid", "cluster"),
        ("k8s.deployment.label.a", "deployment"),
        ("k8s.namespace.labels.team", "payments"),
        ("k8s.node.labels.zone", "z-1"),
        ("k8s.node.uid", "node-uid"),
        ("k8s.replicaset.label.a", "set"),
    ];
    check(extract, &pod(0), &others, &expected);
}

#[test]
fn only_what_is_needed_is_watched() {
    let check = |extract: &str, expected: &[Kind]| {
        let rules = Rules::new(&settings(&format!("filter: {{node: n}}, extract: {{{extract}}}"))).unwrap();
        assert_eq!(rules.kinds(), expected, "{extract}");
    };
    check(
        "metadata: [k8s.deployment.name, k8s.cronjob.name, service.name]",
        &[Kind::Pod],
    );
    check("metadata: [k8s.deployment.uid]", &[Kind::Pod, Kind::ReplicaSet]);
    check("metadata: [k8s.cronjob.uid]", &[Kind::Pod, Kind::Job]);
    check(
        "metadata: [k8s.cluster.uid, k8s.node.uid]",
        &[Kind::Pod, Kind::Namespace, Kind::Node],
    );
    check(
        "labels: [{key: a, from: deployment}]",
        &[Kind::Pod, Kind::ReplicaSet, Kind::Deployment],
    );
    check(
        "annotations: [{key: a, from: cronjob}]",
        &[Kind::Pod, Kind::Job, Kind::CronJob],
    );
    check("labels: [{key: a, from: statefulset}]", &[Kind::Pod, Kind::StatefulSet]);
}

#[test]
fn a_service_is_named_by_annotation_labels_and_workload() {
    let mut pod = pod(0);
    let name = |pod: &Object| {
        let found = found("metadata: [service.name], otel_annotations: true", pod, &[], &[]);
        found[0].1.as_str().unwrap().to_owned()
    };
    pod.annotations
        .insert("resource.opentelemetry.io/service.name".to_owned(), "told".to_owned());
    assert_eq!(name(&pod), "told");
    pod.annotations.clear();
    pod.labels
        .insert("app.kubernetes.io/instance".to_owned(), "checkout-blue".to_owned());
    assert_eq!(name(&pod), "checkout-blue");
    pod.labels.remove("app.kubernetes.io/instance");
    assert_eq!(name(&pod), "checkout");
    pod.labels.remove("app.kubernetes.io/name");
    assert_eq!(name(&pod), "web");
    pod.labels.clear();
    assert_eq!(name(&pod), "web-66f5996c7c");
    pod.owners.clear();
    assert_eq!(name(&pod), "web-0");
}

#[test]
fn what_is_there_stays_unless_it_is_empty() {
    let there = [("k8s.pod.uid", "hash"), ("k8s.pod.name", "")];
    let found = found("metadata: [k8s.pod.uid, k8s.pod.name]", &pod(0), &[], &there);
    let expected = [("k8s.pod.name", "web-0"), ("k8s.pod.uid", "hash")];
    assert_eq!(
        found,
        expected.map(|(name, value)| (name.to_owned(), Value::from(value)))
    );
}

#[test]
fn pods_that_are_left_out_get_nothing() {
    let check = |exclude: &str, pod: &Object, is_left_out: bool| {
        let rules = Rules::new(&settings(&format!("filter: {{node: n}}{exclude}"))).unwrap();
        let mut attributes = Attributes::new();
        rules.add(&rules.pod(pod.clone()), &Known::default(), &mut attributes);
        assert_eq!(attributes.is_empty(), is_left_out, "{exclude} {}", pod.name);
    };
    let named = |name: &str| Object {
        name: name.to_owned(),
        ..pod(0)
    };
    check("", &named("web-0"), false);
    check("", &named("my-jaeger-agent-x"), true);
    check(", exclude: {pods: [{name: ^web}]}", &named("web-0"), true);
    check(", exclude: {pods: [{name: ^web}]}", &named("jaeger-agent"), false);
    for (value, is_left_out) in [("true", true), ("True ", true), ("false", false), ("", false)] {
        let mut pod = pod(0);
        pod.annotations.insert(IGNORE_ANNOTATION.to_owned(), value.to_owned());
        check("", &pod, is_left_out);
    }
}

fn with_containers() -> Object {
    let digest = "sha256:4b0b1b6f6cdd3e5b9e55f74a1e8d19ed93a3f5a04c6b6c3c57c4e6d19f6b7c4d";
    let container = |name: &str, image: &str, runs: &[(u32, &str)]| Container {
        name: name.to_owned(),
        image: image.to_owned(),
        image_id: format!("registry.example/{name}@{digest}"),
        runs: runs.iter().map(|(run, id)| (*run, (*id).to_owned())).collect(),
    };
    Object {
        pod: PodDetails {
            containers: vec![
                container("app", "registry.example:5000/team/app:v2", &[(1, "old"), (2, "new")]),
                container("proxy", "envoy", &[(0, "proxy-id")]),
            ],
            ..PodDetails::default()
        },
        ..pod(0)
    }
}

#[test]
fn a_container_is_found_by_name_or_id_and_its_run_by_restarts() {
    let all =
        "metadata: [k8s.container.name, container.id, container.image.name, container.image.tag, service.version]";
    let check = |there: &[(&str, &str)], expected: &[(&str, &str)]| {
        let there_too = there.iter().chain(expected).collect::<BTreeSet<_>>();
        let expected: Vec<_> = there_too
            .into_iter()
            .map(|(name, value)| ((*name).to_owned(), Value::from(*value)))
            .collect();
        assert_eq!(found(all, &with_containers(), &[], there), expected, "{there:?}");
    };
    let image = [
        ("container.image.name", "registry.example:5000/team/app"),
        ("container.image.tag", "v2"),
        ("service.version", "v2"),
    ];
    let with_id = |id| [("container.id", id), image[0], image[1], image[2]];
    let app = ("k8s.container.name", "app");
    check(&[app], &with_id("new"));
    check(&[app, ("k8s.container.restart_count", "1")], &with_id("old"));
    check(&[app, ("k8s.container.restart_count", "2")], &with_id("new"));
    check(&[app, ("k8s.container.restart_count", "7")], &image);
    check(&[("container.id", "old")], &[app, image[0], image[1], image[2]]);
    check(&[("k8s.container.name", "other")], &[]);
    // Which of the two it is, nothing says.
    check(&[], &[]);
    let proxy = [
        ("container.id", "proxy-id"),
        ("container.image.name", "envoy"),
        ("container.image.tag", "latest"),
    ];
    check(&[("k8s.container.name", "proxy")], &proxy);
}

#[test]
fn digests_and_tags_are_lists() {
    let extract = "metadata: [container.image.repo_digests, container.image.tags, service.instance.id]";
    let found = found(extract, &with_containers(), &[], &[("k8s.container.name", "app")]);
    let list = |value: &str| Value::Array(vec![value.into()]);
    let digest = "registry.example/app@sha256:4b0b1b6f6cdd3e5b9e55f74a1e8d19ed93a3f5a04c6b6c3c57c4e6d19f6b7c4d";
    let expected = [
        ("container.image.repo_digests", list(digest)),
        ("container.image.tags", list("v2")),
        ("k8s.container.name", "app".into()),
        ("service.instance.id", "shop.web-0.app".into()),
    ];
    assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value)));
}

#[test]
fn rules_lead_to_a_pod() {
    let mut stand_in = pod(1);
    stand_in
        .annotations
        .insert(STATIC_POD_ANNOTATION.to_owned(), "hash-1".to_owned());
    let check = |association: &str, there: &[(&str, &str)], expected: Option<&str>| {
        let keys = format!("filter: {{node: n}}{association}");
        let rules = Rules::new(&settings(&keys)).unwrap();
        let pods = [rules.pod(pod(0)), rules.pod(stand_in.clone())];
        let found = rules.find(&attributes(there), &pods.iter());
        assert_eq!(found.map(|pod| pod.name.as_str()), expected, "{association} {there:?}");
    };
    let names = |pod| [("k8s.pod.name", pod), ("k8s.namespace.name", "shop")];
    check("", &[("k8s.pod.uid", "u-0")], Some("web-0"));
    check("", &[("k8s.pod.uid", "hash-1")], Some("web-1"));
    check("", &names("web-1"), Some("web-1"));
    // The uid says nothing here, but the names do.
    check(
        "",
        &[("k8s.pod.uid", "u-9"), names("web-1")[0], names("web-1")[1]],
        Some("web-1"),
    );
    check("", &[("k8s.pod.name", "web-1")], None);
    let connection = ", pod_association: [{sources: [{from: connection}]}]";
    check(connection, &[("k8s.pod.uid", "u-0")], None);
    let both = ", pod_association: [{sources: [{from: resource_attribute, name: k8s.pod.uid}, {from: resource_attribute, name: \
                k8s.pod.name}]}]";
    check(
        both,
        &[("k8s.pod.uid", "u-0"), ("k8s.pod.name", "web-0")],
        Some("web-0"),
    );
    check(both, &[("k8s.pod.uid", "u-0"), ("k8s.pod.name", "web-1")], None);
    check(both, &[("k8s.pod.uid", "u-0")], None);
}
