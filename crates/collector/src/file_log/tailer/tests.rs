//! The tailer against a disk in memory.

mod age;
mod archive;
mod disk;
mod hold;
mod lag;
mod random;
mod room;
mod world;

use std::path::{Path, PathBuf};
use std::time::Duration;

use disk::{Disk, MemoryFiles};
use longshore_wire::container::OutputStream;

use super::*;

pub(super) const LIVE: &str = "/pods/ns_pod_uid/app/0.log";

pub(super) fn settings() -> TailerSettings {
    TailerSettings {
        dialect: None,
        record_bytes_max: 1024 * 1024,
        truncates: false,
        fingerprint_bytes: 1000,
        starts_at_end: false,
        age_max: None,
        open_files_max: 100,
        flush_period: None,
        chunk_records_max: 100,
    }
}

/// A tailer, and everything it handed out.
pub(super) struct Run {
    pub(super) tailer: Tailer<MemoryFiles>,
    pub(super) disk: Disk,
    pub(super) now: Moment,
    /// Chunks that were not acknowledged yet.
    pub(super) in_flight: VecDeque<Chunk>,
    pub(super) bodies: Vec<String>,
    settings: TailerSettings,
}

impl Run {
    pub(super) fn new(settings: TailerSettings) -> Self {
        let disk = Disk::default();
        let tailer = Tailer::new(disk.files(), settings.clone(), Vec::new());
        let now = Moment {
            wall: longshore_model::TimestampNs(1_000_000),
            steady: Duration::ZERO,
        };
        Self {
            tailer,
            disk,
            now,
            in_flight: VecDeque::new(),
            bodies: Vec::new(),
            settings,
        }
    }

    fn container() -> Self {
        Self::new(settings())
    }

    pub(super) fn pass(&mut self, time: Duration) {
        self.now.steady += time;
        self.now.wall.0 += i64::try_from(time.as_nanos()).expect("short");
    }

    /// Gives turns until nothing is left to read.
    pub(super) fn read(&mut self) {
        for _ in 0..10_000 {
            if !self.tailer.has_work() {
                return;
            }
            if let Some(chunk) = self.tailer.turn(self.now) {
                self.bodies
                    .extend(chunk.records.iter().map(|record| record.body.clone()));
                self.in_flight.push_back(chunk);
            }
        }
        panic!("the tailer never rests");
    }

    pub(super) fn look(&mut self) {
        self.tailer.discover(self.now);
        self.read();
    }

    /// Looks until everything that waits for time to pass has come.
    pub(super) fn settle(&mut self) {
        for _ in 0..8 {
            self.look();
            self.pass(Duration::from_secs(2));
        }
        self.look();
    }

    pub(super) fn acknowledge(&mut self) {
        for chunk in self.in_flight.drain(..) {
            self.tailer.acknowledge(&chunk.progress);
        }
    }

    /// Starts anew from what is committed; what is in flight is lost.
    pub(super) fn restart(&mut self) {
        let saved = self.tailer.checkpoint();
        self.restart_from(saved);
    }

    pub(super) fn restart_from(&mut self, saved: Vec<SavedFile>) {
        self.in_flight.clear();
        self.tailer = Tailer::new(self.disk.files(), self.settings.clone(), saved);
    }

    fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.bodies)
    }

    fn looked(&mut self) -> Vec<String> {
        self.look();
        self.take()
    }

    fn settled(&mut self) -> Vec<String> {
        self.settle();
        self.take()
    }
}

fn cri(second: u32, rest: &str) -> String {
    format!("2026-11-22T18:00:{second:02}.5Z {rest}\n")
}

#[test]
fn follows_a_file_and_leaves_an_unfinished_line_alone() {
    let mut run = Run::container();
    run.disk.append(LIVE, &cri(1, "stdout F one"));
    run.disk.append(LIVE, "2026-11-22T18:00:02Z stdout F t");
    assert_eq!(run.settled(), ["one"]);
    run.disk.append(LIVE, "wo\n\n");
    assert_eq!(run.looked(), ["two", ""]);
    run.disk.append(LIVE, "2026-11-22T18:00:02Z torn\n");
    assert_eq!(run.looked(), ["2026-11-22T18:00:02Z torn"]);
    assert_eq!(run.tailer.counts().unscanned, 2);
}

