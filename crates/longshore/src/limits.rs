//! Every bound of the program, with its reason.

use std::time::Duration;

/// Longest answer of a server that is read into memory. Loki's own limit of 5,000 entries of 256 KiB lies above it, but
/// an answer of that size is a mistake in the query; more is an error that names this limit.
pub(crate) const ANSWER_BYTES_MAX: usize = 512 << 20;
/// How long a connection may take to come about: a wrong address should fail while the user still looks.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a query may take; Loki's own limit is below it, so normally the server answers with its reason.
pub(crate) const QUERY_TIMEOUT: Duration = Duration::from_secs(360);
/// Longest text of a server's error that is shown.
pub(crate) const ERROR_TEXT_BYTES_MAX: usize = 2 << 10;
/// Labels are padded to the longest of a batch up to this, so that one wide stream does not push lines off the screen.
pub(crate) const LABEL_PADDING_MAX: usize = 120;
/// Attempts of a tail without any answer before it gives up: about a minute and a half with the usual pauses.
pub(crate) const TAIL_ATTEMPTS_MAX: u32 = 12;
/// A server that sends neither lines nor pings for so long is taken for gone.
pub(crate) const TAIL_SILENCE_MAX: Duration = Duration::from_secs(90);
/// Entries of the newest moment a tail remembers to leave them out after a reconnection.
pub(crate) const TAIL_REMEMBERED_MAX: usize = 10_000;
/// How often the demo writes; short enough for the page to look alive.
pub(crate) const DEMO_TICK: Duration = Duration::from_millis(200);
/// How far back the demo's history reaches, so that the page's histogram has something to show at once.
pub(crate) const DEMO_HISTORY_NS: i64 = 15 * 60 * 1_000_000_000;
/// Size at which the demo rotates a file. The kubelet's default is 10 MiB; this is small so that rotation is seen, and
/// more than the history of one container.
pub(crate) const DEMO_FILE_BYTES_MAX: u64 = 2 << 20;
/// The demo does not rotate so soon after its start: a collector that starts with it has no read offsets yet, and would
/// not know that a rotated file holds lines it has never seen.
pub(crate) const DEMO_ROTATION_GRACE_NS: i64 = 10 * 1_000_000_000;
/// Files kept for each container, the current one included: the kubelet's `containerLogMaxFiles`.
pub(crate) const DEMO_FILES_MAX: usize = 5;
/// Longest piece of a line in CRI form: containerd's default `max_container_log_line_size`.
pub(crate) const CRI_PIECE_BYTES_MAX: usize = 16 << 10;
/// Events the demo has in the air at most. A request's end lies seconds after its start, so this is never near.
pub(crate) const DEMO_PENDING_MAX: usize = 100_000;
/// Largest file of overrides: a hundred thousand tenants with a few limits each.
pub(crate) const OVERRIDES_BYTES_MAX: u64 = 16 << 20;
/// Time until freed memory goes back to the system where there is little: a process of half a gigabyte that keeps what
/// it has freed is killed while 30 clients push a megabyte each. Costs a fifth of the CPU of pushes at full speed.
pub(crate) const PURGE_AFTER_WHERE_TIGHT: Duration = Duration::from_millis(20);
/// The same where there is more.
pub(crate) const PURGE_AFTER: Duration = Duration::from_millis(100);
/// Less memory than this is little.
pub(crate) const TIGHT_BYTES: u64 = 1 << 30;
/// What pushes may hold together is this part of the memory that the process may use, up to the server's own bound. In a
/// pod of 512 MiB that is 64 MiB; heads, flushes and decoding take several times that.
pub(crate) const PUSH_MEMORY_SHARE: u64 = 8;
/// What pushes get where memory is tighter still.
pub(crate) const PUSH_MEMORY_BYTES_MIN: usize = 16 << 20;
/// What queries may hold together is this part of the memory that the process may use: pushes, heads and the collector
/// need the rest. In a pod of 512 MiB that is 128 MiB.
pub(crate) const QUERY_MEMORY_SHARE: u64 = 4;
/// What queries get where memory is tight; with less, answers of usual size would fail.
pub(crate) const QUERY_MEMORY_BYTES_MIN: usize = 32 << 20;
/// What queries get on the largest machine: an answer of this size is a mistake in the query.
pub(crate) const QUERY_MEMORY_BYTES_MAX: usize = 1 << 30;
/// Queries that `longshore up` runs at a time: it shares the machine with what it watches.
pub(crate) const QUERIES_AT_ONCE: u64 = 4;
/// Longest wait for another process to let go of the data folder: one that was asked to end has usually ended by then.
pub(crate) const FOLDER_WAIT: Duration = Duration::from_secs(10);
/// How often it is looked.
pub(crate) const FOLDER_RETRY: Duration = Duration::from_millis(200);
/// A Ctrl-C this soon after the request to stop belongs to that request.
pub(crate) const SECOND_SIGNAL_AFTER: Duration = Duration::from_millis(500);
