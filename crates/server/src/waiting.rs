//! Queries that wait for their turn, counted for each tenant.
//!
//! Invariant: there are never more than [`QUERIES_WAITING_MAX`], nor more of one tenant than it may have.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use longshore_model::TenantId;

use crate::limits::QUERIES_WAITING_MAX;

/// All that wait. Queries over several tenants wait together with those over the same ones.
#[derive(Debug, Default)]
pub(crate) struct Waiting(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    /// Only tenants with some.
    of_tenants: HashMap<Vec<TenantId>, usize>,
}

/// One that waits, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    waiting: &'a Waiting,
    tenants: &'a [TenantId],
}

impl Waiting {
    /// Lets one more wait, or `None` when there are enough.
    pub(crate) fn enter<'a>(&'a self, tenants: &'a [TenantId], max: usize) -> Option<Place<'a>> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_tenant = counts.of_tenants.get(tenants).copied().unwrap_or(0);
        if of_tenant >= max || counts.all >= QUERIES_WAITING_MAX {
            return None;
        }
        counts.all += 1;
        counts.of_tenants.insert(tenants.to_vec(), of_tenant + 1);
        Some(Place { waiting: self, tenants })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut counts = self.waiting.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.all -= 1;
        if let Some(count) = counts.of_tenants.get_mut(self.tenants) {
            *count -= 1;
            if *count == 0 {
                counts.of_tenants.remove(self.tenants);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_for_each_tenant_and_given_back() {
        let tenant = |name: &str| vec![TenantId::new(name).unwrap()];
        let (one, two) = (tenant("one"), tenant("two"));
        let waiting = Waiting::default();
        let first = waiting.enter(&one, 2).unwrap();
        let second = waiting.enter(&one, 2).unwrap();
        assert!(waiting.enter(&one, 2).is_none());
        assert!(waiting.enter(&two, 2).is_some());
        drop(first);
        let places: Vec<_> = std::iter::from_fn(|| waiting.enter(&one, usize::MAX)).collect();
        assert_eq!(places.len() + 1, QUERIES_WAITING_MAX);
        assert!(waiting.enter(&two, 2).is_none());
        drop((places, second));
        let counts = waiting.0.lock().unwrap();
        assert_eq!((counts.all, counts.of_tenants.len()), (0, 0));
    }
}
