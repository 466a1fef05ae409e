//! Durations in Go's and Prometheus' spelling.

use std::time::Duration;

use thiserror::Error;

/// The text is no duration.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("'{0}' is not a duration; write a number with a unit, as in 500ms, 30s, 5m, 168h")]
pub struct DurationError(pub String);

const GO_UNITS: [(&str, f64); 8] = [
    ("ns", 1.0),
    ("us", 1e3),
    ("µs", 1e3),
    ("μs", 1e3),
    ("ms", 1e6),
    ("s", 1e9),
    ("m", 60e9),
    ("h", 3600e9),
];

/// Prometheus' units, largest first; each may stand once, in this order.
const PROMETHEUS_UNITS: [(&str, u64); 7] = [
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Reads a duration as Go's `time.ParseDuration` does, in nanoseconds; it may be negative.
pub fn parse_go_duration(text: &str) -> Result<i64, DurationError> {
    let error = || DurationError(text.to_owned());
    let (negative, mut rest) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(error());
    }
    let mut total_ns = 0.0_f64;
    while !rest.is_empty() {
        let number_end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(error)?;
        let number: f64 = rest[..number_end].parse().map_err(|_| error())?;
        rest = &rest[number_end..];
        let unit_end = rest
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(rest.len());
        let (_, factor) = GO_UNITS
            .iter()
            .find(|(unit, _)| *unit == &rest[..unit_end])
            .ok_or_else(error)?;
        total_ns += number * factor;
        rest = &rest[unit_end..];
    }
    if total_ns > i64::MAX as f64 {
        return Err(error());
    }
    let total_ns = total_ns.round() as i64;
    Ok(if negative { -total_ns } else { total_ns })
}

/// Reads a duration as Prometheus' `model.ParseDuration` does (`1w`, `1d12h`, `90m`), and Go's forms besides.
pub fn parse_prometheus_duration(text: &str) -> Result<Duration, DurationError> {
    let error = || DurationError(text.to_owned());
    prometheus_milliseconds(text)
        .map(Duration::from_millis)
        .or_else(|| {
            let ns = parse_go_duration(text).ok()?;
            u64::try_from(ns).ok().map(Duration::from_nanos)
        })
        .ok_or_else(error)
}

fn prometheus_milliseconds(text: &str) -> Option<u64> {
    if text == "0" {
        return Some(0);
    }
    let mut rest = text;
    let mut total_ms = 0_u64;
    let mut next_unit = 0;
    while !rest.is_empty() {
        let number_end = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..number_end].parse().ok()?;
        rest = &rest[number_end..];
        let unit_end = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let position = PROMETHEUS_UNITS
            .iter()
            .position(|(unit, _)| *unit == &rest[..unit_end])?;
        if position < next_unit {
            return None;
        }
        next_unit = position + 1;
        total_ms = total_ms.checked_add(number.checked_mul(PROMETHEUS_UNITS[position].1)?)?;
        rest = &rest[unit_end..];
    }
    (!text.is_empty()).then_some(total_ms)
}

/// Writes a duration as Go's `Duration.String` does: `1h0m0s`, `1.5s`, `250ms`, `0s`.
pub fn format_go_duration(duration: Duration) -> String {
    let ns = duration.as_nanos();
    let decimal = |value: f64| {
        let text = format!("{value:.9}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    match ns {
        0 => "0s".to_owned(),
        1..1_000 => format!("{ns}ns"),
        1_000..1_000_000 => format!("{}µs", decimal(ns as f64 / 1e3)),
        1_000_000..1_000_000_000 => format!("{}ms", decimal(ns as f64 / 1e6)),
        _ => {
            let (minutes, hours) = (ns / 60_000_000_000 % 60, ns / 3_600_000_000_000);
            let seconds = decimal((ns % 60_000_000_000) as f64 / 1e9);
            match (hours, minutes) {
                (0, 0) => format!("{seconds}s"),
                (0, minutes) => format!("{minutes}m{seconds}s"),
                (hours, minutes) => format!("{hours}h{minutes}m{seconds}s"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_durations() {
        let check = |text: &str, ns: i64| assert_eq!(parse_go_duration(text), Ok(ns), "{text}");
        check("1h30m", 5_400_000_000_000);
        check("1.5s", 1_500_000_000);
        check("-250ms", -250_000_000);
        check("10us", 10_000);
        check("0", 0);
        for bad in ["", "-", "5", "1d", "h", "1hh"] {
            assert_eq!(parse_go_duration(bad), Err(DurationError(bad.to_owned())));
        }
    }

    #[test]
    fn prometheus_durations() {
        let check = |text: &str, seconds: u64| {
            assert_eq!(
                parse_prometheus_duration(text),
                Ok(Duration::from_secs(seconds)),
                "{text}"
            );
        };
        check("7d", 604_800);
        check("168h", 604_800);
        check("1w", 604_800);
        check("1d12h", 129_600);
        check("1.5h", 5_400);
        for bad in ["", "1h1d", "d", "-1h", "7 days"] {
            assert_eq!(parse_prometheus_duration(bad), Err(DurationError(bad.to_owned())));
        }
    }

    #[test]
    fn prints_as_go_does() {
        let check = |ns: u64, text: &str| assert_eq!(format_go_duration(Duration::from_nanos(ns)), text);
        check(0, "0s");
        check(250_000_000, "250ms");
        check(1_500_000_000, "1.5s");
        check(3_600_000_000_000, "1h0m0s");
        check(90_000_000_000, "1m30s");
    }
}
