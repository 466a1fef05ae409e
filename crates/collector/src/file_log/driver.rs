//! Gives the tailer a disk, a clock and the kernel's notices, and hands its records on. A thread of its own, because
//! reading files blocks.
//!
//! Invariant: it reads only while what is in flight is below the budget, and it goes on taking acknowledgements and
//! writing checkpoints while it does not read.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use longshore_model::TimestampNs;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::chain::Moment;
use super::checkpoint::{CheckpointStore, SavedFile};
use super::disk::DiskFiles;
use super::readiness::Readiness;
use super::records::RecordMaker;
use super::tailer::{Chunk, Problem, Tailer};
use super::watch::Watcher;
use crate::delivery::{Board, Delivery, memory_bytes};
use crate::limits::{
    BEHIND_MIN, BEHIND_REPEAT, BUSY, CHECKPOINT_INTERVAL, COALESCE, COALESCE_BUSY, DISCOVERY_INTERVAL,
    HOLD_LOOK_INTERVAL, PIPELINE_FULL_WAIT, POLL_INTERVAL,
};
use crate::metrics::{Component, Metrics};
use crate::status::Status;

/// A receiver's thread.
pub(crate) struct Driver {
    pub(crate) component: String,
    pub(crate) tailer: Tailer<DiskFiles>,
    pub(crate) maker: RecordMaker,
    /// What the files of new containers wait for.
    pub(crate) readiness: Option<Arc<dyn Readiness>>,
    pub(crate) board: Arc<Board>,
    /// One for each pipeline.
    pub(crate) outputs: Vec<mpsc::Sender<Delivery>>,
    /// Over all pipelines.
    pub(crate) exporters: usize,
    pub(crate) budget_bytes: usize,
    pub(crate) poll_interval: Duration,
    pub(crate) checkpoint: Option<CheckpointStore>,
    pub(crate) metrics: Metrics,
    pub(crate) status: Status,
}

/// What changes while a driver runs.
struct State {
    begin: Instant,
    watcher: Option<Watcher>,
    /// Chunks that a pipeline had no room for.
    waiting: VecDeque<(usize, Delivery)>,
    saved: Vec<SavedFile>,
    is_dirty: bool,
    save_at: Instant,
    discover_at: Instant,
    poll_at: Instant,
    dangling: HashMap<PathBuf, u32>,
    counted: super::joiner::JoinCounts,
    behind: Behind,
}

/// Since when reading is behind, and when that was last told.
#[derive(Debug, Default)]
struct Behind {
    since: Option<Instant>,
    told_at: Option<Instant>,
}

impl Driver {
    /// Works until the board says stop and what was read is acknowledged.
    pub(crate) fn run(mut self) {
        let now = Instant::now();
        let watcher = Watcher::new();
        if let Err(error) = &watcher {
            tracing::warn!(receiver = self.component, %error, "no inotify, polling instead");
        }
        let mut state = State {
            begin: now,
            watcher: watcher.ok(),
            waiting: VecDeque::new(),
            saved: Vec::new(),
            is_dirty: true,
            save_at: now,
            discover_at: now,
            poll_at: now,
            dangling: HashMap::new(),
            counted: Default::default(),
            behind: Behind::default(),
        };
        self.discover(&mut state, true);
        self.status.receiver_started();
        while !self.board.is_stopping() {
            self.step(&mut state);
        }
        self.finish(&mut state);
    }

