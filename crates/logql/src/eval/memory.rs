//! Bytes that queries hold, counted as they grow.
//!
//! Counted is what grows with data: kept lines, label sets, series, samples, and the answer that is made of them. Not
//! counted is what a scan reads at the moment, a page or two.
//!
//! Invariants: memory is taken before it is filled, and a query that gets none fails; what a query took goes back with
//! the last clone of its [`QueryMemory`], however the query ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use longshore_model::ByteSize;
use thiserror::Error;

/// What all queries of a process may hold together.
#[derive(Debug)]
pub struct MemoryPool {
    max_bytes: usize,
    query_max_bytes: usize,
    used_bytes: AtomicUsize,
}

impl MemoryPool {
    /// A pool of so many bytes, of which one query gets no more than its share.
    pub fn new(max_bytes: usize, query_max_bytes: usize) -> Self {
        Self {
            max_bytes,
            query_max_bytes: query_max_bytes.min(max_bytes),
            used_bytes: AtomicUsize::new(0),
        }
    }

    /// Bytes that queries hold now.
    pub fn used_bytes(&self) -> usize {
        self.used_bytes.load(Ordering::Relaxed)
    }

    /// The account of a new query.
    pub fn query(self: &Arc<Self>) -> QueryMemory {
        QueryMemory(Arc::new(Account {
            pool: Arc::clone(self),
            used_bytes: AtomicUsize::new(0),
        }))
    }
}

/// What one query holds; clones share it.
#[derive(Debug, Clone)]
pub struct QueryMemory(Arc<Account>);

#[derive(Debug)]
struct Account {
    pool: Arc<MemoryPool>,
    used_bytes: AtomicUsize,
}

impl Drop for Account {
    fn drop(&mut self) {
        let used = self.used_bytes.load(Ordering::Relaxed);
        self.pool.used_bytes.fetch_sub(used, Ordering::Relaxed);
    }
}

/// Why a query gets no more memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MemoryError {
    /// It alone would hold too much.
    #[error(
        "the query needs more memory than one query may hold ({0}): shorten its time range, name fewer streams, ask for \
         fewer lines or a longer step, or aggregate by fewer labels; a server that may use more memory allows more"
    )]
    Query(ByteSize),
    /// It and the others together would.
    #[error("other queries hold the memory that there is for queries ({0}); try again when they have ended")]
    Pool(ByteSize),
}

impl QueryMemory {
    /// The account of a query that shares its bytes with no other.
    pub fn alone(max_bytes: usize) -> Self {
        Arc::new(MemoryPool::new(max_bytes, max_bytes)).query()
    }

    /// Bytes that the query holds now.
    pub fn used_bytes(&self) -> usize {
        self.0.used_bytes.load(Ordering::Relaxed)
    }

    /// Takes more bytes.
    ///
    /// # Errors
    /// They would be too many; then none is taken.
    pub fn take(&self, bytes: usize) -> Result<(), MemoryError> {
        let Account { pool, used_bytes } = &*self.0;
        let fits = |used: &AtomicUsize, max: usize| {
            let add = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= max);
            used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).is_ok()
        };
        if !fits(used_bytes, pool.query_max_bytes) {
            return Err(MemoryError::Query(ByteSize(pool.query_max_bytes as u64)));
        }
        if !fits(&pool.used_bytes, pool.max_bytes) {
            used_bytes.fetch_sub(bytes, Ordering::Relaxed);
            return Err(MemoryError::Pool(ByteSize(pool.max_bytes as u64)));
        }
        Ok(())
    }

    /// Gives back bytes that were taken.
    pub fn give_back(&self, bytes: usize) {
        let before = self.0.used_bytes.fetch_sub(bytes, Ordering::Relaxed);
        debug_assert!(before >= bytes, "more given back than taken");
        self.0.pool.used_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Takes or gives back what it takes to hold just so many bytes.
    ///
    /// # Errors
    /// More are too many; then what is held stays as it is.
    pub fn settle(&self, bytes: usize) -> Result<(), MemoryError> {
        let used = self.used_bytes();
        if bytes > used {
            return self.take(bytes - used);
        }
        self.give_back(used - bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_gets_its_share_and_all_of_them_the_pool() {
        let pool = Arc::new(MemoryPool::new(100, 60));
        let (first, second) = (pool.query(), pool.query());
        assert_eq!(first.take(61), Err(MemoryError::Query(ByteSize(60))));
        assert_eq!(first.take(60), Ok(()));
        assert_eq!(first.take(usize::MAX), Err(MemoryError::Query(ByteSize(60))));
        assert_eq!(second.take(41), Err(MemoryError::Pool(ByteSize(100))));
        assert_eq!((second.used_bytes(), pool.used_bytes()), (0, 60));
        first.settle(10).unwrap();
        assert_eq!(second.take(41), Ok(()));
        assert_eq!(pool.used_bytes(), 51);
    }

    #[test]
    fn what_was_taken_goes_back_with_the_last_clone() {
        let pool = Arc::new(MemoryPool::new(100, 100));
        let query = pool.query();
        let clone = query.clone();
        query.take(50).unwrap();
        drop(query);
        assert_eq!(pool.used_bytes(), 50);
        drop(clone);
        assert_eq!(pool.used_bytes(), 0);
    }
}
