//! Parameters by Loki's rules, as tables.

use std::time::Duration;

use super::*;

const NOW: TimestampNs = TimestampNs(1_767_225_600 * SECOND_NS);

fn params(pairs: &[(&str, &str)]) -> Params {
    Params {
        pairs: pairs
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        encoding_flags: None,
    }
}

#[test]
fn moments() {
    let check = |text: &str, ns: i64| assert_eq!(parse_timestamp(text), Ok(TimestampNs(ns)), "{text}");
    check("1767225600", NOW.0);
    check("1767225600000000000", NOW.0);
    check("17672256000", 17_672_256_000);
    check("1767225600.5", NOW.0 + SECOND_NS / 2);
    check("1767225600.0004", NOW.0);
    check("2026-01-01T00:00:00Z", NOW.0);
    check("2026-01-01T00:00:00.5Z", NOW.0 + SECOND_NS / 2);
    check("2026-01-01T01:00:00+01:00", NOW.0);
    let error = "strconv.ParseInt: parsing \"yesterday\": invalid syntax";
    assert_eq!(parse_timestamp("yesterday"), Err(error.to_owned()));
}

#[test]
fn ranges_and_their_defaults() {
    let check = |pairs: &[(&str, &str)], start_s: i64, end_s: i64| {
        let range = params(pairs).query_range(NOW).unwrap();
        let seconds = |at: TimestampNs| (at.0 - NOW.0) / SECOND_NS;
        assert_eq!(
            (seconds(range.start), seconds(range.end)),
            (start_s, end_s),
            "{pairs:?}"
        );
    };
    check(&[], -3600, 0);
    check(&[("since", "5m")], -300, 0);
    check(&[("since", "5m"), ("start", "1767225000")], -600, 0);
    check(&[("end", "1767225000")], -4200, -600);
    check(&[("end", "1767225660")], -3600, 60);
    let error = params(&[("start", "11"), ("end", "10")]).query_range(NOW).unwrap_err();
    assert_eq!(error.text, "end timestamp must not be before or equal to start time");
    let error = params(&[("start", "x")]).query_range(NOW).unwrap_err();
    assert!(
        error.text.starts_with("could not parse 'start' parameter: "),
        "{}",
        error.text
    );
}

#[test]
fn steps() {
    let range = |seconds: i64| TimeRange {
        start: NOW,
        end: TimestampNs(NOW.0 + seconds * SECOND_NS),
    };
    let check = |step: Option<&str>, seconds: i64, ns: i64| {
        let pairs: Vec<_> = step.map(|step| ("step", step)).into_iter().collect();
        assert_eq!(params(&pairs).step(range(seconds)), Ok(ns), "{step:?} {seconds}");
    };
    check(None, 60, SECOND_NS);
    check(None, 3600, 14 * SECOND_NS);
    check(Some("15"), 60, 15 * SECOND_NS);
    check(Some("0.5"), 60, SECOND_NS / 2);
    check(Some("15000ms"), 60, 15 * SECOND_NS);
    check(Some("1m"), 60, 60 * SECOND_NS);
    for bad in ["0", "-1"] {
        let error = params(&[("step", bad)]).step(range(60)).unwrap_err();
        assert!(
            error.text.starts_with("zero or negative query resolution"),
            "{}",
            error.text
        );
    }
    assert!(params(&[("step", "soon")]).step(range(60)).is_err());
}

#[test]
fn limits_and_directions() {
    assert_eq!(params(&[]).limit(), Ok(100));
    assert_eq!(params(&[("limit", "7")]).limit(), Ok(7));
    assert_eq!(
        params(&[("limit", "0")]).limit().unwrap_err().text,
        "limit must be a positive value"
    );
    assert_eq!(
        params(&[("limit", "many")]).limit().unwrap_err().text,
        "strconv.Atoi: parsing \"many\": invalid syntax"
    );
    assert_eq!(params(&[("direction", "FORWARD")]).direction(), Ok(Direction::Forward));
    assert_eq!(
        params(&[("direction", "up")]).direction().unwrap_err().text,
        "invalid direction 'up'"
    );
}

#[test]
fn flags() {
    let check = |flags: Option<&str>, on: bool| {
        let mut params = params(&[]);
        params.encoding_flags = flags.map(str::to_owned);
        assert_eq!(params.categorize_labels(), on, "{flags:?}");
    };
    check(None, false);
    check(Some("categorize-labels"), true);
    check(Some("other, categorize-labels"), true);
    check(Some("other"), false);
}

#[test]
fn durations_as_prometheus_writes_them() {
    let check = |seconds: u64, text: &str| {
        assert_eq!(format_prometheus_duration(Duration::from_secs(seconds)), text);
    };
    check(721 * 3600, "30d1h");
    check(7 * 86_400, "1w");
    check(90, "1m30s");
    check(0, "0s");
}
