//! Queries: parameters in, evaluation on a thread, Loki's JSON out.
//!
//! Invariant: a query ends when its client goes away or its time is over; the flag that tells it is set by dropping
//! the guard that the request's future holds.

pub(crate) mod limits;
pub(crate) mod rows;

use axum::extract::State;
use axum::response::Response;
use longshore_logql::eval::{
    self, Context, EvalError, InstantParams, LogParams, MemoryError, MetricResult, QueryMemory, RangeParams, Value,
};
use longshore_logql::{Expr, LogExpr, Matcher, SampleExpr, format_number};
use longshore_model::{Direction, ScanStats, TimeRange, TimestampNs};

use crate::error::ApiError;
use crate::json::{Answer, QueryStats, put_labels, put_list, put_point};
use crate::limits::POINTS_PER_SERIES_MAX;
use crate::params::{Params, now};
use crate::server::Shared;
use crate::settings::Limits;
use crate::tenant::Reader;
use crate::thread::{memory_error, on_thread, scan_error};
use rows::Row;

/// What a point takes in an answer, about: `[1700000000.123,"1234.5"],`.
const POINT_BYTES: usize = 32;

/// Reads the query of a request.
pub(crate) fn parse(params: &Params) -> Result<Expr, ApiError> {
    let text = params.get("query").unwrap_or_default();
    longshore_logql::parse(text).map_err(|error| ApiError::bad_request(error.to_string()))
}

/// Reads a parameter that may name streams only.
pub(crate) fn parse_selector(text: &str) -> Result<Vec<Matcher>, ApiError> {
    longshore_logql::parse_matchers(text).map_err(|error| {
        let is_whole_query = longshore_logql::parse(text).is_ok();
        ApiError::bad_request(if is_whole_query {
            "only label matchers are supported".to_owned()
        } else {
            error.to_string()
        })
    })
}

/// `/loki/api/v1/query_range`.
pub(crate) async fn range(State(shared): State<Shared>, reader: Reader, params: Params) -> Result<Response, ApiError> {
    let range = params.query_range(now())?;
    let (limit, direction) = (params.limit()?, params.direction()?);
    let step_ns = params.step(range)?;
    check_resolution(range, step_ns)?;
    let interval_ns = params.interval()?;
    let (categorize, flags) = (params.categorize_labels(), params.encoding_flags.clone());
    let moments = moments(&shared, &reader, range, step_ns);
    let read = move |reader: &Reader| {
        let expr = parse(&params)?;
        if matches!(expr, Expr::Log(_)) {
            check_limit(limit, &reader.limits)?;
        }
        limits::check_query(params.get("query").unwrap_or_default(), &expr, &reader.limits)?;
        limits::check_labels(&expr, &reader.limits)?;
        limits::check_length(reader.logs.visible(range), Some(&expr), &reader.limits)?;
        limits::check_bytes(&expr, range, reader)?;
        Ok(expr)
    };
    let read_max = reader.limits.max_entries_limit_per_query;
    let run = move |expr, context: &Context<'_>| match expr {
        Expr::Log(expr) => {
            let query = LogQuery {
                expr,
                range,
                limit,
                direction,
                interval_ns,
            };
            query.find(read_max, context)?.map(|rows| {
                let answer = rows::answer(&rows, categorize, flags.as_deref(), &context.memory)?;
                drop(rows);
                answer.written()
            })
        }
        Expr::Sample(expr) => numbers(eval::range_query(&expr, moments, context)?, &context.memory),
    };
    let (answer, stats) = run_query(&shared, &reader, read, run).await?;
    Ok(answer.respond(&stats))
}

/// The moments of a metric query, moved where the configuration says so.
fn moments(shared: &Shared, reader: &Reader, range: TimeRange, step_ns: i64) -> RangeParams {
    let TimeRange { start, end } = if shared.settings.align_queries_with_step {
        moved_down(range, step_ns)
    } else if reader.limits.align_metric_queries {
        aligned(range, step_ns)
    } else {
        range
    };
    RangeParams { start, end, step_ns }
}

