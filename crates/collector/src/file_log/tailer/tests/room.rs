//! More files than may be open at a time.

use super::*;

fn live(number: usize) -> String {
    format!("/pods/ns_pod_uid/app{number}/0.log")
}

fn narrow(open_files_max: usize) -> Run {
    Run::new(TailerSettings {
        open_files_max,
        ..settings()
    })
}

impl Run {
    fn open(&self) -> usize {
        self.tailer.open_and_unread().0
    }

    /// Writes a line to each of so many files.
    fn write_all(&self, files: usize, second: u32) {
        for number in 0..files {
            let line = format!("stdout F {second} of {number}");
            self.disk.append(&live(number), &cri(second, &line));
        }
    }
}

/// A line of each of so many files, in any order.
fn lines_of(files: usize, second: u32) -> Vec<String> {
    let mut lines: Vec<String> = (0..files).map(|number| format!("{second} of {number}")).collect();
    lines.sort();
    lines
}

fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort();
    lines
}

#[test]
fn files_take_turns_within_the_bound() {
    for open_files_max in [1, 2, 3, 16] {
        let mut run = narrow(open_files_max);
        run.write_all(20, 1);
        run.tailer.discover(run.now);
        assert!(run.open() <= open_files_max, "{} are open", run.open());
        for second in 1..4 {
            while run.tailer.has_work() {
                let chunk = run.tailer.turn(run.now);
                run.bodies.extend(
                    chunk
                        .into_iter()
                        .flat_map(|chunk| chunk.records)
                        .map(|record| record.body),
                );
                assert!(run.open() <= open_files_max, "{} are open", run.open());
            }
            assert_eq!(sorted(run.take()), lines_of(20, second), "at most {open_files_max}");
            run.write_all(20, second + 1);
            run.tailer.poll(run.now);
        }
        assert!(run.tailer.take_problems().is_empty());
    }
}

#[test]
fn a_busy_file_does_not_keep_the_others_waiting() {
    let mut run = narrow(1);
    run.disk.append(&live(0), &cri(1, "stdout F busy").repeat(1000));
    run.disk.append(&live(1), &cri(1, "stdout F quiet"));
    run.tailer.discover(run.now);
    let mut turns = (0..6)
        .filter_map(|_| run.tailer.turn(run.now))
        .flat_map(|chunk| chunk.records);
    assert!(turns.any(|record| record.body == "quiet"));
}

#[test]
fn a_closed_file_is_opened_when_it_is_written_to() {
    let mut run = narrow(1);
    run.write_all(2, 1);
    run.look();
    run.write_all(2, 2);
    for number in 0..2 {
        assert!(run.tailer.notice(Path::new(&live(number)), true, run.now));
    }
    run.take();
    run.read();
    assert_eq!(sorted(run.take()), lines_of(2, 2));
}

#[test]
fn a_closed_file_is_followed_through_rotation() {
    let mut run = narrow(1);
    run.write_all(3, 1);
    assert_eq!(run.settled().len(), 3);
    run.write_all(3, 2);
    for number in 0..3 {
        let rotated = format!("{}.20261122-180003", live(number));
        run.disk.rename(&live(number), &rotated);
        run.disk.compress(&rotated);
    }
    run.write_all(3, 3);
    let expected: Vec<String> = [lines_of(3, 2), lines_of(3, 3)].concat();
    assert_eq!(sorted(run.settled()), expected);
    assert!(run.tailer.take_problems().is_empty());
}

#[test]
fn what_was_read_and_closed_may_be_deleted() {
    let mut run = narrow(1);
    run.write_all(3, 1);
    run.settle();
    run.acknowledge();
    for number in 0..3 {
        run.disk.remove(&live(number));
    }
    run.settle();
    run.settle();
    assert!(run.tailer.take_problems().is_empty());
    assert_eq!((run.open(), run.tailer.targets().count()), (0, 0));
}

#[test]
fn a_closed_file_that_vanishes_unread_is_told() {
    let mut run = narrow(1);
    run.write_all(2, 1);
    run.tailer.discover(run.now);
    run.disk.remove(&live(0));
    run.disk.remove(&live(1));
    run.settle();
    let lost = run.tailer.take_problems();
    assert_eq!(lost.len(), 1, "the open one is read, {lost:?}");
    assert!(matches!(lost[0], Problem::Lost { .. }));
    assert_eq!(run.take().len(), 1);
}

#[test]
fn a_closed_file_that_was_written_to_and_vanishes_unread_is_told() {
    let mut run = narrow(1);
    run.write_all(2, 1);
    assert_eq!(run.settled().len(), 2);
    for number in 0..2 {
        run.disk.append(&live(number), &cri(9, "stdout F more"));
        run.tailer.notice(Path::new(&live(number)), true, run.now);
        run.disk.remove(&live(number));
    }
    run.settle();
    let lost = run.tailer.take_problems();
    assert_eq!(lost.len(), 1, "the open one is read, {lost:?}");
    assert!(matches!(lost[0], Problem::Lost { .. }));
    assert_eq!(run.take(), ["more"]);
}

#[test]
fn a_piece_of_a_line_keeps_its_file_open() {
    let mut run = narrow(1);
    run.disk.append(&live(0), &cri(1, "stdout P begun"));
    run.disk.append(&live(1), &cri(1, "stdout F whole"));
    assert_eq!(run.settled(), ["whole"]);
    run.disk.remove(&live(0));
    assert_eq!(run.settled(), ["begun"], "it is handed out as it is when the file goes");
}

#[test]
fn the_inode_of_a_closed_file_may_be_used_again() {
    let mut run = narrow(1);
    run.write_all(4, 1);
    assert_eq!(run.settled().len(), 4);
    let before: Vec<u64> = (0..4).map(|number| run.disk.inode(&live(number))).collect();
    for number in 0..4 {
        let rotated = format!("{}.20261122-180003", live(number));
        run.disk
            .append(&live(number), &cri(2, &format!("stdout F 2 of {number}")));
        run.disk.rename(&live(number), &rotated);
        run.disk.compress(&rotated);
        run.disk
            .append(&live(number), &cri(3, &format!("stdout F 3 of {number}")));
    }
    let again = (0..4).filter(|&number| run.disk.inode(&live(number)) == before[number]);
    assert_eq!(again.count(), 3, "all but that of the file which is open");
    assert_eq!(sorted(run.settled()), [lines_of(4, 2), lines_of(4, 3)].concat());
    assert!(run.tailer.take_problems().is_empty());
}
