//! Queries over a storage in memory.

mod bounds;
mod fixture;
mod shortcuts;
mod windows;

use bytes::Bytes;
use longshore_model::{Direction, Entry, StreamEntries, TimeRange, TimestampNs};
use proptest::prelude::*;

use super::*;
use crate::{Expr, parse};
use fixture::Fixture;

const SECOND: i64 = 1_000_000_000;
const MEMORY_BYTES: usize = 64 << 20;

fn entry(seconds: i64, line: &str, metadata: &[(&str, &str)]) -> Entry {
    Entry {
        timestamp: TimestampNs(seconds * SECOND),
        line: Bytes::from(line.to_owned()),
        structured_metadata: metadata.iter().copied().collect(),
    }
}

/// Two services, a line a second for each; every third of `web` is an error.
fn store() -> Fixture {
    let web = (0..12).map(|second| {
        let level = if second % 3 == 0 { "error" } else { "info" };
        entry(
            second,
            &format!("level={level} n={second} took={}ms", second * 100),
            &[("detected_level", level)],
        )
    });
    let api = (0..6).map(|second| entry(second * 2, &format!("{{\"n\":{second}}}"), &[]));
    let stream = |app: &str, entries: Vec<Entry>| StreamEntries {
        labels: Labels::new([("app", app), ("env", "prod")]),
        entries,
    };
    Fixture {
        streams: vec![stream("web", web.collect()), stream("api", api.collect())],
        ..Fixture::default()
    }
}

