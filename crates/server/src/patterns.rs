//! What the lines of a selection look like: `/loki/api/v1/patterns`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use longshore_logql::eval::Context;
use longshore_logql::patterns::{Pattern, PatternParams, find_patterns};
use longshore_logql::{Expr, LogExpr};
use longshore_model::SECOND_NS;

use crate::error::ApiError;
use crate::json::{self, put_list, put_string};
use crate::params::{Params, now};
use crate::query::{Found, check_resolution, limits, parse, run_query};
use crate::server::Shared;
use crate::tenant::Reader;

/// The smallest step: Loki counts lines of a pattern in pieces of ten seconds.
const STEP_NS_MIN: i64 = 10 * SECOND_NS;

/// `/loki/api/v1/patterns`: `{"status","data":[{"pattern","level","samples":[[seconds,lines]]}]}`.
pub(crate) async fn find(State(shared): State<Shared>, reader: Reader, params: Params) -> Result<Response, ApiError> {
    if !shared.settings.patterns_enabled {
        return Err(ApiError::new(StatusCode::NOT_FOUND, "404 page not found").line());
    }
    let range = params.query_range(now())?;
    let step_ns = params.step(range)?.max(STEP_NS_MIN);
    check_resolution(range, step_ns)?;
    let read = move |reader: &Reader| {
        let expr = parse(&params)?;
        limits::check_query(params.get("query").unwrap_or_default(), &expr, &reader.limits)?;
        limits::check_labels(&expr, &reader.limits)?;
        limits::check_length(reader.logs.visible(range), None, &reader.limits)?;
        limits::check_bytes(&expr, range, reader)?;
        let expr: LogExpr = match expr {
            Expr::Log(expr) => expr,
            Expr::Sample(_) => return Err(ApiError::bad_request("only label matchers are supported")),
        };
        Ok((expr, lines_max(&params)?))
    };
    let run = move |(expr, lines_max), context: &Context<'_>| {
        let wanted = PatternParams {
            time: range,
            step_ns,
            lines_max,
        };
        let found = find_patterns(&expr, wanted, context)?;
        Ok(Found {
            value: found.patterns,
            scan: found.stats,
            returned: 0,
        })
    };
    let (patterns, _stats) = run_query(&shared, &reader, read, run).await?;
    Ok(answer(&patterns))
}

/// Lines after which no more are looked at, when the request says so.
fn lines_max(params: &Params) -> Result<Option<u64>, ApiError> {
    let limit = params.number("line_limit", 0)?;
    let limit = u64::try_from(limit).map_err(|_| ApiError::bad_request("limit must be a positive value"))?;
    Ok(Some(limit).filter(|limit| *limit > 0))
}

fn answer(patterns: &[Pattern]) -> Response {
    let mut out = Vec::with_capacity(4096);
    out.extend_from_slice(b"{\"status\":\"success\",\"data\":");
    put_list(&mut out, patterns, |out, pattern| {
        out.extend_from_slice(b"{\"pattern\":");
        put_string(out, &pattern.text);
        out.extend_from_slice(b",\"level\":");
        put_string(out, &pattern.level);
        out.extend_from_slice(b",\"samples\":");
        put_list(out, &pattern.samples, |out, (start_ns, lines)| {
            let start = start_ns.div_euclid(SECOND_NS);
            out.extend_from_slice(format!("[{start},{lines}]").as_bytes());
        });
        out.push(b'}');
    });
    out.push(b'}');
    json::body(out)
}
