//! What a request reads: the logs of its tenant.

use std::sync::Arc;

use longshore_model::{BatchSource, Labels, ScanError, ScanRequest, Storage, StreamSelector, TenantId, TimeRange};
use longshore_store::{Store, StreamVolume};

/// The logs of a tenant.
#[derive(Clone)]
pub(crate) struct Logs {
    store: Arc<Store>,
    tenant: TenantId,
}

impl Logs {
    pub(crate) fn new(store: Arc<Store>, tenant: TenantId) -> Self {
        Self { store, tenant }
    }

    /// Whose they are.
    pub(crate) fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// Labels of the streams that have lines in a time.
    pub(crate) fn streams(&self, selector: &dyn StreamSelector, time: TimeRange) -> Vec<Labels> {
        self.store.streams(&self.tenant, selector, time)
    }

    /// Bytes of lines by stream; in buckets of `step_ns`, when it is given.
    pub(crate) fn volume(
        &self,
        selector: &dyn StreamSelector,
        time: TimeRange,
        step_ns: Option<i64>,
    ) -> Vec<StreamVolume> {
        self.store.volume(&self.tenant, selector, time, step_ns)
    }
}

impl Storage for Logs {
    fn scan<'a>(&'a self, request: ScanRequest<'a>) -> Result<Box<dyn BatchSource + 'a>, ScanError> {
        self.store.scan(request)
    }
}
