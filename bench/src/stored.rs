//! A store in this process: no program around it, no HTTP; segments on disk, CPU time of the asking thread.
//!
//! A folder that is given and filled already is used as it is, so that two versions of the code can be compared over
//! the same segments.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use longshore_logql::eval::{InstantParams, LogParams, QueryMemory, RangeParams, Value, instant_query, log_query};
use longshore_logql::{Context, Expr, parse, parse_matchers, range_query};
use longshore_model::{
    Cancellation, Direction, Entry, Labels, SECOND_NS, StreamEntries, TenantId, TimeRange, TimestampNs,
};
use longshore_store::{Settings, Store};
use longshore_tests::program::folder_bytes;

use crate::corpus::{ABSENT, Corpus, TRACE};
use crate::querying::{MEMORY_BYTES, cpu_seconds};

/// Bytes of lines in one push.
const PUSH_BYTES: usize = 1 << 20;
/// Most lines of an answer.
const LINES_MAX: usize = 100;
/// No question here makes more.
const SERIES_MAX: usize = 10_000;
/// Between two moments of a range query.
const STEP_NS: i64 = 300 * SECOND_NS;
/// Seed of the corpus.
const SEED: u64 = 1;

/// What is asked: `$all` stands for a selector of every stream, `$whole` for a window over all of the corpus.
/// Metric queries over `$whole` are asked for one moment, others every five minutes.
pub const QUERIES: &[&str] = &[
    r#"$all |= "$absent""#,
    r#"$all |= "$trace""#,
    r#"sum(count_over_time($all |= "error" [$whole]))"#,
    r#"sum(count_over_time($all |~ "(?i)error" [$whole]))"#,
    r#"sum by (app) (count_over_time($all[$whole]))"#,
    r#"sum by (app) (count_over_time($all[5m]))"#,
    r#"$all |= "error""#,
    r#"sum(count_over_time($all | json | status >= 500 [5m]))"#,
    r#"sum(count_over_time($all | json | duration_ms >= 500 [5m]))"#,
    r#"sum by (level) (count_over_time($all | json | __error__="" [5m]))"#,
    r#"sum by (level) (count_over_time($all | logfmt [5m]))"#,
    r#"sum by (component) (count_over_time($all | logfmt | attempt >= 2 | __error__="" [5m]))"#,
];

/// A filled store.
pub struct Stored {
    store: Arc<Store>,
    /// Bytes of all lines.
    pub bytes: u64,
    /// What filling it took; none when it was filled already.
    pub pushed: Option<String>,
    time: TimeRange,
}

impl Stored {
    /// Fills a store with a corpus, or takes one that is full.
    ///
    /// # Errors
    /// The store cannot be opened or written.
    pub fn open(folder: &Path, bytes: u64, end: TimestampNs) -> Result<Self, Box<dyn std::error::Error>> {
        let note = folder.join("bench");
        let full = fs::read_to_string(&note).ok().and_then(|text| {
            let numbers: Vec<i64> = text.split(' ').filter_map(|number| number.parse().ok()).collect();
            <[i64; 3]>::try_from(numbers).ok()
        });
        let mut pushed = None;
        let [bytes, first, last] = match full {
            Some(known) => known,
            None => {
                let begun = process_cpu_seconds();
                let (known, making) = fill(folder, &mut Corpus::new(bytes, end, SEED))?;
                let seconds = process_cpu_seconds() - begun - making;
                let megabytes = known[0] as f64 / 1e6;
                pushed = Some(format!(
                    "{megabytes:.0} MB pushed and flushed, {:.1} MB per CPU-s, {:.2} : 1 on disk, peak RSS {} MiB",
                    megabytes / seconds,
                    known[0] as f64 / folder_bytes(&folder.join("segments")) as f64,
                    Self::peak_rss_mib(),
                ));
                fs::write(note, known.map(|number| number.to_string()).join(" "))?;
                known
            }
        };
        Ok(Self {
            store: Store::open(Settings::new(folder))?,
            bytes: bytes.unsigned_abs(),
            pushed,
            time: TimeRange {
                start: TimestampNs(first),
                end: TimestampNs(last + 1),
            },
        })
    }

