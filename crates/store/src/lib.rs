//! The log store: write-ahead log, head in memory, Parquet segments on disk, scans over all of it.
//!
//! Start at [`Store`]. Formats on disk: `docs/format/wal.md` and `docs/format/segment.md`.
//!
//! Invariant: a push returns `Ok` only after an fsync covers every entry of it, also those that were duplicates.
//! Invariant: each row is seen exactly once by a scan: in the active head, the frozen head, or one live segment.
//! Invariant: segments and write-ahead log are the truth; everything in memory is rebuilt from them.
//! Invariant: no HTTP, no LogQL, no runtime; own threads and plain blocking calls.

mod catalogue;
mod clock;
mod codec;
mod compare;
mod deletion;
mod disk;
mod errors;
mod events;
mod flush;
mod head;
mod limits;
mod lock;
mod maintenance;
mod merge;
mod parts;
mod push;
mod removal;
mod replay;
mod retention;
mod row_set;
mod scan;
mod segment;
mod settings;
mod state;
mod store;
#[cfg(test)]
mod tests;
mod wal;

pub use clock::{Clock, SystemClock};
pub use deletion::Deletion;
pub use errors::{CancelError, DeleteError, FlushError, OpenError, PushError};
pub use push::{EntryListener, PushOutcome};
pub use retention::{Retention, StreamRetention};
pub use scan::Grown;
pub use settings::{ChunkEncoding, DeletionMode, SameForAll, Settings, TenantRules};
pub use store::{Store, StreamVolume};