/// `/loki/api/v1/query`.
pub(crate) async fn instant(
    State(shared): State<Shared>,
    reader: Reader,
    params: Params,
) -> Result<Response, ApiError> {
    let at = params.instant(now())?;
    params.limit()?;
    params.direction()?;
    let read = move |reader: &Reader| {
        let whole = parse(&params)?;
        let Expr::Sample(expr) = &whole else {
            return Err(ApiError::bad_request(
                "log queries are not supported as an instant query type, please change your query to a range query \
                 type",
            ));
        };
        // Loki asks for no labels here.
        limits::check_query(params.get("query").unwrap_or_default(), &whole, &reader.limits)?;
        let moment = TimeRange { start: at, end: at };
        limits::check_length(moment, Some(&whole), &reader.limits)?;
        limits::check_bytes(&whole, moment, reader)?;
        Ok(expr.clone())
    };
    let run = move |expr: SampleExpr, context: &Context<'_>| {
        let result = eval::instant_query(&expr, InstantParams { at }, context)?;
        numbers(result, &context.memory)
    };
    let (answer, stats) = run_query(&shared, &reader, read, run).await?;
    Ok(answer.respond(&stats))
}

/// Refuses more points than an answer may have.
pub(crate) fn check_resolution(range: TimeRange, step_ns: i64) -> Result<(), ApiError> {
    if range.end.0.saturating_sub(range.start.0) / step_ns > POINTS_PER_SERIES_MAX {
        return Err(ApiError::bad_request(
            "exceeded maximum resolution of 11,000 points per time series. Try increasing the value of the step \
             parameter",
        ));
    }
    Ok(())
}

pub(crate) fn check_limit(limit: usize, limits: &Limits) -> Result<(), ApiError> {
    let max = limits.max_entries_limit_per_query;
    if limit > max {
        return Err(ApiError::bad_request(format!(
            "max entries limit per query exceeded, limit > max_entries_limit_per_query ({limit} > {max})"
        )));
    }
    Ok(())
}

/// Start and end rounded down to whole steps.
fn moved_down(range: TimeRange, step_ns: i64) -> TimeRange {
    let down = |at: TimestampNs| TimestampNs(at.0.div_euclid(step_ns).saturating_mul(step_ns));
    TimeRange {
        start: down(range.start),
        end: down(range.end),
    }
}

/// Start rounded down and end rounded up to whole steps.
fn aligned(range: TimeRange, step_ns: i64) -> TimeRange {
    let down = moved_down(range, step_ns);
    let end = match down.end == range.end {
        true => down.end,
        false => TimestampNs(down.end.0.saturating_add(step_ns)),
    };
    TimeRange { end, ..down }
}

/// A log query with everything that says what it answers.
pub(crate) struct LogQuery {
    pub(crate) expr: LogExpr,
    pub(crate) range: TimeRange,
    pub(crate) limit: usize,
    pub(crate) direction: Direction,
    /// Smallest distance of entries; 0 for none.
    pub(crate) interval_ns: i64,
}

impl LogQuery {
    /// Finds its rows, in the order of its direction. What an interval leaves out does not count, so `read_max` are
    /// read then.
    pub(crate) fn find(&self, read_max: usize, context: &Context<'_>) -> Result<Found<Vec<Row>>, EvalError> {
        let params = LogParams {
            time: self.range,
            limit: if self.interval_ns > 0 { read_max } else { self.limit },
            direction: self.direction,
        };
        let result = eval::log_query(&self.expr, params, context)?;
        let mut rows = Vec::new();
        for stream in result.streams {
            for (timestamp, line) in stream.entries {
                rows.push(Row {
                    labels: stream.labels.clone(),
                    timestamp,
                    line,
                });
            }
        }
        match self.direction {
            Direction::Forward => rows.sort_by_key(|row| row.timestamp),
            Direction::Backward => rows.sort_by_key(|row| std::cmp::Reverse(row.timestamp)),
        }
        if self.interval_ns > 0 {
            keep_apart(&mut rows, self.interval_ns);
            rows.truncate(self.limit);
        }
        Ok(Found {
            returned: rows.len() as u64,
            value: rows,
            scan: result.stats,
        })
    }
}

/// Drops what is nearer than the interval to the row that was kept before, of whichever stream.
fn keep_apart(rows: &mut Vec<Row>, interval_ns: i64) {
    let mut last: Option<TimestampNs> = None;
    rows.retain(|row| {
        let is_far = last.is_none_or(|last| (row.timestamp.0 - last.0).abs() >= interval_ns);
        if is_far {
            last = Some(row.timestamp);
        }
        is_far
    });
}

