//! How much a tenant may push: bytes in a while, bytes of a stream in a while, streams at a time.
//!
//! Invariants:
//! * What is refused here is not stored: the whole request when the tenant's rate is exceeded, else whole streams.
//! * Memory is bounded: a stream is remembered while it is active, and only for tenants with such a limit; a bucket
//!   that is full again is as good as none and goes.
//!
//! A stream is active when it was pushed to within the last `chunk_idle_period`, which is how long Loki's ingester
//! holds a silent one. After a restart none is active yet.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use longshore_model::{ByteSize, Labels, TenantId};

use crate::ingest::{Accepted, Checked, Reason, Refusal};
use crate::limits::{REFUSALS_LISTED_MAX, STREAM_BUCKETS_MAX, TENANTS_REMEMBERED_MAX};
use crate::rate::{Bucket, Rate};
use crate::settings::Limits;

/// What all tenants have pushed lately.
#[derive(Debug)]
pub(crate) struct Admission {
    /// How long a stream counts after its last push.
    active_for: Duration,
    tenants: Mutex<HashMap<TenantId, Pushed>>,
}

/// What a tenant has pushed lately.
#[derive(Debug, Default)]
struct Pushed {
    bucket: Option<Bucket>,
    /// Buckets of streams that are not full.
    stream_buckets: HashMap<Labels, Bucket>,
    /// Active streams, by the policy that they count for: those of the tenant itself have none.
    active: HashMap<String, Active>,
}

/// When each active stream was last pushed to.
type Active = HashMap<Labels, Instant>;

impl Admission {
    pub(crate) fn new(active_for: Duration) -> Self {
        Self {
            active_for,
            tenants: Mutex::default(),
        }
    }

    /// Takes out of a request what is more than its tenant may push now.
    pub(crate) fn admit(&self, tenant: &TenantId, limits: &Limits, request: &mut Accepted, now: Instant) {
        let is_limited = limits.ingestion_rate.is_some()
            || limits.stream_rate.is_some()
            || limits.max_streams.is_some()
            || limits.policies.is_counting();
        if !is_limited {
            return;
        }
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        if tenants.len() >= TENANTS_REMEMBERED_MAX && !tenants.contains_key(tenant) {
            tenants.clear();
        }
        let pushed = tenants.entry(tenant.clone()).or_default();
        if let Some(rate) = limits.ingestion_rate {
            let bytes = request.streams.iter().map(Checked::bytes).sum();
            let bucket = pushed.bucket.get_or_insert_with(|| Bucket::new(rate, now));
            if !bucket.take(bytes, rate, now) {
                let text = format!(
                    "ingestion rate limit exceeded for user {tenant} (limit: {} bytes/sec) while attempting to ingest \
                     '{}' lines totaling '{bytes}' bytes, reduce log volume or contact your Loki administrator to see \
                     if the limit can be increased",
                    rate.bytes_per_second.floor(),
                    request.lines
                );
                request.refuse_streams(|_| Some((Reason::RateLimited, text.clone())));
                return;
            }
        }
        pushed.forget_silent(limits, request.streams.len(), self.active_for, now);
        request.refuse_streams(|checked| {
            pushed
                .refusal_of_new(&checked.stream.labels, tenant, limits, now)
                .or_else(|| pushed.refusal_of_fast(checked, tenant, limits, now))
        });
    }
}

/// How many active streams may count for a policy, or for the tenant itself; `None` for any number.
fn max_streams(limits: &Limits, policy: &str) -> Option<usize> {
    limits.policies.max_streams(policy).unwrap_or(limits.max_streams)
}

impl Pushed {
    /// Makes room for the streams of a request. Once for all of them: every tenant waits for this.
    fn forget_silent(&mut self, limits: &Limits, coming: usize, active_for: Duration, now: Instant) {
        self.active.retain(|policy, active| {
            let Some(max) = max_streams(limits, policy) else {
                return false;
            };
            if active.len().saturating_add(coming) > max {
                active.retain(|_, last| now.saturating_duration_since(*last) < active_for);
            }
            true
        });
    }

    /// Why a stream may not be begun; a stream that is active stays so.
    fn refusal_of_new(&mut self, stream: &Labels, tenant: &TenantId, limits: &Limits, now: Instant) -> Option<Refusal> {
        let policy = limits.policies.counted(stream);
        let streams_max = max_streams(limits, policy)?;
        let active = self.active.entry(policy.to_owned()).or_default();
        if let Some(last) = active.get_mut(stream) {
            *last = now;
            return None;
        }
        if active.len() >= streams_max {
            let text = format!(
                "maximum active stream limit exceeded when trying to create stream {stream}, reduce the number of \
                 active streams (reduce labels or reduce label values), or contact your Loki administrator to see if \
                 the limit can be increased, user: '{tenant}'"
            );
            return Some((Reason::StreamLimit, text));
        }
        active.insert(stream.clone(), now);
        None
    }

    /// Why a stream may not be pushed to now.
    fn refusal_of_fast(
        &mut self,
        checked: &Checked,
        tenant: &TenantId,
        limits: &Limits,
        now: Instant,
    ) -> Option<Refusal> {
        let rate = limits.stream_rate?;
        if self.stream_buckets.len() >= STREAM_BUCKETS_MAX {
            self.stream_buckets.retain(|_, bucket| !bucket.is_full(rate, now));
            // With little room the next streams would have all of them looked at again, one by one.
            if self.stream_buckets.len() > STREAM_BUCKETS_MAX / 2 {
                self.stream_buckets.clear();
            }
        }
        let bucket = self
            .stream_buckets
            .entry(checked.stream.labels.clone())
            .or_insert_with(|| Bucket::new(rate, now));
        if bucket.take(checked.bytes(), rate, now) {
            return None;
        }
        Some((Reason::StreamRateLimited, stream_rate_limited(checked, tenant, rate)))
    }
}

/// Lists the first entries, as Loki does.
fn stream_rate_limited(checked: &Checked, tenant: &TenantId, rate: Rate) -> String {
    let labels = &checked.stream.labels;
    let limit = ByteSize(rate.bytes_per_second as u64).to_string().replace("iB", "B");
    let entries = checked.stream.entries.iter().zip(&checked.entry_bytes);
    let mut text: String = entries
        .take(REFUSALS_LISTED_MAX)
        .map(|(entry, bytes)| {
            let at = entry.timestamp.to_string().replace('T', " ").replace('Z', " +0000 UTC");
            format!(
                "entry with timestamp {at} ignored, reason: 'Per stream rate limit exceeded (limit: {limit}/sec) while \
                 attempting to ingest for stream '{labels}' totaling {bytes}B, consider splitting a stream via \
                 additional labels or contact your Loki administrator to see if the limit can be increased',\n"
            )
        })
        .collect();
    let count = checked.stream.entries.len();
    text.push_str(&format!(
        "user '{tenant}', total ignored: {count} out of {count} for stream: {labels}"
    ));
    text
}

#[cfg(test)]
mod tests;
