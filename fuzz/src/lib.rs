//! What the targets share: a store of one line, and the question whether a parser that reads only what a query needs
//! finds the same as one that reads everything.

use bytes::Bytes;
use longshore_logql::eval::{InstantParams, QueryMemory, Value};
use longshore_logql::{Context, Expr, Pipeline, Processed, SampleExpr, instant_query, parse};
use longshore_model::{
    Batch, BatchSource, Cancellation, Entry, Labels, Lines, ScanError, ScanRequest, ScanStats, Storage, TenantId,
    TimeRange, TimestampNs,
};

/// Labels of a line that are asked for one by one; more would only repeat the work.
const NAMES_ASKED_MAX: usize = 6;
/// More than any query over one line may need.
const MEMORY_BYTES: usize = 64 << 20;
/// When the line was written.
const AT: TimestampNs = TimestampNs(1_000_000_000);

/// One line of the stream `{app="x"}`.
struct OneLine<'a>(&'a [u8]);

struct Once(Option<Batch>);

impl Storage for OneLine<'_> {
    fn scan<'a>(&'a self, request: ScanRequest<'a>) -> Result<Box<dyn BatchSource + 'a>, ScanError> {
        // As a store does: what a search rules out is left out.
        let passes = request.searches.iter().all(|search| search.find(self.0, 0).is_some());
        Ok(Box::new(Once(passes.then(|| Batch {
            labels: stream(),
            timestamps: vec![AT],
            lines: Lines::from_lines([self.0]),
            ..Batch::default()
        }))))
    }
}

impl BatchSource for Once {
    fn next_batch(&mut self, _: TimeRange) -> Result<Option<Batch>, ScanError> {
        Ok(self.0.take())
    }

    fn stats(&self) -> ScanStats {
        ScanStats::default()
    }
}

fn stream() -> Labels {
    Labels::new([("app", "x")])
}

/// Runs the line through the stages of an expression that is known to be right.
pub fn process(expr: &longshore_logql::LogExpr, line: &[u8]) -> Option<Processed> {
    let pipeline = Pipeline::new(expr).ok()?;
    let entry = Entry {
        timestamp: AT,
        line: Bytes::copy_from_slice(line),
        structured_metadata: Labels::empty(),
    };
    pipeline.process(&stream(), &entry)
}

/// The log expression of a text that must be one.
pub fn log_expr(text: &str) -> longshore_logql::LogExpr {
    match parse(text) {
        Ok(Expr::Log(expr)) => expr,
        other => panic!("{text} is no log query: {other:?}"),
    }
}

/// What `sum by (name) (count_over_time(query [1s]))` calls its one series; `None` when it gives none or an error.
fn counted(expr: &SampleExpr, line: &[u8]) -> Option<Labels> {
    let context = Context {
        storage: &OneLine(line),
        tenant: &TenantId::single(),
        cancellation: Cancellation::default(),
        memory: QueryMemory::alone(MEMORY_BYTES),
        series_max: 10,
        now: AT,
    };
    let result = instant_query(expr, InstantParams { at: AT }, &context).ok()?;
    match result.value {
        Value::Vector { samples, .. } => samples.into_iter().next().map(|sample| sample.labels),
        _ => None,
    }
}

/// Fails unless every label that `stage` finds in the line is found with the same value when only that one is wanted.
pub fn assert_needed_is_same(stage: &str, line: &[u8]) {
    let query = format!("{{app=\"x\"}} | {stage}");
    let Some(all) = process(&log_expr(&query), line) else {
        panic!("a parser drops no line");
    };
    if all.labels.parsed.get("__error__").is_some() {
        return;
    }
    for (name, value) in all.labels.parsed.iter().take(NAMES_ASKED_MAX) {
        // Words of the language can be fields, but not be grouped by.
        let Ok(Expr::Sample(expr)) = parse(&format!("sum by ({name}) (count_over_time({query} [1s]))")) else {
            continue;
        };
        let found = counted(&expr, line).unwrap_or_else(|| panic!("no series by {name}"));
        // A label without a value is none.
        assert_eq!(found.get(name).unwrap_or(""), value, "{name} of {:?}", String::from_utf8_lossy(line));
    }
}
