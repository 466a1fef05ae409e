//! `/api/prom/...`: the paths of Loki before 1.0, with their own shapes.

use std::collections::BTreeSet;

use axum::extract::{Path, State};
use axum::response::Response;
use longshore_logql::eval::Context;
use longshore_logql::{Expr, LogExpr};
use longshore_model::Labels;
use serde_json::json;

use crate::error::ApiError;
use crate::json::{self, Answer, put_line, put_list, put_string};
use crate::labels::{find_names, find_values};
use crate::params::{Params, now};
use crate::query::rows::{Row, expected_bytes, names_bytes, streams};
use crate::query::{LogQuery, check_limit, limits, parse, run_query};
use crate::server::Shared;
use crate::tenant::Reader;

/// `/api/prom/query`: a range query of logs; `regexp` is one more filter.
pub(crate) async fn query(State(shared): State<Shared>, reader: Reader, params: Params) -> Result<Response, ApiError> {
    let range = params.query_range(now())?;
    let (limit, direction) = (params.limit()?, params.direction()?);
    let read = move |reader: &Reader| {
        let expr = with_regexp(parse(&params)?, params.get("regexp"))?;
        check_limit(limit, &reader.limits)?;
        let whole = Expr::Log(expr.clone());
        limits::check_query(params.get("query").unwrap_or_default(), &whole, &reader.limits)?;
        limits::check_labels(&whole, &reader.limits)?;
        limits::check_length(reader.logs.visible(range), None, &reader.limits)?;
        limits::check_bytes(&whole, range, reader)?;
        Ok(LogQuery {
            expr,
            range,
            limit,
            direction,
            interval_ns: 0,
        })
    };
    let run = move |query: LogQuery, context: &Context<'_>| {
        query.find(limit, context)?.map(|rows| {
            let memory = &context.memory;
            memory.take(names_bytes(&rows))?;
            let mut answer = Answer::begin("{\"streams\":", "}", expected_bytes(&rows), memory)?;
            answer.list(streams(&rows, false), |answer, (labels, rows)| {
                answer.put(|out| put_stream_start(out, &labels));
                answer.list(rows, |answer, row| answer.put(|out| put_entry(out, row)));
                answer.put(|out| out.push(b'}'));
            });
            drop(rows);
            answer.written()
        })
    };
    let (answer, stats) = run_query(&shared, &reader, read, run).await?;
    Ok(answer.respond(&stats))
}

fn with_regexp(expr: Expr, regexp: Option<&str>) -> Result<LogExpr, ApiError> {
    let Expr::Log(mut expr) = expr else {
        return Err(ApiError::bad_request(
            "legacy endpoints only support streams result type",
        ));
    };
    let Some(regexp) = regexp else { return Ok(expr) };
    // Read in a query of its own: the printed form of the client's would not mean quite the same.
    let mut filter = br#"{app=~".+"} |~ "#.to_vec();
    // Every string of JSON is one of LogQL's.
    put_string(&mut filter, regexp);
    match longshore_logql::parse(&String::from_utf8_lossy(&filter)) {
        Ok(Expr::Log(filter)) => expr.stages.extend(filter.stages),
        Ok(Expr::Sample(_)) => return Err(ApiError::internal("a filter made a query of logs one of numbers")),
        Err(error) => return Err(ApiError::bad_request(error.to_string())),
    }
    Ok(expr)
}

/// `/api/prom/label`.
pub(crate) async fn label_names(
    State(shared): State<Shared>,
    reader: Reader,
    params: Params,
) -> Result<Response, ApiError> {
    Ok(list(&find_names(&shared, reader, &params).await?))
}

/// `/api/prom/label/{name}/values`.
pub(crate) async fn label_values(
    State(shared): State<Shared>,
    reader: Reader,
    Path(name): Path<String>,
    params: Params,
) -> Result<Response, ApiError> {
    Ok(list(&find_values(&shared, reader, &name, &params).await?))
}

fn list(items: &BTreeSet<String>) -> Response {
    json::value(&match items.is_empty() {
        true => json!({}),
        false => json!({"values": items}),
    })
}

/// Appends `[{"labels":"{app=\"web\"}","entries":[{"ts","line"}]}]`.
pub(crate) fn put_streams<'r, R>(out: &mut Vec<u8>, streams: impl IntoIterator<Item = (Labels, R)>)
where
    R: IntoIterator<Item = &'r Row>,
{
    put_list(out, streams, |out, (labels, rows)| {
        put_stream_start(out, &labels);
        put_list(out, rows, put_entry);
        out.push(b'}');
    });
}

fn put_stream_start(out: &mut Vec<u8>, labels: &Labels) {
    out.extend_from_slice(b"{\"labels\":");
    put_string(out, &labels.to_string());
    out.extend_from_slice(b",\"entries\":");
}

fn put_entry(out: &mut Vec<u8>, row: &Row) {
    out.extend_from_slice(b"{\"ts\":");
    put_string(out, &row.timestamp.to_string());
    out.extend_from_slice(b",\"line\":");
    put_line(out, &row.line);
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_regexp_is_one_stage_more_and_changes_no_other() {
        let read = |text: &str| longshore_logql::parse(text).unwrap();
        // Sizes are printed rounded.
        let text = r#"{app="web"} |= "x" | logfmt | size > 2KiB"#;
        let Expr::Log(plain) = read(text) else {
            panic!("a log query")
        };
        assert_eq!(with_regexp(read(text), None).unwrap(), plain);
        let mut filtered = with_regexp(read(text), Some("a\\d\"\n")).unwrap();
        let filter = filtered.stages.pop().unwrap();
        assert_eq!(filtered, plain);
        let alone = read(r#"{app=~".+"} |~ "a\\d\"\n""#);
        assert!(matches!(alone, Expr::Log(alone) if alone.stages == [filter]));
        assert_eq!(
            with_regexp(read("vector(1)"), Some("x")).unwrap_err().status.as_u16(),
            400
        );
    }
}
