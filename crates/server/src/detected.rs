//! What a selection holds, for explorers that offer it to click on: labels worth grouping by, and fields in the lines.
//!
//! Fields are found in a sample of the newest lines, not in all; the sample's size is the request's `line_limit`.

mod field;

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{Path, State};
use axum::response::Response;
use longshore_logql::Expr;
use longshore_logql::eval::Context;
use longshore_model::{Direction, Labels};
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::index::AllOf;
use crate::json;
use crate::params::{Params, now};
use crate::query::limits::{self, check_length};
use crate::query::{LogQuery, parse, parse_selector, run_query};
use crate::server::Shared;
use crate::streams;
use crate::tenant::Reader;
use field::{Fields, is_identifier};

/// Lines of the sample when the request does not say.
const LINE_LIMIT_DEFAULT: i64 = 100;
/// Fields of an answer when the request does not say.
const FIELD_LIMIT_DEFAULT: i64 = 1_000;
/// Labels that are offered although their values look like identifiers.
const ALWAYS_OFFERED: [&str; 4] = ["cluster", "namespace", "instance", "pod"];

/// `/loki/api/v1/detected_labels`: `{"detectedLabels":[{"label","cardinality"}]}`.
pub(crate) async fn labels(State(shared): State<Shared>, reader: Reader, params: Params) -> Result<Response, ApiError> {
    let range = params.range(now())?;
    let read = move |reader: &Reader| {
        let selector = AllOf(params.get("query").map_or(Ok(Vec::new()), parse_selector)?);
        check_length(reader.logs.visible(range), None, &reader.limits)?;
        Ok(selector)
    };
    let streams = streams::find(&shared, reader, read, range).await?;
    let mut values: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, value) in streams.iter().flat_map(Labels::iter) {
        values.entry(name).or_default().insert(value);
    }
    values.retain(|name, values| ALWAYS_OFFERED.contains(name) || !values.iter().all(|value| is_identifier(value)));
    let labels: Vec<Value> = values
        .iter()
        .map(|(name, values)| json!({"label": name, "cardinality": values.len()}))
        .collect();
    Ok(json::value(&match labels.is_empty() {
        true => json!({}),
        false => json!({"detectedLabels": labels}),
    }))
}

/// `/loki/api/v1/detected_fields`: `{"fields":[{"label","type","cardinality","parsers","jsonPath"}],"limit"}`.
pub(crate) async fn fields(State(shared): State<Shared>, reader: Reader, params: Params) -> Result<Response, ApiError> {
    let limit = field_limit(&params)?;
    let fields = find_fields(&shared, reader, params).await?;
    let fields: Vec<Value> = fields
        .iter()
        .take(limit)
        .map(|(name, field)| field.describe(name))
        .collect();
    Ok(json::value(&match fields.is_empty() {
        true => json!({}),
        false => json!({"fields": fields, "limit": limit}),
    }))
}

/// `/loki/api/v1/detected_field/{name}/values`: `{"values":[],"limit"}`.
pub(crate) async fn field_values(
    State(shared): State<Shared>,
    reader: Reader,
    Path(name): Path<String>,
    params: Params,
) -> Result<Response, ApiError> {
    let limit = field_limit(&params)?;
    let fields = find_fields(&shared, reader, params).await?;
    let values: Vec<&str> = fields
        .get(&name)
        .into_iter()
        .flat_map(|field| field.values())
        .take(limit)
        .collect();
    Ok(json::value(&match values.is_empty() {
        true => json!({}),
        false => json!({"values": values, "limit": limit}),
    }))
}

fn field_limit(params: &Params) -> Result<usize, ApiError> {
    let named = if params.get("limit").is_some() {
        "limit"
    } else {
        "field_limit"
    };
    positive(params, named, FIELD_LIMIT_DEFAULT)
}

fn positive(params: &Params, name: &str, default: i64) -> Result<usize, ApiError> {
    match usize::try_from(params.number(name, default)?) {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(ApiError::bad_request("limit must be a positive value")),
    }
}

async fn find_fields(shared: &Shared, reader: Reader, params: Params) -> Result<Fields, ApiError> {
    let range = params.query_range(now())?;
    let lines = positive(&params, "line_limit", LINE_LIMIT_DEFAULT)?;
    let read = move |reader: &Reader| {
        let expr = parse(&params)?;
        limits::check_query(params.get("query").unwrap_or_default(), &expr, &reader.limits)?;
        limits::check_labels(&expr, &reader.limits)?;
        check_length(reader.logs.visible(range), None, &reader.limits)?;
        limits::check_bytes(&expr, range, reader)?;
        let Expr::Log(expr) = expr else {
            return Err(ApiError::bad_request("only log selector is supported"));
        };
        Ok(LogQuery {
            expr,
            range,
            limit: lines.min(reader.limits.max_entries_limit_per_query),
            direction: Direction::Backward,
            interval_ns: 0,
        })
    };
    let run = move |query: LogQuery, context: &Context<'_>| {
        query.find(query.limit, context)?.map(|rows| {
            let mut fields = Fields::default();
            for row in &rows {
                let before = fields.size_bytes();
                fields.add(&row.labels, &row.line);
                context.memory.take(fields.size_bytes() - before)?;
            }
            Ok(fields)
        })
    };
    Ok(run_query(shared, &reader, read, run).await?.0)
}

#[cfg(test)]
mod tests;