/// The answer of a metric query.
fn numbers(result: MetricResult, memory: &QueryMemory) -> Result<Found<Answer>, EvalError> {
    let MetricResult { value, stats } = result;
    let (answer, returned) = answer_numbers(&value, memory)?;
    drop(value);
    Ok(Found {
        value: answer.written()?,
        scan: stats,
        returned,
    })
}

/// The answer to a metric query, and how many points it has.
fn answer_numbers(value: &Value, memory: &QueryMemory) -> Result<(Answer, u64), MemoryError> {
    let points = match value {
        Value::Matrix(matrix) => matrix.iter().map(|series| series.points.len()).sum(),
        Value::Vector { samples, .. } => samples.len(),
        Value::Scalar(_) => 0,
    };
    let kind = match value {
        Value::Matrix(_) => "matrix",
        Value::Vector { .. } => "vector",
        Value::Scalar(_) => "scalar",
    };
    let mut answer = Answer::new(kind, None, points.saturating_mul(POINT_BYTES), memory)?;
    match value {
        Value::Matrix(matrix) => answer.list(matrix, |answer, series| {
            answer.put(|out| {
                out.extend_from_slice(b"{\"metric\":");
                put_labels(out, &series.labels);
                out.extend_from_slice(b",\"values\":");
                put_list(out, &series.points, |out, point| {
                    put_point(out, point.timestamp, &format_number(point.value));
                });
                out.push(b'}');
            });
        }),
        Value::Vector { at, samples } => answer.list(samples, |answer, sample| {
            answer.put(|out| {
                out.extend_from_slice(b"{\"metric\":");
                put_labels(out, &sample.labels);
                out.extend_from_slice(b",\"value\":");
                put_point(out, *at, &format_number(sample.value));
                out.push(b'}');
            });
        }),
        Value::Scalar(point) => {
            answer.put(|out| put_point(out, point.timestamp, &format_number(point.value)));
        }
    }
    Ok((answer, points as u64))
}

/// What a query found.
pub(crate) struct Found<T> {
    pub(crate) value: T,
    pub(crate) scan: ScanStats,
    /// Entries or points in it.
    pub(crate) returned: u64,
}

impl<T> Found<T> {
    /// Makes something else of it.
    pub(crate) fn map<U>(self, make: impl FnOnce(T) -> Result<U, MemoryError>) -> Result<Found<U>, EvalError> {
        let Self { value, scan, returned } = self;
        Ok(Found {
            value: make(value)?,
            scan,
            returned,
        })
    }
}

/// Reads a query and evaluates it, both in its turn on one thread, and measures. `read` says what is asked, or refuses
/// it: a text that a client made up may take long to read.
pub(crate) async fn run_query<Q, T: Send + 'static>(
    shared: &Shared,
    reader: &Reader,
    read: impl FnOnce(&Reader) -> Result<Q, ApiError> + Send + 'static,
    run: impl FnOnce(Q, &Context<'_>) -> Result<Found<T>, EvalError> + Send + 'static,
) -> Result<(T, QueryStats), ApiError> {
    let asked = std::time::Instant::now();
    on_thread(shared, reader, move |shared, reader, cancellation| {
        let started = std::time::Instant::now();
        let query = read(reader)?;
        let Reader { logs, limits } = reader;
        shared.metrics.query_started();
        let context = Context {
            storage: logs,
            tenant: logs.tenant(),
            cancellation,
            memory: shared.query_memory.query(),
            series_max: limits.max_query_series.unwrap_or(usize::MAX),
            now: now(),
        };
        let result = run(query, &context);
        let mut stats = QueryStats::default();
        if let Ok(found) = &result {
            stats.scan = found.scan;
            stats.returned = found.returned;
        }
        shared.metrics.query_ended(stats.bytes());
        stats.took = started.elapsed();
        stats.queued = started.duration_since(asked);
        result
            .map(|found| (found.value, stats))
            .map_err(|error| eval_error(&error))
    })
    .await
}

fn eval_error(error: &EvalError) -> ApiError {
    match error {
        EvalError::Scan(error) => scan_error(error),
        EvalError::Memory(error) => memory_error(error),
        error => ApiError::bad_request(error.to_string()),
    }
}

#[cfg(test)]
mod tests;
