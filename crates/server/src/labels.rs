//! What streams there are: their labels, values of a label, whole label sets.

use std::collections::BTreeSet;

use axum::extract::{Path, State};
use axum::response::Response;
use longshore_logql::Matcher;
use longshore_model::{Labels, StreamSelector};
use serde_json::json;

use crate::error::ApiError;
use crate::json::{self, put_labels, put_list};
use crate::params::{Params, now};
use crate::query::limits::{check_length, check_selectors};
use crate::query::parse_selector;
use crate::server::Shared;
use crate::streams::{self, Held};
use crate::tenant::Reader;

/// Streams that satisfy one of several selectors; none wants every stream.
struct AnyOf(Vec<Vec<Matcher>>);

impl StreamSelector for AnyOf {
    fn matches(&self, labels: &Labels) -> bool {
        let satisfies = |matcher: &Matcher| matcher.matches(labels.get(&matcher.name).unwrap_or_default());
        self.0.is_empty() || self.0.iter().any(|matchers| matchers.iter().all(satisfies))
    }
}

/// `/loki/api/v1/labels`.
pub(crate) async fn names(State(shared): State<Shared>, reader: Reader, params: Params) -> Result<Response, ApiError> {
    Ok(list(&find_names(&shared, reader, &params).await?))
}

/// Names of the labels that streams in the range have.
pub(crate) async fn find_names(shared: &Shared, reader: Reader, params: &Params) -> Result<BTreeSet<String>, ApiError> {
    let streams = find(shared, reader, params, &["query"]).await?;
    let names = streams.iter().flat_map(|labels| labels.iter().map(|(name, _)| name));
    Ok(names.map(str::to_owned).collect())
}

/// `/loki/api/v1/label/{name}/values`.
pub(crate) async fn values(
    State(shared): State<Shared>,
    reader: Reader,
    Path(name): Path<String>,
    params: Params,
) -> Result<Response, ApiError> {
    Ok(list(&find_values(&shared, reader, &name, &params).await?))
}

/// Values of a label of streams in the range.
pub(crate) async fn find_values(
    shared: &Shared,
    reader: Reader,
    name: &str,
    params: &Params,
) -> Result<BTreeSet<String>, ApiError> {
    let streams = find(shared, reader, params, &["query"]).await?;
    let values = streams.iter().filter_map(|labels| labels.get(name));
    Ok(values.map(str::to_owned).collect())
}

/// `/loki/api/v1/series`.
pub(crate) async fn series(State(shared): State<Shared>, reader: Reader, params: Params) -> Result<Response, ApiError> {
    let streams = find(&shared, reader, &params, &["match[]", "match"]).await?;
    let mut out = b"{\"status\":\"success\",\"data\":".to_vec();
    put_list(&mut out, streams.iter(), put_labels);
    out.push(b'}');
    Ok(json::body(out))
}

async fn find(
    shared: &Shared,
    reader: Reader,
    params: &Params,
    names: &'static [&'static str],
) -> Result<Held<Labels>, ApiError> {
    let range = params.range(now())?;
    let params = params.clone();
    let read = move |reader: &Reader| {
        check_length(reader.logs.visible(range), None, &reader.limits)?;
        let selectors = || names.iter().flat_map(|name| params.all(name));
        check_selectors(selectors().count())?;
        let wanted = selectors().map(parse_selector).collect::<Result<_, _>>()?;
        Ok(AnyOf(wanted))
    };
    streams::find(shared, reader, read, range).await
}

/// Loki leaves `data` out when there is nothing.
fn list(items: &BTreeSet<String>) -> Response {
    let body = match items.is_empty() {
        true => json!({"status": "success"}),
        false => json!({"status": "success", "data": items}),
    };
    json::value(&body)
}