    fn step(&mut self, state: &mut State) {
        self.settle(state);
        self.hear(state);
        let now = Instant::now();
        if now >= state.discover_at {
            self.discover(state, false);
        } else if now >= state.poll_at {
            self.tailer.poll(moment(state));
            self.poll_done(state);
        }
        while let Some((output, delivery)) = state.waiting.pop_front() {
            if let Err(delivery) = self.offer(output, delivery) {
                state.waiting.push_front((output, delivery));
                break;
            }
        }
        self.tailer.release(moment(state));
        let may_read = state.waiting.is_empty() && self.board.in_flight_bytes() < self.budget_bytes;
        if may_read && self.tailer.has_work() {
            if let Some(chunk) = self.tailer.turn(moment(state)) {
                self.hand_on(chunk, state);
            }
            return;
        }
        let quiet = match (state.waiting.is_empty(), self.tailer.waiting()) {
            (false, _) => Some(PIPELINE_FULL_WAIT),
            (true, 1..) => Some(HOLD_LOOK_INTERVAL),
            (true, 0) => None,
        };
        let idle_since = Instant::now();
        let is_noticed = self.wait(state, quiet, true);
        if is_noticed && may_read {
            let is_busy = idle_since.elapsed() < BUSY;
            self.wait(state, Some(if is_busy { COALESCE_BUSY } else { COALESCE }), false);
        }
    }

    /// Takes acknowledgements, and writes the checkpoint when it is time.
    fn settle(&mut self, state: &mut State) {
        let delivered = self.board.take();
        if !delivered.is_empty() {
            self.tailer.acknowledge(&delivered);
            state.is_dirty = true;
        }
        if state.is_dirty && Instant::now() >= state.save_at {
            self.save(state);
        }
    }

    fn save(&mut self, state: &mut State) {
        state.is_dirty = false;
        state.save_at = Instant::now() + CHECKPOINT_INTERVAL;
        let Some(store) = &self.checkpoint else { return };
        let files = self.tailer.checkpoint();
        if files == state.saved {
            return;
        }
        let component = Component::new(&self.component);
        match store.save(&files) {
            Ok(()) => {
                state.saved = files;
                let seconds = wall_clock().0 as f64 / 1e9;
                self.metrics.checkpoint_seconds.get_or_create(&component).set(seconds);
            }
            Err(error) => {
                // Tried again with the next second; what was delivered since may be sent again after a crash.
                state.is_dirty = true;
                self.metrics.checkpoint_failures.get_or_create(&component).inc();
                let source = std::error::Error::source(&error)
                    .map(ToString::to_string)
                    .unwrap_or_default();
                tracing::error!(receiver = self.component, %error, source, "checkpoint not written");
            }
        }
    }

    fn hear(&mut self, state: &mut State) {
        let now = moment(state);
        let Some(watcher) = &mut state.watcher else { return };
        let (tailer, mut is_unknown, mut is_lost) = (&mut self.tailer, false, false);
        let heard = watcher.notices(|notice| match notice {
            Some(notice) => is_unknown |= !tailer.notice(&notice.path, notice.is_write, now) && !notice.is_write,
            None => is_lost = true,
        });
        if let Err(error) = heard {
            tracing::warn!(receiver = self.component, %error, "inotify failed, polling instead");
            state.watcher = None;
        }
        if is_unknown || is_lost {
            state.discover_at = Instant::now();
        }
    }

    fn discover(&mut self, state: &mut State, is_first: bool) {
        // A new folder may have got files before it was watched: look again, a few times at most.
        for _ in 0..3 {
            self.tailer.discover(moment(state));
            let folders = self.tailer.files_mut().folders().clone();
            if !state.watcher.as_mut().is_some_and(|watcher| watcher.watch(&folders)) {
                break;
            }
        }
        if let Some(readiness) = &self.readiness {
            readiness.in_use(&self.component, self.tailer.pod_uids());
        }
        self.poll_done(state);
        let interval = if is_watching(state) {
            DISCOVERY_INTERVAL
        } else {
            self.poll_interval.max(POLL_INTERVAL)
        };
        state.discover_at = Instant::now() + interval;
        if is_first {
            let files = self.tailer.targets().count();
            tracing::info!(receiver = self.component, files, "following log files");
        }
    }

