//! What a scan leaves out because its caller does not look at it.

use longshore_model::{
    AllStreams, Batch, Cancellation, Columns, Direction, Labels, ScanRequest, Storage, TenantId, TimeRange, TimestampNs,
};

use super::support::{open, stream};
use crate::Store;

type Alike<'a> = Option<&'a dyn Fn(TimestampNs, TimestampNs) -> bool>;

fn batches(store: &Store, time: TimeRange, metadata_names: Option<&[&str]>, alike: Alike<'_>) -> Vec<Batch> {
    let tenant = TenantId::single();
    let request = ScanRequest {
        tenant: &tenant,
        selector: std::sync::Arc::new(AllStreams),
        time,
        direction: Direction::Forward,
        searches: Vec::new(),
        columns: Columns {
            lines: false,
            metadata: alike.is_none(),
        },
        metadata_names: metadata_names.map(|names| names.iter().map(|&name| name.to_owned()).collect()),
        alike,
        cancellation: Cancellation::default(),
    };
    let mut source = store.scan(request).unwrap();
    std::iter::from_fn(|| source.next_batch(TimeRange::ALL).unwrap()).collect()
}

#[test]
fn rows_that_are_alike_come_as_a_number_and_others_one_by_one() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let entries = (0..100).map(|at| (at, format!("line {at}")));
    store.push(&TenantId::single(), vec![stream("web", entries)]).unwrap();
    store.flush().unwrap();
    let range = |start, end| TimeRange {
        start: TimestampNs(start),
        end: TimestampNs(end),
    };
    let count = |time, limit: i64| {
        let alike = move |first: TimestampNs, last: TimestampNs| first.0 / limit == last.0 / limit;
        let found = batches(&store, time, None, Some(&alike));
        let rows: usize = found.iter().map(Batch::rows).sum();
        let alike: usize = found.iter().map(|batch| batch.alike).sum();
        (rows, alike)
    };
    assert_eq!(count(TimeRange::ALL, 1000), (1, 99), "all of the piece is the same");
    assert_eq!(count(TimeRange::ALL, 50), (100, 0), "the piece crosses a border");
    assert_eq!(count(range(10, 1000), 1000), (90, 0), "the range cuts the piece");
    assert_eq!(count(range(200, 1000), 1000), (0, 0));
}

#[test]
fn metadata_that_nobody_looks_at_is_not_read() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let mut pushed = stream("web", [(1, "one".to_owned()), (2, "two".to_owned())]);
    pushed.entries[1].structured_metadata = Labels::new([("level", "info"), ("trace", "abc")]);
    store.push(&TenantId::single(), vec![pushed]).unwrap();
    store.flush().unwrap();
    let metadata = |names: Option<&[&str]>| {
        let found = batches(&store, TimeRange::ALL, names, None);
        let rows = found
            .iter()
            .flat_map(|batch| (0..batch.rows()).map(|row| batch.metadata.get(row)));
        rows.map(|labels| labels.map(Labels::to_string)).collect::<Vec<_>>()
    };
    let all = [Some("{}".to_owned()), Some(r#"{level="info", trace="abc"}"#.to_owned())];
    assert_eq!(metadata(None), all);
    assert_eq!(metadata(Some(&["other", "trace"])), all);
    assert_eq!(metadata(Some(&["tracer", "lev"])), [None, None]);
    assert_eq!(metadata(Some(&[])), [None, None]);
}
