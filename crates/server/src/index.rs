//! How much there is: bytes by stream and time, counts.

mod shards;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use longshore_logql::Matcher;
use longshore_model::{
    Cancellation, Columns, Direction, Labels, ScanRequest, Storage as _, StreamSelector, TimeRange, TimestampNs,
};
use longshore_store::StreamVolume;
use serde_json::{Value, json};

pub(crate) use shards::shards;

use crate::error::ApiError;
use crate::json::{self, QueryStats, put_labels, put_list, put_point};
use crate::logs::Logs;
use crate::params::{Params, now};
use crate::query::limits::check_length;
use crate::query::{check_resolution, parse_selector};
use crate::server::Shared;
use crate::settings::Limits;
use crate::streams::{Held, hold_volumes};
use crate::tenant::Reader;
use crate::thread::{on_thread, scan_error};

/// Loki's points of a range stand at the last millisecond of their bucket.
const MILLISECOND_NS: i64 = 1_000_000;

/// Which streams, by matchers that all must hold.
pub(crate) struct AllOf(pub(crate) Vec<Matcher>);

impl StreamSelector for AllOf {
    fn matches(&self, labels: &Labels) -> bool {
        let satisfies = |matcher: &Matcher| matcher.matches(labels.get(&matcher.name).unwrap_or_default());
        self.0.iter().all(satisfies)
    }
}

fn selector(params: &Params) -> Result<AllOf, ApiError> {
    parse_selector(params.get("query").unwrap_or_default()).map(AllOf)
}

/// `/loki/api/v1/index/stats`.
pub(crate) async fn stats(State(shared): State<Shared>, reader: Reader, params: Params) -> Result<Response, ApiError> {
    let range = params.range(now())?;
    Ok(json::value(&count(&shared, reader, params, range).await?))
}

/// Counts streams, pieces, bytes and entries.
async fn count(shared: &Shared, reader: Reader, params: Params, range: TimeRange) -> Result<Value, ApiError> {
    on_thread(shared, &reader, move |shared, Reader { logs, limits }, cancellation| {
        let selector = selector(&params)?;
        check_length(logs.visible(range), None, limits)?;
        let memory = shared.query_memory.query();
        let volumes = logs.volume(&selector, range, None, &mut hold_volumes(&memory, &cancellation))?;
        let bytes: u64 = volumes
            .iter()
            .flat_map(|volume| &volume.buckets)
            .map(|(_, bytes)| bytes)
            .sum();
        let entries = count_entries(logs, &selector, range, cancellation)?;
        Ok(json!({"streams": volumes.len(), "chunks": volumes.len(), "bytes": bytes, "entries": entries}))
    })
    .await
}

fn count_entries(logs: &Logs, selector: &AllOf, time: TimeRange, cancellation: Cancellation) -> Result<u64, ApiError> {
    let all_count = |first, last| time.contains(first) && time.contains(last);
    let request = ScanRequest {
        tenant: logs.tenant(),
        selector: Arc::new(selector),
        time,
        direction: Direction::Forward,
        searches: Vec::new(),
        columns: Columns {
            lines: false,
            metadata: false,
        },
        metadata_names: None,
        alike: Some(&all_count),
        cancellation,
    };
    let mut scan = logs.scan(request).map_err(|error| scan_error(&error))?;
    let mut entries = 0;
    while let Some(batch) = scan.next_batch(time).map_err(|error| scan_error(&error))? {
        let rows = batch.timestamps.iter().filter(|at| time.contains(**at)).count();
        entries += (rows + batch.alike) as u64;
    }
    Ok(entries)
}

/// `/loki/api/v1/index/volume`.
pub(crate) async fn volume(State(shared): State<Shared>, reader: Reader, params: Params) -> Result<Response, ApiError> {
    let (series, end) = find_volumes(&shared, reader, move |limits| {
        let request = VolumeRequest::new(limits, &params)?;
        let end = request.range.end;
        Ok((request, None, end))
    })
    .await?;
    Ok(json::query_answer("vector", None, &QueryStats::default(), |out| {
        put_list(out, &*series, |out, series| {
            out.extend_from_slice(b"{\"metric\":");
            put_labels(out, &series.labels);
            out.extend_from_slice(b",\"value\":");
            put_point(out, end, &series.total.to_string());
            out.push(b'}');
        });
    }))
}

/// `/loki/api/v1/index/volume_range`.
pub(crate) async fn volume_range(
    State(shared): State<Shared>,
    reader: Reader,
    params: Params,
) -> Result<Response, ApiError> {
    let (series, step_ns) = find_volumes(&shared, reader, move |limits| {
        let mut request = VolumeRequest::new(limits, &params)?;
        let step_ns = params.step(request.range)?;
        check_resolution(request.range, step_ns)?;
        // Buckets begin on whole steps, so that they stay the same while the range moves.
        request.range.start = TimestampNs(request.range.start.0.div_euclid(step_ns) * step_ns);
        Ok((request, Some(step_ns), step_ns))
    })
    .await?;
    Ok(json::query_answer("matrix", None, &QueryStats::default(), |out| {
        put_list(out, &*series, |out, series| {
            out.extend_from_slice(b"{\"metric\":");
            put_labels(out, &series.labels);
            out.extend_from_slice(b",\"values\":");
            put_list(out, &series.buckets, |out, (start, bytes)| {
                let last = TimestampNs(start.0.saturating_add(step_ns - MILLISECOND_NS));
                put_point(out, last, &bytes.to_string());
            });
            out.push(b'}');
        });
    }))
}

