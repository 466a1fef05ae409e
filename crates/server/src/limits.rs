//! Bounds of the server: each with its unit, why it is what it is, and what happens when it is hit.

use std::time::Duration;

/// Largest push request on the wire, in bytes: Loki's 100 MiB. Larger ones get 413.
pub(crate) const PUSH_BODY_BYTES_DEFAULT: usize = 100 << 20;

/// Largest push request once inflated, in bytes. Loki takes 5 GB, which one process of a few hundred megabytes
/// cannot hold; real clients stay below 10 MB. Larger ones get 413.
pub(crate) const PUSH_INFLATED_BYTES_DEFAULT: usize = 256 << 20;

/// Bytes that pushes may hold at a time where nobody says: bodies as they came, what they inflate to, and the entries made of them, which are
/// counted once they are there. A push waits unread until its part is free; one that turns out to need more than is
/// free gets 503, and one that is larger than all of it takes all and goes alone.
pub(crate) const PUSH_MEMORY_BYTES_DEFAULT: usize = 128 << 20;

/// Bytes that a body is inflated by before more of the budget is taken, at least and at most. It doubles in between.
pub(crate) const INFLATE_PIECE_BYTES_MIN: usize = 64 << 10;
pub(crate) const INFLATE_PIECE_BYTES_MAX: usize = 8 << 20;

/// How much a push is expected to inflate, to reserve its part of the budget before it is read.
pub(crate) const PUSH_INFLATION_EXPECTED: usize = 4;

/// Pushes that may wait for their fsync at a time, each on a thread of its own. One fsync covers all of them.
pub(crate) const PUSHES_AT_ONCE: usize = 64;

/// Largest form body of a query, in bytes, where nothing is configured: Loki's longest query is 128 KiB, escaped it may
/// be three times that. Larger ones get 413.
pub(crate) const QUERY_BODY_BYTES_DEFAULT: usize = 1 << 20;

/// Points of one series of a metric query; more get 400 with Loki's text.
pub(crate) const POINTS_PER_SERIES_MAX: i64 = 11_000;

/// Stream selectors of one request, those of a query or those that name streams: each is asked about every stream, or
/// is a scan of its own. More get 400; Grafana sends a handful.
pub(crate) const SELECTORS_MAX: usize = 256;

/// Bytes that queries and their answers may hold together where nobody says: a quarter of a pod of 512 MiB. A query
/// that needs more gets 400, one that finds them taken by others 429.
pub(crate) const QUERY_MEMORY_BYTES_DEFAULT: usize = 128 << 20;

/// One query gets this part of them, so that no query alone keeps all others away.
pub(crate) const QUERY_MEMORY_SHARE: usize = 2;

/// Queries that wait for a thread, of all tenants. More get 429 at once; each is a connection and some kilobytes.
pub(crate) const QUERIES_WAITING_MAX: usize = 4_096;

/// Different texts of refused entries that an answer lists; the rest is only counted.
pub(crate) const REFUSALS_LISTED_MAX: usize = 10;

/// Streams of a tenant whose buckets are remembered for `per_stream_rate_limit`. When more are not full, all are
/// forgotten: streams may push somewhat more then, never less.
pub(crate) const STREAM_BUCKETS_MAX: usize = 100_000;

/// Tenants whose rates and active streams are remembered. Any client may make up tenants; when there are more, all
/// are forgotten, and may push somewhat more.
pub(crate) const TENANTS_REMEMBERED_MAX: usize = 10_000;

/// Tenants that one query may name; each has a scan of its own.
pub(crate) const TENANTS_OF_A_QUERY_MAX: usize = 256;

/// Batches of entries that wait for a slow live tail. When it is full, entries are dropped for this tail only, and
/// it is told which.
pub(crate) const TAIL_QUEUE_BATCHES: usize = 256;

/// Bytes of entries that wait for a slow live tail, beside the number of batches; as many again while a tail that asked
/// for it delays them. All of them together count in the memory of queries.
pub(crate) const TAIL_QUEUE_BYTES: usize = 8 << 20;

/// Live tails whose queries look at new entries at a time, each on a thread of its own; the others wait for their turn,
/// which is over after one frame. Beside the turns of queries, so that long queries do not hold up tails.
pub(crate) const TAILS_AT_ONCE: usize = 2;

/// Longest turn of a live tail, but for one entry: a query that takes long for each must not hold up the other tails.
pub(crate) const TAIL_TURN: Duration = Duration::from_millis(50);

/// Entries sent from the past that a live tail remembers, the newest, as 8 bytes each: they may come again as new ones
/// that were stored while the past was read.
pub(crate) const TAIL_KNOWN_MAX: usize = 100_000;

/// Dropped entries that a live tail is told of in one frame; more are dropped silently, as in Loki.
pub(crate) const TAIL_DROPPED_LISTED_MAX: usize = 1_000;

/// Most seconds that a live tail may ask to be delayed: Loki's limit.
pub(crate) const TAIL_DELAY_SECONDS_MAX: u64 = 5;

/// How long a frame may take to leave for a live tail before its connection is given up.
pub(crate) const TAIL_SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// How often a silent live tail is pinged, so that proxies keep the connection open.
pub(crate) const TAIL_PING_INTERVAL: Duration = Duration::from_secs(15);

/// Entries in one frame of a live tail; more go into the next one.
pub(crate) const TAIL_FRAME_ENTRIES_MAX: usize = 1_000;

/// Bytes of lines after which a frame of a live tail ends: one that is written as JSON is in memory a second time.
pub(crate) const TAIL_FRAME_BYTES: usize = 1 << 20;

/// Handshakes of TLS that go on at a time. More clients wait for their turn, in the queue of the operating system.
pub(crate) const HANDSHAKES_AT_ONCE: usize = 256;

/// Longest handshake of TLS; then the client has to begin anew.
pub(crate) const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Longest wait for the next bytes of a request's body: who stops in the middle must not keep memory that others need.
pub(crate) const BODY_STALL_TIMEOUT: Duration = Duration::from_secs(10);

/// Bytes of a push that it waits for before it is read, if its length is not said or is more: what clients send in one
/// batch. The rest is taken as it comes, so that who promises much and sends little keeps nobody waiting.
pub(crate) const PUSH_WAITED_FOR_BYTES: usize = 1 << 20;
