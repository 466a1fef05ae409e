//! Delete requests: which lines are to go, and how far that is.
//!
//! From its acknowledgement on a request hides its lines from every scan. Once it can no longer be taken back, the
//! maintenance thread rewrites the segments that hold such lines, and then the request is processed and hides nothing
//! any more: what is stored later is new.
//!
//! Invariant: a request is durable before it is acknowledged, and processed only when no segment, no head and no file
//! of the write-ahead log holds a line of it.

mod file;
mod hidden;
mod sweep;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use longshore_model::{RowFilter, RowFilterCompiler, TenantId, TimestampNs};

use crate::errors::{CancelError, DeleteError, OpenError};
use crate::events::Events;
use crate::limits::{DELETIONS_KEPT_MAX, DELETIONS_PENDING_MAX};
use crate::maintenance::nanoseconds;
use crate::row_set::RowSet;
use crate::store::{Inner, lock};
pub(crate) use hidden::{Hidden, columns_for, hide};
pub(crate) use sweep::Sweep;

/// A delete request as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    /// Its name, unique in the store.
    pub id: String,
    /// Whose lines.
    pub tenant: TenantId,
    /// Which lines, in the language of the compiler that the store was given.
    pub query: String,
    /// First moment.
    pub start: TimestampNs,
    /// Last moment, inclusive.
    pub end: TimestampNs,
    /// When it was made.
    pub created: TimestampNs,
    /// Its lines are gone from disk.
    pub processed: bool,
}

/// A request with its filter.
pub(crate) struct Request {
    pub(crate) facts: Deletion,
    /// `None` when its query can no longer be read; then it hides and removes nothing.
    rows: Option<RowSet>,
}

impl Request {
    fn new(facts: Deletion, filter: Option<Arc<dyn RowFilter>>) -> Self {
        let rows = filter.map(|filter| RowSet::new(filter, facts.start, facts.end));
        Self { facts, rows }
    }

    /// Its rows, while they are still to go.
    fn pending_rows(&self) -> Option<&RowSet> {
        self.rows.as_ref().filter(|_| !self.facts.processed)
    }
}

/// All requests, oldest first.
#[derive(Clone, Default)]
pub(crate) struct Deletions {
    requests: Vec<Arc<Request>>,
    /// When a tenant's requests changed last.
    changed: BTreeMap<TenantId, TimestampNs>,
}

impl Deletions {
    /// Reads the folder's requests.
    pub(crate) fn load(
        directory: &Path,
        compiler: Option<&dyn RowFilterCompiler>,
        events: &Events,
    ) -> Result<Self, OpenError> {
        let mut requests = Vec::new();
        for facts in file::load(directory, events)? {
            let filter = match compiler.map(|compiler| compiler.compile(&facts.query)) {
                Some(Ok(filter)) => Some(filter),
                _ if facts.processed => None,
                other => {
                    let why = other.and_then(Result::err);
                    events.deletion_unreadable(&facts.id, why.as_deref().unwrap_or("there is no query language"));
                    None
                }
            };
            requests.push(Arc::new(Request::new(facts, filter)));
        }
        requests.sort_by(|a, b| (a.facts.created, &a.facts.id).cmp(&(b.facts.created, &b.facts.id)));
        let changes = requests
            .iter()
            .map(|request| (request.facts.tenant.clone(), request.facts.created));
        let changed = changes.collect();
        Ok(Self { requests, changed })
    }

    pub(crate) fn of<'a>(&'a self, tenant: &'a TenantId) -> impl Iterator<Item = &'a Arc<Request>> {
        self.requests
            .iter()
            .filter(move |request| request.facts.tenant == *tenant)
    }

    fn find<'a>(&'a self, tenant: &'a TenantId, id: &str) -> Option<&'a Arc<Request>> {
        self.of(tenant).find(|request| request.facts.id == id)
    }

    fn note_change(&mut self, tenant: &TenantId, now: TimestampNs) {
        // Never the same twice, however the clock goes.
        let changed = self.changed.entry(tenant.clone()).or_insert(now);
        *changed = now.max(TimestampNs(changed.0.saturating_add(1)));
    }

    fn remove(&mut self, id: &str) {
        self.requests.retain(|request| request.facts.id != id);
    }
}