#[test]
fn rotation_drains_the_old_file_first() {
    let mut run = Run::container();
    run.disk.append(LIVE, &cri(1, "stdout F one"));
    run.look();
    run.disk.append(LIVE, &cri(2, "stdout F two"));
    let writer = run.disk.rename(LIVE, "/pods/ns_pod_uid/app/0.log.20261122-180003");
    run.disk.append(LIVE, &cri(4, "stdout F four"));
    writer.append(cri(3, "stdout F three").as_bytes());
    assert_eq!(run.settled(), ["one", "two", "three", "four"]);
    writer.append(cri(5, "stdout F written late").as_bytes());
    run.tailer
        .notice(Path::new("/pods/ns_pod_uid/app/0.log.20261122-180003"), true, run.now);
    assert_eq!(
        run.settled(),
        ["written late"],
        "files that were rotated are looked at again"
    );
}

#[test]
fn two_rotations_between_two_looks_lose_nothing() {
    let mut run = Run::container();
    run.disk.append(LIVE, &cri(1, "stdout F one"));
    run.look();
    run.disk.rename(LIVE, "/pods/ns_pod_uid/app/0.log.20261122-180002");
    run.disk.append(LIVE, &cri(2, "stdout F two"));
    run.disk.rename(LIVE, "/pods/ns_pod_uid/app/0.log.20261122-180003");
    run.disk.compress("/pods/ns_pod_uid/app/0.log.20261122-180002");
    run.disk.append(LIVE, &cri(3, "stdout F three"));
    assert_eq!(run.settled(), ["one", "two", "three"]);
    run.disk.compress("/pods/ns_pod_uid/app/0.log.20261122-180003");
    assert_eq!(
        run.settled(),
        Vec::<String>::new(),
        "compressing what was read brings nothing"
    );
    run.acknowledge();
    run.restart();
    assert_eq!(run.settled(), Vec::<String>::new(), "nor does a restart");
}

#[test]
fn a_restart_finds_what_was_rotated_meanwhile() {
    let mut run = Run::container();
    run.disk.append(LIVE, &cri(1, "stdout F one"));
    assert_eq!(run.looked(), ["one"]);
    run.acknowledge();
    run.disk.append(LIVE, &cri(2, "stdout F two"));
    run.disk.rename(LIVE, "/pods/ns_pod_uid/app/0.log.20261122-180002");
    run.disk.append(LIVE, &cri(3, "stdout F three"));
    run.disk.rename(LIVE, "/pods/ns_pod_uid/app/0.log.20261122-180003");
    run.disk.compress("/pods/ns_pod_uid/app/0.log.20261122-180002");
    run.disk.append(LIVE, &cri(4, "stdout F four"));
    run.restart();
    assert_eq!(run.settled(), ["two", "three", "four"]);
}

#[test]
fn pieces_of_a_line_find_each_other_over_rotation_and_restart() {
    let mut run = Run::container();
    run.disk.append(LIVE, &cri(1, "stdout P one "));
    run.disk.append(LIVE, &cri(2, "stderr F between"));
    run.look();
    run.acknowledge();
    run.disk.rename(LIVE, "/pods/ns_pod_uid/app/0.log.20261122-180002");
    run.disk.append(LIVE, &cri(3, "stderr F more"));
    assert_eq!(run.settled(), ["between", "more"]);
    run.acknowledge();
    run.restart();
    assert_eq!(
        run.settled(),
        Vec::<String>::new(),
        "standard error was committed, standard output still waits"
    );
    run.disk.append(LIVE, &cri(4, "stdout F  two"));
    assert_eq!(run.settled(), ["one  two"]);
    let record = &run.in_flight.back().expect("a chunk").records[0];
    assert_eq!(
        (record.stream, record.timestamp.to_string()),
        (Some(OutputStream::Stdout), cri(1, "").trim().to_owned())
    );
    run.acknowledge();
    run.restart();
    assert_eq!(run.settled(), Vec::<String>::new());
}

