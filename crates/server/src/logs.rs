//! What a request reads: the logs of its tenant, or of several that it names together.
//!
//! Invariant: with several, each stream has the label `__tenant_id__`, which selectors may ask for; a label of that
//! name that a stream has already goes by another name.

use std::sync::Arc;

use longshore_model::{
    Batch, BatchSource, Cancellation, Labels, ScanError, ScanRequest, ScanStats, Storage, StreamSelector, TenantId,
    TimeRange, TimestampNs,
};
use longshore_store::{Grown, Store, StreamVolume};

/// Tells the logs of several tenants apart.
const TENANT_LABEL: &str = "__tenant_id__";

/// What a label of that name is called then.
const ORIGINAL_TENANT_LABEL: &str = "original___tenant_id__";

/// The logs of one tenant or of several.
#[derive(Clone)]
pub(crate) struct Logs {
    store: Arc<Store>,
    tenants: Tenants,
    /// Nothing before it is seen.
    oldest: TimestampNs,
    /// Once it says so, no stream is looked at any more: what is found then is for nobody.
    cancellation: Cancellation,
}

/// Whose logs are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tenants {
    /// One, whose streams are as they are.
    One(TenantId),
    /// Several, whose streams have [`TENANT_LABEL`]; at least one, in order, none twice.
    Several(Vec<TenantId>),
}

impl Tenants {
    pub(crate) fn as_slice(&self) -> &[TenantId] {
        match self {
            Self::One(tenant) => std::slice::from_ref(tenant),
            Self::Several(tenants) => tenants,
        }
    }
}

impl Logs {
    pub(crate) fn new(store: Arc<Store>, tenants: Tenants) -> Self {
        Self {
            store,
            tenants,
            oldest: TimestampNs(i64::MIN),
            cancellation: Cancellation::default(),
        }
    }

    /// The same for as long as somebody waits for it.
    pub(crate) fn until(self, cancellation: Cancellation) -> Self {
        Self { cancellation, ..self }
    }

    /// The same without what lies before a moment.
    pub(crate) fn since(self, oldest: TimestampNs) -> Self {
        Self { oldest, ..self }
    }

    /// Whose they are, when they are one tenant's.
    pub(crate) fn single(&self) -> Option<&TenantId> {
        match &self.tenants {
            Tenants::One(tenant) => Some(tenant),
            Tenants::Several(_) => None,
        }
    }

    /// Whose they are.
    pub(crate) fn tenants(&self) -> &[TenantId] {
        self.tenants.as_slice()
    }

    /// What a scan names; a scan of several goes through all of them.
    pub(crate) fn tenant(&self) -> &TenantId {
        // There is at least one.
        &self.tenants.as_slice()[0]
    }

    /// The part of a time that is seen.
    pub(crate) fn visible(&self, time: TimeRange) -> TimeRange {
        let start = time.start.max(self.oldest);
        TimeRange {
            start,
            end: time.end.max(start),
        }
    }

    /// Whether nothing of a time is seen.
    fn is_hidden(&self, time: TimeRange) -> bool {
        time.end <= self.oldest
    }

    fn ending<'a>(&'a self, selector: &'a dyn StreamSelector) -> Ending<'a> {
        Ending {
            selector,
            cancellation: &self.cancellation,
        }
    }

    /// Labels of the streams that have lines in a time.
    pub(crate) fn streams(&self, selector: &dyn StreamSelector, time: TimeRange) -> Vec<Labels> {
        if self.is_hidden(time) {
            return Vec::new();
        }
        let (time, selector) = (self.visible(time), &self.ending(selector));
        match &self.tenants {
            Tenants::One(tenant) => self.store.streams(tenant, selector, time),
            Tenants::Several(tenants) => {
                let of_tenant = |tenant: &TenantId| {
                    let streams = self.store.streams(tenant, &OfTenant::new(selector, tenant), time);
                    let tenant = tenant.clone();
                    streams.into_iter().map(move |labels| with_tenant(&labels, &tenant))
                };
                let mut streams: Vec<Labels> = tenants.iter().flat_map(of_tenant).collect();
                streams.sort();
                streams
            }
        }
    }

    /// Bytes of lines by stream; in buckets of `step_ns`, when it is given. Ends with the first error of `hold`, which
    /// hears of what comes to the answer.
    pub(crate) fn volume<E>(
        &self,
        selector: &dyn StreamSelector,
        time: TimeRange,
        step_ns: Option<i64>,
        hold: &mut dyn FnMut(Grown<'_>) -> Result<(), E>,
    ) -> Result<Vec<StreamVolume>, E> {
        if self.is_hidden(time) {
            return Ok(Vec::new());
        }
        let (time, selector) = (self.visible(time), &self.ending(selector));
        match &self.tenants {
            Tenants::One(tenant) => self.store.volume(tenant, selector, time, step_ns, hold),
            Tenants::Several(tenants) => {
                let mut all = Vec::new();
                for tenant in tenants {
                    let volumes = self
                        .store
                        .volume(tenant, &OfTenant::new(selector, tenant), time, step_ns, hold)?;
                    all.extend(volumes.into_iter().map(|volume| StreamVolume {
                        labels: with_tenant(&volume.labels, tenant),
                        ..volume
                    }));
                }
                Ok(all)
            }
        }
    }
}

impl Storage for Logs {
    fn scan<'a>(&'a self, request: ScanRequest<'a>) -> Result<Box<dyn BatchSource + 'a>, ScanError> {
        let request = ScanRequest {
            time: self.visible(request.time),
            ..request
        };
        match &self.tenants {
            Tenants::One(_) => self.store.scan(request),
            Tenants::Several(tenants) => Ok(Box::new(Chain {
                store: &self.store,
                request,
                waiting: tenants.iter(),
                current: None,
                read: ScanStats::default(),
            })),
        }
    }
}

/// Labels of a stream as they are seen beside those of other tenants.
fn with_tenant(labels: &Labels, tenant: &TenantId) -> Labels {
    let own = labels.iter().map(|(name, value)| match name {
        TENANT_LABEL => (ORIGINAL_TENANT_LABEL, value),
        name => (name, value),
    });
    Labels::new(own.chain([(TENANT_LABEL, tenant.as_str())]))
}

/// A selector that wants nothing once nobody waits for it.
struct Ending<'a> {
    selector: &'a dyn StreamSelector,
    cancellation: &'a Cancellation,
}

