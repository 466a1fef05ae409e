//! Random scripts of what containers, kubelet, the store and power cuts do, against a model that only knows what the
//! program wrote: each line must arrive exactly once, whole and in order.

use std::collections::HashSet;
use std::time::Duration;

use longshore_model::TimestampNs;
use proptest::prelude::*;

use super::disk::Inode;
use super::{Chunk, LIVE, Run, SavedFile, TailerSettings, settings};

/// Scripts a run; `PROPTEST_CASES` does not count here. 20,000 were run when the tailer was written.
const CASES: u32 = 400;

#[derive(Debug, Clone, Copy)]
enum Action {
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
        2 => Just(Action::Compress),
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

/// The container, kubelet and the store.
struct World {
    run: Run,
    /// What the runtime has open.
    writer: Inode,
    is_renamed: bool,
    rotated: Vec<String>,
    rotations: u32,
    clock_ns: u32,
    lines: u32,
    /// What the runtime still has to write of a torn line.
    torn: Vec<u8>,
    /// Pieces of an output's line so far.
    pieces: [String; 2],
    expected: Vec<String>,
    stored: Vec<String>,
    known: HashSet<(TimestampNs, String)>,
    /// Doubles that the store recognised.
    repeated: u32,
    delivered: usize,
    saved: Vec<SavedFile>,
}

impl World {
    fn new(settings: TailerSettings) -> Self {
        let run = Run::new(settings);
        let writer = run.disk.create(LIVE);
        Self {
            run,
            writer,
            is_renamed: false,
            rotated: Vec::new(),
            rotations: 0,
            clock_ns: 0,
            lines: 0,
            torn: Vec::new(),
            pieces: Default::default(),
            expected: Vec::new(),
            stored: Vec::new(),
            known: HashSet::new(),
            repeated: 0,
            delivered: 0,
            saved: Vec::new(),
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Write {
                to_stderr,
                is_last,
                same_text,
            } => self.write(to_stderr, is_last, same_text),
            Action::Tear(bytes) => self.tear(bytes),
            Action::Tick(ns) => self.clock_ns += u32::from(ns),
            Action::Rename => self.rename(),
            Action::Reopen => self.reopen(),
            Action::Compress => self.compress(),
            Action::Look => self.run.tailer.discover(self.run.now),
            Action::Notice => {
                self.run.tailer.notice(LIVE.as_ref(), true, self.run.now);
            }
            Action::Turns(count) => {
                for _ in 0..count {
                    if let Some(chunk) = self.run.tailer.turn(self.run.now) {
                        self.run.in_flight.push_back(chunk);
                    }
                }
            }
            Action::Pass(seconds) => self.run.pass(Duration::from_secs(u64::from(seconds))),
            Action::Deliver(count) => self.deliver(usize::from(count)),
            Action::Acknowledge(count) => self.acknowledge(usize::from(count)),
            Action::Save => self.saved = self.run.tailer.checkpoint(),
            Action::Crash => self.crash(),
            Action::Stop => {
                self.deliver(usize::MAX);
                self.acknowledge(usize::MAX);
                self.saved = self.run.tailer.checkpoint();
                self.crash();
            }
        }
    }

    fn write(&mut self, to_stderr: bool, is_last: bool, same_text: bool) {
        self.lines += 1;
        let text = if same_text {
            " tick ".to_owned()
        } else {
            format!(" line {} ", self.lines)
        };
        let stream = if to_stderr { "stderr" } else { "stdout" };
        let tag = if is_last { 'F' } else { 'P' };
        let line = format!("2026-11-22T18:00:00.{:09}Z {stream} {tag} {text}\n", self.clock_ns);
        self.torn.extend_from_slice(line.as_bytes());
        self.writer.append(&std::mem::take(&mut self.torn));
        let pieces = &mut self.pieces[usize::from(to_stderr)];
        pieces.push_str(&text);
        if is_last {
            self.expected.push(std::mem::take(pieces));
        }
    }

