//! Nanoseconds since the Unix epoch, and RFC 3339 text.

use std::fmt;

use thiserror::Error;

/// Nanoseconds in a second.
pub const SECOND_NS: i64 = 1_000_000_000;
/// Nanoseconds in a UTC day; Unix time has no leap seconds.
pub const DAY_NS: i64 = 86_400 * SECOND_NS;

/// A moment: nanoseconds since 1970-01-01T00:00:00Z; years 1677 to 2262.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TimestampNs(pub i64);

/// The text is no RFC 3339 time.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("'{0}' is not an RFC 3339 time such as 2026-01-31T12:00:00.123456789Z")]
pub struct TimestampError(pub String);

/// A half-open range of time, `[start, end)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    /// First moment inside.
    pub start: TimestampNs,
    /// First moment after it.
    pub end: TimestampNs,
}

impl TimeRange {
    /// All of time.
    pub const ALL: Self = Self {
        start: TimestampNs(i64::MIN),
        end: TimestampNs(i64::MAX),
    };

    /// Whether the moment lies inside.
    pub fn contains(&self, at: TimestampNs) -> bool {
        self.start <= at && at < self.end
    }

    /// Whether any moment of the closed range `[first, last]` lies inside.
    pub fn overlaps(&self, first: TimestampNs, last: TimestampNs) -> bool {
        first < self.end && last >= self.start
    }

    /// Whether nothing lies inside.
    pub fn is_empty(&self) -> bool {
        self.start >= self.end
    }
}

impl TimestampNs {
    /// Days since the epoch, rounding down: the UTC day this moment belongs to.
    pub fn day(self) -> i32 {
        self.0.div_euclid(DAY_NS) as i32
    }

    /// Reads `2026-01-31T12:00:00.123456789Z` or the same with an offset such as `+02:00`.
    ///
    /// Written for the hot path: fixed places, no allocation unless it fails. Digits after the ninth decimal are
    /// dropped.
    pub fn parse_rfc3339(text: &[u8]) -> Result<Self, TimestampError> {
        parse_rfc3339(text).ok_or_else(|| TimestampError(String::from_utf8_lossy(text).into_owned()))
    }
}

fn digits(text: &[u8]) -> Option<i64> {
    text.iter().try_fold(0_i64, |sum, byte| {
        byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0'))
    })
}

fn parse_rfc3339(text: &[u8]) -> Option<TimestampNs> {
    let head = text.get(..19)?;
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if separators
        .iter()
        .any(|&(at, byte)| head[at] != byte && !(at == 10 && matches!(head[at], b't' | b' ')))
    {
        return None;
    }
    let (year, month, day) = (digits(&head[..4])?, digits(&head[5..7])?, digits(&head[8..10])?);
    let (hour, minute, second) = (digits(&head[11..13])?, digits(&head[14..16])?, digits(&head[17..19])?);
    if !(1..=12).contains(&month) || !(1..=days_in_month(year, month)).contains(&day) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut rest = &text[19..];
    let mut fraction_ns = 0_i64;
    if let Some(after_point) = rest.strip_prefix(b".") {
        let length = after_point.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if length == 0 {
            return None;
        }
        let kept = length.min(9);
        fraction_ns = digits(&after_point[..kept])? * 10_i64.pow(9 - kept as u32);
        rest = &after_point[length..];
    }
    let offset_seconds = match rest {
        b"Z" | b"z" => 0,
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let offset = digits(&[*h1, *h2])? * 3600 + digits(&[*m1, *m2])? * 60;
            if *sign == b'+' { offset } else { -offset }
        }
        _ => return None,
    };
    let seconds = days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset_seconds;
    seconds
        .checked_mul(SECOND_NS)?
        .checked_add(fraction_ns)
        .map(TimestampNs)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a date of the proleptic Gregorian calendar.
///
/// Counts years from March, so that the leap day is the last of its year; 400 years are one 146,097-day era.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// RFC 3339 in UTC, as Go's `time.RFC3339Nano` prints it: no trailing zeros in the fraction.
impl fmt::Display for TimestampNs {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = jiff::Timestamp::from_nanosecond(i128::from(self.0)).map_err(|_| fmt::Error)?;
        fmt::Display::fmt(&at, formatter)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_what_container_runtimes_write() {
        let check = |text: &str, ns: i64| assert_eq!(TimestampNs::parse_rfc3339(text.as_bytes()), Ok(TimestampNs(ns)));
        check("1970-01-01T00:00:00Z", 0);
        check("2026-11-22T18:00:00.123456789Z", 1_795_370_400_123_456_789);
        check("2026-11-22T20:00:00.5+02:00", 1_795_370_400_500_000_000);
        check("2024-02-29T00:00:00.1234567891Z", 1_709_164_800_123_456_789);
        check("1969-12-31T23:59:59Z", -SECOND_NS);
    }

    #[test]
    fn refuses_the_rest() {
        for bad in [
            "",
            "2026",
            "2026-13-01T00:00:00Z",
            "2025-02-29T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:00",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00+0200",
        ] {
            assert!(TimestampNs::parse_rfc3339(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn printing_and_reading_give_the_same(ns in any::<i64>()) {
            let text = TimestampNs(ns).to_string();
            prop_assert_eq!(TimestampNs::parse_rfc3339(text.as_bytes()), Ok(TimestampNs(ns)));
        }

        #[test]
        fn a_day_holds_its_moments(ns in any::<i64>()) {
            let day = i128::from(TimestampNs(ns).day());
            let first = day * i128::from(DAY_NS);
            prop_assert!(first <= i128::from(ns) && i128::from(ns) < first + i128::from(DAY_NS));
        }
    }
}