impl StreamSelector for Ending<'_> {
    fn matches(&self, labels: &Labels) -> bool {
        !self.cancellation.is_cancelled() && self.selector.matches(labels)
    }
}

/// A selector that sees the label of a tenant.
struct OfTenant<S> {
    selector: S,
    tenant: TenantId,
}

impl<S> OfTenant<S> {
    fn new(selector: S, tenant: &TenantId) -> Self {
        Self {
            selector,
            tenant: tenant.clone(),
        }
    }
}

impl<S: StreamSelector> StreamSelector for OfTenant<S> {
    fn matches(&self, labels: &Labels) -> bool {
        self.selector.matches(&with_tenant(labels, &self.tenant))
    }
}

/// The scans of several tenants, one after the other.
struct Chain<'a> {
    store: &'a Store,
    request: ScanRequest<'a>,
    waiting: std::slice::Iter<'a, TenantId>,
    current: Option<Link<'a>>,
    /// What the scans have read that are over.
    read: ScanStats,
}

/// The scan of a tenant.
struct Link<'a> {
    tenant: &'a TenantId,
    scan: Box<dyn BatchSource + 'a>,
    /// Labels that came last, as the tenant's and as they are seen: batches of a stream share theirs.
    last: Option<(Labels, Labels)>,
}

impl<'a> Chain<'a> {
    fn open(&self, tenant: &'a TenantId) -> Result<Link<'a>, ScanError> {
        let request = ScanRequest {
            tenant,
            selector: Arc::new(OfTenant::new(Arc::clone(&self.request.selector), tenant)),
            time: self.request.time,
            direction: self.request.direction,
            searches: self.request.searches.clone(),
            columns: self.request.columns,
            metadata_names: self.request.metadata_names.clone(),
            alike: self.request.alike,
            cancellation: self.request.cancellation.clone(),
        };
        Ok(Link {
            tenant,
            scan: self.store.scan(request)?,
            last: None,
        })
    }
}

impl BatchSource for Chain<'_> {
    fn next_batch(&mut self, still_wanted: TimeRange) -> Result<Option<Batch>, ScanError> {
        loop {
            let Some(link) = &mut self.current else {
                let Some(tenant) = self.waiting.next() else {
                    return Ok(None);
                };
                self.current = Some(self.open(tenant)?);
                continue;
            };
            if let Some(batch) = link.scan.next_batch(still_wanted)? {
                let seen = match &link.last {
                    Some((own, seen)) if own.is_same(&batch.labels) => seen.clone(),
                    _ => with_tenant(&batch.labels, link.tenant),
                };
                link.last = Some((batch.labels.clone(), seen.clone()));
                return Ok(Some(Batch { labels: seen, ..batch }));
            }
            self.read += link.scan.stats();
            self.current = None;
        }
    }

    fn stats(&self) -> ScanStats {
        let mut read = self.read;
        if let Some(link) = &self.current {
            read += link.scan.stats();
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use longshore_model::{Entry, StreamEntries};
    use longshore_store::Settings;

    use super::*;

    /// Ends the request at the second stream that it is asked about.
    struct EndsAtTheSecond(Cancellation, AtomicUsize);

    impl StreamSelector for EndsAtTheSecond {
        fn matches(&self, _: &Labels) -> bool {
            if self.1.fetch_add(1, Ordering::Relaxed) == 1 {
                self.0.cancel();
            }
            true
        }
    }

    #[test]
    fn selectors_are_asked_about_no_more_streams_once_nobody_waits() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(Settings::new(folder.path())).unwrap();
        let tenants = ["a", "b"].map(|tenant| TenantId::new(tenant).unwrap());
        let stream = |app: usize| StreamEntries {
            labels: Labels::new([("app", app.to_string())]),
            entries: vec![Entry {
                timestamp: TimestampNs(1),
                line: "x".into(),
                structured_metadata: Labels::empty(),
            }],
        };
        for tenant in &tenants {
            store.push(tenant, (0..5).map(stream).collect()).unwrap();
        }
        for whose in [Tenants::One(tenants[0].clone()), Tenants::Several(tenants.to_vec())] {
            let asked = |look: &dyn Fn(&Logs, &EndsAtTheSecond)| {
                let cancellation = Cancellation::default();
                let selector = EndsAtTheSecond(cancellation.clone(), AtomicUsize::new(0));
                look(
                    &Logs::new(Arc::clone(&store), whose.clone()).until(cancellation),
                    &selector,
                );
                selector.1.into_inner()
            };
            assert_eq!(asked(&|logs, selector| drop(logs.streams(selector, TimeRange::ALL))), 2);
            assert_eq!(
                asked(&|logs, selector| drop(logs.volume(selector, TimeRange::ALL, None, &mut |_| Ok::<(), ()>(())))),
                2
            );
        }
    }
}
