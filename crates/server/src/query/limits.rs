//! What a tenant may ask, and how it is told that it may not; the texts are Loki's.

use std::convert::Infallible;
use std::time::Duration;

use longshore_goregex::Regex;
use longshore_logql::ast::{LineFilterOp, LineOperand, LogRange, StageKind};
use longshore_logql::{Expr, Selector};
use longshore_model::{TimeRange, TimestampNs, format_go_duration};
use longshore_store::Grown;

use crate::error::ApiError;
use crate::limits::SELECTORS_MAX;
use crate::logs::Logs;
use crate::params::format_prometheus_duration;
use crate::settings::Limits;
use crate::tenant::Reader;

/// A query that is refused; all that is given must fit.
#[derive(Debug, Clone, PartialEq)]
pub struct BlockedQuery {
    /// Its text.
    pub text: Option<BlockedText>,
    /// Its kinds; empty for all.
    pub kinds: Vec<QueryKind>,
    /// FNV-1 of its text, 32 bits; it decides alone when it is given.
    pub hash: Option<u32>,
}

/// What a text is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum BlockedText {
    /// The same query, as it was sent or as it is printed.
    Same(String),
    /// Somewhere in it.
    Matching(Regex),
}

/// Kinds of queries, in Loki's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueryKind {
    /// Gives numbers.
    Metric,
    /// Gives lines that pass a filter.
    Filter,
    /// Gives lines as they come, so that it ends at its limit.
    Limited,
}

impl QueryKind {
    /// The kind of a query.
    fn of(expr: &Expr) -> Self {
        match expr {
            Expr::Sample(_) => Self::Metric,
            Expr::Log(expr) if expr.stages.iter().any(|stage| is_filter(&stage.kind)) => Self::Filter,
            Expr::Log(_) => Self::Limited,
        }
    }

    /// Reads its name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "metric" => Self::Metric,
            "filter" => Self::Filter,
            "limited" => Self::Limited,
            _ => return None,
        })
    }
}

/// Whether a stage may leave lines out.
fn is_filter(stage: &StageKind) -> bool {
    match stage {
        StageKind::LineFilter(filter) => {
            let is_empty =
                |operand: &LineOperand| matches!(operand, LineOperand::Text { value, .. } if value.is_empty());
            filter.op != LineFilterOp::Contains || !filter.operands.iter().all(is_empty)
        }
        StageKind::LabelFilter(_) => true,
        _ => false,
    }
}

/// Refuses what no query of the tenant may be: blocked ones, and those with too many matchers.
pub(crate) fn check_query(text: &str, expr: &Expr, limits: &Limits) -> Result<(), ApiError> {
    let selectors = selectors(expr);
    check_selectors(selectors.len())?;
    let most = selectors.iter().map(|selector| selector.matchers.len()).max();
    let max = limits.max_streams_matchers_per_query;
    if let Some(count) = most.filter(|count| *count > max) {
        return Err(ApiError::bad_request(format!(
            "max streams matchers per query exceeded, matchers-count > limit ({count} > {max})"
        )));
    }
    if limits.blocked_queries.iter().any(|blocked| blocked.fits(text, expr)) {
        return Err(ApiError::bad_request("query blocked by policy"));
    }
    check_intervals(expr, limits)
}

/// Refuses more selectors than a request may have.
pub(crate) fn check_selectors(count: usize) -> Result<(), ApiError> {
    if count > SELECTORS_MAX {
        return Err(ApiError::bad_request(format!(
            "the request has {count} stream selectors, and may have {SELECTORS_MAX}: use fewer, or regular expressions \
             that select several streams"
        )));
    }
    Ok(())
}

impl BlockedQuery {
    fn fits(&self, text: &str, expr: &Expr) -> bool {
        let is_kind = self.kinds.is_empty() || self.kinds.contains(&QueryKind::of(expr));
        if let Some(hash) = self.hash {
            return is_kind && hash == fnv1(text);
        }
        let is_text = match &self.text {
            None => true,
            Some(BlockedText::Same(blocked)) => blocked.trim() == text.trim() || *blocked == expr.to_string(),
            Some(BlockedText::Matching(pattern)) => pattern.is_match(text.as_bytes()),
        };
        is_kind && is_text
    }
}

/// The hash by which Loki's logs name queries.
fn fnv1(text: &str) -> u32 {
    let step = |hash: u32, byte: u8| hash.wrapping_mul(0x0100_0193) ^ u32::from(byte);
    text.bytes().fold(0x811c_9dc5, step)
}

/// Refuses windows of range aggregations that are too long.
fn check_intervals(expr: &Expr, limits: &Limits) -> Result<(), ApiError> {
    let Some(max) = limits.max_query_range else {
        return Ok(());
    };
    let longest = longest_interval(expr);
    if longest > max {
        return Err(ApiError::bad_request(format!(
            "[interval] value exceeds limit: [{}] > [{}]",
            format_prometheus_duration(longest),
            format_prometheus_duration(max)
        )));
    }
    Ok(())
}

