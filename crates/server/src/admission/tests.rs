//! Which pushes are let in.

use bytes::Bytes;
use longshore_model::{Entry, StreamEntries, TimestampNs};

use super::*;

/// Streams with the sizes of their entries, after `prepare`.
fn request(streams: &[(&str, &[usize])]) -> Accepted {
    let mut accepted = Accepted::default();
    for (name, sizes) in streams {
        let entries: Vec<Entry> = sizes
            .iter()
            .zip(1..)
            .map(|(size, at)| Entry {
                timestamp: TimestampNs(at),
                line: Bytes::from(vec![b'x'; *size]),
                structured_metadata: Labels::empty(),
            })
            .collect();
        accepted.lines += entries.len();
        accepted.bytes += sizes.iter().sum::<usize>();
        let labels = Labels::new([("app", *name)]);
        accepted.streams.push(Checked {
            stream: StreamEntries { labels, entries },
            entry_bytes: sizes.to_vec(),
        });
    }
    accepted
}

struct Tenants {
    admission: Admission,
    limits: Limits,
    start: Instant,
}

impl Tenants {
    fn new(limits: Limits) -> Self {
        Self {
            admission: Admission::new(Duration::from_secs(60)),
            limits,
            start: Instant::now(),
        }
    }

    /// What is left of a request at a second.
    fn push(&self, tenant: &str, second: u64, streams: &[(&str, &[usize])]) -> Accepted {
        let mut request = request(streams);
        let now = self.start + Duration::from_secs(second);
        self.admission
            .admit(&TenantId::new(tenant).unwrap(), &self.limits, &mut request, now);
        request
    }

    /// Names of the streams that are left.
    fn stored(&self, tenant: &str, second: u64, streams: &[(&str, &[usize])]) -> Vec<String> {
        let left = self.push(tenant, second, streams).streams;
        let names = left.iter().filter_map(|checked| checked.stream.labels.get("app"));
        names.map(str::to_owned).collect()
    }
}

fn text(refused: &Accepted) -> String {
    refused.refusals.error(axum::http::StatusCode::OK).text
}

#[test]
fn nothing_is_limited_unless_it_is_said() {
    let tenants = Tenants::new(Limits::default());
    assert_eq!(tenants.stored("t", 0, &[("a", &[1 << 30]), ("b", &[1])]), ["a", "b"]);
    assert!(
        tenants.admission.tenants.lock().unwrap().is_empty(),
        "and nothing is remembered"
    );
}

#[test]
fn a_request_above_the_rate_is_refused_whole() {
    let tenants = Tenants::new(Limits {
        ingestion_rate: Some(Rate::new(100.9, 200.0)),
        ..Limits::default()
    });
    let refused = tenants.push("t", 0, &[("a", &[150]), ("b", &[50, 1])]);
    assert!(refused.streams.is_empty());
    assert_eq!((refused.lines, refused.bytes), (0, 0));
    assert_eq!(refused.refusals.counts[&Reason::RateLimited], (3, 201));
    assert_eq!(
        text(&refused),
        "ingestion rate limit exceeded for user t (limit: 100 bytes/sec) while attempting to ingest '3' lines totaling \
         '201' bytes, reduce log volume or contact your Loki administrator to see if the limit can be increased"
    );
    assert_eq!(tenants.stored("t", 0, &[("a", &[150]), ("b", &[50])]), ["a", "b"]);
    assert!(tenants.stored("t", 1, &[("a", &[101])]).is_empty());
    assert_eq!(tenants.stored("t", 1, &[("a", &[100])]), ["a"]);
    assert_eq!(
        tenants.stored("other", 1, &[("a", &[200])]),
        ["a"],
        "each tenant has its own rate"
    );
}

#[test]
fn a_fast_stream_is_refused_and_the_others_are_not() {
    let tenants = Tenants::new(Limits {
        stream_rate: Some(Rate::new(100.0, 200.0)),
        ..Limits::default()
    });
    let half = tenants.push("t", 0, &[("a", &[150, 60]), ("b", &[50])]);
    assert_eq!((half.streams.len(), half.lines, half.bytes), (1, 1, 50));
    assert_eq!(half.refusals.counts[&Reason::StreamRateLimited], (2, 210));
    let entry = |at: &str, bytes: u32| {
        format!(
            "entry with timestamp 1970-01-01 00:00:00.{at} +0000 UTC ignored, reason: 'Per stream rate limit exceeded \
             (limit: 100B/sec) while attempting to ingest for stream '{{app=\"a\"}}' totaling {bytes}B, consider \
             splitting a stream via additional labels or contact your Loki administrator to see if the limit can be \
             increased',\n"
        )
    };
    let (first, second) = (entry("000000001", 150), entry("000000002", 60));
    let end = "user 't', total ignored: 2 out of 2 for stream: {app=\"a\"}";
    assert_eq!(text(&half), format!("{first}{second}{end}"));
    assert_eq!(tenants.stored("t", 0, &[("a", &[200]), ("b", &[151])]), ["a"]);
    assert_eq!(tenants.stored("t", 1, &[("a", &[100]), ("b", &[200])]), ["a", "b"]);
}

#[test]
fn buckets_of_streams_are_bounded() {
    let tenants = Tenants::new(Limits {
        stream_rate: Some(Rate::new(1.0, 200.0)),
        ..Limits::default()
    });
    let names: Vec<String> = (0..STREAM_BUCKETS_MAX + 10).map(|index| index.to_string()).collect();
    let streams: Vec<(&str, &[usize])> = names.iter().map(|name| (name.as_str(), &[200][..])).collect();
    assert_eq!(tenants.push("t", 0, &streams).streams.len(), names.len());
    let remembered = tenants.admission.tenants.lock().unwrap();
    let remembered = &remembered[&TenantId::new("t").unwrap()].stream_buckets;
    assert!(remembered.len() <= STREAM_BUCKETS_MAX, "{}", remembered.len());
}

#[test]
fn new_streams_are_refused_when_there_are_enough() {
    let tenants = Tenants::new(Limits {
        max_streams: Some(2),
        ..Limits::default()
    });
    let refused = tenants.push("t", 0, &[("a", &[1]), ("b", &[1]), ("c", &[1, 1])]);
    assert_eq!(refused.streams.len(), 2);
    assert_eq!(refused.refusals.counts[&Reason::StreamLimit], (2, 2));
    assert_eq!(
        text(&refused),
        "maximum active stream limit exceeded when trying to create stream {app=\"c\"}, reduce the number of active \
         streams (reduce labels or reduce label values), or contact your Loki administrator to see if the limit can be \
         increased, user: 't'"
    );
    assert_eq!(
        tenants.stored("t", 50, &[("a", &[1]), ("c", &[1])]),
        ["a"],
        "active ones go on"
    );
    assert_eq!(
        tenants.stored("t", 70, &[("c", &[1]), ("b", &[1])]),
        ["c"],
        "b was idle, and its place is taken"
    );
    assert_eq!(tenants.stored("other", 70, &[("x", &[1]), ("y", &[1])]), ["x", "y"]);
}
