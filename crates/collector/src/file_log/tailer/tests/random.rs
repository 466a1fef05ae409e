//! Random scripts of what containers, kubelet, the store and power cuts do, against a model that only knows what the
//! program wrote: each line must arrive exactly once, whole and in order.

use proptest::prelude::*;

use super::world::World;
use super::{TailerSettings, settings};

/// Scripts a run, unless `PROPTEST_CASES` says otherwise.
const CASES: u32 = 400;

#[derive(Debug, Clone, Copy)]
pub(super) enum Action {
    /// What follows is about the other container.
    Switch,
    /// A piece of a line to an output: the last one, or one that is followed by others.
    Write {
        to_stderr: bool,
        is_last: bool,
        same_text: bool,
    },
    /// The first bytes of what the runtime writes next; the rest comes with the next write.
    Tear(u8),
    /// The runtime's clock goes on by so many nanoseconds before the next line.
    Tick(u8),
    /// Renames the live file.
    Rename,
    /// Opens a new live file, if the old one was renamed.
    Reopen,
    /// Compresses the oldest rotated file that is plain and that nobody writes to.
    Compress,
    /// Deletes the oldest rotated file, if it was delivered and the checkpoint says so.
    Delete,
    /// Looks at the folder.
    Look,
    /// Hears that the live file was written to.
    Notice,
    /// Gives so many turns.
    Turns(u8),
    Pass(u8),
    /// So many chunks reach the store.
    Deliver(u8),
    /// So many chunks that reached the store are acknowledged.
    Acknowledge(u8),
    /// The checkpoint is written.
    Save,
    /// The collector is killed and started again.
    Crash,
    /// The collector is stopped and started again.
    Stop,
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let small = 1..20_u8;
    let write = (any::<bool>(), prop::bool::weighted(0.7), prop::bool::weighted(0.2));
    let action = prop_oneof![
        12 => write.prop_map(|(to_stderr, is_last, same_text)| Action::Write { to_stderr, is_last, same_text }),
        2 => small.clone().prop_map(Action::Tear),
        4 => (0..3_u8).prop_map(Action::Tick),
        2 => Just(Action::Rename),
        3 => Just(Action::Reopen),
        2 => Just(Action::Switch),
        2 => Just(Action::Compress),
        2 => Just(Action::Delete),
        3 => Just(Action::Look),
        2 => Just(Action::Notice),
        4 => small.clone().prop_map(Action::Turns),
        2 => (0..9_u8).prop_map(Action::Pass),
        4 => small.clone().prop_map(Action::Deliver),
        4 => small.prop_map(Action::Acknowledge),
        3 => Just(Action::Save),
        1 => Just(Action::Crash),
        1 => Just(Action::Stop),
    ];
    proptest::collection::vec(action, 1..120)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn every_line_arrives_once_whole_and_in_order(
        script in actions(),
        records in 1..8_usize,
        head in 40..200_usize,
        open in 1..6_usize,
    ) {
        let mut world = World::new(TailerSettings {
            chunk_records_max: records,
            fingerprint_bytes: head,
            open_files_max: open,
            ..settings()
        });
        script.into_iter().for_each(|action| world.act(action));
        world.finish();
        let (stored, expected) = world.outcome();
        prop_assert_eq!(stored, expected);
        // Everything is delivered: from here nothing may come twice, store or no store.
        let repeated = world.repeated;
        world.act(Action::Stop);
        world.finish();
        let (stored, expected) = world.outcome();
        prop_assert_eq!(stored, expected);
        prop_assert_eq!(world.repeated, repeated, "something was read again after all was committed");
        prop_assert!(world.run.tailer.take_problems().is_empty());
    }

    #[test]
    fn without_crashes_nothing_is_handed_out_twice(script in actions(), records in 1..8_usize, open in 1..6_usize) {
        let mut world =
            World::new(TailerSettings { chunk_records_max: records, open_files_max: open, ..settings() });
        let calm = script.into_iter().filter(|action| !matches!(action, Action::Crash));
        calm.for_each(|action| world.act(action));
        world.finish();
        let (stored, expected) = world.outcome();
        prop_assert_eq!(stored, expected);
        prop_assert_eq!(world.repeated, 0);
    }
}