    fn poll_done(&mut self, state: &mut State) {
        let interval = if is_watching(state) {
            POLL_INTERVAL
        } else {
            self.poll_interval
        };
        state.poll_at = Instant::now() + interval;
        state.is_dirty = true;
        self.tell_problems(state);
        let component = Component::new(&self.component);
        let (open, unread) = self.tailer.open_and_unread();
        self.metrics.files_open.get_or_create(&component).set(open as i64);
        self.metrics.unread_bytes.get_or_create(&component).set(unread as i64);
        self.tell_lag(state);
        let waiting = self.tailer.waiting();
        self.metrics.files_waiting.get_or_create(&component).set(waiting as i64);
        let in_flight = self.board.in_flight_bytes();
        self.metrics
            .in_flight_bytes
            .get_or_create(&component)
            .set(in_flight as i64);
        let (counts, before) = (self.tailer.counts(), state.counted);
        state.counted = counts;
        self.metrics
            .lines_split
            .get_or_create(&component)
            .inc_by(counts.split.saturating_sub(before.split));
        let truncated = counts.truncated_bytes.saturating_sub(before.truncated_bytes);
        self.metrics.bytes_truncated.get_or_create(&component).inc_by(truncated);
        let unscanned = counts.unscanned.saturating_sub(before.unscanned);
        self.metrics.lines_unscanned.get_or_create(&component).inc_by(unscanned);
    }

    /// Counts what rotated files hold that was not read yet, and says so when it lasts: the kubelet will delete them.
    fn tell_lag(&self, state: &mut State) {
        let component = Component::new(&self.component);
        let lag = self.tailer.lag(moment(state));
        let to_gauge = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        self.metrics
            .behind_files
            .get_or_create(&component)
            .set(to_gauge(lag.files as u64));
        self.metrics
            .behind_bytes
            .get_or_create(&component)
            .set(to_gauge(lag.bytes));
        self.metrics
            .behind_seconds
            .get_or_create(&component)
            .set(lag.age.as_secs_f64());
        let now = Instant::now();
        let behind = &mut state.behind;
        if lag.files == 0 {
            if behind.told_at.is_some() {
                tracing::info!(receiver = self.component, "reading has caught up");
            }
            *behind = Behind::default();
            return;
        }
        let since = *behind.since.get_or_insert(now);
        let is_due = behind.told_at.is_none_or(|told| now >= told + BEHIND_REPEAT);
        if now >= since + BEHIND_MIN && is_due {
            behind.told_at = Some(now);
            tracing::warn!(
                receiver = self.component,
                bytes = lag.bytes,
                files = lag.files,
                age_s = lag.age.as_secs(),
                "reading falls behind, rotated files are not read yet; give the collector more CPU, raise \
                 containerLogMaxFiles, or look whether the store answers slowly"
            );
        }
    }

    fn tell_problems(&mut self, state: &mut State) {
        let receiver = &self.component;
        let mut dangling = HashMap::new();
        for problem in self.tailer.take_problems() {
            match problem {
                Problem::Dangling { path, error } => {
                    let seen = state.dangling.get(&path).map_or(1, |seen| seen + 1);
                    // The link of a container that was just removed goes with the next look.
                    if seen == 2 {
                        let target = std::fs::read_link(&path).unwrap_or_default();
                        tracing::error!(receiver, link = %path.display(), target = %target.display(), error,
                            "log link leads nowhere, its container is not read; mount the folder it leads to");
                    }
                    dangling.insert(path, seen);
                }
                Problem::Unreadable { path, error } => {
                    tracing::error!(receiver, path = %path.display(), error, "cannot read log file, trying again");
                }
                Problem::Lost { path } => {
                    self.metrics.files_lost.get_or_create(&Component::new(receiver)).inc();
                    tracing::warn!(receiver, path = %path.display(), "log file vanished before it was read to its end");
                }
                Problem::Truncated { path } => {
                    tracing::warn!(receiver, path = %path.display(), "log file was truncated, reading from its beginning");
                }
            }
        }
        if !dangling.is_empty() || self.tailer.targets().next().is_none() {
            state.dangling = dangling;
        }
    }

