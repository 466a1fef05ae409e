//! The way of records from a receiver to its acknowledgement.
//!
//! Invariant: a chunk's progress reaches its receiver once every exporter of every pipeline is done with it, and
//! never otherwise. Exporters work in order, so progress comes back in order.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use longshore_model::otel::{LogRecord, ResourceLogs, Value};
use rustix::event::{EventfdFlags, eventfd};

use crate::file_log::{FileKey, Progress};

/// Records of one chunk on their way through one pipeline.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) logs: Vec<ResourceLogs>,
    pub(crate) records: usize,
    /// Bytes of the lines.
    pub(crate) bytes: usize,
    /// Bytes in memory, about.
    pub(crate) memory_bytes: usize,
    pub(crate) token: Arc<Token>,
}

/// What is committed when a chunk is delivered.
#[derive(Debug)]
pub(crate) struct Token {
    board: Arc<Board>,
    progress: Vec<(FileKey, Progress)>,
    in_flight_bytes: usize,
    records: usize,
    missing: AtomicUsize,
}

impl Token {
    /// One exporter is done with the chunk.
    pub(crate) fn done(&self) {
        if self.missing.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.board.settle(self);
        }
    }
}

/// Where a receiver and those who work for it meet.
#[derive(Debug)]
pub(crate) struct Board {
    settled: Mutex<Vec<(FileKey, Progress)>>,
    in_flight_bytes: AtomicUsize,
    in_flight_records: AtomicUsize,
    in_flight_chunks: AtomicUsize,
    stop: AtomicBool,
    abort: AtomicBool,
    wake: OwnedFd,
}

impl Board {
    pub(crate) fn new() -> std::io::Result<Self> {
        Ok(Self {
            settled: Mutex::default(),
            in_flight_bytes: AtomicUsize::new(0),
            in_flight_records: AtomicUsize::new(0),
            in_flight_chunks: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
            abort: AtomicBool::new(false),
            wake: eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?,
        })
    }

    /// Opens a chunk's account; `exporters` are to call [`Token::done`].
    pub(crate) fn token(
        self: &Arc<Self>,
        progress: Vec<(FileKey, Progress)>,
        in_flight_bytes: usize,
        records: usize,
        exporters: usize,
    ) -> Arc<Token> {
        self.in_flight_bytes.fetch_add(in_flight_bytes, Ordering::AcqRel);
        self.in_flight_records.fetch_add(records, Ordering::AcqRel);
        self.in_flight_chunks.fetch_add(1, Ordering::AcqRel);
        let missing = AtomicUsize::new(exporters);
        Arc::new(Token {
            board: self.clone(),
            progress,
            in_flight_bytes,
            records,
            missing,
        })
    }

    fn settle(&self, token: &Token) {
        let mut settled = self.settled.lock().unwrap_or_else(PoisonError::into_inner);
        settled.extend_from_slice(&token.progress);
        drop(settled);
        self.in_flight_records.fetch_sub(token.records, Ordering::AcqRel);
        self.in_flight_chunks.fetch_sub(1, Ordering::AcqRel);
        self.in_flight_bytes.fetch_sub(token.in_flight_bytes, Ordering::AcqRel);
        self.wake();
    }

    /// Takes what was delivered since the last time.
    pub(crate) fn take(&self) -> Vec<(FileKey, Progress)> {
        // A full counter would block writers; what it counts is of no interest.
        let _ = rustix::io::read(&self.wake, &mut [0_u8; 8]);
        std::mem::take(&mut *self.settled.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn in_flight_bytes(&self) -> usize {
        self.in_flight_bytes.load(Ordering::Acquire)
    }

    pub(crate) fn in_flight_records(&self) -> usize {
        self.in_flight_records.load(Ordering::Acquire)
    }

    pub(crate) fn in_flight_chunks(&self) -> usize {
        self.in_flight_chunks.load(Ordering::Acquire)
    }

    /// Asks the receiver to stop reading and wait for what is in flight; `now`: not to wait.
    pub(crate) fn request_stop(&self, now: bool) {
        self.stop.store(true, Ordering::Release);
        self.abort.fetch_or(now, Ordering::AcqRel);
        self.wake();
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    pub(crate) fn is_aborting(&self) -> bool {
        self.abort.load(Ordering::Acquire)
    }

    /// Ends the receiver's wait.
    pub(crate) fn wake(&self) {
        let _ = rustix::io::write(&self.wake, &1_u64.to_ne_bytes());
    }
}

impl AsFd for Board {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }
}

/// Bytes that a record takes in memory, about: its fields, its text, its attributes.
pub(crate) fn memory_bytes(record: &LogRecord) -> usize {
    let body = record.body.as_str().map_or(0, str::len);
    size_of::<LogRecord>() + body + record.attributes.len() * (size_of::<(Arc<str>, Value)>() + 16)
}
