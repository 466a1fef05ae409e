//! Batches by count, size and time.

use longshore_model::otel::{LogRecord, Resource};

use super::*;
use crate::delivery::Board;

const SECOND: Duration = Duration::from_secs(1);

fn limits(records_trigger: usize, records_max: usize) -> BatchLimits {
    BatchLimits {
        timeout: SECOND,
        records_trigger,
        records_max,
        bytes_trigger: BATCH_BYTES_MAX,
    }
}

fn delivery(resource: &Arc<Resource>, records: usize, bytes: usize) -> Delivery {
    let board = Arc::new(Board::new().expect("a descriptor"));
    let logs = ResourceLogs {
        resource: resource.clone(),
        records: vec![LogRecord::default(); records],
        ..ResourceLogs::default()
    };
    Delivery {
        logs: vec![logs],
        records,
        bytes,
        memory_bytes: bytes,
        token: board.token(Vec::new(), 0, records, 1),
    }
}

#[test]
fn leaves_by_number_and_by_age() {
    let resource = Arc::default();
    let mut batcher = Batcher::new(limits(10, usize::MAX));
    assert!(!batcher.is_due(SECOND) && batcher.due_at().is_none());
    assert!(batcher.push(delivery(&resource, 4, 1), SECOND).is_none());
    assert!(!batcher.is_due(SECOND));
    assert_eq!(batcher.due_at(), Some(2 * SECOND));
    assert!(batcher.is_due(2 * SECOND));
    assert!(batcher.push(delivery(&resource, 7, 1), SECOND).is_none());
    assert!(batcher.is_due(SECOND), "the size is a trigger, not a maximum");
    let batch = batcher.take();
    assert_eq!((batch.records, batch.groups.len(), batch.tokens.len()), (11, 1, 2));
    assert!(!batcher.is_due(9 * SECOND));
}

#[test]
fn never_grows_over_its_maximum_and_never_tears_a_chunk() {
    let resource = Arc::default();
    let mut batcher = Batcher::new(limits(10, 10));
    assert!(batcher.push(delivery(&resource, 6, 1), SECOND).is_none());
    let full = batcher
        .push(delivery(&resource, 6, 1), SECOND)
        .expect("a batch that leaves before");
    assert_eq!(full.records, 6);
    assert_eq!(batcher.take().records, 6);
}

#[test]
fn leaves_before_it_has_too_many_bytes() {
    let resource = Arc::default();
    let mut batcher = Batcher::new(limits(usize::MAX, usize::MAX));
    assert!(
        batcher
            .push(delivery(&resource, 1, BATCH_BYTES_MAX - 1), SECOND)
            .is_none()
    );
    assert!(!batcher.is_due(SECOND));
    assert_eq!(
        batcher
            .push(delivery(&resource, 1, 2), SECOND)
            .expect("a batch")
            .records,
        1
    );
    assert!(
        batcher
            .push(delivery(&resource, 1, BATCH_BYTES_MAX - 2), SECOND)
            .is_none()
    );
    assert!(batcher.is_due(SECOND));
}

#[test]
fn a_chunk_without_records_is_acknowledged_too() {
    let mut batcher = Batcher::new(BatchLimits::IMMEDIATE);
    assert!(batcher.push(delivery(&Arc::default(), 0, 0), SECOND).is_none());
    assert!(batcher.is_due(SECOND));
    assert_eq!(batcher.take().tokens.len(), 1);
}

#[test]
fn records_of_a_resource_come_together() {
    let (one, two) = (Arc::default(), Arc::default());
    let mut batcher = Batcher::new(limits(100, 100));
    for resource in [&one, &two, &one] {
        assert!(batcher.push(delivery(resource, 2, 1), SECOND).is_none());
    }
    let counts: Vec<usize> = batcher.take().groups.iter().map(|group| group.records.len()).collect();
    assert_eq!(counts, [4, 2]);
}
