//! Moments with a zone, as Go's `time.Time`.

use std::fmt::{Display, Formatter};
use std::rc::Rc;

const DAY_SECONDS: i64 = 86_400;
/// The moment that a time without a value is: the first of January of the year 1.
const ZERO_UNIX: i64 = -62_135_596_800;

/// A moment and the zone that it is shown in.
#[derive(Debug, Clone)]
pub(super) struct GoTime {
    /// Since 1970.
    pub(super) unix: i64,
    /// Below 1,000,000,000.
    pub(super) nanos: u32,
    pub(super) zone: Zone,
}

/// A fixed difference to UTC with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Zone {
    /// Seconds east of Greenwich.
    pub(super) offset: i32,
    /// `UTC`, `CEST`; may be empty.
    pub(super) name: Rc<str>,
}

impl Zone {
    pub(super) fn utc() -> Self {
        Self {
            offset: 0,
            name: "UTC".into(),
        }
    }
}

/// Equal when they are the same moment, in whatever zone.
impl PartialEq for GoTime {
    fn eq(&self, other: &Self) -> bool {
        (self.unix, self.nanos) == (other.unix, other.nanos)
    }
}

/// A day of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Date {
    pub(super) year: i64,
    /// From 1.
    pub(super) month: u32,
    /// From 1.
    pub(super) day: u32,
}

impl Date {
    /// Days since 1970 in the Gregorian calendar, which is taken to have been there always.
    pub(super) fn days(self) -> i64 {
        let year = self.year - i64::from(self.month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let month = i64::from((self.month + 9) % 12);
        let day_of_year = (153 * month + 2) / 5 + i64::from(self.day) - 1;
        era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
    }

    fn of_days(days: i64) -> Self {
        let days = days + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_index = (5 * day_of_year + 2) / 153;
        let month = if month_index < 10 {
            month_index + 3
        } else {
            month_index - 9
        };
        Self {
            year: era * 400 + year_of_era + i64::from(month <= 2),
            month: month as u32,
            day: (day_of_year - (153 * month_index + 2) / 5 + 1) as u32,
        }
    }

    /// Days of its month.
    pub(super) fn month_length(self) -> u32 {
        let leap = self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0);
        match self.month {
            2 => 28 + u32::from(leap),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }
}

impl GoTime {
    /// A time that was never set.
    pub(super) fn zero() -> Self {
        Self::utc(ZERO_UNIX, 0)
    }

    /// A moment in UTC.
    pub(super) fn utc(unix: i64, nanos: u32) -> Self {
        Self {
            unix,
            nanos,
            zone: Zone::utc(),
        }
    }

    fn local_seconds(&self) -> i64 {
        self.unix.saturating_add(i64::from(self.zone.offset))
    }

    pub(super) fn date(&self) -> Date {
        Date::of_days(self.local_seconds().div_euclid(DAY_SECONDS))
    }

    /// Hour, minute, second.
    pub(super) fn clock(&self) -> (u32, u32, u32) {
        let seconds = self.local_seconds().rem_euclid(DAY_SECONDS) as u32;
        (seconds / 3600, seconds / 60 % 60, seconds % 60)
    }

    /// From 0, Sunday.
    pub(super) fn weekday(&self) -> usize {
        (self.local_seconds().div_euclid(DAY_SECONDS) + 4).rem_euclid(7) as usize
    }

    /// From 1.
    pub(super) fn day_of_year(&self) -> i64 {
        let date = self.date();
        date.days()
            - Date {
                month: 1,
                day: 1,
                ..date
            }
            .days()
            + 1
    }

    /// Units of which a second has so many, since 1970.
    pub(super) fn units(&self, a_second: i64) -> i64 {
        let part = i64::from(self.nanos) / (1_000_000_000 / a_second);
        self.unix.wrapping_mul(a_second).wrapping_add(part)
    }
}

/// As Go prints it: `2023-05-26 00:00:00 +0000 UTC`.
impl Display for GoTime {
    fn fmt(&self, out: &mut Formatter<'_>) -> std::fmt::Result {
        out.write_str(&super::layout::format("2006-01-02 15:04:05.999999999 -0700 MST", self))
    }
}
