//! The `file_log` receiver: follows log files through rotation, restarts and crashes.
//!
//! The core ([`Tailer`]) is a synchronous state machine over [`Files`] and an explicit moment; `driver` gives it a
//! disk, a clock and the kernel's notices.
//!
//! Invariants:
//! * A file is known by device, inode and fingerprint, never by its path alone.
//! * Of the files of one container only the oldest unread one is read, so lines stay in order and pieces of a line
//!   find each other across a rotation.
//! * An offset is committed when everything before it was acknowledged, for each output apart.

mod chain;
mod checkpoint;
mod disk;
mod docker;
mod driver;
mod examine;
mod files;
mod fingerprint;
mod glob;
mod joiner;
mod readiness;
mod records;
mod source;
mod tailer;
mod watch;

pub(crate) use disk::DiskFiles;
pub(crate) use driver::Driver;
pub(crate) use glob::Globs;
pub(crate) use records::RecordMaker;

pub use chain::{FileKey, Moment};
pub use checkpoint::{CheckpointError, CheckpointStore, SavedFile};
pub use files::{Discovered, FileHandle, FileId, Files, Stat};
pub use fingerprint::{Fingerprint, LineClock};
pub use joiner::{JoinCounts, JoinSettings, Position, Record};
pub use readiness::Readiness;
pub use tailer::{Chunk, FileInfo, Lag, Problem, Progress, Tailer, TailerSettings};
