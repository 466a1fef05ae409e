//! The query language alone: lines in memory, no store, no program around it.
//!
//! Invariant: figures are bytes of lines per CPU-second of this thread, so that they hold on a busy machine.

use std::fs;
use std::path::Path;

use longshore_logql::eval::{QueryMemory, RangeParams, Value};
use longshore_logql::{Context, Expr, parse, parse_matchers, range_query};
use longshore_model::{
    Batch, BatchSource, Cancellation, Columns, Labels, Lines, ScanError, ScanRequest, ScanStats, Storage, TenantId,
    TimeRange, TimestampNs,
};

use crate::corpus::Corpus;

/// Rows of a batch, about as many as a page of the store holds.
const BATCH_ROWS: usize = 4096;
/// No question here makes more.
const SERIES_MAX: usize = 10_000;
/// What a query may hold.
pub(crate) const MEMORY_BYTES: usize = 1 << 30;
/// Points of each range query.
const POINTS: i64 = 60;

/// What is asked; `$all` stands for a selector of every stream.
pub const QUERIES: &[&str] = &[
    r#"sum by (app) (count_over_time($all[1h]))"#,
    r#"sum(count_over_time($all |= "error" [1h]))"#,
    r#"sum(count_over_time($all |~ "(?i)error" [1h]))"#,
    r#"sum(count_over_time($all | json | status >= 500 [1h]))"#,
    r#"sum by (level) (count_over_time($all | json | __error__="" [1h]))"#,
    r#"sum by (level) (count_over_time($all | logfmt [1h]))"#,
    r#"sum(count_over_time($all | logfmt | status >= 500 | __error__="" [1h]))"#,
    r#"sum(count_over_time($all | line_format "{{.app}} {{.env}}" |= "web" [1h]))"#,
];

/// Lines in memory.
pub struct Memory {
    batches: Vec<Batch>,
    /// Bytes of all lines.
    pub bytes: u64,
    time: TimeRange,
}

/// Rows of one stream that are being gathered.
#[derive(Default)]
struct Rows {
    text: Vec<u8>,
    spans: Vec<(u32, u32)>,
    timestamps: Vec<TimestampNs>,
}

impl Memory {
    /// Takes a whole corpus.
    ///
    /// # Panics
    /// When a pod of the corpus has labels that cannot be read: the corpus makes them.
    pub fn new(corpus: &mut Corpus) -> Self {
        let read = |labels: &str| parse_matchers(labels).expect("the corpus makes selectors");
        let labels: Vec<Labels> = (corpus.pods().iter())
            .map(|pod| {
                read(&pod.labels)
                    .into_iter()
                    .map(|matcher| (matcher.name, matcher.value))
                    .collect()
            })
            .collect();
        let mut rows: Vec<Rows> = labels.iter().map(|_| Rows::default()).collect();
        let mut memory = Self {
            batches: Vec::new(),
            bytes: 0,
            time: TimeRange::ALL,
        };
        let (mut first, mut last) = (i64::MAX, i64::MIN);
        let mut more = true;
        while more {
            more = corpus.each_of_next_run(|pod, at, line| {
                let rows = &mut rows[pod];
                let start = rows.text.len() as u32;
                rows.text.extend_from_slice(line.as_bytes());
                rows.spans.push((start, rows.text.len() as u32));
                rows.timestamps.push(at);
                memory.bytes += line.len() as u64;
                (first, last) = (first.min(at.0), last.max(at.0));
                if rows.timestamps.len() == BATCH_ROWS {
                    memory.batches.push(std::mem::take(rows).batch(&labels[pod]));
                }
            });
        }
        for (rows, labels) in rows
            .into_iter()
            .zip(&labels)
            .filter(|(rows, _)| !rows.timestamps.is_empty())
        {
            memory.batches.push(rows.batch(labels));
        }
        memory.time = TimeRange {
            start: TimestampNs(first),
            end: TimestampNs(last),
        };
        memory
    }

    /// Asks a question; gives CPU-seconds and the number of series.
    ///
    /// # Errors
    /// What the query language says, in words.
    pub fn ask(&self, query: &str) -> Result<(f64, usize), String> {
        let query = query.replace("$all", r#"{app=~".+"}"#);
        let Expr::Sample(expr) = parse(&query).map_err(|error| error.to_string())? else {
            return Err("it is a log query".to_owned());
        };
        let tenant = TenantId::single();
        let context = Context {
            storage: self,
            tenant: &tenant,
            cancellation: Cancellation::default(),
            memory: QueryMemory::alone(MEMORY_BYTES),
            series_max: SERIES_MAX,
            now: self.time.end,
        };
        let params = RangeParams {
            start: self.time.start,
            end: self.time.end,
            step_ns: (self.time.end.0 - self.time.start.0) / POINTS + 1,
        };
        let before = cpu_seconds();
        let result = range_query(&expr, params, &context).map_err(|error| error.to_string())?;
        let series = match result.value {
            Value::Matrix(series) => series.len(),
            _ => 0,
        };
        Ok((cpu_seconds() - before, series))
    }
}

impl Rows {
    fn batch(self, labels: &Labels) -> Batch {
        Batch {
            labels: labels.clone(),
            timestamps: self.timestamps,
            lines: Lines::new(self.text.into(), self.spans),
            ..Batch::default()
        }
    }
}

/// CPU time of this thread.
pub(crate) fn cpu_seconds() -> f64 {
    cpu_seconds_of(Path::new("/proc/thread-self"))
}

/// CPU time of a thread by its folder in `/proc`.
pub(crate) fn cpu_seconds_of(task: &Path) -> f64 {
    let text = fs::read_to_string(task.join("schedstat")).unwrap_or_default();
    let ns = text
        .split(' ')
        .next()
        .and_then(|ns| ns.parse::<u64>().ok())
        .unwrap_or(0);
    ns as f64 / 1e9
}

struct Source<'a> {
    batches: std::slice::Iter<'a, Batch>,
    request: ScanRequest<'a>,
}

impl Storage for Memory {
    fn scan<'a>(&'a self, request: ScanRequest<'a>) -> Result<Box<dyn BatchSource + 'a>, ScanError> {
        Ok(Box::new(Source {
            batches: self.batches.iter(),
            request,
        }))
    }
}

impl BatchSource for Source<'_> {
    fn next_batch(&mut self, _still_wanted: TimeRange) -> Result<Option<Batch>, ScanError> {
        let request = &self.request;
        let batch = self.batches.find(|batch| request.selector.matches(&batch.labels));
        let Columns { lines, .. } = request.columns;
        Ok(batch.map(|batch| Batch {
            lines: if lines { batch.lines.clone() } else { Lines::default() },
            ..batch.clone()
        }))
    }

    fn stats(&self) -> ScanStats {
        ScanStats::default()
    }
}