    fn hand_on(&mut self, mut chunk: Chunk, state: &mut State) {
        let component = Component::new(&self.component);
        let progress = std::mem::take(&mut chunk.progress);
        let bytes_read: usize = chunk.records.iter().map(|record| record.body.len()).sum();
        self.metrics
            .records_read
            .get_or_create(&component)
            .inc_by(chunk.records.len() as u64);
        self.metrics
            .bytes_read
            .get_or_create(&component)
            .inc_by(bytes_read as u64);
        let logs = self.maker.make(chunk);
        let all = || logs.iter().flat_map(|logs| &logs.records);
        let records = all().count();
        let bytes = all().map(|record| record.body.as_str().map_or(0, str::len)).sum();
        let memory_bytes = all().map(memory_bytes).sum();
        let token = self.board.token(progress, memory_bytes, records, self.exporters);
        let delivery = Delivery {
            logs,
            records,
            bytes,
            memory_bytes,
            token,
        };
        let Some(last) = self.outputs.len().checked_sub(1) else {
            return;
        };
        let copies = (0..last).map(|output| (output, delivery.clone())).collect::<Vec<_>>();
        for (output, delivery) in copies.into_iter().chain([(last, delivery)]) {
            if let Err(delivery) = self.offer(output, delivery) {
                state.waiting.push_back((output, delivery));
            }
        }
    }

    /// Gives a chunk to a pipeline, or back.
    fn offer(&self, output: usize, delivery: Delivery) -> Result<(), Delivery> {
        match self.outputs.get(output).map(|output| output.try_send(delivery)) {
            Some(Err(TrySendError::Full(delivery))) => Err(delivery),
            // A pipeline is gone only when the collector was told to stop at once.
            _ => Ok(()),
        }
    }

    /// Waits for a notice of the kernel, an acknowledgement, or the next thing to do. `true` for a notice.
    fn wait(&self, state: &State, at_most: Option<Duration>, for_notices: bool) -> bool {
        let mut due = state.discover_at.min(state.poll_at);
        if state.is_dirty {
            due = due.min(state.save_at);
        }
        let timeout = due.saturating_duration_since(Instant::now());
        let timeout = at_most.map_or(timeout, |most| most.min(timeout));
        let mut polled = vec![PollFd::new(&self.board, PollFlags::IN)];
        if let Some(watcher) = state.watcher.as_ref().filter(|_| for_notices) {
            polled.push(PollFd::new(watcher, PollFlags::IN));
        }
        let timeout = Timespec {
            tv_sec: timeout.as_secs() as i64,
            tv_nsec: i64::from(timeout.subsec_nanos()),
        };
        match poll(&mut polled, Some(&timeout)) {
            Ok(_) => polled.get(1).is_some_and(|watcher| !watcher.revents().is_empty()),
            Err(_) => false,
        }
    }

    /// Lets the pipelines end, waits for the last acknowledgements and writes the last checkpoint.
    fn finish(mut self, state: &mut State) {
        while let Some((output, delivery)) = state.waiting.pop_front() {
            if self.board.is_aborting() {
                break;
            }
            if let Err(delivery) = self.offer(output, delivery) {
                state.waiting.push_front((output, delivery));
                self.settle(state);
                self.wait(state, Some(PIPELINE_FULL_WAIT), false);
            }
        }
        self.outputs.clear();
        while self.board.in_flight_chunks() > 0 && !self.board.is_aborting() {
            self.settle(state);
            self.wait(state, Some(CHECKPOINT_INTERVAL), false);
        }
        self.tailer.acknowledge(&self.board.take());
        self.save(state);
    }
}

fn is_watching(state: &State) -> bool {
    state.watcher.as_ref().is_some_and(|watcher| !watcher.is_incomplete())
}

fn moment(state: &State) -> Moment {
    Moment {
        wall: wall_clock(),
        steady: state.begin.elapsed(),
    }
}

fn wall_clock() -> TimestampNs {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    TimestampNs(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