    /// Writes a line of which only the first bytes come now.
    fn tear(&mut self, bytes: u8) {
        if !self.torn.is_empty() {
            return;
        }
        self.write_held();
        let now = self
            .torn
            .drain(..usize::from(bytes).min(self.torn.len()))
            .collect::<Vec<u8>>();
        self.writer.append(&now);
    }

    fn write_held(&mut self) {
        self.lines += 1;
        let text = format!("torn {}", self.lines);
        self.torn = format!("2026-11-22T18:00:00.{:09}Z stdout F {text}\n", self.clock_ns).into_bytes();
        let pieces = &mut self.pieces[0];
        pieces.push_str(&text);
        self.expected.push(std::mem::take(pieces));
    }

    fn rename(&mut self) {
        if !self.is_renamed {
            self.rotations += 1;
            let path = format!("{LIVE}.20261122-{:06}", self.rotations);
            self.run.disk.rename(LIVE, &path);
            self.rotated.push(path);
            self.is_renamed = true;
        }
    }

    fn reopen(&mut self) {
        if self.is_renamed {
            // A runtime finishes the line it is writing, and its clock does not stand still.
            self.writer.append(&std::mem::take(&mut self.torn));
            self.clock_ns += 1000;
            self.writer = self.run.disk.create(LIVE);
            self.is_renamed = false;
        }
    }

    fn compress(&mut self) {
        let oldest = self.rotated.first().cloned();
        if let Some(path) = oldest.filter(|_| self.rotated.len() > usize::from(self.is_renamed)) {
            self.run.disk.compress(&path);
            self.rotated.remove(0);
        }
    }

    fn deliver(&mut self, count: usize) {
        let end = self.delivered.saturating_add(count).min(self.run.in_flight.len());
        let chunks: Vec<Chunk> = self.run.in_flight.range(self.delivered..end).cloned().collect();
        self.delivered = end;
        for record in chunks.into_iter().flat_map(|chunk| chunk.records) {
            if self.known.insert((record.timestamp, record.body.clone())) {
                self.stored.push(record.body);
            } else {
                self.repeated += 1;
            }
        }
    }

    fn acknowledge(&mut self, count: usize) {
        for chunk in self
            .run
            .in_flight
            .drain(..count.min(self.delivered))
            .collect::<Vec<_>>()
        {
            self.delivered -= 1;
            self.run.tailer.acknowledge(&chunk.progress);
        }
    }

    fn crash(&mut self) {
        self.delivered = 0;
        self.run.restart_from(self.saved.clone());
    }

    fn finish(&mut self) {
        for (stream, pieces) in [(0, false), (1, true)] {
            if !self.pieces[stream].is_empty() {
                self.write(pieces, true, false);
            }
        }
        self.writer.append(&std::mem::take(&mut self.torn));
        self.reopen();
        self.run.settle();
        self.deliver(usize::MAX);
        self.acknowledge(usize::MAX);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn every_line_arrives_once_whole_and_in_order(script in actions(), records in 1..8_usize, head in 40..200_usize) {
        let mut world = World::new(TailerSettings { chunk_records_max: records, fingerprint_bytes: head, ..settings() });
        script.into_iter().for_each(|action| world.act(action));
        world.finish();
        prop_assert_eq!(&world.stored, &world.expected);
        // Everything is delivered: from here nothing may come twice, store or no store.
        let repeated = world.repeated;
        world.act(Action::Stop);
        world.finish();
        prop_assert_eq!(&world.stored, &world.expected);
        prop_assert_eq!(world.repeated, repeated, "something was read again after all was committed");
        prop_assert!(world.run.tailer.take_problems().is_empty());
    }

    #[test]
    fn without_crashes_nothing_is_handed_out_twice(script in actions(), records in 1..8_usize) {
        let mut world = World::new(TailerSettings { chunk_records_max: records, ..settings() });
        let calm = script.into_iter().filter(|action| !matches!(action, Action::Crash));
        calm.for_each(|action| world.act(action));
        world.finish();
        prop_assert_eq!(&world.stored, &world.expected);
        prop_assert_eq!(world.repeated, 0);
    }
}
