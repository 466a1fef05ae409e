//! Random actions against a set of rows: each row that was acknowledged is there exactly once, and nothing else is.

use std::collections::BTreeSet;

use longshore_model::{DAY_NS, Direction, TenantId, TimeRange, TimestampNs};
use proptest::prelude::*;

use super::support::*;
use crate::Settings;

#[derive(Debug, Clone)]
enum Action {
    /// Rows by app, time and line, each a small number so that they repeat.
    Push(Vec<(u8, u8, u8)>),
    Flush,
    /// Opens the folder anew without closing.
    Crash,
    Close,
    Query {
        from: u8,
        to: u8,
    },
}

fn action() -> impl Strategy<Value = Action> {
    let row = (0_u8..3, any::<u8>(), 0_u8..4);
    prop_oneof![
        6 => proptest::collection::vec(row, 0..12).prop_map(Action::Push),
        2 => Just(Action::Flush),
        2 => Just(Action::Crash),
        1 => Just(Action::Close),
        3 => (any::<u8>(), any::<u8>()).prop_map(|(from, to)| Action::Query { from, to }),
    ]
}

/// Spreads the small numbers over three days.
fn moment(number: u8) -> i64 {
    i64::from(number) * (DAY_NS / 100)
}

fn line(number: u8) -> String {
    ["", "a", "ab", "something longer"][number as usize].to_owned()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn each_acknowledged_row_is_there_once(actions in proptest::collection::vec(action(), 1..25)) {
        let directory = tempfile::tempdir().unwrap();
        // Small enough that heads fill up in the middle of a run.
        let settings = Settings { head_bytes_max: 3000, ..Settings::new(directory.path()) };
        let mut store = open_with(settings.clone());
        let mut model: BTreeSet<(String, i64, String)> = BTreeSet::new();
        for action in actions {
            match action {
                Action::Push(rows) => {
                    let streams = rows.iter().map(|&(app, at, text)| {
                        stream(&format!("app-{app}"), [(moment(at), line(text))])
                    });
                    let outcome = store.push(&TenantId::single(), streams.collect()).unwrap();
                    let before = model.len();
                    model.extend(rows.iter().map(|&(app, at, text)| (format!("app-{app}"), moment(at), line(text))));
                    prop_assert_eq!(outcome.accepted_lines, model.len() - before);
                    prop_assert_eq!(outcome.duplicate_lines, rows.len() - outcome.accepted_lines);
                }
                Action::Flush => store.flush().unwrap(),
                Action::Crash | Action::Close => {
                    if matches!(action, Action::Close) {
                        store.close().unwrap();
                    }
                    drop(store);
                    store = open_with(settings.clone());
                }
                Action::Query { from, to } => {
                    let time = TimeRange { start: TimestampNs(moment(from)), end: TimestampNs(moment(to)) };
                    let direction = if from % 2 == 0 { Direction::Forward } else { Direction::Backward };
                    let mut found = scan(&store, &TenantId::single(), time, direction, Vec::new());
                    found.sort();
                    let expected: Vec<_> =
                        model.iter().filter(|row| time.contains(TimestampNs(row.1))).cloned().collect();
                    prop_assert_eq!(found, expected);
                }
            }
        }
        prop_assert_eq!(rows(&store), model.into_iter().collect::<Vec<_>>());
    }
}
