//! The store as its callers see it: open, push, scan, close.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use foldhash::fast::RandomState;
use longshore_model::{
    BatchSource, Cancellation, Labels, ScanError, ScanRequest, Storage, StreamEntries, StreamSelector, TenantId,
    TimeRange, TimestampNs,
};
use prometheus_client::registry::Registry;

use crate::catalogue::Catalogue;
use crate::clock::{Clock, SystemClock};
use crate::deletion::{Deletion, Deletions, Sweep};
use crate::disk::Disk;
use crate::errors::{CancelError, DeleteError, FlushError, OpenError, PushError};
use crate::events::Events;
use crate::head::Head;
use crate::limits::COMPRESSION_RATIO_ASSUMED;
use crate::lock::DirectoryLock;
use crate::maintenance;
use crate::push::{EntryListener, Inserted, PushOutcome};
use crate::replay;
use crate::retention::StreamRound;
use crate::scan::{Grown, Scan};
use crate::settings::{DeletionMode, Settings};
use crate::wal::Wal;
use crate::wal::file::{Directory, sync_directory};

/// A store of logs in one folder. Dropping it without [`Store::close`] loses nothing: what was acknowledged is in
/// the write-ahead log.
pub struct Store {
    inner: Arc<Inner>,
    threads: Mutex<Vec<JoinHandle<()>>>,
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
    /// The maintenance thread waits here between its rounds.
    pub(crate) maintenance_wanted: Condvar,
    /// Held while a flush runs.
    pub(crate) flushing: Mutex<()>,
    /// Segments that are not to count and could not be removed.
    pub(crate) discarded: Mutex<HashSet<PathBuf>>,
    /// Held while delete requests change.
    pub(crate) deleting: Mutex<()>,
    /// How far the removal of deleted lines is.
    pub(crate) sweep: Mutex<Sweep>,
    /// How far the removal of streams whose time is over is.
    pub(crate) stream_round: Mutex<StreamRound>,
    /// Stops rewriting segments when the store closes.
    pub(crate) stopping: Cancellation,
    pub(crate) listener: Mutex<Option<Arc<dyn EntryListener>>>,
    /// What was inserted while the disk was full, and the listener has not heard of: the pushes of one moment, since
    /// none begins while it is full.
    pub(crate) unheard: Mutex<Vec<Inserted>>,
    _lock: DirectoryLock,
}

