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
