//! All files of one receiver: which there are, whose turn it is, what is committed.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use longshore_wire::container::{ContainerDialect, PodFacts, rotation_of_name};

use super::chain::{Chain, FileKey, Moment, Phase, Tracked, Turn, TurnLimits};
use super::checkpoint::SavedFile;
use super::files::{Discovered, Files};
use super::fingerprint::LineClock;
use super::joiner::{JoinCounts, JoinSettings, Joiner, Record};

mod adopt;
mod age;
mod hold;
mod lag;
mod look;
mod room;

use adopt::restored;
use hold::Hold;
pub(crate) use hold::Waiting;
pub use lag::Lag;

/// How a receiver reads.
#[derive(Debug, Clone)]
pub struct TailerSettings {
    /// Dialect of every file; `None`: container logs are known by their paths, other files are plain.
    pub dialect: Option<ContainerDialect>,
    /// Bytes of the longest record.
    pub record_bytes_max: usize,
    /// Drops what is over it.
    pub truncates: bool,
    /// Bytes of a file's beginning that tell it from others.
    pub fingerprint_bytes: usize,
    /// Files that are there when nothing was ever read are taken as read.
    pub starts_at_end: bool,
    /// Files that nothing is known of are left out when they were not written to for longer.
    pub age_max: Option<Duration>,
    /// Files open at a time. More of them take turns; at least 1.
    pub open_files_max: usize,
    /// When an unfinished last line of a plain file counts as a line; `None` never.
    pub flush_period: Option<Duration>,
    /// Most records in one chunk.
    pub chunk_records_max: usize,
}

/// What all records of a file have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileInfo {
    /// The path that the globs matched.
    pub path: PathBuf,
    /// The file behind the links.
    pub target: PathBuf,
    /// What the path tells about the container.
    pub facts: Option<PodFacts>,
}

/// Up to where the records of a file were acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// For standard output, standard error, and lines of neither: all their records that begin before are done.
    pub offsets: [u64; 3],
    /// The clock at the smallest of them.
    pub clock: LineClock,
    /// Whether, at the smallest of them, a delivered record of standard output, or standard error, goes on.
    pub continues: [bool; 2],
}

impl Progress {
    /// Where reading must begin again.
    pub fn resume_offset(&self) -> u64 {
        self.offsets.iter().copied().min().unwrap_or(0)
    }
}

/// What one turn brought: records of one container, and what is committed with them.
#[derive(Debug, Clone, PartialEq)]
pub struct Chunk {
    /// Where the records come from.
    pub info: Arc<FileInfo>,
    /// The records in order; may be empty.
    pub records: Vec<Record>,
    /// To be given to [`Tailer::acknowledge`] once the records were delivered, in the order of the chunks.
    pub progress: Vec<(FileKey, Progress)>,
}

/// Something that somebody should hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// A link leads nowhere: usually the folder it leads to is not mounted.
    Dangling {
        /// The link.
        path: PathBuf,
        /// Why.
        error: String,
    },
    /// A file cannot be opened or read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: String,
    },
    /// A file vanished before it was read to its end.
    Lost {
        /// Its last name.
        path: PathBuf,
    },
    /// A file became shorter or was overwritten.
    Truncated {
        /// The file.
        path: PathBuf,
    },
}

/// Follows all files of one receiver.
#[derive(Debug)]
pub struct Tailer<F: Files> {
    files: F,
    settings: TailerSettings,
    chains: BTreeMap<u32, Chain<F::Handle>>,
    by_target: HashMap<PathBuf, u32>,
    next_chain: u32,
    queue: VecDeque<u32>,
    /// Saved files of paths that were not found yet.
    saved: Vec<SavedFile>,
    is_first_look: bool,
    had_saved: bool,
    buffer: Vec<u8>,
    problems: Vec<Problem>,
    counts: JoinCounts,
    hold: Hold,
    /// Files that are open.
    open_files: usize,
}

impl<F: Files> Tailer<F> {
    /// A tailer that goes on where the saved files were left; none for a first start.
    pub fn new(files: F, settings: TailerSettings, saved: Vec<SavedFile>) -> Self {
        Self {
            files,
            settings,
            chains: BTreeMap::new(),
            by_target: HashMap::new(),
            next_chain: 0,
            queue: VecDeque::new(),
            had_saved: !saved.is_empty(),
            saved,
            is_first_look: true,
            buffer: Vec::new(),
            problems: Vec::new(),
            counts: JoinCounts::default(),
            hold: Hold::default(),
            open_files: 0,
        }
    }

