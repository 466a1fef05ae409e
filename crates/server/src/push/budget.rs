//! The memory that all pushes have together.
//!
//! Invariant: a push waits for its first part only, before it is read. Once it holds some it never waits for more: what
//! is not there now is refused, so pushes cannot wait for each other.

use std::sync::Arc;

use longshore_model::{Entry, StreamEntries};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::ApiError;

/// Unit of the budget: a permit stands for so many bytes.
const PERMIT_BYTES: usize = 1 << 10;

/// The whole of it.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    permits: Arc<Semaphore>,
    /// All there are.
    permits_max: usize,
}

/// The part that one push holds.
#[derive(Debug)]
pub(super) struct Share {
    budget: Budget,
    permits: OwnedSemaphorePermit,
}

impl Budget {
    pub(crate) fn new(bytes: usize) -> Self {
        let permits_max = (bytes / PERMIT_BYTES).clamp(1, Semaphore::MAX_PERMITS);
        Self {
            permits: Arc::new(Semaphore::new(permits_max)),
            permits_max,
        }
    }

    fn permits_for(&self, bytes: usize) -> u32 {
        u32::try_from(bytes.div_ceil(PERMIT_BYTES).clamp(1, self.permits_max)).unwrap_or(u32::MAX)
    }

    /// Waits until so much is free. What is more than everything counts as everything: such a push goes alone.
    pub(super) async fn reserve(&self, bytes: usize) -> Result<Share, ApiError> {
        let closed = |_| ApiError::unavailable("the server is shutting down");
        let permits = Arc::clone(&self.permits)
            .acquire_many_owned(self.permits_for(bytes))
            .await;
        Ok(Share {
            budget: self.clone(),
            permits: permits.map_err(closed)?,
        })
    }
}

impl Share {
    /// Makes sure that it is at least so large.
    pub(super) fn grow_to(&mut self, bytes: usize) -> Result<(), ApiError> {
        let held = u32::try_from(self.permits.num_permits()).unwrap_or(u32::MAX);
        let missing = self.budget.permits_for(bytes).saturating_sub(held);
        if missing > 0 {
            let more = Arc::clone(&self.budget.permits).try_acquire_many_owned(missing);
            let more = more.map_err(|_| ApiError::unavailable("too many pushes at once, try again"))?;
            self.permits.merge(more);
        }
        Ok(())
    }
}

/// Memory of entries besides their lines, which share the body, about.
pub(super) fn decoded_bytes(streams: &[StreamEntries]) -> usize {
    let of_entries = |entries: &[Entry]| {
        let mut bytes = size_of_val(entries);
        let mut last = None;
        for Entry {
            structured_metadata, ..
        } in entries
        {
            // Entries of a request mostly share theirs.
            if last.is_none_or(|last| !structured_metadata.is_same(last)) {
                bytes += structured_metadata.size_bytes() + structured_metadata.len() * size_of::<(String, String)>();
            }
            last = Some(structured_metadata);
        }
        bytes
    };
    let of_stream = |stream: &StreamEntries| size_of::<StreamEntries>() + of_entries(&stream.entries);
    streams.iter().map(of_stream).sum()
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    const BYTES: usize = 1 << 20;

    #[tokio::test]
    async fn a_push_that_grows_is_refused_when_others_hold_the_rest_and_never_waits() {
        let budget = Budget::new(BYTES);
        let mut one = budget.reserve(BYTES / 2).await.unwrap();
        let mut two = budget.reserve(BYTES / 4).await.unwrap();
        assert!(budget.reserve(BYTES / 2).now_or_never().is_none());
        assert_eq!(one.grow_to(BYTES / 4 * 3), Ok(()));
        let refused = two.grow_to(BYTES / 2).unwrap_err();
        assert_eq!((refused.status.as_u16(), refused.retry_after_seconds), (503, Some(1)));
        // What it has is enough.
        assert_eq!(two.grow_to(1), Ok(()));
        drop(one);
        assert_eq!(two.grow_to(BYTES / 2), Ok(()));
    }

    #[tokio::test]
    async fn a_push_that_is_larger_than_everything_goes_alone() {
        let budget = Budget::new(BYTES);
        let mut alone = budget.reserve(1).await.unwrap();
        assert_eq!(alone.grow_to(3 * BYTES), Ok(()));
        assert!(budget.reserve(1).now_or_never().is_none());
        drop(alone);
        assert!(budget.reserve(usize::MAX).now_or_never().is_some());
    }
}
