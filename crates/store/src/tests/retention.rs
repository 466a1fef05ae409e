//! Periods by stream and tenant.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use longshore_model::{DAY_NS, Direction, Labels, StreamSelector, TenantId, TimeRange, TimestampNs};

use super::support::*;
use crate::{DeletionMode, Retention, Settings, Store, StreamRetention, TenantRules};

/// Streams are looked at so often.
const ROUND: i64 = 600 * longshore_model::SECOND_NS;

struct App(&'static str);

impl StreamSelector for App {
    fn matches(&self, labels: &Labels) -> bool {
        labels.get("app") == Some(self.0)
    }
}

fn days(days: u64) -> Duration {
    Duration::from_secs(days * 86_400)
}

/// Two days for everything but `audit`, which is kept for four, and `debug`, for one; tenant `other` keeps all for ever.
#[derive(Debug)]
struct ByTenant;

impl TenantRules for ByTenant {
    fn deletion_mode(&self, _tenant: &TenantId) -> DeletionMode {
        DeletionMode::FilterAndDelete
    }

    fn retention(&self, tenant: &TenantId) -> Arc<Retention> {
        if *tenant != TenantId::single() {
            return Arc::default();
        }
        let rule = |app, period| StreamRetention {
            selector: Arc::new(App(app)),
            priority: 0,
            period,
        };
        Arc::new(Retention {
            period: Some(days(2)),
            streams: vec![vec![rule("audit", days(4)), rule("debug", days(1))]],
        })
    }
}

/// A line of each of three streams on the first day, in one segment, and on the second in another one.
fn filled(directory: &Path) -> Arc<Store> {
    let store = open_with(Settings {
        rules: Arc::new(ByTenant),
        ..Settings::new(directory)
    });
    for app in ["audit", "debug", "web"] {
        push(&store, app, &[(5, "one"), (DAY_NS + 5, "two")]).unwrap();
    }
    store
        .push(
            &TenantId::new("other").unwrap(),
            vec![stream("debug", [(5, "theirs".to_owned())])],
        )
        .unwrap();
    store.flush().unwrap();
    store
}

fn maintain(store: &Store, now: i64) -> Vec<(String, i64)> {
    while store.maintain(TimestampNs(now)) {}
    rows(store).into_iter().map(|(app, at, _)| (app, at / DAY_NS)).collect()
}

#[test]
fn streams_go_by_their_own_period_and_never_before_it() {
    let directory = tempfile::tempdir().unwrap();
    let store = filled(directory.path());
    let row = |app: &str, day: i64| (app.to_owned(), day);
    let all = [
        row("audit", 0),
        row("audit", 1),
        row("debug", 0),
        row("debug", 1),
        row("web", 0),
        row("web", 1),
    ];
    // A day is over when it has ended for so long.
    assert_eq!(maintain(&store, 2 * DAY_NS - 1), all);
    let without_debug = [
        row("audit", 0),
        row("audit", 1),
        row("debug", 1),
        row("web", 0),
        row("web", 1),
    ];
    assert_eq!(maintain(&store, 2 * DAY_NS + ROUND), without_debug);
    assert_eq!(maintain(&store, 3 * DAY_NS - 1), without_debug);
    assert_eq!(
        maintain(&store, 3 * DAY_NS + ROUND),
        [row("audit", 0), row("audit", 1), row("web", 1)]
    );
    assert_eq!(maintain(&store, 4 * DAY_NS + ROUND), [row("audit", 0), row("audit", 1)]);
    assert_eq!(maintain(&store, 5 * DAY_NS - 1), [row("audit", 0), row("audit", 1)]);
    assert_eq!(maintain(&store, 5 * DAY_NS + ROUND), [row("audit", 1)]);
    assert_eq!(files_in(&directory.path().join("segments/fake")), ["1970-01-02"]);
    assert_eq!(maintain(&store, 6 * DAY_NS + ROUND), []);
    let other = TenantId::new("other").unwrap();
    assert_eq!(
        scan(&store, &other, TimeRange::ALL, Direction::Forward, Vec::new()).len(),
        1
    );
}

#[test]
fn what_is_kept_is_known_after_a_restart_and_nothing_is_written_twice() {
    let directory = tempfile::tempdir().unwrap();
    let store = filled(directory.path());
    maintain(&store, 2 * DAY_NS);
    let day = directory.path().join("segments/fake/1970-01-01");
    let files = files_in(&day);
    assert_eq!(files.len(), 1);
    // Later rounds find nothing to do.
    maintain(&store, 2 * DAY_NS + 601 * longshore_model::SECOND_NS);
    assert_eq!(files_in(&day), files);
    drop(store);
    let store = open_with(Settings {
        rules: Arc::new(ByTenant),
        ..Settings::new(directory.path())
    });
    assert_eq!(rows(&store).len(), 5);
    assert_eq!(push(&store, "web", &[(5, "one")]).unwrap().duplicate_lines, 1);
    assert_eq!(push(&store, "debug", &[(5, "one")]).unwrap().accepted_lines, 1);
}
