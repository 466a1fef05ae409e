//! Bounds of the collector: each with its unit, why it is this number, and what happens when it is reached.

use std::time::Duration;

/// Bytes a file may have read in one turn. Large enough that system calls do not count, small enough that a busy
/// file holds the others up for well under a millisecond.
pub(crate) const READ_QUANTUM_BYTES: usize = 64 * 1024;

/// Bytes a line in a file may be longer than the longest record: the runtime's time, stream and tags, or JSON's
/// escapes of a short text. A line beyond is cut there.
pub(crate) const LINE_OVERHEAD_BYTES: usize = 4096;

/// Bytes of a fingerprint from which it alone tells that two files have the same content. A container's line begins
/// with a time in nanoseconds, which makes its first 32 bytes unique in its folder.
pub(crate) const FINGERPRINT_ALONE_BYTES_MIN: usize = 32;

/// Share of the files that may be open, as a divisor, that is closed at once when there are more of them: those that rest
/// longest. To look for the next one costs a walk over all files.
pub(crate) const ROOM_SHARE: usize = 8;

/// How long a file that was rotated away or deleted is still looked at after its end was reached: a runtime may write
/// to it until it has opened the new one.
pub(crate) const LINGER: Duration = Duration::from_secs(5);

/// Bytes read of the description that Docker keeps of a container: usually 5 KB, more with many labels and mounts. A
/// larger one counts as unreadable.
pub(crate) const DOCKER_FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Listings of a folder for one look at it, when a rotation comes in between. The next look tries again.
pub(crate) const LISTINGS_MAX: usize = 3;

/// Records in one chunk when no batch size says less: bounds the memory of one turn over many short lines.
pub(crate) const CHUNK_RECORDS_MAX: usize = 4096;

/// Bytes in memory of records that are read and not acknowledged yet, over all receivers. Reading stops there. Room for
/// a batch on its way, one waiting at the exporter and one being gathered; the whole program is to need 25 MiB.
pub(crate) const IN_FLIGHT_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Bytes of lines in one batch: far above what a request costs by itself, far below the 4 MiB that stores usually
/// take.
pub(crate) const BATCH_BYTES_MAX: usize = 512 * 1024;

/// Bytes in memory at which a batch leaves even if its settings would wait for more: it must not use up what may be in
/// flight.
pub(crate) const BATCH_MEMORY_BYTES_MAX: usize = 1280 * 1024;

/// Chunks that wait for a pipeline. Reading stops there.
pub(crate) const PIPELINE_CHUNKS_MAX: usize = 256;

/// Wait before a full pipeline is offered a chunk again.
pub(crate) const PIPELINE_FULL_WAIT: Duration = Duration::from_millis(20);

/// Batches that wait for an exporter. The pipeline stops there.
pub(crate) const EXPORTER_BATCHES_MAX: usize = 1;

/// Shortest time between two writes of the checkpoint file: each costs two fsyncs. What was acknowledged in between
/// and is sent again after a crash, the store knows already; but a piece of a line must not be read again when the file
/// with the piece before it was deleted meanwhile, so the time is short.
pub(crate) const CHECKPOINT_INTERVAL: Duration = Duration::from_millis(250);

/// Time between two looks at all files when the kernel reports changes, in case it does not.
pub(crate) const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Time between two evaluations of the globs when the kernel reports new files, in case it does not.
pub(crate) const DISCOVERY_INTERVAL: Duration = Duration::from_secs(5);

/// After a quiet time the first change is answered so much later, so that a program that writes line by line does not
/// cost a read and a wake-up for each.
pub(crate) const COALESCE: Duration = Duration::from_millis(20);

/// The same while programs write without a pause: ten reads a second of each file instead of fifty, which halves what
/// reading costs at 10,000 lines a second.
pub(crate) const COALESCE_BUSY: Duration = Duration::from_millis(100);

/// Changes that come so soon after the last were answered are of programs that write without a pause.
pub(crate) const BUSY: Duration = Duration::from_millis(50);

/// Time to send what was read after a stop was asked for. Kubernetes kills after 30 s.
pub(crate) const STOP_DEADLINE: Duration = Duration::from_secs(20);

