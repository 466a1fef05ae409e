//! A small cluster's logs: 205 pods of 41 services in five formats, 1,000 MB a day, made up line by line from a seed.
//!
//! Made up so that anybody can repeat a run, and with the entropy of real logs: identifiers that never come back,
//! trace ids shared by a few neighbouring lines, durations with long tails, sizes, ports, addresses of a Zipf-like
//! population of users. `README.md` says how its compressibility was held against public samples of real logs.
//!
//! Invariant: the same seed and size give the same bytes, apart from the day they are dated to.

mod format;

use longshore_model::{DAY_NS, TimestampNs};
use longshore_tests::random::Random;
use memchr::memmem;

use format::{Context, Format};

/// Services; each runs in [`PODS`] pods.
const SERVICES: usize = 41;
/// Pods of a service.
const PODS: usize = 5;
/// Lines that a process writes in one go, at most.
const RUN_LINES_MAX: usize = 6;

/// Bytes of lines that the cluster writes in a day.
const DAY_BYTES: u64 = 1_000_000_000;

/// A trace id that three lines carry, one third into the corpus.
pub const TRACE: &str = "9d41c7f02be85a3364e0b1f7d2a98c56";
/// A word that no line carries.
pub const ABSENT: &str = "5b2d40863f9a1c7e";

/// What a reader of the corpus must find.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Truth {
    /// Lines.
    pub lines: u64,
    /// Bytes of lines, without line feeds.
    pub bytes: u64,
    /// Lines with `error` in them.
    pub error: u64,
    /// Lines with `error` in any case in them.
    pub error_any_case: u64,
    /// Lines with [`TRACE`] in them.
    pub trace: u64,
    /// JSON lines whose `duration_ms` is at least 500; none has a `status`.
    pub slow: u64,
    /// Logfmt lines whose `attempt` is at least 2.
    pub repeated: u64,
}

/// One pod's log.
#[derive(Debug)]
pub struct Pod {
    /// Service.
    pub app: String,
    /// Its stream's labels, as Loki writes them.
    pub labels: String,
    context: Context,
}

/// The lines, in the order of their timestamps.
#[derive(Debug)]
pub struct Corpus {
    pods: Vec<Pod>,
    /// Sums of the pods' shares, for choosing one.
    shares: Vec<usize>,
    bytes: u64,
    from: TimestampNs,
    at: TimestampNs,
    random: Random,
    truth: Truth,
    line: String,
}

impl Corpus {
    /// A corpus of about `bytes` of lines that ends at `end`.
    pub fn new(bytes: u64, end: TimestampNs, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut pods = Vec::new();
        let mut shares = Vec::new();
        let mut sum = 0;
        for index in 0..SERVICES * PODS {
            let service = index / PODS;
            let format = Format::of_service(service);
            let app = format.name(service);
            let pod = format!(
                "{app}-{:08x}-{:05x}",
                service * 7919 + 0x6d4f_0000,
                random.below(1 << 20)
            );
            let labels = format!(
                "{{app=\"{app}\", container=\"{app}\", namespace=\"ns-{}\", node_name=\"node-{:02}\", pod=\"{pod}\"}}",
                service % 8,
                index % 12,
            );
            // A few services make most of the logs, as everywhere.
            sum += 1 + 400 / (1 + service);
            shares.push(sum);
            pods.push(Pod {
                app,
                labels,
                context: Context::new(format, &mut random),
            });
        }
        let from = TimestampNs(end.0 - moment(bytes));
        Self {
            pods,
            shares,
            bytes,
            from,
            at: from,
            random,
            truth: Truth::default(),
            line: String::new(),
        }
    }

    /// All pods; the indexes of [`Self::each_of_next_run`] point here.
    pub fn pods(&self) -> &[Pod] {
        &self.pods
    }

    /// What has been given so far.
    pub fn truth(&self) -> &Truth {
        &self.truth
    }

    /// Gives the next few lines of one pod to `each` (pod, time, line); `false` when all has been given.
    pub fn each_of_next_run(&mut self, mut each: impl FnMut(usize, TimestampNs, &str)) -> bool {
        if self.truth.bytes >= self.bytes {
            return false;
        }
        let ticket = self.random.below(self.shares[self.shares.len() - 1]);
        let pod = self.shares.partition_point(|sum| *sum <= ticket);
        for _ in 0..1 + self.random.below(RUN_LINES_MAX) {
            // Time passes with the bytes written; a little more each line, so that no two lines share a moment.
            let due = self.from.0 + moment(self.truth.bytes);
            self.at = TimestampNs(due.max(self.at.0) + 1 + self.random.below(100_000) as i64);
            self.line.clear();
            self.pods[pod]
                .context
                .write_line(self.at, &mut self.random, &mut self.line);
            if self.truth.trace < 3 && self.truth.bytes > self.bytes / 3 {
                self.line.push_str(" trace_id=");
                self.line.push_str(TRACE);
                self.truth.trace += 1;
            }
            self.count();
            each(pod, self.at, &self.line);
        }
        true
    }

    fn count(&mut self) {
        let line = self.line.as_bytes();
        self.truth.lines += 1;
        self.truth.bytes += line.len() as u64;
        let error = memmem::find(line, b"error").is_some();
        self.truth.error += u64::from(error);
        let any_case = error || line.windows(5).any(|window| window.eq_ignore_ascii_case(b"error"));
        self.truth.error_any_case += u64::from(any_case);
        let duration = number_after(line, b"{", b"\"duration_ms\":");
        self.truth.slow += u64::from(duration.is_some_and(|duration| duration >= 500));
        let attempt = number_after(line, b"time=", b" attempt=");
        self.truth.repeated += u64::from(attempt.is_some_and(|attempt| attempt >= 2));
    }
}

/// The whole number behind a text in a line that begins so.
fn number_after(line: &[u8], beginning: &[u8], text: &[u8]) -> Option<u64> {
    let at = line.starts_with(beginning).then(|| memmem::find(line, text))??;
    let digits = line[at + text.len()..].iter().take_while(|byte| byte.is_ascii_digit());
    Some(digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
}

/// Nanoseconds in which the cluster writes so many bytes.
fn moment(bytes: u64) -> i64 {
    let ns = i128::from(DAY_NS) * i128::from(bytes) / i128::from(DAY_BYTES);
    i64::try_from(ns).expect("less than the 292 years that an i64 of nanoseconds holds")
}

#[cfg(test)]
mod tests;
