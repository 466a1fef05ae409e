//! Keeps new files from being read until their container is known, for a bounded time. They are open meanwhile, so
//! nothing is lost when they are rotated or deleted.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::super::chain::Moment;
use super::super::files::Files;
use super::super::readiness::Readiness;
use super::Tailer;
use crate::limits::HOLD_LOOK_INTERVAL;

/// Whether a container's files had to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Waiting {
    /// It was not asked for yet.
    #[default]
    Unknown,
    /// They wait since then.
    Since(Duration),
    /// They are read, and never wait again.
    Over,
}

/// The files that wait.
#[derive(Debug, Default)]
pub(super) struct Hold {
    pub(super) readiness: Option<Arc<dyn Readiness>>,
    chains: Vec<u32>,
    /// The readiness' when it was last asked.
    revision: u64,
    look_at: Duration,
}

impl<F: Files> Tailer<F> {
    /// Lets new files of containers wait until that knows them.
    #[must_use]
    pub fn with_readiness(mut self, readiness: Option<Arc<dyn Readiness>>) -> Self {
        self.hold.readiness = readiness;
        self
    }

    /// Whether the next file in the queue has to wait. It is put aside then, and still counts as queued.
    pub(super) fn holds(&mut self, number: u32, now: Moment) -> bool {
        let (Some(readiness), Some(chain)) = (&self.hold.readiness, self.chains.get_mut(&number)) else {
            return false;
        };
        let Some(facts) = chain.info.facts.as_ref().filter(|_| chain.waiting != Waiting::Over) else {
            return false;
        };
        let since = match chain.waiting {
            Waiting::Since(since) => since,
            _ => now.steady,
        };
        let is_ready = readiness.is_ready(facts);
        if is_ready || now.steady >= since + readiness.patience() {
            if chain.waiting != Waiting::Unknown {
                readiness.waited(facts);
            }
            chain.waiting = Waiting::Over;
            return false;
        }
        chain.waiting = Waiting::Since(since);
        self.hold.chains.push(number);
        true
    }

    /// Queues the files that wait when something may have changed: their turn decides again.
    pub fn release(&mut self, now: Moment) {
        let Some(readiness) = &self.hold.readiness else { return };
        if self.hold.chains.is_empty() {
            return;
        }
        let revision = readiness.revision();
        if revision != self.hold.revision || now.steady >= self.hold.look_at {
            self.hold.revision = revision;
            self.hold.look_at = now.steady + HOLD_LOOK_INTERVAL;
            self.queue.extend(self.hold.chains.drain(..));
        }
    }

    /// Containers whose files wait.
    pub fn waiting(&self) -> usize {
        self.hold.chains.len()
    }

    /// Uids of all pods that there are files of.
    pub fn pod_uids(&self) -> HashSet<String> {
        let facts = self.chains.values().filter_map(|chain| chain.info.facts.as_ref());
        facts.filter_map(|facts| facts.uid.clone()).collect()
    }
}