    /// Evaluates the globs, and looks at every file that changed.
    pub fn discover(&mut self, now: Moment) {
        let discovered = self.files.discover();
        let matched: HashSet<PathBuf> = discovered
            .iter()
            .filter_map(|found| found.target.as_ref().ok().cloned())
            .collect();
        for found in discovered {
            self.meet(found, &matched, now);
        }
        if self.is_first_look {
            self.meet_saved();
        }
        self.poll(now);
        self.is_first_look = false;
    }

    fn meet(&mut self, found: Discovered, matched: &HashSet<PathBuf>, now: Moment) {
        let target = match found.target {
            Ok(target) => target,
            Err(error) => {
                self.problems.push(Problem::Dangling {
                    path: found.path,
                    error: error.to_string(),
                });
                return;
            }
        };
        if self.by_target.contains_key(&target) {
            return;
        }
        if base_of(&target).is_some_and(|base| matched.contains(&base) || self.by_target.contains_key(&base)) {
            return;
        }
        if self.is_too_old(&target, now) {
            return;
        }
        self.add_chain(FileInfo {
            path: found.path,
            target,
            facts: found.facts,
        });
    }

    fn add_chain(&mut self, info: FileInfo) {
        let number = self.next_chain;
        self.next_chain += 1;
        let is_container = info.facts.is_some().then_some(ContainerDialect::Auto);
        let join = JoinSettings {
            dialect: self.settings.dialect.or(is_container),
            record_bytes_max: self.settings.record_bytes_max,
            truncates: self.settings.truncates,
        };
        let mut chain = Chain {
            target: info.target.clone(),
            info: Arc::new(info),
            files: Vec::new(),
            joiner: Joiner::new(join),
            next_file: 0,
            is_queued: false,
            is_changed: true,
            gone_since: None,
            waiting: Waiting::default(),
        };
        let (mine, others): (Vec<_>, Vec<_>) = std::mem::take(&mut self.saved)
            .into_iter()
            .partition(|saved| saved.target() == chain.target);
        self.saved = others;
        for saved in mine {
            let key = chain.new_key(number);
            chain.files.push(restored(key, saved));
        }
        chain
            .files
            .sort_by_key(|file| file.rotation.map_or((1, 0), |rotation| (0, rotation.order)));
        self.adopt_moved(&mut chain, number);
        self.by_target.insert(chain.target.clone(), number);
        self.chains.insert(number, chain);
    }

    /// Looks at every file: has it grown, was it rotated, truncated, deleted?
    pub fn poll(&mut self, now: Moment) {
        let numbers: Vec<u32> = self.chains.keys().copied().collect();
        for number in numbers {
            self.look_at(number, now);
        }
    }

    /// Says that something happened to a path: it was written to, created, renamed or deleted. `false` when the path
    /// is none of the files here and the globs should be evaluated.
    pub fn notice(&mut self, path: &Path, is_write: bool, now: Moment) -> bool {
        let known = self.by_target.get(path).copied();
        let Some(number) = known.or_else(|| self.by_target.get(&base_of(path)?).copied()) else {
            return false;
        };
        let Some(chain) = self.chains.get_mut(&number) else {
            return true;
        };
        let is_open = |file: &Tracked<F::Handle>| file.path == path && file.source.is_some();
        if is_write && (known.is_some() || chain.files.iter().any(is_open)) {
            chain.wake();
            self.enqueue(number);
        } else {
            chain.is_changed = true;
            self.look_at(number, now);
        }
        true
    }

    fn enqueue(&mut self, number: u32) {
        if let Some(chain) = self.chains.get_mut(&number)
            && !chain.is_queued
        {
            chain.is_queued = true;
            self.queue.push_back(number);
        }
    }

