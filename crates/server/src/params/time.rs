//! Moments and durations as requests and messages spell them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use longshore_model::{SECOND_NS, TimestampNs};

/// Whole numbers of up to so many digits are seconds, longer ones nanoseconds.
const SECONDS_DIGITS_MAX: usize = 10;

/// The server's clock.
pub(crate) fn now() -> TimestampNs {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    TimestampNs(i64::try_from(since_epoch.as_nanos()).unwrap_or(i64::MAX))
}

/// Reads seconds, nanoseconds, decimal seconds (to the millisecond, as Loki rounds them) or RFC 3339.
pub(crate) fn parse_timestamp(text: &str) -> Result<TimestampNs, String> {
    if text.contains('.')
        && let Ok(seconds) = text.parse::<f64>()
    {
        let fraction_ms = (seconds.fract() * 1e3).round();
        let ns = seconds.trunc() * 1e9 + fraction_ms * 1e6;
        return Ok(TimestampNs(ns as i64));
    }
    if let Ok(number) = text.parse::<i64>() {
        let factor = if text.len() <= SECONDS_DIGITS_MAX { SECOND_NS } else { 1 };
        return Ok(TimestampNs(number.saturating_mul(factor)));
    }
    TimestampNs::parse_rfc3339(text.as_bytes())
        .map_err(|_| format!("strconv.ParseInt: parsing {text:?}: invalid syntax"))
}

/// A duration as Prometheus writes it: `30d1h`, `1w`, `90s`.
pub(crate) fn format_prometheus_duration(duration: Duration) -> String {
    let mut rest_ms = duration.as_millis();
    if rest_ms == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    // Years, weeks only when they come out even: `30d1h` is no `4w2d1h`.
    let units = [
        ("y", 31_536_000_000, true),
        ("w", 604_800_000, true),
        ("d", 86_400_000, false),
        ("h", 3_600_000, false),
        ("m", 60_000, false),
        ("s", 1_000, false),
        ("ms", 1, false),
    ];
    for (unit, unit_ms, only_even) in units {
        if only_even && !rest_ms.is_multiple_of(unit_ms) {
            continue;
        }
        let count = rest_ms / unit_ms;
        if count > 0 {
            text.push_str(&format!("{count}{unit}"));
            rest_ms -= count * unit_ms;
        }
    }
    text
}
