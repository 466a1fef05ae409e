//! What a range aggregation has to read, and by which labels its lines are counted.
//!
//! Invariant: a column is left out only when no label, line or error of the result can depend on it.

use longshore_model::Columns;

use crate::ast::{Grouping, LogRange, RangeOp};
use crate::pipeline::{ERROR_LABEL, Pipeline};

/// Labels by which samples are put together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Key {
    /// Only these; none at all puts everything together.
    By(Vec<String>),
    /// All but these.
    Without(Vec<String>),
}

impl Key {
    /// What a grouping clause of an aggregation means; no clause is `by ()`.
    pub(super) fn of_aggregation(grouping: Option<&Grouping>) -> Self {
        match grouping {
            None => Self::By(Vec::new()),
            Some(grouping) => Self::of(grouping),
        }
    }

    fn of(grouping: &Grouping) -> Self {
        if grouping.without {
            Self::Without(grouping.labels.clone())
        } else {
            Self::By(grouping.labels.clone())
        }
    }

    /// Whether the label is part of the key.
    pub(super) fn keeps(&self, name: &str) -> bool {
        match self {
            Self::By(labels) => labels.iter().any(|label| label == name),
            Self::Without(labels) => !labels.iter().any(|label| label == name),
        }
    }
}

/// How a range aggregation is run.
pub(super) struct Plan {
    pub(super) pipeline: Pipeline,
    pub(super) key: Key,
    pub(super) columns: Columns,
    /// Whether of rows of one stream only their number and time matter.
    pub(super) counts_only: bool,
    /// Whether lines that a parser could not read are counted, because the query asks about errors.
    pub(super) counts_errors: bool,
}

impl Plan {
    /// `sum` is the grouping of a `sum` around an aggregation that counts or adds: sums of sums are sums by fewer
    /// labels, so its series need not be made one by one. Where only absence matters, all series are one.
    pub(super) fn new(
        op: RangeOp,
        range: &LogRange,
        grouping: Option<&Grouping>,
        sum: Option<Key>,
        pipeline: Pipeline,
    ) -> Self {
        let mut key = match sum {
            Some(key) => key,
            None if op == RangeOp::AbsentOverTime => Key::By(Vec::new()),
            None => grouping.map_or(Key::Without(Vec::new()), Key::of),
        };
        if let (Some(unwrap), Key::Without(labels)) = (&range.unwrap, &mut key) {
            labels.push(unwrap.label.clone());
        }
        let keyless = key == Key::By(Vec::new());
        let sizes = matches!(op, RangeOp::BytesOverTime | RangeOp::BytesRate);
        let pipeline = if sizes { pipeline } else { pipeline.without_last_texts() };
        let asks_for_errors = |names: &Vec<String>| names.iter().any(|name| name == ERROR_LABEL);
        let counts_errors = match &key {
            Key::By(names) => asks_for_errors(names) || pipeline.filters_errors(),
            Key::Without(_) => false,
        };
        let pipeline = if keyless && range.unwrap.is_none() && !pipeline.reads_labels() {
            pipeline.without_parsers(sizes)
        } else {
            pipeline
        };
        let metadata = pipeline.touches_labels() || range.unwrap.is_some() || !is_of_stream(&key, range);
        let columns = Columns {
            lines: sizes || pipeline.reads_lines(),
            metadata,
        };
        let counts_only = !columns.lines && !columns.metadata;
        Self {
            pipeline,
            key,
            columns,
            counts_only,
            counts_errors,
        }
    }
}

/// Whether every label of the key is surely a label of the stream, because the selector demands it: those keep their
/// names and values, whatever the metadata says.
fn is_of_stream(key: &Key, range: &LogRange) -> bool {
    let demanded = |name: &String| {
        let matchers = &range.log.selector.matchers;
        matchers
            .iter()
            .any(|matcher| matcher.name == *name && !matcher.matches(""))
    };
    match key {
        Key::By(labels) => labels.iter().all(demanded),
        Key::Without(_) => false,
    }
}