#[test]
fn truncation_starts_at_the_beginning() {
    let mut run = Run::container();
    run.disk.append(LIVE, &cri(1, "stdout F a first line of some length"));
    assert_eq!(run.looked().len(), 1);
    run.disk.truncate(LIVE);
    run.disk.append(LIVE, &cri(2, "stdout F two"));
    assert_eq!(run.looked(), ["two"]);
    run.disk.truncate(LIVE);
    run.disk
        .append(LIVE, &cri(3, "stdout F three, which is longer than what was there"));
    assert_eq!(run.looked(), ["three, which is longer than what was there"]);
    let truncated = run
        .tailer
        .take_problems()
        .iter()
        .filter(|p| matches!(p, Problem::Truncated { .. }))
        .count();
    assert_eq!(truncated, 2);
}

#[test]
fn a_copy_holds_what_truncation_took() {
    let mut run = Run::container();
    run.disk.append(LIVE, &cri(1, "stdout F one"));
    assert_eq!(run.looked(), ["one"]);
    run.disk.append(LIVE, &cri(2, "stdout F two"));
    run.disk.copy(LIVE, "/pods/ns_pod_uid/app/0.log.1");
    run.disk.truncate(LIVE);
    run.disk.append(LIVE, &cri(3, "stdout F three"));
    assert_eq!(run.settled(), ["two", "three"]);
}

#[test]
fn a_copy_that_is_not_followed_by_truncation_yet_is_nothing_new() {
    let mut run = Run::container();
    run.disk.append(LIVE, &cri(1, "stdout F one"));
    assert_eq!(run.looked(), ["one"]);
    run.disk.copy(LIVE, "/pods/ns_pod_uid/app/0.log.1");
    run.tailer
        .notice(Path::new("/pods/ns_pod_uid/app/0.log.1"), false, run.now);
    assert_eq!(run.settled(), Vec::<String>::new());
}

#[test]
fn an_inode_that_is_used_again_is_a_new_file() {
    let mut run = Run::container();
    run.disk.append(LIVE, &cri(1, "stdout F one"));
    assert_eq!(run.looked(), ["one"]);
    run.acknowledge();
    let saved = run.tailer.checkpoint();
    run.restart_from(Vec::new());
    run.disk.remove(LIVE);
    run.disk
        .append(LIVE, &cri(2, "stdout F two, and longer than the other"));
    assert_eq!(run.disk.inode(LIVE), saved[0].id.inode, "the test needs the same inode");
    run.restart_from(saved);
    assert_eq!(run.settled(), ["two, and longer than the other"]);
}

#[test]
fn an_inode_that_another_container_got_does_not_move_the_file() {
    let (mine, other) = ("/pods/ns_a_uid/app/0.log", LIVE);
    let mut run = Run::container();
    run.disk.append(other, &cri(1, "stdout F one"));
    assert_eq!(run.looked(), ["one"]);
    run.acknowledge();
    let saved = run.tailer.checkpoint();
    run.restart_from(Vec::new());
    run.disk.rename(other, "/pods/ns_pod_uid/app/0.log.20261122-180002");
    run.disk.compress("/pods/ns_pod_uid/app/0.log.20261122-180002");
    run.disk.append(mine, &cri(2, "stdout F two"));
    assert_eq!(run.disk.inode(mine), saved[0].id.inode, "the test needs the same inode");
    run.restart_from(saved);
    assert_eq!(run.settled(), ["two"], "what was read before is known by its content");
}

#[test]
fn the_end_of_a_deleted_file_is_read() {
    let mut run = Run::container();
    run.disk.append(LIVE, &cri(1, "stdout F one"));
    run.look();
    run.disk.append(LIVE, &cri(2, "stdout P half a line"));
    run.disk.append(LIVE, "2026-11-22T18:00:03Z stderr F no line end");
    run.disk.remove(LIVE);
    assert_eq!(run.settled(), ["one", "no line end", "half a line"]);
    run.acknowledge();
    run.settle();
    assert_eq!(run.tailer.checkpoint(), [], "what is gone and delivered is forgotten");
    assert_eq!(run.tailer.targets().count(), 0);
}

#[test]
fn a_long_line_becomes_several_records() {
    let mut run = Run::new(TailerSettings {
        record_bytes_max: 16,
        ..settings()
    });
    run.disk
        .append(LIVE, &cri(1, "stdout F aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"));
    run.disk.append(LIVE, &cri(2, "stdout P 0123456789abcdéfg"));
    run.disk.append(LIVE, &cri(3, "stdout F hij"));
    assert_eq!(
        run.settled(),
        [
            "aaaaaaaaaaaaaaaa",
            "aaaaaaaaaaaaaaaa",
            "aaaaaaab",
            "0123456789abcdé",
            "fghij"
        ]
    );
    let times: Vec<i64> = run.in_flight[0]
        .records
        .iter()
        .map(|record| record.timestamp.0 % 10)
        .collect();
    assert_eq!(times, [0, 1, 2, 0, 1], "equal pieces differ in time");
}