/// Bytes of a server's error text that are logged.
pub(crate) const ERROR_TEXT_BYTES_MAX: usize = 1024;

/// First wait after a server could not be reached. It is doubled until it is as long as the configured interval: one that
/// is being restarted is back after a second or two, and rotated files do not wait.
pub(crate) const UNREACHABLE_RETRY_MIN: Duration = Duration::from_millis(100);

/// Longest `Retry-After` that is obeyed.
pub(crate) const RETRY_AFTER_MAX: Duration = Duration::from_secs(300);

/// Bytes of a checkpoint file that are read. A file of the log takes about 300, so this is over 100,000 of them.
pub(crate) const CHECKPOINT_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Nesting of an expression's parentheses and operators.
pub(crate) const EXPRESSION_DEPTH_MAX: usize = 64;

/// How long rotated files may wait to be read before that is told: each rotation leaves one for a moment.
pub(crate) const BEHIND_MIN: Duration = Duration::from_secs(10);

/// Time between two reports that reading is behind.
pub(crate) const BEHIND_REPEAT: Duration = Duration::from_secs(60);

/// Directories below the include globs that are watched. Beyond, new files are found by the slow rescan alone.
pub(crate) const WATCHES_MAX: usize = 8192;

/// Symbolic links that are followed from a path to its file, as the kernel does.
pub(crate) const LINKS_MAX: usize = 40;

/// Time between two looks at files that wait for what is known of their container, in case nobody says that it changed.
pub(crate) const HOLD_LOOK_INTERVAL: Duration = Duration::from_millis(500);

/// Resources whose processed form is remembered; one container has one.
pub(crate) const RESOURCE_CACHE_MAX: usize = 4096;

/// Objects in one answer to a list. A pod is some 10 KiB of text, so an answer is below 1 MiB; a node has 110 pods.
pub(crate) const KUBERNETES_PAGE_OBJECTS_MAX: u32 = 64;

/// Time to reach the API server.
pub(crate) const KUBERNETES_CONNECT_MAX: Duration = Duration::from_secs(5);

/// Time for an answer to a list. Beyond, the server counts as slow and is asked anew.
pub(crate) const KUBERNETES_ANSWER_MAX: Duration = Duration::from_secs(30);

/// After a failed attempt to go on with a watch, silence for so long means that the next attempt went well: one that
/// fails does so sooner.
pub(crate) const KUBERNETES_DOUBT_MAX: Duration = Duration::from_secs(10);

/// Silence of a connection after which it counts as dead. A server ends a watch after 290 s.
pub(crate) const KUBERNETES_SILENCE_MAX: Duration = Duration::from_secs(310);

/// First wait before the API server is asked again.
pub(crate) const KUBERNETES_RETRY_MIN: Duration = Duration::from_millis(200);

/// Longest wait before the API server is asked again: many collectors ask the same one.
pub(crate) const KUBERNETES_RETRY_MAX: Duration = Duration::from_secs(30);

/// Deleted pods that are remembered for the sake of their files, ten times what a node may hold. Beyond, the one deleted
/// first is forgotten, and what is left of its files goes on with what their path says.
pub(crate) const DELETED_PODS_MAX: usize = 1024;

const _: () = assert!(
    BATCH_MEMORY_BYTES_MAX * 3 <= IN_FLIGHT_BYTES_MAX && BATCH_BYTES_MAX <= BATCH_MEMORY_BYTES_MAX,
    "a full batch must not stop the reading of the next"
);

/// Longest wait for a connection, its names and keys included. A service may lead to a pod that is gone for a second or
/// two; who waits there for the whole `timeout` of the exporter loses files that are rotated away. A slow resolver takes
/// five seconds.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Longest wait for a peer to acknowledge bytes that were sent, before its connection is given up.
pub(crate) const SILENT_PEER_TIMEOUT: Duration = Duration::from_secs(10);

/// How often a peer is asked whether it is there while its answer is awaited.
pub(crate) const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(3);

/// Questions without an answer after which it is gone.
pub(crate) const KEEPALIVE_RETRIES: u32 = 3;
