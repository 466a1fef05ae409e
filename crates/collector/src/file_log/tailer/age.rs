//! Leaves out files that nobody has written to for long. A file that is known is followed however old it gets: what was
//! begun is read to its end, and nothing is read twice because it was quiet in between.

use std::path::Path;

use longshore_model::TimestampNs;

use super::super::chain::Moment;
use super::super::files::Files;
use super::Tailer;

impl<F: Files> Tailer<F> {
    /// When a file must have been written to, at least, to be read although nothing is known of it.
    pub(super) fn oldest(&self, now: Moment) -> Option<TimestampNs> {
        let age_ns = i64::try_from(self.settings.age_max?.as_nanos()).unwrap_or(i64::MAX);
        Some(TimestampNs(now.wall.0.saturating_sub(age_ns)))
    }

    /// Whether a new path leads to a file that is left out.
    pub(super) fn is_too_old(&mut self, target: &Path, now: Moment) -> bool {
        let Some(oldest) = self.oldest(now) else { return false };
        let Ok(stat) = self.files.stat(target) else {
            return false;
        };
        let is_saved = || {
            self.saved
                .iter()
                .any(|saved| saved.id == stat.id || saved.target() == target)
        };
        let is_followed = || {
            let mut files = self.chains.values().flat_map(|chain| &chain.files);
            files.any(|file| file.id == stat.id)
        };
        stat.modified < oldest && !is_saved() && !is_followed()
    }
}
