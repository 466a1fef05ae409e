//! What is known, and for how long.

use std::collections::HashSet;

use super::super::tests::{attributes, facts, pod, settings};
use super::*;

const GRACE: Duration = Duration::from_secs(120);
const PATIENCE: Duration = Duration::from_secs(10);

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn directory(keys: &str) -> Directory {
    let rules = Rules::new(&settings(&format!("filter: {{node: n-1}}{keys}"))).unwrap();
    Directory::new(rules, GRACE, at(0))
}

/// One that was told of these pods at second 1.
fn listed(pods: &[u32]) -> Directory {
    let mut directory = directory("");
    list(&mut directory, pods, at(1));
    directory
}

fn list(directory: &mut Directory, pods: &[u32], now: Duration) {
    directory.take(Kind::Pod, Change::Listing, now);
    for number in pods {
        directory.take(Kind::Pod, Change::Put(pod(*number)), now);
    }
    directory.take(Kind::Pod, Change::Listed, now);
}

fn knows(directory: &Directory, number: u32) -> bool {
    let uid = format!("u-{number}");
    directory.add(&mut attributes(&[("k8s.pod.uid", &uid)])) == Some(true)
}

#[test]
fn files_wait_for_their_pod_but_not_for_ever() {
    let mut directory = directory("");
    assert!(directory.is_awaited(&facts(0), PATIENCE, at(1)));
    // Nobody answers: at last that counts for all files, so that not each of them waits anew.
    assert!(!directory.is_awaited(&facts(0), PATIENCE, at(10)));
    list(&mut directory, &[0], at(11));
    assert!(!directory.is_awaited(&facts(0), PATIENCE, at(11)));
    assert!(directory.is_awaited(&facts(1), PATIENCE, at(500)));
    directory.take(Kind::Pod, Change::Put(pod(1)), at(501));
    assert!(!directory.is_awaited(&facts(1), PATIENCE, at(501)));
}

#[test]
fn files_do_not_wait_while_the_server_is_away() {
    let mut directory = listed(&[]);
    directory.fail(Kind::Pod, at(100));
    directory.fail(Kind::Pod, at(105));
    assert!(directory.is_awaited(&facts(0), PATIENCE, at(109)));
    assert!(!directory.is_awaited(&facts(0), PATIENCE, at(110)));
    directory.recover(Kind::Pod);
    assert!(directory.is_awaited(&facts(0), PATIENCE, at(111)));
}

#[test]
fn files_that_no_rule_can_find_do_not_wait() {
    let directory = directory(", pod_association: [{sources: [{from: connection}]}]");
    assert!(!directory.is_awaited(&facts(0), PATIENCE, at(1)));
    assert_eq!(directory.add(&mut attributes(&[("k8s.pod.uid", "u-0")])), None);
}

#[test]
fn a_known_pod_waits_for_the_objects_behind_it_once() {
    let mut directory = directory(", extract: {metadata: [k8s.deployment.uid]}");
    list(&mut directory, &[0], at(1));
    assert!(directory.is_awaited(&facts(0), PATIENCE, at(2)));
    assert!(!directory.is_listed());
    // Rights on replica sets are missing: the rest is good enough.
    assert!(!directory.is_awaited(&facts(0), PATIENCE, at(10)));
    directory.take(Kind::ReplicaSet, Change::Listing, at(20));
    directory.take(Kind::ReplicaSet, Change::Listed, at(20));
    assert!(!directory.is_awaited(&facts(0), PATIENCE, at(21)));
    assert!(directory.is_listed());
}

#[test]
fn a_deleted_pod_stays_for_its_grace_and_its_files() {
    let mut directory = listed(&[0, 1]);
    directory.use_pods("file_log", HashSet::from(["u-1".to_owned()]), at(5));
    directory.take(Kind::Pod, Change::Gone(pod(0)), at(10));
    directory.take(Kind::Pod, Change::Gone(pod(1)), at(10));
    let known = |directory: &Directory| [0, 1].map(|number| knows(directory, number));
    directory.use_pods("other", HashSet::new(), at(129));
    assert_eq!(known(&directory), [true, true]);
    directory.use_pods("other", HashSet::new(), at(130));
    assert_eq!(known(&directory), [false, true]);
    directory.use_pods("file_log", HashSet::new(), at(131));
    assert_eq!(known(&directory), [false, false]);
}

#[test]
fn a_pod_that_a_new_list_leaves_out_was_deleted() {
    let mut directory = listed(&[0, 1]);
    list(&mut directory, &[1, 2], at(50));
    assert_eq!([0, 1, 2].map(|number| knows(&directory, number)), [true, true, true]);
    directory.use_pods("file_log", HashSet::new(), at(170));
    assert_eq!([0, 1, 2].map(|number| knows(&directory, number)), [false, true, true]);
    // A list that breaks off says nothing of those it did not come to.
    directory.take(Kind::Pod, Change::Listing, at(200));
    directory.take(Kind::Pod, Change::Put(pod(2)), at(200));
    list(&mut directory, &[1, 2], at(201));
    directory.use_pods("file_log", HashSet::new(), at(1000));
    assert_eq!([1, 2].map(|number| knows(&directory, number)), [true, true]);
}

#[test]
fn a_pod_that_came_back_counts_before_the_deleted_one() {
    let mut directory = listed(&[0]);
    directory.take(Kind::Pod, Change::Gone(pod(0)), at(10));
    let mut again = pod(0);
    again.uid = "u-new".to_owned();
    directory.take(Kind::Pod, Change::Put(again), at(11));
    let mut found = attributes(&[("k8s.pod.name", "web-0"), ("k8s.namespace.name", "shop")]);
    assert_eq!(directory.add(&mut found), Some(true));
    let uid = longshore_model::otel::attribute(&found, "k8s.pod.uid").and_then(|value| value.as_str());
    assert_eq!(uid, Some("u-new"));
}

#[test]
fn deleted_pods_are_bounded_and_the_oldest_goes_first() {
    let mut directory = directory("");
    let count = u32::try_from(DELETED_PODS_MAX).unwrap() + 2;
    let all: Vec<u32> = (0..count).collect();
    list(&mut directory, &all, at(1));
    directory.use_pods(
        "file_log",
        (0..count).map(|number| format!("u-{number}")).collect(),
        at(1),
    );
    for number in 0..count {
        directory.take(Kind::Pod, Change::Gone(pod(number)), at(u64::from(number) + 2));
    }
    assert_eq!(directory.pods(), DELETED_PODS_MAX);
    assert_eq!([0, 1, 2].map(|number| knows(&directory, number)), [false, false, true]);
}

#[test]
fn the_revision_changes_with_what_is_known_only() {
    let mut directory = listed(&[0]);
    let before = directory.revision();
    directory.take(Kind::Pod, Change::Put(pod(0)), at(2));
    assert_eq!(directory.revision(), before);
    let mut changed = pod(0);
    changed.labels.insert("unasked".to_owned(), "x".to_owned());
    directory.take(Kind::Pod, Change::Put(changed), at(3));
    assert_eq!(directory.revision(), before);
    let mut changed = pod(0);
    changed.owners.clear();
    directory.take(Kind::Pod, Change::Put(changed), at(4));
    assert!(directory.revision() > before);
}
