//! Waits for a process that is just ending to let go of its folder. A pod may start before the one that it replaces has
//! ended; to give up would leave the start of the next try to a supervisor, which waits longer each time.

use std::fmt::Display;

use tokio::time::{Instant, sleep};

use crate::limits::{FOLDER_RETRY, FOLDER_WAIT};

/// How long it still waits.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    end: Option<Instant>,
}

impl Patience {
    /// Waits a moment and says whether to try again; `error` says who has the folder.
    pub(crate) async fn lasts(&mut self, error: &impl Display) -> bool {
        let end = *self.end.get_or_insert_with(|| {
            tracing::warn!(%error, seconds = FOLDER_WAIT.as_secs(), "waiting for the folder");
            Instant::now() + FOLDER_WAIT
        });
        sleep(FOLDER_RETRY).await;
        Instant::now() < end
    }
}
