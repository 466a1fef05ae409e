//! The one place where the store learns what time it is.
//!
//! Invariant: nothing else in the crate reads a clock, so tests decide the time.

use std::time::{SystemTime, UNIX_EPOCH};

use longshore_model::TimestampNs;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now, in UTC.
    fn now(&self) -> TimestampNs;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> TimestampNs {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        TimestampNs(i64::try_from(since_epoch.as_nanos()).unwrap_or(i64::MAX))
    }
}
