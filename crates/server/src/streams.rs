//! Label sets of streams, held within the memory that queries have.

use std::ops::Deref;

use longshore_logql::eval::QueryMemory;
use longshore_model::{Cancellation, Labels, ScanError, StreamSelector, TimeRange};
use longshore_store::Grown;

use crate::error::ApiError;
use crate::server::Shared;
use crate::tenant::Reader;
use crate::thread::{memory_error, on_thread, scan_error};

/// What a stream takes beside the texts of its labels, about, with its part of an answer.
const STREAM_BYTES: usize = 512;
/// What a bucket of a volume takes, in the store's form and in the sum.
const BUCKET_BYTES: usize = 64;

/// What was found; its memory goes back with it.
pub(crate) struct Held<T> {
    found: Vec<T>,
    _memory: QueryMemory,
}

impl<T> Held<T> {
    pub(crate) fn new(found: Vec<T>, memory: QueryMemory) -> Self {
        Self { found, _memory: memory }
    }
}

impl<T> Deref for Held<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.found
    }
}

/// The streams that have lines in a time. `read` says which are wanted; it runs on the same thread.
pub(crate) async fn find<S: StreamSelector>(
    shared: &Shared,
    reader: Reader,
    read: impl FnOnce(&Reader) -> Result<S, ApiError> + Send + 'static,
    range: TimeRange,
) -> Result<Held<Labels>, ApiError> {
    on_thread(shared, &reader, move |shared, reader, _| {
        let selector = read(reader)?;
        let labels = reader.logs.streams(&selector, range);
        let memory = shared.query_memory.query();
        let bytes = labels.iter().map(bytes_of).sum();
        memory.take(bytes).map_err(|error| memory_error(&error))?;
        Ok(Held::new(labels, memory))
    })
    .await
}

/// Takes the memory of volumes and of their sums as they grow, for a request that somebody still waits for.
pub(crate) fn hold_volumes<'a>(
    memory: &'a QueryMemory,
    cancellation: &'a Cancellation,
) -> impl FnMut(Grown<'_>) -> Result<(), ApiError> + 'a {
    |grown| {
        if cancellation.is_cancelled() {
            return Err(scan_error(&ScanError::Cancelled));
        }
        let bytes = grown.stream.map_or(0, bytes_of) + grown.buckets * BUCKET_BYTES;
        memory.take(bytes).map_err(|error| memory_error(&error))
    }
}

/// Its labels are there as they are stored and as they are written.
fn bytes_of(labels: &Labels) -> usize {
    2 * labels.size_bytes() + STREAM_BYTES
}
