//! How far reading is behind.

use super::*;

#[test]
fn unread_rotated_files_are_counted_with_the_age_of_the_last_line() {
    let mut run = Run::container();
    run.disk.append(LIVE, &cri(1, "stdout F one"));
    assert_eq!(run.looked(), ["one"]);
    assert_eq!(run.tailer.lag(run.now), Lag::default());
    let line = |second| cri(second, "stdout F more");
    for (second, name) in [(2, "20261122-180000"), (3, "20261122-180010")] {
        run.disk.append(LIVE, &line(second));
        run.disk.rename(LIVE, &format!("{LIVE}.{name}"));
    }
    run.disk.append(LIVE, &line(4));
    run.tailer.discover(run.now);
    // The first line's time, and five seconds.
    run.now.wall.0 = 1_795_370_401_500_000_000 + 5_000_000_000;
    let bytes = 2 * line(2).len() as u64;
    let age = Duration::from_secs(5);
    assert_eq!(run.tailer.lag(run.now), Lag { files: 2, bytes, age });
    run.read();
    assert_eq!(run.tailer.lag(run.now), Lag::default());
}