    /// Whether some file has to be read.
    pub fn has_work(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Gives the next file its turn. `None` when the turn brought nothing; there may still be work.
    pub fn turn(&mut self, now: Moment) -> Option<Chunk> {
        let number = self.queue.pop_front()?;
        if self.holds(number, now) {
            return None;
        }
        if !self.admits(number, now) {
            self.queue.push_back(number);
            return None;
        }
        let limits = TurnLimits {
            records_max: self.settings.chunk_records_max,
            fingerprint_bytes: self.settings.fingerprint_bytes,
            flush_period: self.settings.flush_period,
        };
        let chain = self.chains.get_mut(&number)?;
        chain.is_queued = false;
        let mut records = Vec::new();
        let open_before = chain.open_files();
        let turn = chain.turn(now, &limits, &mut self.buffer, &mut records);
        self.open_files = (self.open_files + chain.open_files()).saturating_sub(open_before);
        let progress = chain.report();
        let info = chain.info.clone();
        match turn {
            Ok(Turn::Read) => self.enqueue(number),
            Ok(Turn::Idle) if chain.wants_opening() => self.enqueue(number),
            Ok(Turn::Idle) => {}
            Ok(Turn::Examine) => {
                chain.is_changed = true;
                self.look_at(number, now);
            }
            Err(error) => self.fail(number, &error),
        }
        (!records.is_empty() || !progress.is_empty()).then_some(Chunk {
            info,
            records,
            progress,
        })
    }

    /// A file that cannot be read is left alone until the next look; the others go on.
    fn fail(&mut self, number: u32, error: &io::Error) {
        let Some(chain) = self.chains.get_mut(&number) else {
            return;
        };
        let path = chain.target.clone();
        let broken = chain
            .files
            .iter_mut()
            .find(|file| file.phase == Phase::Reading && file.source.is_some());
        if let Some(file) = broken
            && file.source.as_ref().is_some_and(|source| !source.may_grow())
        {
            // A damaged archive stays damaged; what could be read of it was read.
            file.close();
            self.problems.push(Problem::Lost {
                path: file.path.clone(),
            });
            self.enqueue(number);
        }
        self.problems.push(Problem::Unreadable {
            path,
            error: error.to_string(),
        });
    }

    /// Takes the progress of chunks that were delivered. Each file's must come in the order of its chunks.
    pub fn acknowledge(&mut self, delivered: &[(FileKey, Progress)]) {
        for (key, progress) in delivered {
            // The number of the chain is where the file was first; it may have moved to another path since.
            let first = self
                .chains
                .get_mut(&key.chain)
                .into_iter()
                .flat_map(|chain| chain.files.iter_mut());
            if let Some(file) = { first }.find(|file| file.key == *key) {
                file.committed = *progress;
                continue;
            }
            let mut all = self.chains.values_mut().flat_map(|chain| chain.files.iter_mut());
            if let Some(file) = all.find(|file| file.key == *key) {
                file.committed = *progress;
            }
        }
    }

    /// What must be known to go on after a restart.
    pub fn checkpoint(&self) -> Vec<SavedFile> {
        let files = self.chains.values().flat_map(|chain| chain.files.iter());
        let known = files.filter(|file| file.id.inode != 0).map(|file| SavedFile {
            id: file.id,
            fingerprint: file.fingerprint,
            path: file.path.clone(),
            progress: file.committed,
            is_drained: file.is_done() && file.rotation.is_some(),
        });
        known.chain(self.saved.iter().cloned()).collect()
    }

    /// What happened since this was last asked.
    pub fn take_problems(&mut self) -> Vec<Problem> {
        std::mem::take(&mut self.problems)
    }

    /// Lines that were split, cut or not understood, since the start.
    pub fn counts(&self) -> JoinCounts {
        self.chains.values().fold(self.counts, |mut sum, chain| {
            add(&mut sum, chain.joiner.counts);
            sum
        })
    }

    /// The files behind the paths that are followed.
    pub fn targets(&self) -> impl Iterator<Item = &Path> {
        self.by_target.keys().map(PathBuf::as_path)
    }

    /// The file system.
    pub fn files_mut(&mut self) -> &mut F {
        &mut self.files
    }
}

fn add(sum: &mut JoinCounts, more: JoinCounts) {
    sum.split += more.split;
    sum.truncated_bytes += more.truncated_bytes;
    sum.unscanned += more.unscanned;
}

/// The path a rotated file had while it was written to.
pub(crate) fn base_of(path: &Path) -> Option<PathBuf> {
    let (base, _) = rotation_of_name(path.file_name()?.to_str()?)?;
    Some(path.with_file_name(base))
}

#[cfg(test)]
mod tests;
