//! The node of the random scripts: containers that write, a runtime that rotates, a store that forgets nothing.

use std::collections::{HashSet, VecDeque};
use std::path::PathBuf;
use std::time::Duration;

use longshore_model::TimestampNs;

use super::disk::Inode;
use super::random::Action;
use super::{Chunk, Run, SavedFile, TailerSettings};

/// Containers on the node. Their files use the same inodes one after the other.
const CONTAINERS: usize = 2;

/// A container, and what kubelet does with its files.
struct Container {
    live: String,
    /// What the runtime has open.
    writer: Inode,
    is_renamed: bool,
    /// Rotated files, oldest first, and which of them are compressed.
    rotated: VecDeque<(String, bool)>,
    rotations: u32,
    /// What the runtime still has to write of a torn line.
    torn: Vec<u8>,
    /// Pieces of an output's line so far.
    pieces: [String; 2],
    expected: Vec<String>,
    stored: Vec<String>,
}

impl Container {
    /// Writes a line after what is left of a torn one.
    fn write(&mut self, line: &str) {
        let mut bytes = std::mem::take(&mut self.torn);
        bytes.extend_from_slice(line.as_bytes());
        self.writer.append(&bytes);
    }

    fn add_piece(&mut self, stream: usize, text: &str, is_last: bool) {
        self.pieces[stream].push_str(text);
        if is_last {
            let line = std::mem::take(&mut self.pieces[stream]);
            self.expected.push(line);
        }
    }
}

/// The node and the store.
pub(super) struct World {
    pub(super) run: Run,
    containers: Vec<Container>,
    /// The container that the next action is about.
    at: usize,
    clock_ns: u32,
    lines: u32,
    known: HashSet<(PathBuf, TimestampNs, String)>,
    /// Doubles that the store recognised.
    pub(super) repeated: u32,
    delivered: usize,
    saved: Vec<SavedFile>,
}

impl World {
    pub(super) fn new(settings: TailerSettings) -> Self {
        let run = Run::new(settings);
        let container = |number: usize| {
            let live = format!("/pods/ns_pod_uid/app{number}/0.log");
            Container {
                writer: run.disk.create(&live),
                live,
                is_renamed: false,
                rotated: VecDeque::new(),
                rotations: 0,
                torn: Vec::new(),
                pieces: Default::default(),
                expected: Vec::new(),
                stored: Vec::new(),
            }
        };
        Self {
            containers: (0..CONTAINERS).map(container).collect(),
            run,
            at: 0,
            clock_ns: 0,
            lines: 0,
            known: HashSet::new(),
            repeated: 0,
            delivered: 0,
            saved: Vec::new(),
        }
    }

    /// What the store has of each container, and what the container wrote.
    pub(super) fn outcome(&self) -> (Vec<&Vec<String>>, Vec<&Vec<String>>) {
        self.containers
            .iter()
            .map(|container| (&container.stored, &container.expected))
            .unzip()
    }