/// What changes together under one lock, so that a scan sees each row once.
pub(crate) struct State {
    pub(crate) active: Head,
    pub(crate) frozen: Option<Arc<Head>>,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) deletions: Arc<Deletions>,
    /// Raw to compressed bytes of the last flush, an estimate for the next.
    pub(crate) compression_ratio: f64,
    pub(crate) last_segment_number: u64,
    /// Segments with a page that cannot be read.
    pub(crate) unmergeable: HashSet<PathBuf>,
    /// When the last flush ended, or the store was opened.
    pub(crate) last_flush: TimestampNs,
    /// No more pushes.
    pub(crate) closed: bool,
    /// The threads are to end.
    pub(crate) stopping: bool,
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
        create_folders(&settings, &wal_directory)?;
        let directory_lock = DirectoryLock::acquire(&settings.directory)?;
        let files = replay::files(&wal_directory)?;
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
        let (catalogue, last_segment_number) = Catalogue::load(&settings.directory.join("segments"), &events)?;
        events.catalogue_changed(&catalogue);
        let deletions_directory = settings.directory.join("deletions");
        let deletions = Deletions::load(&deletions_directory, settings.row_filters.as_deref(), &events)?;
        let state = State {
            active: Head::new(generation, hashes.clone()),
            frozen: None,
            catalogue: Arc::new(catalogue),
            deletions: Arc::new(deletions),
            compression_ratio: COMPRESSION_RATIO_ASSUMED,
            last_segment_number,
            unmergeable: HashSet::new(),
            last_flush: clock.now(),
            closed: false,
            stopping: false,
        };
        let inner = Arc::new(Inner {
            settings,
            clock,
            events,
            hashes,
            wal,
            state: Mutex::new(state),
            room: Condvar::new(),
            flush_wanted: Condvar::new(),
            maintenance_wanted: Condvar::new(),
            flushing: Mutex::new(()),
            discarded: Mutex::default(),
            deleting: Mutex::new(()),
            sweep: Mutex::default(),
            stream_round: Mutex::default(),
            stopping: Cancellation::default(),
            listener: Mutex::new(None),
            unheard: Mutex::default(),
            _lock: directory_lock,
        });
        inner.replay(&files)?;
        let threads = maintenance::start(&inner).map_err(|source| {
            let path = inner.settings.directory.clone();
            OpenError::Io {
                action: "start a thread for",
                path,
                source,
            }
        })?;
        Ok(Arc::new(Self {
            inner,
            threads: Mutex::new(threads),
        }))
    }

    /// Stores entries; blocks until they are durable.
    ///
    /// An entry whose stream, timestamp and line are stored already is dropped and counted as a duplicate. The entries of
    /// one call are one push, however many there are: among them metadata tells lines apart too.
    ///
    /// # Errors
    /// Nothing was acknowledged: some, all or none of the entries may be stored, and pushing them again is safe.
    pub fn push(&self, tenant: &TenantId, streams: Vec<StreamEntries>) -> Result<PushOutcome, PushError> {
        self.inner.push(tenant, streams)
    }

    #[cfg(test)]
    pub(crate) fn inner(&self) -> &Inner {
        &self.inner
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
    ///
    /// # Errors
    /// Those of `hold`, which hears often what has come to the answer and so decides how large that may get.
    pub fn volume<E>(
        &self,
        tenant: &TenantId,
        selector: &dyn StreamSelector,
        time: TimeRange,
        bucket_ns: Option<i64>,
        hold: &mut dyn FnMut(Grown<'_>) -> Result<(), E>,
    ) -> Result<Vec<StreamVolume>, E> {
        self.inner.volume(tenant, selector, time, bucket_ns, hold)
    }

    /// Whether pushes are accepted now.
    ///
    /// # Errors
    /// The reason why a push would fail.
    pub fn check(&self) -> Result<(), PushError> {
        self.inner.check()
    }

    /// Writes everything in memory to segments and returns when that is durable.
    ///
    /// # Errors
    /// The entries are still in memory and in the write-ahead log.
    pub fn flush(&self) -> Result<(), FlushError> {
        self.inner.flush()
    }

    /// Does what time has made due at `now`: flushes the head if it is old or idle, applies retention, removes deleted
    /// lines from one segment or merges some. Returns whether there is more to do at once. The store's own thread does
    /// the same every few seconds.
    pub fn maintain(&self, now: TimestampNs) -> bool {
        self.inner.maintain(now)
    }

    /// Takes a delete request for the lines of a query between two moments, both inclusive. It is durable, and no scan
    /// shows such lines any more, when this returns; they are removed from disk after the cancel period.
    ///
    /// # Errors
    /// Nothing is hidden or removed.
    pub fn delete(
        &self,
        tenant: &TenantId,
        query: &str,
        start: TimestampNs,
        end: TimestampNs,
    ) -> Result<Deletion, DeleteError> {
        self.inner.delete(tenant, query, (start, end))
    }

    /// What delete requests of a tenant do.
    pub fn deletion_mode(&self, tenant: &TenantId) -> DeletionMode {
        self.inner.settings.rules.deletion_mode(tenant)
    }

    /// The delete requests of a tenant, oldest first.
    pub fn deletions(&self, tenant: &TenantId) -> Vec<Deletion> {
        self.inner.deletions(tenant)
    }

    /// A moment that changes whenever the delete requests of a tenant do; `None` when it has had none.
    pub fn deletions_changed(&self, tenant: &TenantId) -> Option<TimestampNs> {
        self.inner.deletions_changed(tenant)
    }

    /// Takes a delete request back; with `force` also one whose lines are being removed, which brings none back that is
    /// gone.
    ///
    /// # Errors
    /// It stays in force.
    pub fn cancel_deletion(&self, tenant: &TenantId, id: &str, force: bool) -> Result<(), CancelError> {
        self.inner.cancel_deletion(tenant, id, force)
    }

    /// Unlinks whole UTC days that ended more than the retention period before `now`; returns the segments that went.
    pub fn apply_retention(&self, now: TimestampNs) -> usize {
        self.inner.apply_retention(now)
    }

    /// Refuses further pushes, flushes, ends the threads. Scans still work.
    ///
    /// # Errors
    /// As [`Store::flush`]; the threads have ended all the same.
    pub fn close(&self) -> Result<(), FlushError> {
        lock(&self.inner.state).closed = true;
        let flushed = self.flush();
        self.stop_threads();
        flushed
    }

    fn stop_threads(&self) {
        lock(&self.inner.state).stopping = true;
        self.inner.stopping.cancel();
        self.inner.flush_wanted.notify_all();
        self.inner.maintenance_wanted.notify_all();
        for thread in lock(&self.threads).drain(..) {
            // A thread that panicked was reported by the panic hook; there is nothing left to end.
            let _ended = thread.join();
        }
        self.inner.wal.stop();
    }

    /// Registers the store's metrics.
    pub fn register_metrics(&self, registry: &mut Registry) {
        self.inner.events.register(registry);
        registry.register_collector(Box::new(crate::state::State(Arc::downgrade(&self.inner))));
    }
}

fn create_folders(settings: &Settings, wal_directory: &Path) -> Result<(), OpenError> {
    let directory = settings.directory.as_path();
    let error = |action, path: &Path, source| OpenError::Io {
        action,
        path: path.to_owned(),
        source,
    };
    let (segments, deletions) = (directory.join("segments"), directory.join("deletions"));
    for path in [directory, wal_directory, &segments, &deletions] {
        std::fs::create_dir_all(path).map_err(|source| error("create", path, source))?;
    }
    // What is made durable in them later must not go with their names.
    sync_directory(directory).map_err(|source| error("sync", directory, source))
}

impl Inner {
    pub(crate) fn check(&self) -> Result<(), PushError> {
        if lock(&self.state).closed {
            Err(PushError::Closed)
        } else {
            self.wal.check()
        }
    }

    /// Whether the disk has room enough for more.
    pub(crate) fn check_disk(&self) -> Result<(), PushError> {
        let Some(threshold) = self.settings.disk_full_threshold else {
            return Ok(());
        };
        // Where the disk cannot be asked, writing to it will tell.
        Disk::of(&self.settings.directory).map_or(Ok(()), |disk| disk.check(threshold))
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.stop_threads();
    }
}

impl Storage for Store {
    fn scan<'a>(&'a self, request: ScanRequest<'a>) -> Result<Box<dyn BatchSource + 'a>, ScanError> {
        Ok(Box::new(Scan::open(&self.inner, request)))
    }
}
