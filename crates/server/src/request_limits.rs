//! `X-Loki-Query-Limits`: limits that a request puts on itself, as JSON. They can be narrower than the tenant's only.
//!
//! What cannot be read is passed over, as in Loki: who sends it wants less than it may have.

use std::time::Duration;

use axum::http::HeaderMap;
use longshore_model::{ByteSize, parse_prometheus_duration};
use serde_json::Value;

use crate::settings::Limits;

/// The limits of a request's header.
pub(crate) fn of(headers: &HeaderMap) -> Option<Limits> {
    let header = headers.get("x-loki-query-limits")?.to_str().ok()?;
    read(&serde_json::from_str(header).ok()?)
}

fn read(json: &Value) -> Option<Limits> {
    let object = json.as_object()?;
    let mut limits = Limits::unlimited();
    for (key, value) in object {
        match key.as_str() {
            "maxQueryLength" => limits.max_query_length = duration(value)?,
            "maxQueryInterval" => limits.max_query_range = duration(value)?,
            "maxQueryLookback" => limits.max_query_lookback = duration(value)?,
            "maxQueryTime" => limits.query_timeout = duration(value)?.unwrap_or(limits.query_timeout),
            "maxEntriesLimitPerQuery" => {
                limits.max_entries_limit_per_query = count(value)?.unwrap_or(limits.max_entries_limit_per_query);
            }
            "minimumLabelsNumber" => limits.minimum_labels_number = count(value)?.unwrap_or(0),
            "requiredLabels" => {
                let names = value.as_array()?.iter().map(Value::as_str);
                limits.required_labels = names.map(|name| name.map(str::to_owned)).collect::<Option<_>>()?;
            }
            "maxQueryBytesRead" => {
                let size: ByteSize = value.as_str()?.parse().ok()?;
                limits.max_query_bytes_read = Some(size.0).filter(|bytes| *bytes > 0);
            }
            _ => {}
        }
    }
    Some(limits)
}

/// A duration of which nothing means no limit; the outer `None` is a mistake.
fn duration(value: &Value) -> Option<Option<Duration>> {
    let duration = parse_prometheus_duration(value.as_str()?).ok()?;
    Some(Some(duration).filter(|duration| !duration.is_zero()))
}

fn count(value: &Value) -> Option<Option<usize>> {
    let count = usize::try_from(value.as_u64()?).ok()?;
    Some(Some(count).filter(|count| *count > 0))
}

#[cfg(test)]
mod tests;
