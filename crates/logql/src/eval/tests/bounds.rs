//! Queries that would grow with what they read: they end early, with an error, or stay small.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use longshore_model::{
    Batch, BatchSource, Direction, Labels, Lines, ScanError, ScanRequest, ScanStats, Storage, TimeRange, TimestampNs,
};

use super::*;
use crate::eval::MemoryPool;
use crate::limits::{NESTING_MAX, OPERATORS_MAX, TEMPLATE_DEPTH_MAX};
use crate::parser::on_small_stack;

const ROWS: usize = 1000;

/// Makes lines while they are read, each with a number of its own; oldest first, whatever was asked for.
struct Endless {
    batches: usize,
    /// Text behind the number, in bytes.
    padding: usize,
    /// Sets it when all was read.
    cancelled_at_end: bool,
    read: Arc<AtomicUsize>,
}

struct Source<'a> {
    store: &'a Endless,
    next: usize,
    cancellation: Cancellation,
}

impl Storage for Endless {
    fn scan<'a>(&'a self, request: ScanRequest<'a>) -> Result<Box<dyn BatchSource + 'a>, ScanError> {
        Ok(Box::new(Source {
            store: self,
            next: 0,
            cancellation: request.cancellation,
        }))
    }
}

impl BatchSource for Source<'_> {
    fn next_batch(&mut self, _: TimeRange) -> Result<Option<Batch>, ScanError> {
        if self.next == self.store.batches {
            if self.store.cancelled_at_end {
                self.cancellation.cancel();
            }
            return Ok(None);
        }
        let rows = self.next * ROWS..(self.next + 1) * ROWS;
        self.next += 1;
        self.store.read.fetch_add(1, Ordering::Relaxed);
        let padding = "x".repeat(self.store.padding);
        let lines: Vec<String> = rows.clone().map(|row| format!("id={row} {padding}")).collect();
        Ok(Some(Batch {
            labels: Labels::new([("app", "web")]),
            timestamps: rows.map(|row| TimestampNs(row as i64)).collect(),
            lines: Lines::from_lines(lines.iter().map(String::as_bytes)),
            ..Batch::default()
        }))
    }

    fn stats(&self) -> ScanStats {
        ScanStats::default()
    }
}

fn endless(batches: usize, padding: usize) -> Endless {
    Endless {
        batches,
        padding,
        cancelled_at_end: false,
        read: Arc::default(),
    }
}

/// Runs a query with so much memory; gives what it fails with, and how many batches it read.
fn run(store: &Endless, query: &str, memory_bytes: usize) -> (Result<usize, EvalError>, usize) {
    let tenant = TenantId::single();
    let pool = Arc::new(MemoryPool::new(memory_bytes, memory_bytes));
    let memory = pool.query();
    let context = Context {
        storage: store,
        tenant: &tenant,
        cancellation: Cancellation::default(),
        memory: memory.clone(),
        series_max: 500,
        now: TimestampNs(0),
    };
    let end = (store.batches * ROWS) as i64;
    let result = match parse(query).unwrap() {
        Expr::Log(expr) => {
            let params = LogParams {
                time: TimeRange {
                    start: TimestampNs(0),
                    end: TimestampNs(end),
                },
                limit: 100,
                direction: Direction::Backward,
            };
            log_query(&expr, params, &context)
                .map(|result| result.streams.iter().map(|stream| stream.entries.len()).sum())
        }
        Expr::Sample(expr) => {
            let params = RangeParams {
                start: TimestampNs(1),
                end: TimestampNs(end),
                step_ns: (end / 10).max(1),
            };
            range_query(&expr, params, &context).map(|result| match result.value {
                Value::Matrix(series) => series.len(),
                other => panic!("{other:?}"),
            })
        }
    };
    drop((context, memory));
    assert_eq!(pool.used_bytes(), 0, "everything goes back");
    (result, store.read.load(Ordering::Relaxed))
}

fn is_memory<T>(result: &Result<T, EvalError>) -> bool {
    matches!(result, Err(EvalError::Memory(_)))
}

