//! Every line is counted once, whatever happens to either half: the reason Longshore exists.

use longshore_tests::clock::{now, wait_until};
use longshore_tests::generator::{Generator, Settings};
use longshore_tests::halves::{Half, Halves, Via};
use longshore_tests::random::Random;

use crate::{ENDS_WITHIN, PATIENCE, program};

/// Waits for the rest, reads everything back, and fails with what both halves printed unless all is well.
fn assert_exactly_once(halves: &Halves, generator: &Generator) {
    halves.wait_stored(generator.messages(), PATIENCE);
    let report = halves.verify(generator).unwrap();
    assert!(report.is_clean(), "{report}\n{}", halves.last_words());
}

/// Writes while both run, then waits until some of it has arrived, so that what follows hits work under way.
fn write_and_see_some(halves: &Halves, generator: &mut Generator, lines: usize) {
    let before = halves.stored().unwrap_or(0);
    generator.write(lines, now()).unwrap();
    let some = wait_until(PATIENCE, || halves.stored().filter(|stored| *stored > before));
    assert!(some.is_some(), "nothing arrives\n{}", halves.last_words());
}

#[test]
fn through_rotation_and_kill_of_either_half() {
    let folder = tempfile::tempdir().unwrap();
    let mut halves = Halves::new(program(), folder.path(), Via::Loki).unwrap();
    let settings = Settings {
        rotate_every: None,
        // Ten rounds of up to three rotations: a file that is deleted unread is lost for everybody.
        keep_rotated: 40,
        ..Settings::troubled(halves.logs())
    };
    let mut generator = Generator::new(&settings).unwrap();
    let mut random = Random::new(settings.seed);
    halves.start_ready(Half::Store).unwrap();
    halves.start_ready(Half::Collector).unwrap();
    for round in 0..10 {
        write_and_see_some(&halves, &mut generator, 1_500);
        let victims: &[Half] = match round % 5 {
            0 | 2 => &[Half::Collector],
            1 | 3 => &[Half::Store],
            _ => &[Half::Store, Half::Collector],
        };
        victims.iter().for_each(|half| halves.kill(*half).unwrap());
        // The world goes on while they are down: up to three rotations, so that some files are packed unread.
        for _ in 0..random.below(4) {
            generator.write(400, now()).unwrap();
            generator.rotate_all(now()).unwrap();
        }
        generator.write(400, now()).unwrap();
        victims.iter().for_each(|half| halves.start(*half).unwrap());
        victims.iter().for_each(|half| halves.wait_ready(*half).unwrap());
    }
    generator.finish(now()).unwrap();
    assert_exactly_once(&halves, &generator);
}

#[test]
fn through_orderly_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let mut halves = Halves::new(program(), folder.path(), Via::Loki).unwrap();
    let mut generator = Generator::new(&Settings::troubled(halves.logs())).unwrap();
    halves.start_ready(Half::Store).unwrap();
    halves.start_ready(Half::Collector).unwrap();
    for order in [[Half::Collector, Half::Store], [Half::Store, Half::Collector]] {
        write_and_see_some(&halves, &mut generator, 3_000);
        for half in order {
            let program = match half {
                Half::Collector => halves.collector.as_mut(),
                Half::Store => halves.store.as_mut(),
            };
            let program = program.unwrap();
            program.terminate().unwrap();
            let status = program.wait(ENDS_WITHIN);
            let ended = status.is_some_and(|status| status.success());
            assert!(
                ended,
                "{} after SIGTERM: {status:?}\n{}",
                half.name(),
                program.last_words()
            );
        }
        generator.write(500, now()).unwrap();
        order.iter().for_each(|half| halves.start(*half).unwrap());
        order.iter().for_each(|half| halves.wait_ready(*half).unwrap());
    }
    generator.finish(now()).unwrap();
    assert_exactly_once(&halves, &generator);
}

#[test]
fn over_otlp_with_the_store_away() {
    let folder = tempfile::tempdir().unwrap();
    let mut halves = Halves::new(program(), folder.path(), Via::Otlp).unwrap();
    let mut generator = Generator::new(&Settings::troubled(halves.logs())).unwrap();
    // The collector comes first and has to go on trying.
    halves.start_ready(Half::Collector).unwrap();
    generator.write(2_000, now()).unwrap();
    halves.start_ready(Half::Store).unwrap();
    write_and_see_some(&halves, &mut generator, 2_000);
    halves.kill(Half::Store).unwrap();
    generator.write(2_000, now()).unwrap();
    halves.start_ready(Half::Store).unwrap();
    generator.finish(now()).unwrap();
    assert_exactly_once(&halves, &generator);
}