#[test]
fn plain_files_have_lines_and_times_of_their_own() {
    let mut run = Run::new(TailerSettings {
        flush_period: Some(Duration::from_millis(500)),
        ..settings()
    });
    let path = "/var/log/app.txt";
    run.disk.append(path, "one\ntwo\n\nthr");
    run.disk.append("/var/log/app.txt.1", "old\n");
    run.look();
    assert_eq!(
        run.take(),
        ["one", "two", ""],
        "rotated files of plain logs are not dug up"
    );
    let times: Vec<i64> = run.in_flight[0]
        .records
        .iter()
        .map(|record| record.timestamp.0)
        .collect();
    assert_eq!(times, [1_000_000, 1_000_001, 1_000_002]);
    assert_eq!(run.settled(), ["thr"], "an unfinished line counts after a while");
}

#[test]
fn starting_at_the_end_is_for_the_first_look_only() {
    let mut run = Run::new(TailerSettings {
        starts_at_end: true,
        ..settings()
    });
    run.disk.append(LIVE, &cri(1, "stdout F old"));
    run.disk
        .append("/pods/ns_pod_uid/app/0.log.20261122-170000", &cri(0, "stdout F older"));
    assert_eq!(run.settled(), Vec::<String>::new());
    run.disk.append(LIVE, &cri(2, "stdout F new"));
    run.disk
        .append("/pods/ns_pod_uid/other/0.log", &cri(3, "stdout F other"));
    assert_eq!(run.settled(), ["new", "other"]);
    run.acknowledge();
    run.disk.append(LIVE, &cri(4, "stdout F while away"));
    run.restart();
    assert_eq!(run.settled(), ["while away"]);
}

#[test]
fn siblings_are_read_oldest_first_when_nothing_is_known() {
    let mut run = Run::container();
    run.disk
        .append("/pods/ns_pod_uid/app/0.log.20261122-170000", &cri(1, "stdout F one"));
    run.disk.compress("/pods/ns_pod_uid/app/0.log.20261122-170000");
    run.disk
        .append("/pods/ns_pod_uid/app/0.log.20261122-180000", &cri(2, "stdout F two"));
    run.disk.append(LIVE, &cri(3, "stdout F three"));
    assert_eq!(run.settled(), ["one", "two", "three"]);
}

#[test]
fn a_file_that_moves_to_another_path_is_not_read_again() {
    let mut run = Run::new(settings());
    run.disk.append("/var/log/a.log", "one\n");
    assert_eq!(run.looked(), ["one"]);
    run.disk.append("/var/log/a.log", "two\n");
    run.disk.rename("/var/log/a.log", "/var/log/b.log");
    run.disk.append("/var/log/a.log", "three\n");
    let mut bodies = run.settled();
    bodies.sort();
    assert_eq!(bodies, ["three", "two"]);
    run.acknowledge();
    run.disk.append("/var/log/b.log", "four\n");
    run.disk.rename("/var/log/b.log", "/var/log/c.log");
    run.restart();
    assert_eq!(run.settled(), ["four"]);
}

#[test]
fn one_busy_file_does_not_hold_up_the_others() {
    let mut run = Run::new(settings());
    run.disk
        .append("/var/log/busy.log", &format!("{}\n", "x".repeat(99)).repeat(5000));
    run.disk.append("/var/log/idle.log", "here\n");
    run.tailer.discover(run.now);
    let turns = (1..).find(|_| {
        let chunk = run.tailer.turn(run.now).expect("a chunk");
        chunk.records.iter().any(|record| record.body == "here")
    });
    assert!(turns.expect("a turn") <= 2);
}

#[test]
fn a_link_that_leads_nowhere_is_reported() {
    let mut run = Run::container();
    run.disk.dangle("/containers/x.log");
    run.look();
    let problem = Problem::Dangling {
        path: PathBuf::from("/containers/x.log"),
        error: "entity not found".to_owned(),
    };
    assert_eq!(run.tailer.take_problems(), [problem]);
}
