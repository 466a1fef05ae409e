//! Times as logcli prints them: RFC 3339 with seconds, in a chosen timezone.

use clap::ValueEnum;
use jiff::tz::TimeZone;
use longshore_model::TimestampNs;

/// Which clock on the wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Timezone {
    /// The system's
    Local,
    /// Universal time
    Utc,
}

impl Timezone {
    /// The zone, looked up once.
    pub(crate) fn zone(self) -> TimeZone {
        match self {
            Self::Local => TimeZone::system(),
            Self::Utc => TimeZone::UTC,
        }
    }
}

/// `2026-01-31T12:00:00Z`, or with `+01:00`; decimals only as wanted.
pub(crate) fn format(at: TimestampNs, zone: &TimeZone, nanoseconds: bool) -> String {
    let Ok(timestamp) = jiff::Timestamp::from_nanosecond(i128::from(at.0)) else {
        return at.0.to_string();
    };
    let offset = zone.to_offset(timestamp);
    let zoned = if offset.is_zero() { "Z" } else { "%:z" };
    let decimals = if nanoseconds { "%.f" } else { "" };
    timestamp
        .to_zoned(zone.clone())
        .strftime(&format!("%Y-%m-%dT%H:%M:%S{decimals}{zoned}"))
        .to_string()
}

#[cfg(test)]
mod tests {
    use jiff::tz::Offset;

    use super::*;

    #[test]
    fn prints_both_zones() {
        let at = TimestampNs(1_795_370_400_120_000_000);
        assert_eq!(format(at, &TimeZone::UTC, false), "2026-11-22T18:00:00Z");
        assert_eq!(format(at, &TimeZone::UTC, true), "2026-11-22T18:00:00.12Z");
        assert_eq!(
            format(at, &TimeZone::fixed(Offset::constant(2)), false),
            "2026-11-22T20:00:00+02:00"
        );
    }
}
