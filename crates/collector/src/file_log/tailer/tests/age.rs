//! Files that were not written to for long.

use super::*;

const MONTH: Duration = Duration::from_secs(30 * 86_400);
const ROTATED: &str = "/pods/ns_pod_uid/app/0.log.20261020-180000";

/// A tailer that leaves out what is older than a month, at a time that leaves room for older files.
fn monthly() -> Run {
    let mut run = Run::new(TailerSettings {
        age_max: Some(MONTH),
        ..settings()
    });
    run.pass(MONTH * 3);
    run
}

impl Run {
    /// Makes a file with a line, last written to so long ago.
    fn aged(&self, path: &str, line: &str, age: Duration) {
        self.disk.append(path, &cri(1, line));
        let age = i64::try_from(age.as_nanos()).unwrap();
        self.disk
            .touch(path, longshore_model::TimestampNs(self.now.wall.0 - age));
    }
}

#[test]
fn old_files_are_left_out_until_somebody_writes_to_them() {
    let mut run = monthly();
    run.aged(LIVE, "stdout F old", MONTH * 2);
    run.aged("/pods/ns_pod_uid/other/0.log", "stdout F young", MONTH);
    assert_eq!(run.settled(), ["young"]);
    run.aged(LIVE, "stdout F new", Duration::ZERO);
    assert_eq!(
        run.settled(),
        ["old", "new"],
        "as upstream, it is read from its beginning"
    );
    assert!(run.tailer.take_problems().is_empty());
}

#[test]
fn old_rotated_files_of_a_young_one_are_left_out() {
    let mut run = monthly();
    run.aged(ROTATED, "stdout F old", MONTH * 2);
    run.aged(
        "/pods/ns_pod_uid/app/0.log.20261120-180000",
        "stdout F younger",
        MONTH / 2,
    );
    run.aged(LIVE, "stdout F young", Duration::ZERO);
    assert_eq!(run.settled(), ["younger", "young"]);
}

#[test]
fn what_is_known_is_followed_however_old_it_gets() {
    let mut run = monthly();
    run.aged(LIVE, "stdout F one", Duration::ZERO);
    assert_eq!(run.looked(), ["one"]);
    run.acknowledge();
    run.pass(MONTH * 2);
    assert_eq!(run.looked(), Vec::<String>::new());
    run.aged(LIVE, "stdout F two", Duration::ZERO);
    assert_eq!(run.looked(), ["two"], "and nothing comes twice");
    run.acknowledge();
    run.aged(LIVE, "stdout F three", Duration::ZERO);
    run.disk.rename(LIVE, ROTATED);
    run.disk.append(LIVE, &cri(4, "stdout F four"));
    run.pass(MONTH * 2);
    run.restart();
    assert_eq!(run.settled(), ["three", "four"], "also over a restart");
}