/// How bytes are added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AggregateBy {
    /// For each set of the wanted labels' values.
    Series,
    /// For each label.
    Labels,
}

struct VolumeRequest {
    selector: AllOf,
    range: TimeRange,
    limit: usize,
    /// Labels that are wanted; empty for all.
    target_labels: Vec<String>,
    /// Streams that lack one of them do not count.
    targets_required: bool,
    aggregate_by: AggregateBy,
}

impl VolumeRequest {
    fn new(limits: &Limits, params: &Params) -> Result<Self, ApiError> {
        if !limits.volume_enabled {
            return Err(ApiError::new(axum::http::StatusCode::NOT_FOUND, "not found"));
        }
        let selector = selector(params)?;
        let targets = params.get("targetLabels");
        let aggregate_by = match params.get("aggregateBy") {
            None | Some("series") => AggregateBy::Series,
            Some("labels") => AggregateBy::Labels,
            Some(_) => return Err(ApiError::bad_request("invalid aggregation option")),
        };
        let target_labels = match (targets, aggregate_by) {
            (Some(names), _) => names.split(',').map(|name| name.trim().to_owned()).collect(),
            // Without targets the labels that the query names are meant.
            (None, AggregateBy::Series) => selector.0.iter().map(|matcher| matcher.name.clone()).collect(),
            (None, AggregateBy::Labels) => Vec::new(),
        };
        let range = params.query_range(now())?;
        check_length(range, None, limits)?;
        Ok(Self {
            selector,
            range,
            limit: params.limit()?.min(limits.volume_max_series),
            target_labels,
            targets_required: targets.is_some() && aggregate_by == AggregateBy::Series,
            aggregate_by,
        })
    }

    /// Under which names the bytes of a stream count.
    fn names(&self, labels: &Labels) -> Vec<Labels> {
        if self.targets_required && self.target_labels.iter().any(|name| labels.get(name).is_none()) {
            return Vec::new();
        }
        let is_wanted = |name: &str| self.target_labels.is_empty() || self.target_labels.iter().any(|t| t == name);
        let wanted = labels.iter().filter(|(name, _)| is_wanted(name));
        match self.aggregate_by {
            AggregateBy::Series => vec![Labels::new(wanted)],
            AggregateBy::Labels => wanted.map(|(name, _)| Labels::new([(name, "")])).collect(),
        }
    }
}

/// Bytes of one name.
struct VolumeSeries {
    labels: Labels,
    total: u64,
    buckets: Vec<(TimestampNs, u64)>,
}

/// Finds what `read` asks for, with a step where it wants buckets; gives also what it says besides.
async fn find_volumes<T: Send + 'static>(
    shared: &Shared,
    reader: Reader,
    read: impl FnOnce(&Limits) -> Result<(VolumeRequest, Option<i64>, T), ApiError> + Send + 'static,
) -> Result<(Held<VolumeSeries>, T), ApiError> {
    on_thread(shared, &reader, move |shared, Reader { logs, limits }, cancellation| {
        let (request, step_ns, besides) = read(limits)?;
        let memory = shared.query_memory.query();
        let volumes = {
            let hold = &mut hold_volumes(&memory, &cancellation);
            logs.volume(&request.selector, request.range, step_ns, hold)?
        };
        Ok((Held::new(aggregate(&request, volumes), memory), besides))
    })
    .await
}

/// Adds up the streams and keeps the largest.
fn aggregate(request: &VolumeRequest, volumes: Vec<StreamVolume>) -> Vec<VolumeSeries> {
    let mut sums: BTreeMap<Labels, BTreeMap<TimestampNs, u64>> = BTreeMap::new();
    for StreamVolume { labels, buckets } in volumes {
        for name in request.names(&labels) {
            let sum = sums.entry(name).or_default();
            for (start, bytes) in &buckets {
                *sum.entry(*start).or_default() += bytes;
            }
        }
    }
    let mut series: Vec<VolumeSeries> = sums
        .into_iter()
        .map(|(labels, buckets)| VolumeSeries {
            labels,
            total: buckets.values().sum(),
            buckets: buckets.into_iter().collect(),
        })
        .filter(|series| series.total > 0)
        .collect();
    // The sort is stable: equal ones stay in order of their labels.
    series.sort_by_key(|series| std::cmp::Reverse(series.total));
    series.truncate(request.limit);
    series
}
