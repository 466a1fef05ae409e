//! What each service of the demo writes, one file a service: each in the form its kind of program really uses.

pub(super) mod checkout;
pub(super) mod inventory;
pub(super) mod payments;
pub(super) mod web;
pub(super) mod worker;

use longshore_model::TimestampNs;

/// A time in a service's own form (strftime), in UTC.
fn time(at: TimestampNs, format: &str) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(at.0))
        .expect("64 bits of nanoseconds are within the calendar")
        .strftime(format)
        .to_string()
}

/// `12.34`.
fn money(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}
