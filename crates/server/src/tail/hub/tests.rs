//! Who gets what, and what happens to those who do not listen.

use longshore_logql::{Expr, parse};

use super::*;

fn pipeline(query: &str) -> Arc<Pipeline> {
    match parse(query).unwrap() {
        Expr::Log(expr) => Arc::new(Pipeline::new(&expr).unwrap()),
        Expr::Sample(_) => panic!("{query} is no log query"),
    }
}

fn hub_with(memory_bytes: usize) -> Arc<Hub> {
    let memory = Arc::new(MemoryPool::new(memory_bytes, memory_bytes));
    Arc::new(Hub::new(Arc::new(Metrics::new(|_| ())), memory))
}

fn hub() -> Arc<Hub> {
    hub_with(usize::MAX)
}

fn pushed(app: &str, at: i64, line: impl Into<Bytes>) -> Vec<StreamEntries> {
    vec![StreamEntries {
        labels: Labels::new([("app", app)]),
        entries: vec![Entry {
            timestamp: TimestampNs(at),
            line: line.into(),
            structured_metadata: Labels::empty(),
        }],
    }]
}

#[tokio::test]
async fn only_wanted_streams_of_the_tenant_come() {
    let hub = hub();
    let tenant = TenantId::single();
    let mut tail = hub.subscribe(tenant.clone(), pipeline(r#"{app="web"}"#), 10).unwrap();
    hub.entries_stored(&TenantId::new("other").unwrap(), &pushed("web", 1, "other tenant"));
    hub.entries_stored(&tenant, &pushed("db", 2, "other stream"));
    let wanted = pushed("web", 3, "wanted");
    hub.entries_stored(&tenant, &wanted);
    assert_eq!(tail.next().await.unwrap().streams, wanted);
    assert_eq!(tail.take_dropped(), []);
}

#[tokio::test]
async fn a_slow_tail_loses_and_is_told_and_goes_on() {
    let hub = hub();
    let tenant = TenantId::single();
    let mut slow = hub.subscribe(tenant.clone(), pipeline(r#"{app="web"}"#), 10).unwrap();
    let count = i64::try_from(TAIL_QUEUE_BATCHES).unwrap();
    for at in 0..count + 2 {
        hub.entries_stored(&tenant, &pushed("web", at, "x"));
    }
    let dropped: Vec<i64> = slow.take_dropped().iter().map(|dropped| dropped.timestamp.0).collect();
    assert_eq!(dropped, [count, count + 1]);
    assert_eq!(slow.next().await.unwrap().streams, pushed("web", 0, "x"));
    hub.entries_stored(&tenant, &pushed("web", 1_000, "x"));
    assert_eq!(slow.take_dropped(), []);
}

#[tokio::test]
async fn a_queue_is_bounded_in_bytes_too() {
    let hub = hub();
    let tenant = TenantId::single();
    let mut slow = hub.subscribe(tenant.clone(), pipeline(r#"{app="web"}"#), 10).unwrap();
    let line = Bytes::from(vec![b'x'; TAIL_QUEUE_BYTES - 1_000]);
    for at in 0..3 {
        hub.entries_stored(&tenant, &pushed("web", at, line.clone()));
    }
    assert_eq!(slow.take_dropped().len(), 2);
    drop(slow.next().await);
    hub.entries_stored(&tenant, &pushed("web", 3, line));
    assert_eq!(slow.take_dropped(), []);
}

#[test]
fn places_are_counted_by_tenant_and_given_back() {
    let hub = hub();
    let open = |tenant: &str| hub.subscribe(TenantId::new(tenant).unwrap(), pipeline(r#"{app="web"}"#), 1);
    let first = open("a");
    assert!(first.is_some() && open("a").is_none() && open("b").is_some());
    drop(first);
    assert!(open("a").is_some());
}

#[tokio::test]
async fn what_waits_is_taken_from_the_memory_of_queries_until_it_is_sent() {
    let hub = hub_with(10_000);
    let tenant = TenantId::single();
    let mut slow = hub.subscribe(tenant.clone(), pipeline(r#"{app="web"}"#), 10).unwrap();
    for at in 0..3 {
        hub.entries_stored(&tenant, &pushed("web", at, vec![b'x'; 4_000]));
    }
    assert_eq!(slow.take_dropped().len(), 1);
    assert!(hub.memory.used_bytes() >= 8_000);
    let first = slow.next().await;
    hub.entries_stored(&tenant, &pushed("web", 3, vec![b'x'; 4_000]));
    assert_eq!(slow.take_dropped().len(), 1, "it is not sent yet");
    drop(first);
    hub.entries_stored(&tenant, &pushed("web", 4, vec![b'x'; 4_000]));
    assert_eq!(slow.take_dropped(), []);
    drop(slow);
    assert_eq!(hub.memory.used_bytes(), 0);
}
