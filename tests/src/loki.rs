//! Reads back from anything that speaks Loki's HTTP API.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use longshore_model::{TimeRange, TimestampNs};
use serde_json::Value;

use crate::clock::wait_until;
use crate::http::{Client, Response, escape};
use crate::verify::Labels;

/// Most lines in one answer: Loki's own highest `limit`.
const PAGE_LINES: usize = 5_000;

/// Span of one query when everything is read: keeps the work of a page near the size of a page.
const WINDOW_NS: i64 = 30 * longshore_model::SECOND_NS;

/// What went wrong, in words for the person at the terminal.
#[derive(Debug)]
pub struct Failure(pub String);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

/// A line as a query gives it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    /// When.
    pub at: TimestampNs,
    /// Stream labels and structured metadata.
    pub labels: Labels,
    /// The text.
    pub line: String,
}

/// A client of one store.
#[derive(Debug)]
pub struct Loki {
    client: Client,
}

impl Loki {
    /// Connects at the first question.
    pub fn new(address: SocketAddr) -> Self {
        Self {
            client: Client::new(address),
        }
    }

    /// Asks for any path.
    ///
    /// # Errors
    /// The connection failed.
    pub fn get(&mut self, path: &str) -> Result<Response, Failure> {
        self.client
            .get(path)
            .map_err(|error| Failure(format!("{path}: {error}")))
    }

    /// Waits until `/ready` answers 200.
    ///
    /// # Errors
    /// The deadline passed.
    pub fn wait_ready(&mut self, deadline: Duration) -> Result<(), Failure> {
        let address = self.client.address();
        let ready = || self.client.get("/ready").ok().filter(|response| response.status == 200);
        wait_until(deadline, ready)
            .map(drop)
            .ok_or_else(|| Failure(format!("{address} is not ready in {deadline:?}")))
    }

    fn ask(&mut self, path: &str) -> Result<Value, Failure> {
        let response = self.get(path)?;
        let fail =
            |what: &dyn fmt::Display| Failure(format!("{path}: {} {what}: {:.300}", response.status, response.text()));
        if response.status != 200 {
            return Err(fail(&"refused"));
        }
        serde_json::from_slice(&response.body).map_err(|error| fail(&error))
    }

    /// The sum of an instant query's values.
    ///
    /// # Errors
    /// The query was refused, or gave no vector.
    pub fn sum(&mut self, query: &str, at: TimestampNs) -> Result<f64, Failure> {
        let path = format!("/loki/api/v1/query?query={}&time={}", escape(query), at.0);
        let answer = self.ask(&path)?;
        let vector = answer["data"]["result"]
            .as_array()
            .ok_or_else(|| Failure(format!("{path}: no vector")))?;
        let value = |sample: &Value| sample["value"][1].as_str().and_then(|text| text.parse::<f64>().ok());
        vector
            .iter()
            .map(value)
            .sum::<Option<f64>>()
            .ok_or_else(|| Failure(format!("{path}: no numbers in {answer}")))
    }

    /// One page of a range query, sorted by time as the direction says.
    ///
    /// # Errors
    /// The query was refused, or gave no streams.
    pub fn lines(&mut self, query: &str, range: TimeRange, limit: usize, forward: bool) -> Result<Vec<Line>, Failure> {
        let direction = if forward { "forward" } else { "backward" };
        let path = format!(
            "/loki/api/v1/query_range?query={}&start={}&end={}&limit={limit}&direction={direction}",
            escape(query),
            range.start.0,
            range.end.0,
        );
        let answer = self.ask(&path)?;
        let streams = answer["data"]["result"].as_array();
        let streams = streams.filter(|_| answer["data"]["resultType"] == "streams");
        let bad = || Failure(format!("{path}: not a list of streams: {:.300}", answer.to_string()));
        let mut lines = Vec::new();
        for stream in streams.ok_or_else(bad)? {
            let labels = stream["stream"].as_object().ok_or_else(bad)?.iter();
            let labels: Labels = labels
                .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
                .collect();
            for value in stream["values"].as_array().ok_or_else(bad)? {
                let at = value[0]
                    .as_str()
                    .and_then(|at| at.parse().ok())
                    .map(TimestampNs)
                    .ok_or_else(bad)?;
                let line = value[1].as_str().ok_or_else(bad)?.to_owned();
                lines.push(Line {
                    at,
                    labels: labels.clone(),
                    line,
                });
            }
        }
        lines.sort_by_key(|line| if forward { line.at.0 } else { -line.at.0 });
        Ok(lines)
    }

    /// Gives every line of the range to `each`, oldest first, once for each time the store has it.
    ///
    /// A page may end in the middle of lines with one timestamp. The next page begins at that timestamp again, and
    /// what was given already is taken off by count.
    ///
    /// # Errors
    /// A query failed, or one nanosecond holds more lines than a page.
    pub fn each_line(&mut self, query: &str, range: TimeRange, mut each: impl FnMut(&Line)) -> Result<(), Failure> {
        let mut from = range.start;
        let mut given: BTreeMap<Line, usize> = BTreeMap::new();
        while from < range.end {
            let end = TimestampNs(range.end.0.min(from.0.saturating_add(WINDOW_NS)));
            let page = self.lines(query, TimeRange { start: from, end }, PAGE_LINES, true)?;
            for line in &page {
                match given.get_mut(line).filter(|count| **count > 0) {
                    Some(count) => *count -= 1,
                    None => each(line),
                }
            }
            given.clear();
            let edge = page.last().filter(|_| page.len() >= PAGE_LINES).map(|line| line.at);
            if edge == Some(from) {
                return Err(Failure(format!(
                    "{PAGE_LINES} lines or more at {from}: cannot page through them"
                )));
            }
            for line in page.into_iter().filter(|line| Some(line.at) == edge) {
                *given.entry(line).or_default() += 1;
            }
            from = edge.unwrap_or(end);
        }
        Ok(())
    }
}