    pub(super) fn act(&mut self, action: Action) {
        match action {
            Action::Switch => self.at = (self.at + 1) % CONTAINERS,
            Action::Write {
                to_stderr,
                is_last,
                same_text,
            } => self.write(to_stderr, is_last, same_text),
            Action::Tear(bytes) => self.tear(usize::from(bytes)),
            Action::Tick(ns) => self.clock_ns += u32::from(ns),
            Action::Rename => self.rename(),
            Action::Reopen => self.reopen(),
            Action::Compress => self.compress(),
            Action::Delete => self.delete(),
            Action::Look => self.run.tailer.discover(self.run.now),
            Action::Notice => {
                let live = self.containers[self.at].live.clone();
                self.run.tailer.notice(live.as_ref(), true, self.run.now);
            }
            Action::Turns(count) => {
                let turns = (0..count).filter_map(|_| self.run.tailer.turn(self.run.now));
                self.run.in_flight.extend(turns);
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
        let container = &mut self.containers[self.at];
        container.write(&line);
        container.add_piece(usize::from(to_stderr), &text, is_last);
    }

    /// Writes a line of which only the first bytes come now.
    fn tear(&mut self, bytes: usize) {
        let container = &mut self.containers[self.at];
        if !container.torn.is_empty() {
            return;
        }
        self.lines += 1;
        let text = format!("torn {}", self.lines);
        let line = format!("2026-11-22T18:00:00.{:09}Z stdout F {text}\n", self.clock_ns);
        let (now, rest) = line.as_bytes().split_at(bytes.min(line.len()));
        container.writer.append(now);
        container.torn = rest.to_vec();
        container.add_piece(0, &text, true);
    }

    fn rename(&mut self) {
        let container = &mut self.containers[self.at];
        if !container.is_renamed {
            container.rotations += 1;
            let path = format!("{}.20261122-{:06}", container.live, container.rotations);
            self.run.disk.rename(&container.live, &path);
            container.rotated.push_back((path, false));
            container.is_renamed = true;
        }
    }

    fn reopen(&mut self) {
        let container = &mut self.containers[self.at];
        if container.is_renamed {
            // A runtime finishes the line it is writing, and its clock does not stand still.
            container.write("");
            self.clock_ns += 1000;
            container.writer = self.run.disk.create(&container.live);
            container.is_renamed = false;
        }
    }

    /// The newest file stays plain as long as the runtime may write to it.
    fn compress(&mut self) {
        let container = &mut self.containers[self.at];
        let settled = container.rotated.len() - usize::from(container.is_renamed);
        if let Some((path, is_compressed)) = container.rotated.iter_mut().take(settled).find(|(_, done)| !*done) {
            self.run.disk.compress(path);
            *is_compressed = true;
            path.push_str(".gz");
        }
    }

    /// Deletes the oldest rotated file, if the last checkpoint knows that it was delivered.
    fn delete(&mut self) {
        let container = &mut self.containers[self.at];
        let is_delivered = |path: &str| {
            let plain = path.trim_end_matches(".gz");
            let is_it = |saved: &&SavedFile| saved.path.to_str().is_some_and(|path| path.starts_with(plain));
            self.saved.iter().find(is_it).is_some_and(|saved| saved.is_drained)
        };
        if container.rotated.front().is_some_and(|(path, _)| is_delivered(path))
            && let Some((path, _)) = container.rotated.pop_front()
        {
            self.run.disk.remove(&path);
        }
    }

    fn deliver(&mut self, count: usize) {
        let end = self.delivered.saturating_add(count).min(self.run.in_flight.len());
        let chunks: Vec<Chunk> = self.run.in_flight.range(self.delivered..end).cloned().collect();
        self.delivered = end;
        for chunk in chunks {
            let from = |container: &&mut Container| chunk.info.target.to_str() == Some(&container.live);
            let container = self.containers.iter_mut().find(from).expect("one of the containers");
            for record in chunk.records {
                let is_new = self
                    .known
                    .insert((chunk.info.target.clone(), record.timestamp, record.body.clone()));
                if is_new {
                    container.stored.push(record.body);
                } else {
                    self.repeated += 1;
                }
            }
        }
    }

    fn acknowledge(&mut self, count: usize) {
        let count = count.min(self.delivered);
        self.delivered -= count;
        for chunk in self.run.in_flight.drain(..count) {
            self.run.tailer.acknowledge(&chunk.progress);
        }
    }

    fn crash(&mut self) {
        self.delivered = 0;
        self.run.restart_from(self.saved.clone());
    }

    /// Completes every line, and lets everything be read and delivered.
    pub(super) fn finish(&mut self) {
        for at in 0..CONTAINERS {
            self.at = at;
            for (stream, to_stderr) in [(0, false), (1, true)] {
                if !self.containers[at].pieces[stream].is_empty() {
                    self.write(to_stderr, true, false);
                }
            }
            self.containers[at].write("");
            self.reopen();
        }
        self.run.settle();
        self.deliver(usize::MAX);
        self.acknowledge(usize::MAX);
    }
}
