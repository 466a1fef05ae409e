//! Label sets of streams, held within the memory that queries have.

use std::ops::Deref;

use longshore_logql::eval::QueryMemory;
use longshore_model::{Labels, StreamSelector, TimeRange};
use longshore_store::StreamVolume;

use crate::error::ApiError;
use crate::server::Shared;
use crate::tenant::Reader;
use crate::thread::{memory_error, on_thread};

/// What a stream takes beside the texts of its labels, about, with its part of an answer.
const STREAM_BYTES: usize = 512;
/// What a bucket of a volume takes, in the store's form and in the sum.
const BUCKET_BYTES: usize = 64;

/// Streams that were found; their memory goes back with them.
pub(crate) struct Streams {
    labels: Vec<Labels>,
    _memory: QueryMemory,
}

impl Deref for Streams {
    type Target = [Labels];

    fn deref(&self) -> &[Labels] {
        &self.labels
    }
}

/// The streams that have lines in a time. `read` says which are wanted; it runs on the same thread.
pub(crate) async fn find<S: StreamSelector>(
    shared: &Shared,
    reader: Reader,
    read: impl FnOnce(&Reader) -> Result<S, ApiError> + Send + 'static,
    range: TimeRange,
) -> Result<Streams, ApiError> {
    let of_thread = reader.clone();
    on_thread(shared, &reader, move |shared, _| {
        let selector = read(&of_thread)?;
        let labels = of_thread.logs.streams(&selector, range);
        let memory = shared.query_memory.query();
        let bytes = labels.iter().map(bytes_of).sum();
        memory.take(bytes).map_err(|error| memory_error(&error))?;
        Ok(Streams {
            labels,
            _memory: memory,
        })
    })
    .await
}

/// Takes the memory of volumes and of their sums.
pub(crate) fn hold_volumes(shared: &Shared, volumes: &[StreamVolume]) -> Result<QueryMemory, ApiError> {
    let memory = shared.query_memory.query();
    let bytes = |volume: &StreamVolume| bytes_of(&volume.labels) + volume.buckets.len() * BUCKET_BYTES;
    let bytes = volumes.iter().map(bytes).sum();
    memory.take(bytes).map_err(|error| memory_error(&error))?;
    Ok(memory)
}

/// Its labels are there as they are stored and as they are written.
fn bytes_of(labels: &Labels) -> usize {
    2 * labels.size_bytes() + STREAM_BYTES
}
