//! Sends batches and waits for their acknowledgement.
//!
//! Invariants:
//! * One request of an exporter is on its way at a time: the store gets batches in order.
//! * A batch is encoded once; every repetition sends the same bytes.
//! * A batch leaves the exporter acknowledged, dropped and counted, or not at all: then it is read again.

mod client;
mod encode;
mod retry;

use std::sync::Arc;
use std::time::Duration;

use longshore_config::otel::{RetrySettings, Verbosity};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

pub(crate) use client::{Authentication, Client, Outcome};
pub(crate) use encode::Encoder;
use retry::Backoff;
pub(crate) use retry::chance;

use crate::batch::Batch;
use crate::metrics::{Component, Metrics};

/// Sends what it is given.
#[derive(Debug)]
pub(crate) struct Exporter {
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) retry: RetrySettings,
    pub(crate) metrics: Metrics,
}

/// Where to.
#[derive(Debug)]
pub(crate) enum Kind {
    /// A server.
    Http { client: Box<Client>, encoder: Encoder },
    /// Standard output.
    Debug(Verbosity),
}

/// A request that can be sent again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) body: bytes::Bytes,
    pub(crate) content_type: &'static str,
    pub(crate) content_encoding: Option<&'static str>,
}

impl Exporter {
    /// Sends batch after batch until the input ends, or until `abort` becomes true while one is on its way.
    pub(crate) async fn run(mut self, mut input: mpsc::Receiver<Arc<Batch>>, mut abort: watch::Receiver<bool>) {
        while let Some(batch) = input.recv().await {
            let mut aborted = abort.clone();
            tokio::select! {
                biased;
                () = self.deliver(batch) => {}
                // The sender is gone only together with the whole collector.
                _ = aborted.wait_for(|is_aborted| *is_aborted) => break,
            }
            if *abort.borrow_and_update() {
                break;
            }
        }
    }

    /// Returns when nothing is left to do for the batch, which may take for ever.
    async fn deliver(&mut self, batch: Arc<Batch>) {
        let records = batch.records as u64;
        let tokens = batch.tokens.clone();
        if records > 0 {
            match &mut self.kind {
                Kind::Debug(verbosity) => {
                    encode::print(*verbosity, &batch);
                    drop(batch);
                    self.metrics
                        .records_sent
                        .get_or_create(&Component::new(&self.id))
                        .inc_by(records);
                }
                Kind::Http { encoder, .. } => {
                    // Where it is the only exporter the records are taken apart without a copy.
                    let groups = Arc::try_unwrap(batch).map_or_else(|batch| batch.groups.clone(), |batch| batch.groups);
                    let request = encoder.encode(groups);
                    self.send(&request, records).await;
                }
            }
        }
        tokens.iter().for_each(|token| token.done());
    }

    async fn send(&self, request: &Request, records: u64) {
        let Kind::Http { client, .. } = &self.kind else { return };
        let mut backoff = Backoff::new(&self.retry);
        let begin = Instant::now();
        let mut failures = 0_u64;
        loop {
            match client.send(request).await {
                Outcome::Accepted { rejected, text } => {
                    self.accepted(request, records, rejected, &text);
                    if failures > 0 {
                        tracing::info!(exporter = self.id, failures, "sending works again");
                    }
                    return;
                }
                Outcome::Refused { status, text, rejected } => {
                    let dropped = rejected.unwrap_or(records).min(records);
                    self.metrics.count_request(&self.id, "refused");
                    self.metrics.drop_records(&self.id, "refused", dropped);
                    tracing::error!(
                        exporter = self.id,
                        status,
                        dropped,
                        text,
                        "server refused records, they are dropped"
                    );
                    return;
                }
                Outcome::Failed {
                    text,
                    retry_after,
                    is_unreachable,
                } => {
                    failures += 1;
                    self.metrics.count_request(&self.id, "failed");
                    let wait = backoff.next_wait(retry_after, is_unreachable);
                    if self.gives_up(begin.elapsed() + wait) {
                        self.metrics.drop_records(&self.id, "gave_up", records);
                        tracing::error!(
                            exporter = self.id,
                            dropped = records,
                            text,
                            "sending failed for too long, records are dropped"
                        );
                        return;
                    }
                    // Said at first and then ever more seldom.
                    if failures.is_power_of_two() {
                        tracing::warn!(
                            exporter = self.id,
                            failures,
                            wait_ms = wait.as_millis() as u64,
                            text,
                            "sending failed, trying again"
                        );
                    }
                    tokio::time::sleep(wait).await;
                }
            }
        }
    }

    fn gives_up(&self, elapsed: Duration) -> bool {
        !self.retry.enabled || self.retry.max_elapsed_time.is_some_and(|most| elapsed > most)
    }

    fn accepted(&self, request: &Request, records: u64, rejected: u64, text: &str) {
        let component = Component::new(&self.id);
        let rejected = rejected.min(records);
        self.metrics.count_request(&self.id, "accepted");
        self.metrics
            .records_sent
            .get_or_create(&component)
            .inc_by(records - rejected);
        self.metrics
            .bytes_sent
            .get_or_create(&component)
            .inc_by(request.body.len() as u64);
        if rejected > 0 {
            self.metrics.drop_records(&self.id, "refused", rejected);
            tracing::error!(
                exporter = self.id,
                dropped = rejected,
                text,
                "server refused some records, they are dropped"
            );
        } else if !text.is_empty() {
            tracing::warn!(exporter = self.id, text, "server took the records with a warning");
        }
    }
}
