//! Removing lines because of their age.
//!
//! Days of which nothing is kept any more are unlinked whole. Where streams of a tenant have periods of their own, those
//! whose time is over are taken out of the segments of days of which others are kept.
//!
//! Invariant: a line goes only when the UTC day it belongs to ended longer ago than the period of its stream: days are
//! what is removed, so a line may stay up to a day longer than its period, and never goes before it is over.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use longshore_model::{Batch, DAY_NS, Labels, LineSearch, RowFilter, StreamSelector, TenantId, TimestampNs};

use crate::errors::FlushError;
use crate::limits::RETENTION_INTERVAL;
use crate::maintenance::nanoseconds;
use crate::removal::Reason;
use crate::row_set::RowSet;
use crate::segment::Segment;
use crate::store::{Inner, lock};

/// How long the lines of a tenant are kept.
#[derive(Debug, Clone, Default)]
pub struct Retention {
    /// Of streams that no rule is about; `None` for ever.
    pub period: Option<Duration>,
    /// Rules for streams, in lists: the first list that has a rule for a stream decides, there the one with the highest
    /// priority, and of several of that the one with the longest period.
    pub streams: Vec<Vec<StreamRetention>>,
}

/// A period for the streams of a selector.
#[derive(Clone)]
pub struct StreamRetention {
    /// Which streams.
    pub selector: Arc<dyn StreamSelector>,
    /// The highest wins.
    pub priority: i64,
    /// How long their lines are kept.
    pub period: Duration,
}

impl fmt::Debug for StreamRetention {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = out.debug_struct("StreamRetention");
        out.field("priority", &self.priority).field("period", &self.period);
        out.finish_non_exhaustive()
    }
}

impl Retention {
    /// The same period for every stream.
    pub fn of(period: Duration) -> Self {
        Self {
            period: Some(period),
            ..Self::default()
        }
    }

    fn period_of(&self, labels: &Labels) -> Option<Duration> {
        let decide = |rules: &Vec<StreamRetention>| {
            let fitting = rules.iter().filter(|rule| rule.selector.matches(labels));
            fitting
                .max_by_key(|rule| (rule.priority, rule.period))
                .map(|rule| rule.period)
        };
        self.streams.iter().find_map(decide).or(self.period)
    }

    fn stream_periods(&self) -> impl Iterator<Item = Duration> {
        self.streams.iter().flatten().map(|rule| rule.period)
    }

    /// The longest period of any stream, `None` for ever.
    fn longest(&self) -> Option<Duration> {
        let period = self.period?;
        Some(self.stream_periods().fold(period, Duration::max))
    }

    /// The shortest period of any stream, `None` when all have the same.
    fn shortest_of_streams(&self) -> Option<Duration> {
        let of_rules = self.stream_periods().min()?;
        Some(self.period.map_or(of_rules, |period| period.min(of_rules)))
    }
}

/// Whether a day ended longer ago than a period.
fn is_over(day: i32, period: Duration, now: TimestampNs) -> bool {
    let end = (i64::from(day) + 1).saturating_mul(DAY_NS);
    end.saturating_add(nanoseconds(period)) <= now.0
}

/// The rows of streams whose time is over, within one day.
struct ExpiredStreams {
    retention: Arc<Retention>,
    day: i32,
    now: TimestampNs,
}

impl RowFilter for ExpiredStreams {
    fn matches_stream(&self, labels: &Labels) -> bool {
        let period = self.retention.period_of(labels);
        period.is_some_and(|period| is_over(self.day, period, self.now))
    }

    fn matches_every_row(&self) -> bool {
        true
    }

    fn searches(&self) -> &[Arc<dyn LineSearch>] {
        &[]
    }

    fn matching_rows(&self, batch: &Batch) -> Vec<bool> {
        vec![true; batch.rows()]
    }
}

/// How far the maintenance thread is with streams whose time is over.
#[derive(Default)]
pub(crate) struct StreamRound {
    began: Option<TimestampNs>,
    /// Segments that were looked at in this round.
    seen: HashSet<PathBuf>,
}

