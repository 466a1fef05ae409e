//! Checkpoints that are whole, torn, damaged, or of the generation before.

use std::fs;

use super::*;

fn saved(path: &str) -> SavedFile {
    SavedFile {
        id: FileId { device: 1, inode: 2 },
        fingerprint: Fingerprint {
            length: 1000,
            hash: 0xfedc_ba98_7654_3210,
        },
        path: PathBuf::from(path),
        progress: Progress {
            offsets: [10, u64::MAX, 30],
            clock: LineClock {
                last: TimestampNs(-5),
                repeats: 6,
            },
            continues: [true, false],
        },
        is_drained: true,
    }
}

#[test]
fn what_is_saved_is_loaded() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = CheckpointStore::new(folder.path(), "file_log_pods");
    assert_eq!(store.load().expect("nothing is fine"), []);
    for files in [vec![saved("/a\n\"b")], vec![saved("/a"), saved("/b")], vec![]] {
        store.save(&files).expect("saved");
        assert_eq!(store.load().expect("loaded"), files);
    }
    let names: Vec<_> = fs::read_dir(folder.path())
        .expect("a folder")
        .map(|entry| entry.expect("one").file_name())
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

#[test]
fn a_damaged_file_gives_way_to_the_generation_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = CheckpointStore::new(folder.path(), "x");
    store.save(&[saved("/old")]).expect("saved");
    store.save(&[saved("/new")]).expect("saved");
    let path = folder.path().join("x.checkpoint");
    let whole = fs::read(&path).expect("a file");
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).expect("damaged");
        let loaded = store.load().expect("the generation before");
        // Only the last line feed may be missing.
        let expected = if length + 1 == whole.len() { "/new" } else { "/old" };
        assert_eq!(loaded, [saved(expected)], "{length} bytes");
    }
    fs::remove_file(&path).expect("removed");
    assert_eq!(store.load().expect("the generation before"), [saved("/old")]);
    fs::write(&path, "nonsense").expect("damaged");
    fs::write(folder.path().join("x.checkpoint.previous"), "nonsense").expect("damaged");
    let error = store.load().expect_err("both are damaged").to_string();
    assert!(error.contains("x.checkpoint is damaged"), "{error}");
}

#[test]
fn the_form_stays_as_it_is_written_down() {
    let text = encode(&[saved("/var/log/x.log")]);
    let expected = "longshore checkpoint 1\n\
        {\"path\":\"/var/log/x.log\",\"device\":1,\"inode\":2,\"fingerprint_bytes\":1000,\
        \"fingerprint\":\"fedcba9876543210\",\"stdout\":10,\"stderr\":18446744073709551615,\"raw\":30,\
        \"clock_ns\":-5,\"clock_repeats\":6,\"stdout_continues\":true,\"stderr_continues\":false,\"drained\":true}\n";
    assert_eq!(text.rsplit_once("crc32 ").expect("a checksum").0, expected);
    assert!(decode(&text.replace("checkpoint 1", "checkpoint 2")).is_err());
}