#[test]
fn lines_that_do_not_fit_end_the_query() {
    let store = endless(10, 20_000);
    let (result, read) = run(&store, r#"{app="web"}"#, 1 << 20);
    assert!(is_memory(&result), "{result:?}");
    assert_eq!(read, 1, "the first batch is too much already");
    let text = result.unwrap_err().to_string();
    assert!(
        text.contains("more memory than one query may hold (1MiB): shorten its time range"),
        "{text}"
    );
}

#[test]
fn lines_in_the_worst_order_take_no_more_than_the_kept_ones() {
    // Each line replaces an older one, and has labels of its own.
    let (result, read) = run(&endless(100, 100), r#"{app="web"} | logfmt"#, 200_000);
    assert_eq!((result.unwrap(), read), (100, 100));
}

#[test]
fn a_million_series_end_the_query_at_the_first_too_many() {
    for query in [
        r#"count_over_time({app="web"} | logfmt [1s])"#,
        r#"sum by (id) (rate({app="web"} | logfmt [1s]))"#,
        r#"2 * sum by (id) (rate({app="web"} | logfmt [1s]))"#,
    ] {
        let (result, read) = run(&endless(1000, 0), query, 64 << 20);
        assert!(
            matches!(result, Err(EvalError::TooManySeries(500))),
            "{query}: {result:?}"
        );
        assert_eq!(read, 1, "{query}");
    }
}

#[test]
fn series_within_an_aggregation_are_bounded_by_memory() {
    for query in [
        r#"count(count_over_time({app="web"} | logfmt [1s]))"#,
        r#"topk(3, sum by (id) (rate({app="web"} | logfmt [1s])))"#,
        r#"sum(quantile_over_time(0.9, {app="web"} | logfmt | unwrap id [1s]) by (id))"#,
        r#"count_over_time({app="web"} | logfmt [1s]) > 10"#,
    ] {
        let (result, read) = run(&endless(1000, 0), query, 4 << 20);
        assert!(is_memory(&result), "{query}: {result:?}");
        assert!(read < 20, "{query}: read {read} batches");
        let (result, _) = run(&endless(1, 0), query, 4 << 20);
        assert!(result.is_ok(), "{query}: {result:?}");
    }
}

#[test]
fn samples_are_bounded_by_memory() {
    let query = r#"quantile_over_time(0.9, {app="web"} | logfmt | unwrap id [1s]) by (app)"#;
    let (result, read) = run(&endless(1000, 0), query, 1 << 20);
    assert!(is_memory(&result), "{result:?}");
    assert!(read < 100, "{read}");
}

#[test]
fn functions_that_need_not_every_sample_keep_none() {
    for function in ["sum", "avg", "min", "max", "stddev", "stdvar", "first", "last"] {
        let query = match function {
            "sum" => r#"sum(sum_over_time({app="web"} | logfmt | keep app, id | unwrap id [1s]))"#.to_owned(),
            _ => format!(r#"{function}_over_time({{app="web"}} | logfmt | unwrap id [1s]) by (app)"#),
        };
        let (result, read) = run(&endless(200, 0), &query, 64 << 10);
        assert_eq!((result.ok(), read), (Some(1), 200), "{query}");
    }
}

#[test]
fn absence_needs_one_series_only() {
    let (result, read) = run(
        &endless(200, 0),
        r#"absent_over_time({app="web"} | logfmt [1s])"#,
        64 << 10,
    );
    assert_eq!((result.unwrap(), read), (0, 200));
}

#[test]
fn work_between_series_takes_memory_too() {
    // 400 series of 10 steps fit, what is made of them does not.
    let series = r#"count_over_time({app="web"} | logfmt | id < 400 [1s])"#;
    for query in [
        format!("{series} and {series}"),
        format!("{series} or {series}"),
        format!("{series} + {series}"),
        format!("sum by (id) ({series} * 1) + 0"),
        format!(
            r#"label_replace(label_replace({series}, "a", "a text of some length that each of the series gets", "id", "(.*)"), "b", "$1 and $1", "a", "(.*)")"#
        ),
    ] {
        let (fits, _) = run(&endless(1, 0), &query, 16 << 20);
        assert_eq!(fits.ok(), Some(400), "{query}");
        let (result, _) = run(&endless(1, 0), &query, 320 << 10);
        assert!(is_memory(&result), "{query}: {result:?}");
    }
}

#[test]
fn a_query_is_cancelled_when_no_batch_is_left_to_look_between() {
    let series = r#"sum_over_time({app="web"} | logfmt | id < 400 | unwrap id [1s])"#;
    for query in [
        series.to_owned(),
        format!("topk(1, {series})"),
        format!("{series} + {series}"),
    ] {
        let store = Endless {
            cancelled_at_end: true,
            ..endless(1, 0)
        };
        let (result, _) = run(&store, &query, 16 << 20);
        assert!(
            matches!(result, Err(EvalError::Scan(ScanError::Cancelled))),
            "{query}: {result:?}"
        );
    }
}

#[test]
fn the_deepest_queries_run_on_a_small_stack() {
    on_small_stack(|| {
        let store = endless(1, 0);
        let chain = vec!["vector(1)"; OPERATORS_MAX - NESTING_MAX].join(" + ");
        let right = format!("{}{chain}", "vector(1)^".repeat(NESTING_MAX - 2));
        let depth = NESTING_MAX - 4;
        let count = |stages: &str| format!(r#"sum(count_over_time({{app="web"}} {stages} [1s]))"#);
        let inner = format!("{}{}{}", "max(".repeat(depth), count(""), ")".repeat(depth));
        let replaced = r#","a","b","c","d")"#.repeat(depth);
        let replaced = format!("{}vector(1){replaced}", "label_replace(".repeat(depth));
        let conditions = "id >= 0 and (id < 0 or (".repeat(depth / 2);
        let conditions = format!("| logfmt | {conditions}id >= 0{}", "))".repeat(depth / 2));
        let blocks = TEMPLATE_DEPTH_MAX - 1;
        let blocks = format!("{}{{{{(1)}}}}{}", "{{with 1}}".repeat(blocks), "{{end}}".repeat(blocks));
        let call = |number: usize| {
            format!(
                "{{{{define `t{number}`}}}}{{{{with 1}}}}{{{{template `t{}`}}}}{{{{end}}}}{{{{end}}}}",
                number + 1
            )
        };
        let calls: String = (1..TEMPLATE_DEPTH_MAX / 2).map(call).collect();
        let calls = format!(
            "{calls}{{{{define `t{}`}}}}id{{{{end}}}}{{{{template `t1`}}}}",
            TEMPLATE_DEPTH_MAX / 2
        );
        let below = |template: &str| {
            let stage = format!("| line_format {} |= \"\"", longshore_model::quote_label_value(template));
            format!("{}{}{}", "max(".repeat(depth), count(&stage), ")".repeat(depth))
        };
        for query in [
            below(&blocks),
            below(&calls),
            chain,
            right,
            inner,
            replaced,
            count(&conditions),
        ] {
            let (result, _) = run(&store, &query, 16 << 20);
            assert!(result.is_ok(), "{query}: {result:?}");
        }
    });
}