fn with_context<T>(store: &Fixture, run: impl FnOnce(&Context<'_>) -> T) -> T {
    let tenant = TenantId::single();
    run(&Context {
        storage: store,
        tenant: &tenant,
        cancellation: Cancellation::default(),
        memory: QueryMemory::alone(MEMORY_BYTES),
        series_max: 500,
        now: TimestampNs(0),
    })
}

fn lines(store: &Fixture, query: &str, limit: usize, direction: Direction) -> Vec<(i64, String)> {
    let Ok(Expr::Log(log)) = parse(query) else {
        panic!("{query} is no log query");
    };
    let time = TimeRange {
        start: TimestampNs(0),
        end: TimestampNs(100 * SECOND),
    };
    let params = LogParams { time, limit, direction };
    let result = with_context(store, |context| log_query(&log, params, context)).unwrap();
    let text = |line: &Bytes| String::from_utf8(line.to_vec()).unwrap();
    let streams = result.streams.iter().flat_map(|stream| stream.entries.iter());
    streams.map(|(at, line)| (at.0 / SECOND, text(line))).collect()
}

fn instant(store: &Fixture, query: &str, seconds: i64) -> String {
    let Ok(Expr::Sample(expr)) = parse(query) else {
        panic!("{query} is no metric query");
    };
    let at = TimestampNs(seconds * SECOND);
    let result = with_context(store, |context| instant_query(&expr, InstantParams { at }, context));
    match result {
        Err(error) => error.to_string(),
        Ok(MetricResult {
            value: Value::Scalar(point),
            ..
        }) => crate::format_number(point.value),
        Ok(MetricResult {
            value: Value::Vector { samples, .. },
            ..
        }) => {
            let text = |sample: &Sample| format!("{} {}", sample.labels, crate::format_number(sample.value));
            samples.iter().map(text).collect::<Vec<_>>().join("; ")
        }
        Ok(MetricResult {
            value: Value::Matrix(_),
            ..
        }) => panic!("an instant query gave a matrix"),
    }
}

#[test]
fn log_queries_give_the_newest_or_oldest() {
    let store = store();
    let times = |limit, direction| -> Vec<i64> {
        lines(&store, r#"{app="web"} |= "error""#, limit, direction)
            .into_iter()
            .map(|(at, _)| at)
            .collect()
    };
    assert_eq!(times(2, Direction::Backward), [9, 6]);
    assert_eq!(times(2, Direction::Forward), [0, 3]);
    assert_eq!(times(100, Direction::Forward), [0, 3, 6, 9]);
    assert_eq!(times(0, Direction::Forward), [0; 0]);
}

#[test]
fn the_end_of_a_log_query_is_outside() {
    let store = store();
    let Ok(Expr::Log(log)) = parse(r#"{app="web"}"#) else {
        panic!("a log query");
    };
    let params = LogParams {
        time: TimeRange {
            start: TimestampNs(2 * SECOND),
            end: TimestampNs(4 * SECOND),
        },
        limit: 10,
        direction: Direction::Forward,
    };
    let result = with_context(&store, |context| log_query(&log, params, context)).unwrap();
    let mut times: Vec<i64> = result
        .streams
        .iter()
        .flat_map(|s| &s.entries)
        .map(|(at, _)| at.0 / SECOND)
        .collect();
    times.sort_unstable();
    assert_eq!(times, [2, 3]);
    // Metadata tells lines of one stream apart.
    let levels: Vec<&str> = result
        .streams
        .iter()
        .filter_map(|s| s.labels.structured_metadata.get("detected_level"))
        .collect();
    assert_eq!(levels, ["error", "info"]);
    assert!(
        result
            .streams
            .iter()
            .all(|stream| stream.labels.stream.get("app") == Some("web"))
    );
}

#[test]
fn counts_and_rates() {
    let store = store();
    let check = |query: &str, expected: &str| assert_eq!(instant(&store, query, 10), expected, "{query}");
    // The window is open at its start: second 5 is outside, second 10 inside.
    check(r#"sum(count_over_time({app="web"}[5s]))"#, "{} 5");
    check(
        r#"sum by (detected_level) (count_over_time({app="web"}[5s]))"#,
        r#"{detected_level="error"} 2; {detected_level="info"} 3"#,
    );
    check(
        r#"sum by (app) (rate({env="prod"}[10s]))"#,
        r#"{app="api"} 0.5; {app="web"} 1"#,
    );
    check(r#"sum(bytes_over_time({app="api"}[4s]))"#, "{} 14");
    check(r#"sum(bytes_rate({app="api"}[4s]))"#, "{} 3.5");
    check(r#"sum(count_over_time({app="web"} |= "error" [5s] offset 5s))"#, "{} 1");
    check(r#"count(count_over_time({env="prod"}[5s]))"#, "{} 3");
    check(r#"sum(count_over_time({app="nothing"}[5s]))"#, "");
    check(
        r#"absent_over_time({app="nothing", env=~"p.*"}[5s])"#,
        r#"{app="nothing"} 1"#,
    );
    check(r#"topk(1, sum by (app) (rate({env="prod"}[10s])))"#, r#"{app="web"} 1"#);
    check(
        r#"max without (detected_level, env) (count_over_time({env="prod"}[4s]))"#,
        r#"{app="api"} 2; {app="web"} 3"#,
    );
}

#[test]
fn numbers_and_operators() {
    let store = store();
    let check = |query: &str, expected: &str| assert_eq!(instant(&store, query, 10), expected, "{query}");
    check("vector(1)+vector(1)", "{} 2");
    check("1 + 2", "3");
    check("10 / 0", "NaN");
    check(r#"sum(count_over_time({app="web"}[5s])) / 2 > 1"#, "{} 2.5");
    check(r#"sum(count_over_time({app="web"}[5s])) > 100"#, "");
    check(r#"sum(count_over_time({app="web"}[5s])) > bool 100"#, "{} 0");
    check(
        r#"sum by (app) (count_over_time({env="prod"} |= "error" [10s])) / on (app) sum by (app) (count_over_time({env="prod"}[10s]))"#,
        r#"{app="web"} 0.3"#,
    );
    check(
        r#"vector(1) or sum by (app) (count_over_time({app="api"}[4s]))"#,
        r#"{} 1; {app="api"} 2"#,
    );
    check(
        r#"label_replace(sum by (app) (count_over_time({app="api"}[4s])), "x", "$1!", "app", "(.)..")"#,
        r#"{app="api", x="a!"} 2"#,
    );
    let many = r#"sum by (app) (rate({env="prod"}[9s])) + on () sum by (app) (rate({env="prod"}[9s]))"#;
    assert!(instant(&store, many, 10).starts_with("found duplicate series on the right hand-side"));
}

#[test]
fn parsers_read_only_what_the_query_needs() {
    let broken = entry(1, r#"{"level":"info","status":500,"rest": oops"#, &[]);
    let store = Fixture {
        streams: vec![StreamEntries {
            labels: Labels::new([("app", "x")]),
            entries: vec![broken],
        }],
        ..Fixture::default()
    };
    // What is wrong behind the last field that matters is not seen, as in Loki.
    let found = |query: &str| instant(&store, query, 2);
    assert_eq!(
        found(r#"sum by (app, level) (count_over_time({app="x"} | json | status >= 500 [5s]))"#),
        r#"{app="x", level="info"} 1"#
    );
    assert!(found(r#"sum by (rest) (count_over_time({app="x"} | json [5s]))"#).contains("JSONParserErr"));
    assert!(found(r#"sum(count_over_time({app="x"} | json | status >= 500 | __error__="" [5s]))"#).is_empty());
}

#[test]
fn unwrapped_values() {
    let store = store();
    let check = |query: &str, expected: &str| assert_eq!(instant(&store, query, 10), expected, "{query}");
    let over = |function: &str| format!(r#"{function}{{app="web"}} | logfmt | keep n | unwrap n [4s])"#);
    check(&over("sum_over_time("), "{} 34");
    check(&over("avg_over_time("), "{} 8.5");
    check(&over("min_over_time("), "{} 7");
    check(&over("last_over_time("), "{} 10");
    check(&over("quantile_over_time(0.5,"), "{} 8.5");
    check(
        r#"sum(sum_over_time({app="web"} | logfmt | unwrap duration(took) [2s]))"#,
        "{} 1.9",
    );
}

#[test]
fn lines_that_failed_fail_a_metric_query() {
    let store = store();
    let error = instant(&store, r#"sum by (n) (count_over_time({env="prod"} | json [10s]))"#, 10);
    assert!(
        error.starts_with("pipeline error: 'JSONParserErr' for series: '{__error__=\"JSONParserErr\""),
        "{error}"
    );
    let skipped = r#"sum by (n) (count_over_time({env="prod"} | json | __error__="" [3s]))"#;
    assert_eq!(instant(&store, skipped, 10), r#"{n="4"} 1; {n="5"} 1"#);
    // Nothing of the parsed labels is asked for, so nothing is parsed.
    assert_eq!(
        instant(&store, r#"sum(count_over_time({env="prod"} | json [3s]))"#, 10),
        "{} 5"
    );
}

#[test]
fn only_needed_columns_are_read() {
    let columns = |query: &str| {
        let store = store();
        instant(&store, query, 10);
        let asked = store.asked.lock().unwrap();
        (asked[0].lines, asked[0].metadata)
    };
    assert_eq!(columns(r#"sum(count_over_time({app="web"}[5s]))"#), (false, false));
    assert_eq!(columns(r#"sum by (app) (rate({app=~"w.+"}[5s]))"#), (false, false));
    assert_eq!(columns(r#"sum by (env) (rate({app="web"}[5s]))"#), (false, true));
    assert_eq!(columns(r#"count_over_time({app="web"}[5s])"#), (false, true));
    assert_eq!(columns(r#"sum(bytes_rate({app="web"}[5s]))"#), (true, false));
    assert_eq!(
        columns(r#"sum(count_over_time({app="web"} |= "x" [5s]))"#),
        (true, false)
    );
    assert_eq!(
        columns(r#"sum(count_over_time({app="web"} | pod="x" [5s]))"#),
        (false, true)
    );
}

#[test]
fn a_range_query_leaves_out_moments_without_lines() {
    let store = store();
    let Ok(Expr::Sample(expr)) = parse(r#"sum(count_over_time({app="api"}[2s]))"#) else {
        panic!("a metric query");
    };
    let params = RangeParams {
        start: TimestampNs(-4 * SECOND),
        end: TimestampNs(16 * SECOND),
        step_ns: 5 * SECOND,
    };
    let result = with_context(&store, |context| range_query(&expr, params, context)).unwrap();
    let Value::Matrix(series) = result.value else {
        panic!("a range query gives a matrix");
    };
    let points: Vec<(i64, f64)> = series[0]
        .points
        .iter()
        .map(|p| (p.timestamp.0 / SECOND, p.value))
        .collect();
    assert_eq!(points, [(1, 1.0), (6, 1.0), (11, 1.0)]);
}

#[test]
fn series_are_limited_and_queries_stop() {
    let store = store();
    let Ok(Expr::Sample(expr)) = parse(r#"count_over_time({env="prod"} | logfmt [9s])"#) else {
        panic!("a metric query");
    };
    let tenant = TenantId::single();
    let context = Context {
        storage: &store,
        tenant: &tenant,
        cancellation: Cancellation::default(),
        memory: QueryMemory::alone(MEMORY_BYTES),
        series_max: 3,
        now: TimestampNs(0),
    };
    let at = TimestampNs(10 * SECOND);
    let error = instant_query(&expr, InstantParams { at }, &context).unwrap_err();
    assert!(matches!(error, EvalError::TooManySeries(3)), "{error}");
    context.cancellation.cancel();
    let error = instant_query(&expr, InstantParams { at }, &context).unwrap_err();
    assert!(matches!(error, EvalError::Scan(ScanError::Cancelled)), "{error}");
}

proptest! {
    #[test]
    fn windows_count_what_an_oracle_counts(
        times in prop::collection::vec(0..60_i64, 0..40),
        start in 0..40_i64,
        steps in 0..20_i64,
        step in 1..9_i64,
        window in 1..30_i64,
        offset in -10..10_i64,
    ) {
        let entries = times.iter().map(|&at| entry(at, "x", &[])).collect();
        let labels = Labels::new([("app", "web")]);
        let store = Fixture { streams: vec![StreamEntries { labels, entries }], ..Fixture::default() };
        let query = format!(r#"sum(count_over_time({{app="web"}}[{window}s] offset {offset}s))"#);
        let Ok(Expr::Sample(expr)) = parse(&query) else {
            panic!("{query}");
        };
        let params = RangeParams {
            start: TimestampNs(start * SECOND),
            end: TimestampNs((start + steps * step) * SECOND),
            step_ns: step * SECOND,
        };
        let result = with_context(&store, |context| range_query(&expr, params, context)).unwrap();
        let Value::Matrix(series) = result.value else {
            panic!("a range query gives a matrix");
        };
        let got: Vec<(i64, usize)> = series.iter().flat_map(|s| &s.points).map(|p| (p.timestamp.0 / SECOND, p.value as usize)).collect();
        let expected: Vec<(i64, usize)> = (0..=steps)
            .map(|index| start + index * step)
            .map(|at| {
                let inside = |time: &&i64| **time > at - offset - window && **time <= at - offset;
                (at, times.iter().filter(inside).count())
            })
            .filter(|(_, count)| *count > 0)
            .collect();
        prop_assert_eq!(got, expected);
    }

    #[test]
    fn limits_keep_the_right_lines(
        times in prop::collection::vec(0..30_i64, 0..40),
        limit in 1..12_usize,
        backward in any::<bool>(),
    ) {
        let halves = times.split_at(times.len() / 2);
        let stream = |app: &str, times: &[i64]| StreamEntries {
            labels: Labels::new([("app", app), ("env", "prod")]),
            entries: times.iter().map(|&at| entry(at, "x", &[])).collect(),
        };
        let store = Fixture { streams: vec![stream("a", halves.0), stream("b", halves.1)], ..Fixture::default() };
        let direction = if backward { Direction::Backward } else { Direction::Forward };
        let mut got: Vec<i64> = lines(&store, r#"{env="prod"}"#, limit, direction).into_iter().map(|(at, _)| at).collect();
        got.sort_unstable();
        let mut expected = times.clone();
        expected.sort_unstable();
        let expected: Vec<i64> = if backward {
            expected[expected.len().saturating_sub(limit)..].to_vec()
        } else {
            expected[..limit.min(expected.len())].to_vec()
        };
        prop_assert_eq!(got, expected);
    }
}
