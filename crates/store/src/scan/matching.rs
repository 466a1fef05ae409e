//! Which streams of the heads a selector wants, found out without the store's lock.
//!
//! Selectors are expressions of clients, over any number of streams; nobody may push while the lock is held.

use std::collections::HashSet;

use foldhash::fast::RandomState;
use longshore_model::{Labels, StreamSelector, TenantId};

use crate::head::{Head, StreamHead};
use crate::store::{Inner, State, lock};

/// The streams in the heads that a selector wanted a moment ago. One that is begun after that came after the request.
pub(crate) struct Matching(HashSet<Labels, RandomState>);

impl Matching {
    pub(crate) fn of(inner: &Inner, tenant: &TenantId, selector: &dyn StreamSelector) -> Self {
        let state = lock(&inner.state);
        let labels: Vec<Labels> = streams(&state, tenant).map(|stream| stream.labels.clone()).collect();
        drop(state);
        Self(labels.into_iter().filter(|labels| selector.matches(labels)).collect())
    }

    pub(crate) fn streams<'s>(&'s self, state: &'s State, tenant: &TenantId) -> impl Iterator<Item = &'s StreamHead> {
        streams(state, tenant).filter(|stream| self.0.contains(&stream.labels))
    }
}

/// A tenant's streams in both heads.
fn streams<'s>(state: &'s State, tenant: &TenantId) -> impl Iterator<Item = &'s StreamHead> {
    let heads: [Option<&Head>; 2] = [Some(&state.active), state.frozen.as_deref()];
    let of_tenant = heads
        .into_iter()
        .flatten()
        .filter_map(move |head| head.tenants.get(tenant));
    of_tenant.flat_map(|tenant| tenant.streams.values())
}
