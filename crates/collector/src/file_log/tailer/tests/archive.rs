//! Rotated files that are compressed.

use super::*;

const ROTATED: &str = "/pods/ns_pod_uid/app/0.log.20261122-180000";
const ARCHIVE: &str = "/pods/ns_pod_uid/app/0.log.20261122-180000.gz";

/// A tailer whose store has both lines of an archive, and nothing of the live file.
fn run() -> Run {
    let mut run = Run::container();
    run.disk
        .append(LIVE, &(cri(1, "stdout F one") + &cri(2, "stdout F two")));
    run.disk.rename(LIVE, ROTATED);
    run.disk.compress(ROTATED);
    run.disk.append(LIVE, &cri(3, "stdout F three"));
    run.tailer.discover(run.now);
    let chunk = run.tailer.turn(run.now).expect("the archive comes first");
    assert_eq!(chunk.records.len(), 2);
    run.tailer.acknowledge(&chunk.progress);
    run
}

#[test]
fn an_archive_is_whole_in_the_checkpoint_that_has_its_last_line() {
    let saved = run().tailer.checkpoint();
    let whole = saved.iter().filter(|file| file.is_drained).map(|file| &file.path);
    assert_eq!(whole.collect::<Vec<_>>(), [Path::new(ARCHIVE)]);
}

#[test]
fn an_archive_that_was_read_and_is_removed_is_not_missed() {
    for is_removed_before_the_start in [false, true] {
        let mut run = run();
        if is_removed_before_the_start {
            run.disk.remove(ARCHIVE);
        }
        run.restart();
        let mut found = run.looked();
        if !is_removed_before_the_start {
            run.disk.remove(ARCHIVE);
        }
        found.extend(run.settled());
        assert_eq!(found, ["three"]);
        assert_eq!(run.tailer.take_problems(), []);
    }
}

#[test]
fn an_archive_is_not_taken_for_an_empty_file_that_had_its_inode() {
    let mut run = Run::container();
    let rotated = |number: u32| format!("{LIVE}.20261122-18000{number}");
    run.disk.append(LIVE, "");
    run.look();
    let first = run.disk.inode(LIVE);
    // Read as empty, and known by nothing but its inode.
    run.disk.rename(LIVE, &rotated(1));
    run.disk.compress(&rotated(1));
    run.disk.append(LIVE, "");
    run.look();
    // The next files are not met before the inode is free, and used again by the archive of the second.
    run.disk.rename(LIVE, &rotated(2));
    run.disk.compress(&rotated(2));
    run.disk.append(LIVE, &cri(1, "stdout F one"));
    run.disk.rename(LIVE, &rotated(3));
    run.pass(Duration::from_secs(5));
    run.tailer.notice(Path::new(LIVE), true, run.now);
    run.read();
    run.disk.compress(&rotated(3));
    assert_eq!(run.disk.inode(&format!("{}.gz", rotated(3))), first);
    run.disk.append(LIVE, &cri(2, "stdout F two"));
    assert_eq!(run.settled(), ["one", "two"]);
}
