//! One client that follows.
//!
//! Invariant: one batch is worked on at a time, frame by frame, so that what the client gets keeps its order.

use std::collections::VecDeque;
use std::sync::Arc;

use axum::extract::ws::{Message, WebSocket, close_code};
use bytes::Bytes;
use longshore_logql::eval::{Context, QueryMemory};
use longshore_model::{Direction, TimeRange, TimestampNs};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};

use super::hub::{Batch, Subscription};
use super::work::{Known, Work};
use super::{TailRequest, close, frame};
use crate::error::ApiError;
use crate::limits::{TAIL_PING_INTERVAL, TAIL_QUEUE_BATCHES, TAIL_QUEUE_BYTES, TAIL_SEND_TIMEOUT, TAIL_TURN};
use crate::params::now;
use crate::query::{self, rows::Row};
use crate::server::Shared;
use crate::tenant::Reader;

/// The client is gone or too slow; nothing more can be said to it.
struct Gone;

/// Everything a tail needs while it runs.
pub(super) struct Session {
    pub(super) shared: Shared,
    pub(super) reader: Reader,
    pub(super) request: TailRequest,
    pub(super) subscription: Subscription,
}

/// Entries that wait until their delay is over.
type Delayed = VecDeque<(Instant, Batch)>;

/// A turn of the work on a batch: the frame that it gave, and what is left. There is one at most; it ends with the
/// tail.
type Turn = JoinSet<Option<(Work, Vec<Row>)>>;

impl Session {
    /// Sends until the client goes, the server stops, or the tail has lasted long enough.
    pub(super) async fn run(mut self, mut socket: WebSocket) {
        let (past, memory) = match self.past().await {
            Ok(past) => past,
            Err(error) => {
                tracing::debug!(error = %error.text, "a live tail could not read the past");
                close(&mut socket, close_code::ERROR, "the query failed").await;
                return;
            }
        };
        for rows in frame::cut(&past) {
            if self.send_rows(&mut socket, rows).await.is_err() {
                return;
            }
        }
        let known = Arc::new(Known::of(&past));
        drop((past, memory));
        // A client that is gone needs no goodbye.
        drop(self.follow(&mut socket, &known).await);
    }

    /// The newest entries from the start on, oldest first, and the memory that they take.
    async fn past(&self) -> Result<(Vec<Row>, QueryMemory), ApiError> {
        let range = TimeRange {
            start: self.request.start,
            // Entries may be stamped a little ahead of this clock.
            end: TimestampNs(now().0.saturating_add(self.grace_ns())),
        };
        let limit = self.request.limit.min(self.reader.limits.max_entries_limit_per_query);
        let query = query::LogQuery {
            expr: self.request.expr.clone(),
            range,
            limit,
            direction: Direction::Backward,
            interval_ns: 0,
        };
        let find = move |query: query::LogQuery, context: &Context<'_>| {
            query.find(limit, context)?.map(|mut rows| {
                rows.sort_by_key(|row| row.timestamp);
                Ok((rows, context.memory.clone()))
            })
        };
        Ok(query::run_query(&self.shared, &self.reader, |_| Ok(query), find)
            .await?
            .0)
    }

    fn grace_ns(&self) -> i64 {
        let grace = self.reader.limits.creation_grace_period;
        i64::try_from(grace.as_nanos()).unwrap_or(i64::MAX)
    }

    async fn follow(&mut self, socket: &mut WebSocket, known: &Arc<Known>) -> Result<(), Gone> {
        let mut closing = self.shared.closing.clone();
        let end = Instant::now() + self.shared.settings.tail_duration_max;
        let mut pings = interval(TAIL_PING_INTERVAL);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut delayed = Delayed::new();
        let mut turn = Turn::new();
        loop {
            let due = delayed.front().map_or(end, |(due, _)| *due);
            let may_take = self.may_take(&delayed, &turn);
            tokio::select! {
                // The guard that it gives must not live across the goodbye.
                () = async { drop(closing.wait_for(|closing| *closing).await) } => {
                    close(socket, close_code::AWAY, "the server is shutting down").await;
                    return Err(Gone);
                }
                () = sleep_until(end) => {
                    close(socket, close_code::NORMAL, "the tail has lasted for its longest time").await;
                    return Err(Gone);
                }
                () = sleep_until(due), if turn.is_empty() && !delayed.is_empty() => {
                    if let Some((_, batch)) = delayed.pop_front() {
                        self.work(&mut turn, known, move || Work::new(batch));
                    }
                }
                Some(ended) = turn.join_next() => {
                    let Ok(Some((work, rows))) = ended else {
                        close(socket, close_code::ERROR, "the query failed").await;
                        return Err(Gone);
                    };
                    self.send_rows(socket, &rows).await?;
                    if !work.is_done() {
                        self.work(&mut turn, known, move || work);
                    }
                }
                _ = pings.tick() => send(socket, Message::Ping(Bytes::new())).await?,
                message = socket.recv() => match message {
                    None | Some(Err(_) | Ok(Message::Close(_))) => return Err(Gone),
                    Some(Ok(_)) => {}
                },
                batch = self.subscription.next(), if may_take => {
                    let batch = batch.ok_or(Gone)?;
                    delayed.push_back((Instant::now() + self.request.delay, batch));
                }
            }
        }
    }

    /// Whether there is room for a batch more. A client that asked for a delay must not fill the memory: past the
    /// bounds its entries wait in the queue, where the rule of the queue applies.
    fn may_take(&self, delayed: &Delayed, turn: &Turn) -> bool {
        if self.request.delay.is_zero() {
            return delayed.is_empty() && turn.is_empty();
        }
        let bytes: usize = delayed.iter().map(|(_, batch)| batch.bytes).sum();
        delayed.len() < TAIL_QUEUE_BATCHES && bytes < TAIL_QUEUE_BYTES
    }

    /// Makes the next frame of a batch on a thread, when it is this tail's turn.
    fn work(&self, turn: &mut Turn, known: &Arc<Known>, work: impl FnOnce() -> Work + Send + 'static) {
        let turns = Arc::clone(&self.shared.tail_turns);
        let (pipeline, known) = (Arc::clone(self.subscription.pipeline()), Arc::clone(known));
        turn.spawn(async move {
            let permit = turns.acquire_owned().await.ok()?;
            let frame = tokio::task::spawn_blocking(move || {
                let _permit = permit;
                let mut work = work();
                let rows = work.next_frame(&pipeline, &known, std::time::Instant::now() + TAIL_TURN);
                (work, rows)
            });
            frame.await.ok()
        });
    }

    /// Sends the rows of a frame, with what was dropped; nothing when there is nothing to say.
    async fn send_rows(&self, socket: &mut WebSocket, rows: &[Row]) -> Result<(), Gone> {
        let dropped = self.subscription.take_dropped();
        if rows.is_empty() && dropped.is_empty() {
            return Ok(());
        }
        let text = frame::text(rows, &dropped, self.request.shape);
        send(socket, Message::Text(text.into())).await
    }
}

async fn send(socket: &mut WebSocket, message: Message) -> Result<(), Gone> {
    match timeout(TAIL_SEND_TIMEOUT, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(Gone),
    }
}
