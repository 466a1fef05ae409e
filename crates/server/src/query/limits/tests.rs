//! Policies of queries: ranges, kinds, and what they must name.

use super::*;

fn expr(text: &str) -> Expr {
    longshore_logql::parse(text).unwrap()
}

fn text(result: Result<(), ApiError>) -> String {
    result.err().map(|error| error.text).unwrap_or_default()
}

#[test]
fn kinds_of_queries() {
    let check = |text: &str, kind: QueryKind| assert_eq!(QueryKind::of(&expr(text)), kind, "{text}");
    check(r#"{app="web"}"#, QueryKind::Limited);
    check(r#"{app="web"} | json"#, QueryKind::Limited);
    check(r#"{app="web"} |= """#, QueryKind::Limited);
    check(r#"{app="web"} | keep app"#, QueryKind::Limited);
    check(r#"{app="web"} |= "x""#, QueryKind::Filter);
    check(r#"{app="web"} != "x""#, QueryKind::Filter);
    check(r#"{app="web"} | json | a="b""#, QueryKind::Filter);
    check(r#"sum(rate({app="web"}[1m]))"#, QueryKind::Metric);
}

#[test]
fn blocked_queries_fit_by_text_pattern_kind_and_hash() {
    let blocked = |text: Option<BlockedText>, kinds: &[QueryKind], hash: Option<u32>| BlockedQuery {
        text,
        kinds: kinds.to_vec(),
        hash,
    };
    let same = blocked(
        Some(BlockedText::Same(r#"{app="web"} |= "secret""#.to_owned())),
        &[],
        None,
    );
    let matching = Some(BlockedText::Matching(Regex::new("bad").unwrap()));
    let filter = blocked(matching, &[QueryKind::Filter], None);
    let metric = blocked(None, &[QueryKind::Metric], None);
    // The hashes are those of Loki's log.
    let hash = blocked(None, &[], Some(2_956_338_485));
    let check = |query: &str, fits: [bool; 4]| {
        let found = [&same, &filter, &metric, &hash].map(|blocked| blocked.fits(query, &expr(query)));
        assert_eq!(found, fits, "{query}");
    };
    check(r#"{app="web"}"#, [false, false, false, true]);
    check(r#"{app="web"} |= "secret""#, [true, false, false, false]);
    check(r#"{app="web"}   |=   "secret""#, [true, false, false, false]);
    check(r#"{app="web"} |= "bad""#, [false, true, false, false]);
    check(r#"rate({app="web"} |= "bad"[1m])"#, [false, false, true, false]);
    assert_eq!(fnv1(r#"{app="web"} |= "x""#), 299_270_150);
}

#[test]
fn selectors_name_the_labels_that_they_must() {
    let limits = Limits {
        required_labels: vec!["app".to_owned(), "team".to_owned()],
        minimum_labels_number: 3,
        ..Limits::default()
    };
    let refusal = |query: &str| text(check_labels(&expr(query), &limits));
    assert_eq!(refusal(r#"{app="web", team!="x", job="y"}"#), "");
    assert_eq!(
        refusal(r#"{app="web", job="x"}"#),
        "stream selector is missing required matchers [team], labels present in the query were [app, job]"
    );
    assert_eq!(
        refusal(r#"sum(rate({app="web", team="x", job="y"}[1m])) / sum(rate({app="web", team="x"}[1m]))"#),
        "stream selector has less label matchers than required: (present: [app, team], number_present: 2, \
         required_number_label_matchers: 3)"
    );
}

#[test]
fn lengths_count_the_windows() {
    let hour = Limits {
        max_query_length: Some(Duration::from_secs(3600)),
        ..Limits::default()
    };
    let minutes = |minutes: i64| TimeRange {
        start: TimestampNs(0),
        end: TimestampNs(minutes * 60_000_000_000),
    };
    let refusal = |range: i64, query: &str| text(check_length(minutes(range), Some(&expr(query)), &hour));
    assert_eq!(refusal(60, r#"{app="web"}"#), "");
    assert_eq!(
        refusal(61, r#"{app="web"}"#),
        "the query time range exceeds the limit (query length: 1h1m0s, limit: 1h)"
    );
    assert_eq!(
        refusal(61, r#"rate({app="web"}[1h])"#),
        "the query time range exceeds the limit (query length: 1h1m0s, limit: 1h)"
    );
    assert_eq!(refusal(10, r#"rate({app="web"}[50m] offset 5h)"#), "");
    assert_eq!(
        refusal(10, r#"sum(rate({app="web"}[1m])) / sum(rate({app="web"}[2h]))"#),
        "the query time range exceeds the limit (query length: 2h10m0s, limit: 1h)"
    );
}

#[test]
fn matchers_and_windows_are_bounded() {
    let limits = Limits {
        max_streams_matchers_per_query: 2,
        max_query_range: Some(Duration::from_secs(300)),
        ..Limits::default()
    };
    let refusal = |query: &str| text(check_query(query, &expr(query), &limits));
    assert_eq!(refusal(r#"{a="1", b="2"}"#), "");
    assert_eq!(refusal(r#"rate({a="1", b="2"}[5m]) + rate({a="1", b="2"}[5m])"#), "");
    assert_eq!(
        refusal(r#"{a="1", b="2", c="3"}"#),
        "max streams matchers per query exceeded, matchers-count > limit (3 > 2)"
    );
    assert_eq!(
        refusal(r#"rate({a="1"}[10m] offset 1h)"#),
        "[interval] value exceeds limit: [10m] > [5m]"
    );
}

#[test]
fn bytes_as_people_read_them() {
    let check = |bytes: u64, text: &str| assert_eq!(human_bytes(bytes), text);
    check(0, "0 B");
    check(1023, "1023 B");
    check(5 << 10, "5.0 KiB");
    check(10 << 10, "10 KiB");
    check((3 << 20) + (1 << 19), "3.5 MiB");
    check(u64::MAX, "16 EiB");
}
