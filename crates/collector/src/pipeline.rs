//! One pipeline: processors, the batcher, and the exporters it feeds.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::batch::{Batch, BatchLimits, Batcher};
use crate::delivery::Delivery;
use crate::processors::Processor;

/// Feeds every exporter with the batches of what comes in. Ends when its input ends, after the last batch.
pub(crate) async fn run(
    mut input: mpsc::Receiver<Delivery>,
    mut processors: Vec<Processor>,
    limits: BatchLimits,
    exporters: Vec<mpsc::Sender<Arc<Batch>>>,
) {
    let mut batcher = Batcher::new(limits);
    let begin = Instant::now();
    loop {
        let due = batcher.due_at().map(|at| begin + at);
        let next = async {
            match due {
                Some(at) => tokio::time::timeout_at(at, input.recv()).await,
                None => Ok(input.recv().await),
            }
        };
        let is_end = match next.await {
            Ok(Some(mut delivery)) => {
                processors
                    .iter_mut()
                    .for_each(|processor| processor.apply(&mut delivery.logs));
                if let Some(full) = batcher.push(delivery, begin.elapsed()) {
                    send(full, &exporters).await;
                }
                false
            }
            Ok(None) => true,
            Err(_) => false,
        };
        // While more is waiting, an immediate batch grows up to its limit in bytes: fewer, larger requests.
        let waits_for_more = limits.timeout.is_zero() && limits.records_trigger == 0 && !input.is_empty();
        let is_full = batcher.is_due(begin.elapsed()) && !waits_for_more;
        if is_full || (is_end && batcher.due_at().is_some()) {
            send(batcher.take(), &exporters).await;
        }
        if is_end {
            return;
        }
    }
}

async fn send(batch: Batch, exporters: &[mpsc::Sender<Arc<Batch>>]) {
    let batch = Arc::new(batch);
    for exporter in exporters {
        // An exporter ends before its input only when the stop's deadline has passed: then nothing is acknowledged.
        if exporter.send(batch.clone()).await.is_err() {
            return;
        }
    }
}
