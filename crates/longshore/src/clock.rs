//! The wall clock, read in one place.

use longshore_model::TimestampNs;

/// The present moment.
pub(crate) fn now() -> TimestampNs {
    // Nanoseconds fit 64 bits until 2262.
    TimestampNs(i64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX))
}
