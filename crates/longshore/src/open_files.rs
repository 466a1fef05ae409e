//! Every live segment and every tailed file is an open file, and the usual soft limit of 1,024 is soon reached.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::warn;

/// Open files that are asked for where the hard limit allows more: segments of months of heavy logging, and few enough
/// that nothing which walks all descriptors becomes slow.
const OPEN_FILES_WANTED: u64 = 262_144;

/// Raises the process's soft limit of open files as far as the hard limit allows.
pub(crate) fn raise_limit() {
    let limit = getrlimit(Resource::Nofile);
    let allowed = limit
        .maximum
        .map_or(OPEN_FILES_WANTED, |maximum| maximum.min(OPEN_FILES_WANTED));
    let Some(current) = limit.current.filter(|&current| current < allowed) else {
        return;
    };
    let raised = Rlimit {
        current: Some(allowed),
        maximum: limit.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        warn!(limit = current, %error, "cannot raise the limit of open files, which limits segments and tailed files");
    }
}