impl Inner {
    /// Unlinks the segments of days of which nothing is kept any more; returns how many.
    pub(crate) fn apply_retention(&self, now: TimestampNs) -> usize {
        let catalogue = Arc::clone(&lock(&self.state).catalogue);
        let mut longest: BTreeMap<&TenantId, Option<Duration>> = BTreeMap::new();
        let mut expired: HashSet<PathBuf> = HashSet::new();
        for segment in catalogue.segments() {
            let tenant = segment.tenant();
            let ask = || self.settings.rules.retention(tenant).longest();
            let period = *longest.entry(tenant).or_insert_with(ask);
            if period.is_some_and(|period| is_over(segment.day(), period, now)) {
                expired.insert(segment.path().to_owned());
            }
        }
        if expired.is_empty() {
            return 0;
        }
        let mut state = lock(&self.state);
        let removed = Arc::make_mut(&mut state.catalogue).remove(&expired);
        let catalogue = Arc::clone(&state.catalogue);
        drop(state);
        self.events.catalogue_changed(&catalogue);
        for segment in &removed {
            match fs::remove_file(segment.path()) {
                Ok(()) => self.events.retention_unlinked(segment),
                Err(error) => self.events.unlink_failed(segment.path(), &error),
            }
            // The folder goes with its last file; while there are others this fails, which means nothing.
            let _removed = segment.path().parent().map(fs::remove_dir);
        }
        removed.len()
    }

    /// One step: takes the streams whose time is over out of one segment. Returns whether there is more to do at once.
    pub(crate) fn retain_streams(&self, now: TimestampNs) -> Result<bool, FlushError> {
        let mut round = lock(&self.stream_round);
        let is_new =
            |began: TimestampNs| !(0..nanoseconds(RETENTION_INTERVAL)).contains(&(now.0.saturating_sub(began.0)));
        if round.began.is_none_or(is_new) {
            *round = StreamRound {
                began: Some(now),
                seen: HashSet::new(),
            };
        }
        let catalogue = Arc::clone(&lock(&self.state).catalogue);
        for segment in catalogue.segments() {
            if !round.seen.insert(segment.path().to_owned()) {
                continue;
            }
            let Some(expired) = self.expired_streams(segment, now) else {
                continue;
            };
            match self.remove_rows(segment, &[expired], Reason::Retention) {
                Ok(rewritten) => round.seen.extend(rewritten),
                Err(FlushError::Stopped) => return Err(FlushError::Stopped),
                // The next round tries it again.
                Err(error) => self.events.removal_failed(segment.path(), &error),
            }
            return Ok(true);
        }
        Ok(false)
    }

    /// The rows of a segment whose time is over although others of its day are kept.
    fn expired_streams(&self, segment: &Segment, now: TimestampNs) -> Option<RowSet> {
        let retention = self.settings.rules.retention(segment.tenant());
        let day = segment.day();
        let shortest = retention.shortest_of_streams()?;
        if !is_over(day, shortest, now) {
            return None;
        }
        let expired = RowSet::new(
            Arc::new(ExpiredStreams { retention, day, now }),
            TimestampNs(i64::MIN),
            TimestampNs(i64::MAX),
        );
        let (first, last) = segment.time_bounds();
        let touches = segment
            .streams()
            .iter()
            .any(|labels| expired.touches(labels, first, last));
        touches.then_some(expired)
    }
}

#[cfg(test)]
mod tests {
    use longshore_model::AllStreams;

    use super::*;

    struct App(&'static str);

    impl StreamSelector for App {
        fn matches(&self, labels: &Labels) -> bool {
            labels.get("app") == Some(self.0)
        }
    }

    fn rule(app: &'static str, priority: i64, days: u64) -> StreamRetention {
        StreamRetention {
            selector: Arc::new(App(app)),
            priority,
            period: days_of(days),
        }
    }

    fn days_of(days: u64) -> Duration {
        Duration::from_secs(days * 86_400)
    }

    #[test]
    fn the_first_list_then_priority_then_the_longest_period_decide() {
        let every = StreamRetention {
            selector: Arc::new(AllStreams),
            ..rule("", 1, 9)
        };
        let retention = Retention {
            period: Some(days_of(7)),
            streams: vec![
                vec![rule("a", 1, 2), rule("a", 2, 1), rule("b", 1, 2), rule("b", 1, 3)],
                vec![every],
            ],
        };
        let days = |app| {
            retention
                .period_of(&Labels::new([("app", app)]))
                .map(|period| period.as_secs() / 86_400)
        };
        assert_eq!((days("a"), days("b"), days("c")), (Some(1), Some(3), Some(9)));
        assert_eq!(retention.longest(), Some(days_of(9)));
        assert_eq!(retention.shortest_of_streams(), Some(days_of(1)));
        let for_ever = Retention {
            period: None,
            streams: vec![vec![rule("a", 1, 2)]],
        };
        assert_eq!((for_ever.longest(), for_ever.period_of(&Labels::empty())), (None, None));
        assert_eq!(Retention::of(days_of(7)).shortest_of_streams(), None);
    }
}