impl Inner {
    /// Takes a request; it is durable and acts on scans when this returns.
    pub(crate) fn delete(
        &self,
        tenant: &TenantId,
        query: &str,
        (start, end): (TimestampNs, TimestampNs),
    ) -> Result<Deletion, DeleteError> {
        let compiler = self.settings.row_filters.as_ref().ok_or(DeleteError::NoLanguage)?;
        let filter = compiler.compile(query).map_err(DeleteError::Query)?;
        // One at a time: what is checked here must still hold when the file is there.
        let _one_at_a_time = lock(&self.deleting);
        let before = Arc::clone(&lock(&self.state).deletions);
        let pending = before.of(tenant).filter(|request| !request.facts.processed).count();
        if pending >= DELETIONS_PENDING_MAX {
            return Err(DeleteError::TooMany(DELETIONS_PENDING_MAX));
        }
        let mut facts = Deletion {
            id: String::new(),
            tenant: tenant.clone(),
            query: query.to_owned(),
            start,
            end,
            created: self.clock.now(),
            processed: false,
        };
        facts.id = free_id(&facts, |id| {
            before.requests.iter().any(|request| request.facts.id == id)
        });
        if let Err(error) = file::write(&self.deletions_directory(), &facts) {
            // It may be there all the same, and must not act after a restart: nobody was told of it.
            let _removed = file::remove(&self.deletions_directory(), &facts.id);
            return Err(DeleteError::Io(error));
        }
        let mut state = lock(&self.state);
        let deletions = Arc::make_mut(&mut state.deletions);
        deletions
            .requests
            .push(Arc::new(Request::new(facts.clone(), Some(filter))));
        deletions.note_change(tenant, facts.created);
        drop(state);
        self.events.deletion_requested(&facts);
        self.forget_old(tenant);
        Ok(facts)
    }

    /// The requests of a tenant, oldest first.
    pub(crate) fn deletions(&self, tenant: &TenantId) -> Vec<Deletion> {
        let deletions = Arc::clone(&lock(&self.state).deletions);
        deletions.of(tenant).map(|request| request.facts.clone()).collect()
    }

    /// When a tenant's requests changed last, `None` when it has had none.
    pub(crate) fn deletions_changed(&self, tenant: &TenantId) -> Option<TimestampNs> {
        lock(&self.state).deletions.changed.get(tenant).copied()
    }

    /// Takes a request back: its lines are shown again, as far as they are still there.
    pub(crate) fn cancel_deletion(&self, tenant: &TenantId, id: &str, force: bool) -> Result<(), CancelError> {
        let _one_at_a_time = lock(&self.deleting);
        let deletions = Arc::clone(&lock(&self.state).deletions);
        let request = deletions.find(tenant, id).ok_or(CancelError::Unknown)?;
        if request.facts.processed {
            return Err(CancelError::Processed);
        }
        let now = self.clock.now();
        if self.is_final(&request.facts, now) && !force {
            return Err(CancelError::TooLate(self.settings.delete_request_cancel_period));
        }
        file::remove(&self.deletions_directory(), id).map_err(CancelError::Io)?;
        let mut state = lock(&self.state);
        let deletions = Arc::make_mut(&mut state.deletions);
        deletions.remove(id);
        deletions.note_change(tenant, now);
        drop(state);
        self.events.deletion_cancelled(id);
        Ok(())
    }

    /// Whether a request can no longer be taken back.
    fn is_final(&self, facts: &Deletion, now: TimestampNs) -> bool {
        now.0.saturating_sub(facts.created.0) >= nanoseconds(self.settings.delete_request_cancel_period)
    }

    /// Notes that the lines of a request are gone; false when it was taken back meanwhile.
    fn mark_processed(&self, id: &str) -> std::io::Result<bool> {
        let _one_at_a_time = lock(&self.deleting);
        let deletions = Arc::clone(&lock(&self.state).deletions);
        let Some(request) = deletions.requests.iter().find(|request| request.facts.id == id) else {
            return Ok(false);
        };
        let facts = Deletion {
            processed: true,
            ..request.facts.clone()
        };
        file::write(&self.deletions_directory(), &facts)?;
        let done = Arc::new(Request::new(facts, None));
        let mut state = lock(&self.state);
        let deletions = Arc::make_mut(&mut state.deletions);
        deletions.note_change(&done.facts.tenant, self.clock.now());
        let places = deletions.requests.iter_mut();
        places
            .filter(|request| request.facts.id == id)
            .for_each(|place| *place = Arc::clone(&done));
        drop(state);
        self.events.deletion_processed(&done.facts);
        Ok(true)
    }

    /// Forgets the oldest processed requests of a tenant that has very many.
    fn forget_old(&self, tenant: &TenantId) {
        let deletions = Arc::clone(&lock(&self.state).deletions);
        let processed: Vec<&Arc<Request>> = deletions.of(tenant).filter(|request| request.facts.processed).collect();
        let too_many = processed.len().saturating_sub(DELETIONS_KEPT_MAX);
        for request in processed.into_iter().take(too_many) {
            let id = &request.facts.id;
            match file::remove(&self.deletions_directory(), id) {
                Ok(()) => Arc::make_mut(&mut lock(&self.state).deletions).remove(id),
                Err(error) => self.events.deletion_not_written(id, &error),
            }
        }
    }

    pub(crate) fn deletions_directory(&self) -> std::path::PathBuf {
        self.settings.directory.join("deletions")
    }
}

/// Eight hexadecimal digits, as Loki's ids; of the request, so that they differ without a source of chance.
fn free_id(facts: &Deletion, is_taken: impl Fn(&str) -> bool) -> String {
    let text = format!(
        "{} {} {} {} {}",
        facts.tenant, facts.created.0, facts.start.0, facts.end.0, facts.query
    );
    let mut number = crc32fast::hash(text.as_bytes());
    loop {
        let id = format!("{number:08x}");
        if !is_taken(&id) {
            return id;
        }
        number = number.wrapping_add(1);
    }
}
