//! The generator against a reader of a few lines: joined by hand, its files hold what it says it wrote.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;

use flate2::read::GzDecoder;
use longshore_model::SECOND_NS;

use super::*;
use crate::verify::{Labels, Verifier};

/// The bytes of all files of one container, oldest first.
fn content(folder: &std::path::Path) -> Vec<u8> {
    let mut paths: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    // Rotated files sort by time, and the file being written comes last.
    paths.sort_by_key(|path| (path.ends_with("0.log"), path.clone()));
    let mut bytes = Vec::new();
    for path in paths {
        let file = fs::File::open(&path).unwrap();
        if path.extension().is_some_and(|end| end == "gz") {
            GzDecoder::new(file).read_to_end(&mut bytes).unwrap();
        } else {
            { file }.read_to_end(&mut bytes).unwrap();
        }
    }
    bytes
}

fn labels(identity: &Identity) -> Labels {
    let pairs = [
        ("k8s_pod_name", &identity.pod),
        ("k8s_namespace_name", &identity.namespace),
        ("k8s_container_name", &identity.container),
        ("service_name", &identity.container),
    ];
    pairs.map(|(name, value)| (name.to_owned(), value.clone())).into()
}

#[test]
fn files_hold_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        partial_percent: 30.0,
        ..Settings::troubled(folder.path())
    };
    let mut generator = Generator::new(&settings).unwrap();
    let begun = clock::now();
    for second in 0..12 {
        generator
            .write(2_000, TimestampNs(begun.0 + second * SECOND_NS))
            .unwrap();
    }
    generator.finish(TimestampNs(begun.0 + 12 * SECOND_NS)).unwrap();
    assert!(generator.rotations() >= 16, "{}", generator.rotations());

    let written = generator.written();
    let mut verifier = Verifier::new(&written);
    for (container, Written { identity, .. }) in generator.containers.iter().zip(&written) {
        let mut open: BTreeMap<&[u8], Vec<u8>> = BTreeMap::new();
        let bytes = content(&container.folder);
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let mut fields = line.splitn(4, |byte| *byte == b' ');
            let (_, output, tag, text) = (
                fields.next(),
                fields.next().unwrap(),
                fields.next().unwrap(),
                fields.next().unwrap(),
            );
            let whole = open.entry(output).or_default();
            whole.extend_from_slice(text);
            if tag == b"F" {
                verifier.line(&labels(identity), std::str::from_utf8(whole).unwrap());
                whole.clear();
            }
        }
    }
    let report = verifier.finish();
    assert!(report.is_clean(), "{report}");
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let run = |seed| {
        let folder = tempfile::tempdir().unwrap();
        let mut generator = Generator::new(&Settings {
            seed,
            ..Settings::troubled(folder.path())
        })
        .unwrap();
        generator.write(500, TimestampNs(SECOND_NS)).unwrap();
        generator
            .containers
            .iter()
            .map(|container| content(&container.folder))
            .collect::<Vec<_>>()
    };
    assert!(run(1) == run(1));
    assert!(run(1) != run(2));
}
