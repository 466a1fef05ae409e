//! One client that follows.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket, close_code};
use bytes::Bytes;
use longshore_logql::Pipeline;
use longshore_logql::eval::Context;
use longshore_model::{Direction, Labels, StreamEntries, TimeRange, TimestampNs};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};

use super::hub::Subscription;
use super::{TailRequest, close, frame};
use crate::limits::{TAIL_FRAME_ENTRIES_MAX, TAIL_PING_INTERVAL, TAIL_QUEUE_BATCHES, TAIL_SEND_TIMEOUT};
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
type Delayed = VecDeque<(Instant, Vec<Row>)>;

impl Session {
    /// Sends until the client goes, the server stops, or the tail has lasted long enough.
    pub(super) async fn run(mut self, mut socket: WebSocket) {
        let past = match self.past().await {
            Ok(rows) => rows,
            Err(error) => {
                tracing::debug!(error = %error.text, "a live tail could not read the past");
                close(&mut socket, close_code::ERROR, "the query failed").await;
                return;
            }
        };
        if self.send_rows(&mut socket, &past).await.is_err() {
            return;
        }
        let known: HashSet<Key> = past.into_iter().map(Key::of).collect();
        // A client that is gone needs no goodbye.
        drop(self.follow(&mut socket, &known).await);
    }

    /// The newest entries from the start on, oldest first.
    async fn past(&self) -> Result<Vec<Row>, crate::error::ApiError> {
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
        let find = move |query: query::LogQuery, context: &Context<'_>| query.find(limit, context);
        let (mut rows, _stats) = query::run_query(&self.shared, &self.reader, |_| Ok(query), find).await?;
        rows.sort_by_key(|row| row.timestamp);
        Ok(rows)
    }

    fn grace_ns(&self) -> i64 {
        let grace = self.reader.limits.creation_grace_period;
        i64::try_from(grace.as_nanos()).unwrap_or(i64::MAX)
    }

    async fn follow(&mut self, socket: &mut WebSocket, known: &HashSet<Key>) -> Result<(), Gone> {
        let mut closing = self.shared.closing.clone();
        let end = Instant::now() + self.shared.settings.tail_duration_max;
        let mut pings = interval(TAIL_PING_INTERVAL);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut delayed = Delayed::new();
        loop {
            let due = delayed.front().map_or(end, |(due, _)| *due);
            // A client that asked for a delay must not fill the memory: past the bound its entries wait in the
            // queue, where the oldest rule of the queue applies.
            let may_take = delayed.len() < TAIL_QUEUE_BATCHES;
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
                () = sleep_until(due), if !delayed.is_empty() => {
                    let rows = delayed.pop_front().map(|(_, rows)| rows).unwrap_or_default();
                    self.send_rows(socket, &rows).await?;
                }
                _ = pings.tick() => send(socket, Message::Ping(Bytes::new())).await?,
                message = socket.recv() => match message {
                    None | Some(Err(_) | Ok(Message::Close(_))) => return Err(Gone),
                    Some(Ok(_)) => {}
                },
                batch = self.subscription.next(), if may_take => {
                    let rows = process(self.subscription.pipeline(), &batch, known);
                    if self.request.delay == Duration::ZERO {
                        self.send_rows(socket, &rows).await?;
                    } else {
                        delayed.push_back((Instant::now() + self.request.delay, rows));
                    }
                }
            }
        }
    }

    /// Sends rows in as many frames as it takes; none when there is nothing to say.
    async fn send_rows(&self, socket: &mut WebSocket, rows: &[Row]) -> Result<(), Gone> {
        let mut dropped = self.subscription.take_dropped();
        for part in rows.chunks(TAIL_FRAME_ENTRIES_MAX) {
            let text = frame::text(part, &std::mem::take(&mut dropped), self.request.shape);
            send(socket, Message::Text(text.into())).await?;
        }
        if !dropped.is_empty() {
            let text = frame::text(&[], &dropped, self.request.shape);
            send(socket, Message::Text(text.into())).await?;
        }
        Ok(())
    }
}

async fn send(socket: &mut WebSocket, message: Message) -> Result<(), Gone> {
    match timeout(TAIL_SEND_TIMEOUT, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(Gone),
    }
}

/// What tells one entry of a tail from another.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    labels: Labels,
    timestamp: TimestampNs,
    line: Bytes,
}

impl Key {
    fn of(row: Row) -> Self {
        Self {
            labels: row.labels.stream,
            timestamp: row.timestamp,
            line: row.line,
        }
    }
}

/// What passes the pipeline and was not sent from the past.
fn process(pipeline: &Pipeline, batch: &[StreamEntries], known: &HashSet<Key>) -> Vec<Row> {
    let mut rows = Vec::new();
    for stream in batch {
        for entry in &stream.entries {
            let Some(processed) = pipeline.process(&stream.labels, entry) else {
                continue;
            };
            let row = Row {
                labels: processed.labels,
                timestamp: entry.timestamp,
                line: processed.line,
            };
            if known.is_empty() || !known.contains(&Key::of(row.clone())) {
                rows.push(row);
            }
        }
    }
    rows.sort_by_key(|row| row.timestamp);
    rows
}