/// Refuses a query over a range whose selectors do not name enough labels.
pub(crate) fn check_labels(expr: &Expr, limits: &Limits) -> Result<(), ApiError> {
    for selector in selectors(expr) {
        let present: Vec<&str> = selector.matchers.iter().map(|matcher| matcher.name.as_str()).collect();
        let is_missing = |name: &&String| !present.contains(&name.as_str());
        let missing: Vec<&str> = limits
            .required_labels
            .iter()
            .filter(is_missing)
            .map(String::as_str)
            .collect();
        if !missing.is_empty() {
            return Err(ApiError::bad_request(format!(
                "stream selector is missing required matchers [{}], labels present in the query were [{}]",
                missing.join(", "),
                present.join(", ")
            )));
        }
        let (count, wanted) = (present.len(), limits.minimum_labels_number);
        if count < wanted {
            return Err(ApiError::bad_request(format!(
                "stream selector has less label matchers than required: (present: [{}], number_present: {count}, \
                 required_number_label_matchers: {wanted})",
                present.join(", ")
            )));
        }
    }
    Ok(())
}

/// Refuses a range that is too long, the windows of its aggregations included.
pub(crate) fn check_length(range: TimeRange, expr: Option<&Expr>, limits: &Limits) -> Result<(), ApiError> {
    let Some(max) = limits.max_query_length else {
        return Ok(());
    };
    let length = u64::try_from(range.end.0.saturating_sub(range.start.0)).unwrap_or(0);
    let length = Duration::from_nanos(length);
    let with_windows = length.saturating_add(expr.map_or(Duration::ZERO, longest_interval));
    let too_long = [length, with_windows].into_iter().find(|length| *length > max);
    if let Some(length) = too_long {
        return Err(ApiError::bad_request(format!(
            "the query time range exceeds the limit (query length: {}, limit: {})",
            format_go_duration(length),
            format_prometheus_duration(max)
        )));
    }
    Ok(())
}

/// Refuses a query that would read too much. A query that ends at its limit of lines reads as much as it needs.
pub(crate) fn check_bytes(expr: &Expr, range: TimeRange, reader: &Reader) -> Result<(), ApiError> {
    let Reader { logs, limits } = reader;
    let Some(max) = limits
        .max_query_bytes_read
        .filter(|_| QueryKind::of(expr) != QueryKind::Limited)
    else {
        return Ok(());
    };
    let bytes: u64 = match expr {
        Expr::Log(expr) => bytes_of(&expr.selector, range, logs),
        Expr::Sample(expr) => expr
            .ranges()
            .iter()
            .map(|range_of| bytes_of_window(range_of, range, logs))
            .sum(),
    };
    if bytes > max {
        return Err(ApiError::bad_request(format!(
            "the query would read too many bytes (query: {}, limit: {}); consider adding more specific stream \
             selectors or reduce the time range of the query",
            human_bytes(bytes),
            human_bytes(max)
        )));
    }
    Ok(())
}

fn bytes_of_window(window: &LogRange, range: TimeRange, logs: &Logs) -> u64 {
    let moved = |at: TimestampNs, by_ns: i64| TimestampNs(at.0.saturating_sub(by_ns));
    let range = TimeRange {
        start: moved(range.start, window.interval_ns.saturating_add(window.offset_ns)),
        end: moved(range.end, window.offset_ns),
    };
    bytes_of(&window.log.selector, range, logs)
}

fn bytes_of(selector: &Selector, range: TimeRange, logs: &Logs) -> u64 {
    let mut any = |_: Grown<'_>| Ok::<(), Infallible>(());
    let volumes = logs.volume(selector, range, None, &mut any);
    volumes
        .unwrap_or_else(|never| match never {})
        .iter()
        .flat_map(|volume| &volume.buckets)
        .map(|(_, bytes)| bytes)
        .sum()
}

/// Bytes as Loki's texts have them: `100 B`, `5.0 KiB`, `12 MiB`.
fn human_bytes(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64;
    let mut unit = "B";
    for next in UNITS {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = next;
    }
    if value < 10.0 {
        format!("{value:.1} {unit}")
    } else {
        format!("{value:.0} {unit}")
    }
}

fn longest_interval(expr: &Expr) -> Duration {
    let Expr::Sample(expr) = expr else {
        return Duration::ZERO;
    };
    let longest = expr.ranges().iter().map(|range| range.interval_ns).max().unwrap_or(0);
    Duration::from_nanos(u64::try_from(longest).unwrap_or(0))
}

fn selectors(expr: &Expr) -> Vec<&Selector> {
    match expr {
        Expr::Log(expr) => vec![&expr.selector],
        Expr::Sample(expr) => expr.ranges().into_iter().map(|range| &range.log.selector).collect(),
    }
}

#[cfg(test)]
mod tests;
