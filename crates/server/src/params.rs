//! Query parameters, by Loki's rules: names, defaults, spellings of time, and the texts of what is wrong.

mod time;

use std::time::Duration;

use axum::Form;
use axum::body::Body;
use axum::extract::{FromRequest, Query, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Method};
use longshore_model::{Direction, SECOND_NS, TimeRange, TimestampNs, parse_prometheus_duration};

use crate::body;
use crate::error::ApiError;
use crate::server::Shared;
use crate::slow::Asked;

pub(crate) use time::{format_prometheus_duration, now, parse_timestamp};

/// Entries of an answer when the request does not say.
const LIMIT_DEFAULT: usize = 100;

/// How far back a request looks when it does not say.
const SINCE_DEFAULT_NS: i64 = 3_600 * SECOND_NS;

/// Points that a range is cut into when the request does not say.
const STEPS_DEFAULT: f64 = 250.0;

/// Names and values of the query string and, for POST and PUT, of a form body, which comes first as in Go.
#[derive(Debug, Clone, Default)]
pub(crate) struct Params {
    pairs: Vec<(String, String)>,
    /// The flags of `X-Loki-Response-Encoding-Flags`, as they came.
    pub(crate) encoding_flags: Option<String>,
}

impl FromRequest<Shared> for Params {
    type Rejection = ApiError;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let mut pairs = Vec::new();
        if matches!(parts.method, Method::POST | Method::PUT) && is_form(&parts.headers) {
            let bytes = body::read(shared, body, shared.settings.query_body_bytes_max).await?;
            let form = Request::from_parts(parts.clone(), Body::from(bytes));
            let form = Form::<Vec<(String, String)>>::from_request(form, shared).await;
            pairs = form.map_err(|error| ApiError::bad_request(error.body_text()))?.0;
        }
        let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        pairs.extend(query.map_err(|error| ApiError::bad_request(error.body_text()))?.0);
        if let Some(asked) = parts.extensions.get::<Asked>() {
            asked.told(&pairs);
        }
        let flags = parts
            .headers
            .get("x-loki-response-encoding-flags")
            .and_then(|value| value.to_str().ok())
            .filter(|value| !value.is_empty());
        Ok(Self {
            pairs,
            encoding_flags: flags.map(str::to_owned),
        })
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"))
}

impl Params {
    /// The first value of a name, `None` also when it is empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let first = self.pairs.iter().find(|(key, _)| key == name);
        first.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// All values of a name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether the answer keeps structured metadata and parsed labels apart from the stream's.
    pub(crate) fn categorize_labels(&self) -> bool {
        let flags = self.encoding_flags.as_deref().unwrap_or_default();
        flags.split(',').any(|flag| flag.trim() == "categorize-labels")
    }

    /// Entries wanted.
    pub(crate) fn limit(&self) -> Result<usize, ApiError> {
        let limit = self.number("limit", LIMIT_DEFAULT as i64)?;
        match usize::try_from(limit) {
            Ok(limit) if limit > 0 => Ok(limit),
            _ => Err(ApiError::bad_request("limit must be a positive value")),
        }
    }

    /// A whole number.
    pub(crate) fn number(&self, name: &str, default: i64) -> Result<i64, ApiError> {
        let Some(text) = self.get(name) else { return Ok(default) };
        let error = |_| ApiError::bad_request(format!("strconv.Atoi: parsing {text:?}: invalid syntax"));
        text.parse().map_err(error)
    }

    /// Which end comes first.
    pub(crate) fn direction(&self) -> Result<Direction, ApiError> {
        match self.get("direction") {
            None => Ok(Direction::Backward),
            Some(text) if text.eq_ignore_ascii_case("backward") => Ok(Direction::Backward),
            Some(text) if text.eq_ignore_ascii_case("forward") => Ok(Direction::Forward),
            Some(text) => Err(ApiError::bad_request(format!("invalid direction '{text}'"))),
        }
    }

    /// The moment of an instant query.
    pub(crate) fn instant(&self, now: TimestampNs) -> Result<TimestampNs, ApiError> {
        self.get("time")
            .map_or(Ok(now), |text| parse_timestamp(text).map_err(ApiError::bad_request))
    }

    /// An end of a range, or the default.
    fn time(&self, name: &str, default: TimestampNs) -> Result<TimestampNs, ApiError> {
        let Some(text) = self.get(name) else { return Ok(default) };
        parse_timestamp(text)
            .map_err(|error| ApiError::bad_request(format!("could not parse '{name}' parameter: {error}")))
    }

    /// `start`, `end` and `since`; the last hour by default.
    pub(crate) fn range(&self, now: TimestampNs) -> Result<TimeRange, ApiError> {
        let end = self.time("end", now)?;
        let mut since_ns = SINCE_DEFAULT_NS;
        if let Some(text) = self.get("since") {
            since_ns = parse_prometheus_duration(text).map(duration_ns).map_err(|_| {
                ApiError::bad_request(format!(
                    "could not parse 'since' parameter: not a valid duration string: {text:?}"
                ))
            })?;
        }
        let latest = if end > now { now } else { end };
        let start = self.time("start", TimestampNs(latest.0.saturating_sub(since_ns)))?;
        Ok(TimeRange { start, end })
    }

    /// The same, refusing an end before the start.
    pub(crate) fn query_range(&self, now: TimestampNs) -> Result<TimeRange, ApiError> {
        let range = self.range(now)?;
        if range.end < range.start {
            return Err(ApiError::bad_request(
                "end timestamp must not be before or equal to start time",
            ));
        }
        Ok(range)
    }

    /// The distance of points in nanoseconds.
    pub(crate) fn step(&self, range: TimeRange) -> Result<i64, ApiError> {
        let step_ns = match self.get("step") {
            None => {
                let seconds = range.end.0.saturating_sub(range.start.0) as f64 / 1e9;
                ((seconds / STEPS_DEFAULT).floor().max(1.0) * 1e9) as i64
            }
            Some(text) => parse_seconds(text)?,
        };
        if step_ns <= 0 {
            return Err(ApiError::bad_request(
                "zero or negative query resolution step widths are not accepted. Try a positive integer",
            ));
        }
        Ok(step_ns)
    }

    /// The smallest distance of lines in nanoseconds, 0 for none.
    pub(crate) fn interval(&self) -> Result<i64, ApiError> {
        let Some(text) = self.get("interval") else { return Ok(0) };
        let interval_ns = parse_seconds(text)?;
        if interval_ns < 0 {
            return Err(ApiError::bad_request("interval must be >= 0"));
        }
        Ok(interval_ns)
    }
}

/// Seconds as a decimal number, or a duration, in nanoseconds.
fn parse_seconds(text: &str) -> Result<i64, ApiError> {
    if let Ok(seconds) = text.parse::<f64>() {
        let ns = seconds * 1e9;
        if !ns.is_finite() || ns.abs() > i64::MAX as f64 {
            return Err(ApiError::bad_request(format!(
                "cannot parse {text:?} to a valid duration. It overflows int64"
            )));
        }
        return Ok(ns as i64);
    }
    parse_prometheus_duration(text)
        .map(duration_ns)
        .map_err(|_| ApiError::bad_request(format!("cannot parse {text:?} to a valid duration")))
}

fn duration_ns(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
