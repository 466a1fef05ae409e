//! What makes a line the same as another.

use longshore_model::{Entry, Labels, StreamEntries, TenantId};

use super::support::*;
use crate::Store;

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
