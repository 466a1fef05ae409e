//! Files that older versions wrote are read for ever.
//!
//! `testdata/v1` was written once: a segment with two streams, and a log with three records of which the last is
//! torn. Never write it anew; a new format gets a folder of its own.

use std::path::Path;

use super::support::*;

/// Copies a tree, because opening a store changes it.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn version_1_is_read() {
    let directory = tempfile::tempdir().unwrap();
    copy(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/v1"),
        directory.path(),
    );
    let store = open(directory.path());
    let expected = [
        ("api", 5, "from the segment"),
        ("api", 6, ""),
        ("web", 1, "erste Zeile äöü"),
        ("web", 2, "second line"),
        ("web", 3, "from the log"),
        ("web", 4, "from the log too"),
    ];
    assert_eq!(
        rows(&store),
        expected.map(|(app, at, line)| (app.to_owned(), at, line.to_owned()))
    );
}
