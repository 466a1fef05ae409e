//! Readers of single values and hints; errors as users see them are in the cases of the dialects.

use std::time::Duration;

use super::nearest;
use super::values::{decimal_size, duration_text, go_duration, prometheus_duration};
use crate::yaml::Node;

#[test]
fn hints_are_near_or_none() {
    let known = ["include", "exclude", "start_at", "poll_interval", "on"];
    let check = |word: &str, expected: Option<&str>| assert_eq!(nearest(word, known), expected, "{word}");
    check("inclued", Some("include"));
    check("excludes", Some("exclude"));
    check("startAt", Some("start_at"));
    check("poll-interval", Some("poll_interval"));
    check("pol_intervall", Some("poll_interval"));
    check("no", Some("on"));
    check("frobnicate", None);
    check("xy", None);
}

#[test]
fn durations() {
    let seconds = |text: &str| go_duration(&Node::plain(text)).map(|duration| duration.as_secs());
    assert_eq!(seconds("1h30m"), Ok(5400));
    assert_eq!(seconds("0"), Ok(0));
    assert!(seconds("1d").is_err());
    assert_eq!(
        seconds("1d").unwrap_err().fix,
        "write 24h, there is no unit for days here"
    );
    let days = prometheus_duration(&Node::plain("1w"));
    assert_eq!(days, Ok(Duration::from_secs(7 * 86_400)));
}

#[test]
fn durations_are_printed_short() {
    let check = |seconds: u64, expected: &str| assert_eq!(duration_text(Duration::from_secs(seconds)), expected);
    check(604_800, "168h");
    check(5400, "1h30m");
    check(90, "1m30s");
    check(600, "10m");
    check(3601, "1h0m1s");
    check(0, "0s");
}

#[test]
fn sizes_of_opentelemetry_are_decimal_unless_they_say_otherwise() {
    let bytes = |text: &str| decimal_size(&Node::plain(text));
    assert_eq!(bytes("1MiB"), Ok(1 << 20));
    assert_eq!(bytes("1Ki"), Ok(1024));
    assert_eq!(bytes("1MB"), Ok(1_000_000));
    assert_eq!(bytes("1.5kb"), Ok(1500));
    assert_eq!(bytes("100"), Ok(100));
    assert_eq!(bytes("100b"), Ok(100));
    for bad in ["", "x", "1 parsec", "-1", "99999999999tb"] {
        assert!(bytes(bad).is_err(), "{bad}");
    }
}
