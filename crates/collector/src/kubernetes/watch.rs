//! Keeps a directory true: follows the objects of each kind, tells failures once, and tries again.
//!
//! Invariant: a watch that fails never ends the collector and never stops reading; it is tried again for ever, at ever
//! longer intervals.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;

use super::Handle;
use super::directory::Change;
use super::object::Kind;
use crate::exporters::chance;
use crate::limits::{KUBERNETES_ANSWER_MAX, KUBERNETES_DOUBT_MAX, KUBERNETES_RETRY_MAX, KUBERNETES_RETRY_MIN};

/// Where objects come from.
pub(crate) trait Source: Send + Sync {
    /// All objects of a kind, then their changes, without end. A failure does not end it either: the next item is the
    /// next attempt.
    fn follow(&self, kind: Kind) -> BoxStream<'static, Result<Change, WatchFailure>>;
}

/// Why objects cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WatchFailure {
    pub(crate) reason: Reason,
    /// For people.
    pub(crate) text: String,
}

/// Kinds of failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Reason {
    /// 403.
    Forbidden,
    /// 401.
    Unauthorized,
    /// The server has forgotten where the watch was; everything is listed again. Part of normal work.
    Expired,
    /// No answer in time.
    Slow,
    /// Anything else.
    Failed,
}

impl Reason {
    /// As in metrics.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Forbidden => "forbidden",
            Self::Unauthorized => "unauthorized",
            Self::Expired => "expired",
            Self::Slow => "slow",
            Self::Failed => "failed",
        }
    }
}

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timing {
    /// For an answer to a list.
    pub(crate) answer_max: Duration,
    /// Of silence after a failure, until it counts as mended.
    pub(crate) doubt_max: Duration,
    /// First wait between two attempts.
    pub(crate) retry_min: Duration,
    /// Longest wait between two attempts.
    pub(crate) retry_max: Duration,
}

impl Timing {
    /// Outside of tests.
    pub(crate) const USUAL: Self = Self {
        answer_max: KUBERNETES_ANSWER_MAX,
        doubt_max: KUBERNETES_DOUBT_MAX,
        retry_min: KUBERNETES_RETRY_MIN,
        retry_max: KUBERNETES_RETRY_MAX,
    };
}

/// How far along a watch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Objects are being listed: an answer must come.
    Listing,
    /// Listed, and followed since: silence is what a quiet cluster says.
    Following,
    /// Listed, but the last attempt to go on failed. Going on says nothing by itself, so silence without another failure
    /// is taken for success after a while.
    Doubtful,
}

/// Follows one kind for ever.
pub(crate) async fn run(source: Arc<dyn Source>, kind: Kind, handle: Arc<Handle>, timing: Timing) {
    let mut wait = timing.retry_min;
    let mut stream = source.follow(kind);
    let mut stage = Stage::Listing;
    let mut told = None;
    loop {
        let next = match stage {
            Stage::Listing => tokio::time::timeout(timing.answer_max, stream.next()).await,
            Stage::Doubtful => tokio::time::timeout(timing.doubt_max, stream.next()).await,
            Stage::Following => Ok(stream.next().await),
        };
        let failure = match (next, stage) {
            (Ok(Some(Ok(change))), _) => {
                stage = match (&change, stage) {
                    (Change::Listing, _) | (Change::Put(_), Stage::Listing) => Stage::Listing,
                    _ => Stage::Following,
                };
                handle.take(kind, change);
                if stage == Stage::Following {
                    wait = timing.retry_min;
                    works_again(&handle, kind, &mut told);
                }
                continue;
            }
            (Err(_), Stage::Doubtful) => {
                stage = Stage::Following;
                works_again(&handle, kind, &mut told);
                continue;
            }
            (Ok(Some(Err(failure))), _) => failure,
            // The stream has no end, so an end is a failure too.
            (Ok(None), _) => {
                stream = source.follow(kind);
                failure(Reason::Failed, "the watch ended")
            }
            (Err(_), _) => {
                stream = source.follow(kind);
                failure(Reason::Slow, "the API server does not answer")
            }
        };
        if stage == Stage::Following {
            stage = Stage::Doubtful;
        }
        handle.fail(kind, failure.reason);
        if failure.reason != Reason::Expired && told != Some(failure.reason) {
            told = Some(failure.reason);
            tell(&handle, kind, &failure);
        } else {
            let (processor, error) = (&handle.id, &failure.text);
            tracing::debug!(
                processor,
                resource = kind.resource(),
                error,
                "watch failed, trying again"
            );
        }
        tokio::time::sleep(wait.mul_f64(0.75 + 0.5 * chance())).await;
        wait = (wait * 2).min(timing.retry_max);
    }
}

fn works_again(handle: &Handle, kind: Kind, told: &mut Option<Reason>) {
    handle.recover(kind);
    if told.take().is_some() {
        tracing::info!(processor = handle.id, resource = kind.resource(), "watch works again");
    }
}

fn failure(reason: Reason, text: &str) -> WatchFailure {
    WatchFailure {
        reason,
        text: text.to_owned(),
    }
}

/// One warning that names the fix, until it works or fails in another way.
fn tell(handle: &Handle, kind: Kind, failure: &WatchFailure) {
    let resource = kind.resource();
    let group = match kind.group() {
        "" => "\"\"",
        group => group,
    };
    let fix = match failure.reason {
        Reason::Forbidden => format!(
            "give the collector's service account the verbs get, list and watch on {resource} (apiGroups [{group}]) by a \
             ClusterRole and a ClusterRoleBinding"
        ),
        Reason::Unauthorized => {
            "check that the pod's service account is there and that its token is mounted (automountServiceAccountToken)"
                .to_owned()
        }
        _ => "check that the API server can be reached from the collector's pod".to_owned(),
    };
    let meanwhile = "lines go on with what the path of their file says (namespace, pod, uid, container)";
    tracing::warn!(
        processor = handle.id,
        resource,
        error = failure.text,
        fix,
        meanwhile,
        "cannot watch the cluster, trying again"
    );
}

#[cfg(test)]
mod tests;
