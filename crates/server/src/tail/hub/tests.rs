//! Who gets what, and what happens to those who do not listen.

use longshore_logql::{Expr, parse};

use super::*;

fn pipeline(query: &str) -> Arc<Pipeline> {
    match parse(query).unwrap() {
        Expr::Log(expr) => Arc::new(Pipeline::new(&expr).unwrap()),
        Expr::Sample(_) => panic!("{query} is no log query"),
    }
}

fn hub() -> Arc<Hub> {
    Arc::new(Hub::new(Arc::new(Metrics::new(|_| ()))))
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
    assert_eq!(tail.next().await, wanted);
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
    assert_eq!(slow.next().await, pushed("web", 0, "x"));
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
    slow.next().await;
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