    /// Asks a question; gives CPU-seconds and the answer in short.
    ///
    /// # Errors
    /// What the query language says.
    pub fn ask(&self, query: &str) -> Result<(f64, String), Box<dyn std::error::Error>> {
        let whole = query.contains("$whole");
        let window = format!("{}s", (self.time.end.0 - self.time.start.0) / SECOND_NS + 1);
        let query = query.replace("$all", r#"{app=~".+"}"#).replace("$whole", &window);
        let query = query.replace("$absent", ABSENT).replace("$trace", TRACE);
        let tenant = TenantId::single();
        let context = Context {
            storage: &*self.store,
            tenant: &tenant,
            cancellation: Cancellation::default(),
            series_max: SERIES_MAX,
            memory: QueryMemory::alone(MEMORY_BYTES),
            now: self.time.end,
        };
        let before = cpu_seconds();
        let answer = match parse(&query)? {
            Expr::Log(expr) => {
                let params = LogParams {
                    time: self.time,
                    limit: LINES_MAX,
                    direction: Direction::Backward,
                };
                let streams = log_query(&expr, params, &context)?.streams;
                streams.iter().map(|stream| stream.entries.len() as f64).sum()
            }
            Expr::Sample(expr) if whole => {
                let params = InstantParams { at: self.time.end };
                total(&instant_query(&expr, params, &context)?.value)
            }
            Expr::Sample(expr) => {
                let params = RangeParams {
                    start: self.time.start,
                    end: TimestampNs(self.time.end.0 + STEP_NS),
                    step_ns: STEP_NS,
                };
                total(&range_query(&expr, params, &context)?.value)
            }
        };
        Ok((cpu_seconds() - before, answer.to_string()))
    }

    /// Most memory that this process has had.
    pub fn peak_rss_mib() -> u64 {
        let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
        let kib = line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok());
        kib.unwrap_or(0) / 1024
    }
}

fn total(value: &Value) -> f64 {
    match value {
        Value::Vector { samples, .. } => samples.iter().map(|sample| sample.value).sum(),
        Value::Matrix(series) => {
            let points = series.iter().flat_map(|series| &series.points);
            points.map(|point| point.value).sum()
        }
        Value::Scalar(point) => point.value,
    }
}

/// Pushes the corpus; gives its bytes, the times of its first and last line, and the CPU time that making it took.
fn fill(folder: &Path, corpus: &mut Corpus) -> Result<([i64; 3], f64), Box<dyn std::error::Error>> {
    let store = Store::open(Settings::new(folder))?;
    let labels: Vec<Labels> = (corpus.pods().iter())
        .map(|pod| {
            let matchers = parse_matchers(&pod.labels).expect("the corpus makes selectors");
            matchers
                .into_iter()
                .map(|matcher| (matcher.name, matcher.value))
                .collect()
        })
        .collect();
    // As the server does for every line.
    let levels = ["unknown", "info", "error"].map(|level| Labels::new([("detected_level", level)]));
    let (mut first, mut last) = (i64::MAX, i64::MIN);
    let (mut more, mut making) = (true, 0.0);
    while more {
        let mut streams: Vec<StreamEntries> = Vec::new();
        let mut places = vec![None; labels.len()];
        let mut bytes = 0;
        let before = cpu_seconds();
        while more && bytes < PUSH_BYTES {
            more = corpus.each_of_next_run(|pod, at, line| {
                let place = *places[pod].get_or_insert_with(|| {
                    streams.push(StreamEntries {
                        labels: labels[pod].clone(),
                        entries: Vec::new(),
                    });
                    streams.len() - 1
                });
                let level = if line.contains("error") {
                    2
                } else {
                    usize::from(line.contains("info"))
                };
                streams[place].entries.push(Entry {
                    timestamp: at,
                    line: line.to_owned().into(),
                    structured_metadata: levels[level].clone(),
                });
                bytes += line.len();
                (first, last) = (first.min(at.0), last.max(at.0));
            });
        }
        making += cpu_seconds() - before;
        store.push(&TenantId::single(), streams)?;
    }
    store.close()?;
    Ok(([i64::try_from(corpus.truth().bytes)?, first, last], making))
}

/// CPU time of all threads of this process, also of those that have ended; in ticks of 10 ms.
fn process_cpu_seconds() -> f64 {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name before may hold blanks, and ends with the last bracket.
    let fields = text
        .rsplit_once(')')
        .map_or("", |(_, fields)| fields)
        .split_whitespace();
    let ticks: f64 = fields
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<f64>().ok())
        .sum();
    ticks / 100.0
}
