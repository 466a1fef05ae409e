//! What makes a line the same as another.

use longshore_model::{Entry, Labels, StreamEntries, TenantId};

use super::support::*;
use crate::limits::{PUSH_PART_BYTES, RECORD_BYTES_MAX};
use crate::{Settings, Store};

#[test]
fn metadata_tells_lines_of_one_push_apart_but_not_those_of_two() {
    let directory = tempfile::tempdir().unwrap();
    let with = |pod: &str| {
        let metadata = Labels::new([("pod", pod)]);
        Entry {
            structured_metadata: metadata,
            ..entry(5, "same")
        }
    };
    let push = |store: &Store, streams: &[&[&str]]| {
        let stream = |pods: &&[&str]| StreamEntries {
            labels: labels("web"),
            entries: pods.iter().map(|pod| with(pod)).collect(),
        };
        let outcome = store
            .push(&TenantId::single(), streams.iter().map(stream).collect())
            .unwrap();
        (outcome.accepted_lines, outcome.duplicate_lines)
    };
    let mut store = open(directory.path());
    // Also where a push names the stream twice.
    assert_eq!(push(&store, &[&["a", "b", "a"], &["b", "c"]]), (3, 2));
    for step in ["head", "replay", "segment", "both"] {
        match step {
            "replay" => {
                drop(store);
                store = open(directory.path());
            }
            "segment" => store.flush().unwrap(),
            "both" => {
                store.close().unwrap();
                drop(store);
                store = open(directory.path());
            }
            _ => {}
        }
        assert_eq!(push(&store, &[&["a", "b"]]), (0, 2), "{step}");
        assert_eq!(push(&store, &[&["d"]]), (0, 1), "{step}");
        assert_eq!(rows(&store).len(), 3, "{step}");
    }
}

fn in_pod(at: i64, line: &str, pod: &str) -> Entry {
    Entry {
        structured_metadata: Labels::new([("pod", pod)]),
        ..entry(at, line)
    }
}

#[test]
fn a_push_of_many_parts_is_one_push() {
    let directory = tempfile::tempdir().unwrap();
    // Also where the first part is in a segment before the last one comes.
    for head_bytes_max in [usize::MAX, 1 << 20] {
        let directory = directory.path().join(head_bytes_max.to_string());
        let settings = || Settings {
            head_bytes_max,
            ..Settings::new(&directory)
        };
        let filler = (0..4).map(|index| entry(10 + index, &"x".repeat(PUSH_PART_BYTES / 2 - 1000)));
        let mut entries: Vec<Entry> = [in_pod(5, "same", "a")].into_iter().chain(filler).collect();
        entries.extend([in_pod(5, "same", "b"), in_pod(5, "same", "a")]);
        let of_web = |entries: Vec<Entry>| StreamEntries {
            labels: labels("web"),
            entries,
        };
        let streams = vec![of_web(entries), of_web(vec![in_pod(5, "same", "c")])];
        let push = |store: &Store| {
            let outcome = store.push(&TenantId::single(), streams.clone()).unwrap();
            (outcome.accepted_lines, outcome.duplicate_lines)
        };
        let mut store = open_with(settings());
        assert_eq!(push(&store), (7, 1));
        for step in ["head", "replay", "segment"] {
            match step {
                "replay" => {
                    drop(store);
                    store = open_with(settings());
                }
                "segment" => store.flush().unwrap(),
                _ => {}
            }
            assert_eq!(push(&store), (0, 8), "{step}");
            assert_eq!(rows(&store).len(), 7, "{step}");
        }
    }
}

#[test]
fn no_push_of_small_entries_is_too_large() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    // Labels whose texts are small beside what a record reserves for them.
    let names: Vec<String> = (0..1000).map(|index| index.to_string()).collect();
    let metadata = Labels::new(names.iter().map(|name| (name.as_str(), "")));
    let count = RECORD_BYTES_MAX / (metadata.len() * 20);
    // At a moment each, all at one, and all the same.
    for (app, at, line) in [("a", 1, 0), ("b", 0, 1), ("c", 0, 0)] {
        let numbered = |number: usize| Entry {
            structured_metadata: metadata.clone(),
            ..entry((at * number) as i64, &(line * number).to_string())
        };
        let streams = vec![StreamEntries {
            labels: labels(app),
            entries: (0..count).map(numbered).collect(),
        }];
        let outcome = store.push(&TenantId::single(), streams).unwrap();
        let expected = if app == "c" { 1 } else { count };
        assert_eq!(
            (outcome.accepted_lines, outcome.duplicate_lines),
            (expected, count - expected),
            "{app}"
        );
    }
}
