//! `--since`, `--from` and `--to` as logcli reads them.

use std::time::Duration;

use clap::Args;
use longshore_model::{SECOND_NS, TimeRange, TimestampNs, parse_prometheus_duration};

/// The range of time a command looks at.
#[derive(Debug, Clone, Args)]
pub(crate) struct RangeArgs {
    /// How far to look back, when --from is not given
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = duration)]
    pub(crate) since: Duration,
    /// Start at this moment (inclusive): RFC 3339, or seconds or nanoseconds since 1970
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(crate) from: Option<TimestampNs>,
    /// End at this moment (exclusive) [default: now]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(crate) to: Option<TimestampNs>,
}

impl RangeArgs {
    /// The half-open range as seen at `now`.
    pub(crate) fn resolve(&self, now: TimestampNs) -> anyhow::Result<TimeRange> {
        let end = self.to.unwrap_or(now);
        let since_ns = i64::try_from(self.since.as_nanos()).unwrap_or(i64::MAX);
        let start = self.from.unwrap_or(TimestampNs(end.0.saturating_sub(since_ns)));
        anyhow::ensure!(
            start < end,
            "the range is empty: it starts at {start} and ends at {end}"
        );
        Ok(TimeRange { start, end })
    }
}

/// Reads `30s`, `5m`, `1h`, `7d`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    parse_prometheus_duration(text).map_err(|error| error.to_string())
}

/// Reads RFC 3339; bare integers are seconds up to ten digits and nanoseconds beyond, as in Loki's API.
pub(crate) fn moment(text: &str) -> Result<TimestampNs, String> {
    if let Ok(number) = text.parse::<i64>() {
        let scale = if text.len() <= 10 { SECOND_NS } else { 1 };
        return Ok(TimestampNs(number.saturating_mul(scale)));
    }
    TimestampNs::parse_rfc3339(text.as_bytes()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(since: &str, from: Option<&str>, to: Option<&str>) -> anyhow::Result<TimeRange> {
        let at = |text: &str| moment(text).expect("a moment");
        RangeArgs {
            since: duration(since).expect("a duration"),
            from: from.map(at),
            to: to.map(at),
        }
        .resolve(at("2026-01-01T12:00:00Z"))
    }

    #[test]
    fn looks_back_from_the_end() {
        let hour = range("1h", None, None).expect("fine");
        assert_eq!(
            (hour.start.to_string(), hour.end.to_string()),
            ("2026-01-01T11:00:00Z".into(), "2026-01-01T12:00:00Z".into())
        );
        let before = range("30m", None, Some("2026-01-01T01:00:00Z")).expect("fine");
        assert_eq!(before.start.to_string(), "2026-01-01T00:30:00Z");
        let from = range("1h", Some("2026-01-01T00:00:00+02:00"), None).expect("fine");
        assert_eq!(from.start.to_string(), "2025-12-31T22:00:00Z");
    }

    #[test]
    fn refuses_an_empty_range() {
        let error = range("1h", Some("2026-01-01T13:00:00Z"), None).expect_err("empty");
        assert_eq!(
            error.to_string(),
            "the range is empty: it starts at 2026-01-01T13:00:00Z and ends at 2026-01-01T12:00:00Z"
        );
    }

    #[test]
    fn integers_are_seconds_or_nanoseconds() {
        assert_eq!(moment("1700000000"), Ok(TimestampNs(1_700_000_000 * SECOND_NS)));
        assert_eq!(
            moment("1700000000000000001"),
            Ok(TimestampNs(1_700_000_000_000_000_001))
        );
        assert!(moment("yesterday").is_err());
    }
}
