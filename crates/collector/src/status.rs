//! Whether the collector does its work.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Says whether the collector does its work; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Status {
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    receivers: AtomicUsize,
    /// Receivers that have looked for their files.
    looking: AtomicUsize,
    stopping: AtomicUsize,
}

impl Status {
    pub(crate) fn new(receivers: usize) -> Self {
        let status = Self::default();
        status.state.receivers.store(receivers, Ordering::Release);
        status
    }

    pub(crate) fn receiver_started(&self) {
        self.state.looking.fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn stopping(&self) {
        self.state.stopping.store(1, Ordering::Release);
    }

    /// `Err` with the reason while it does not.
    ///
    /// # Errors
    /// While it starts or stops.
    pub fn ready(&self) -> Result<(), String> {
        if self.state.stopping.load(Ordering::Acquire) > 0 {
            return Err("stopping".to_owned());
        }
        let (all, looking) = (
            self.state.receivers.load(Ordering::Acquire),
            self.state.looking.load(Ordering::Acquire),
        );
        if looking < all {
            Err(format!("{looking} of {all} receivers have looked for their files"))
        } else {
            Ok(())
        }
    }
}
