//! Results as plain values; the server makes JSON of them.

use bytes::Bytes;
use longshore_model::{Labels, ScanStats, TimestampNs};

use crate::pipeline::ResultLabels;

/// Lines that share all their labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultStream {
    /// Their labels by where they came from.
    pub labels: ResultLabels,
    /// Time and text, in the order that was asked for.
    pub entries: Vec<(TimestampNs, Bytes)>,
}

/// The result of a log query.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogResult {
    /// Streams, sorted by labels.
    pub streams: Vec<ResultStream>,
    /// What was read.
    pub stats: ScanStats,
}

/// One value of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// When.
    pub timestamp: TimestampNs,
    /// How much.
    pub value: f64,
}

/// Values over time that share their labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The labels.
    pub labels: Labels,
    /// Ascending in time; moments without a value are left out.
    pub points: Vec<Point>,
}

/// A value of one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The labels.
    pub labels: Labels,
    /// How much.
    pub value: f64,
}

/// Values that a metric query gives.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Of a range query; sorted by labels.
    Matrix(Vec<Series>),
    /// Of an instant query; sorted by labels unless the query sorts.
    Vector {
        /// The moment.
        at: TimestampNs,
        /// The samples.
        samples: Vec<Sample>,
    },
    /// Of an instant query that is a plain number.
    Scalar(Point),
}

/// The result of a metric query.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricResult {
    /// The values.
    pub value: Value,
    /// What was read.
    pub stats: ScanStats,
}
