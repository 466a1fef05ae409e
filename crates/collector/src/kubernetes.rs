//! What the cluster says of the pods whose files are read: a watch, a directory of what it told, and rules that make
//! attributes of it.
//!
//! Invariants:
//! * Whoever asks is answered from memory, at once.
//! * Without an API server, without rights, or with a slow one, lines go on with what their file's path says.
//! * Pods are kept as what the rules want of them, never whole.

mod api;
mod directory;
mod fields;
mod image;
mod object;
mod rules;
mod watch;
mod workload;

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use longshore_config::otel::KubernetesAttributesSettings;
use longshore_model::otel::Attributes;
use longshore_wire::container::PodFacts;
use tokio::task::JoinSet;

use crate::delivery::Board;
use crate::file_log::Readiness;
use crate::metrics::{KubernetesWatch, Metrics};
use api::ApiServer;
pub(crate) use directory::Change;
use directory::Directory;
use object::Kind;
use rules::Rules;
pub(crate) use rules::put_missing;
pub(crate) use watch::Reason;
use watch::{Source, Timing};

/// What one `k8s_attributes` processor knows; shared by it, its watches, and the receivers that wait for it.
pub(crate) struct Handle {
    /// The processor's.
    pub(crate) id: String,
    settings: KubernetesAttributesSettings,
    kinds: Vec<Kind>,
    wants_node: bool,
    directory: Mutex<Directory>,
    /// The directory's, to be read without a lock.
    revision: AtomicU64,
    /// There is no API server: nothing is worth waiting for.
    is_alone: std::sync::atomic::AtomicBool,
    /// Receivers that may wait for a change.
    boards: Mutex<Vec<Arc<Board>>>,
    listed: tokio::sync::watch::Sender<bool>,
    begin: Instant,
    metrics: Metrics,
    /// Where objects come from, when not from the API server that the settings lead to.
    source: std::sync::OnceLock<(Arc<dyn Source>, Timing)>,
}

impl Handle {
    /// Compiles the rules; the error is text for people.
    pub(crate) fn new(id: &str, settings: &KubernetesAttributesSettings, metrics: Metrics) -> Result<Self, String> {
        let rules = Rules::new(settings)?;
        Ok(Self {
            id: id.to_owned(),
            kinds: rules.kinds(),
            wants_node: rules.wants("k8s.node.name"),
            directory: Mutex::new(Directory::new(rules, settings.pod_delete_grace_period, Duration::ZERO)),
            settings: settings.clone(),
            revision: AtomicU64::new(0),
            is_alone: Default::default(),
            boards: Mutex::default(),
            listed: tokio::sync::watch::Sender::new(false),
            begin: Instant::now(),
            metrics,
            source: std::sync::OnceLock::new(),
        })
    }

    /// Begins to watch, in tasks of the set. Without an API server it says so once.
    pub(crate) async fn start(self: &Arc<Self>, tasks: &mut JoinSet<()>) {
        if self.settings.passthrough {
            self.is_alone.store(true, Ordering::Release);
            return;
        }
        if let Some((source, timing)) = self.source.get() {
            self.follow(source, *timing, tasks);
            return;
        }
        match ApiServer::new(&self.settings).await {
            Ok(server) => self.follow(&(Arc::new(server) as Arc<dyn Source>), Timing::USUAL, tasks),
            Err(error) => {
                let source = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(
                    processor = self.id,
                    %error,
                    cause = source.unwrap_or_default(),
                    "no API server to ask, lines go on with what the path of their file says"
                );
                self.is_alone.store(true, Ordering::Release);
                self.wake();
            }
        }
    }

    /// Follows every kind that the rules need.
    fn follow(self: &Arc<Self>, source: &Arc<dyn Source>, timing: Timing, tasks: &mut JoinSet<()>) {
        for &kind in &self.kinds {
            self.metrics
                .kubernetes_listed
                .get_or_create(&self.watch_labels(kind))
                .set(0);
            tasks.spawn(watch::run(source.clone(), kind, self.clone(), timing));
        }
    }

    /// Whether the configuration wants everything to wait until the cluster is known, and for how long at most.
    pub(crate) fn start_waits(&self) -> Option<Duration> {
        let waits = self.settings.wait_for_metadata && !self.settings.passthrough;
        waits.then_some(self.settings.wait_for_metadata_timeout)
    }

    /// Returns when all objects were told once.
    pub(crate) async fn listed(&self) {
        let mut listed = self.listed.subscribe();
        // The sender lives as long as this.
        let _ = listed.wait_for(|is_listed| *is_listed).await;
    }

    /// A receiver that wants to be woken when something changes.
    pub(crate) fn wake_with(&self, board: Arc<Board>) {
        self.boards.lock().unwrap_or_else(PoisonError::into_inner).push(board);
    }

    /// A number that changes with what is known.
    pub(crate) fn revision(&self) -> u64 {
        self.revision.load(Ordering::Acquire)
    }

    /// Adds what is known of the pod that the attributes speak of.
    pub(crate) fn add(&self, attributes: &mut Attributes) {
        let is_found = if self.settings.passthrough {
            None
        } else {
            self.directory().add(attributes)
        };
        if let Some(is_found) = is_found {
            self.metrics
                .count_lookup(&self.id, if is_found { "found" } else { "missed" });
        }
        if let (Some(node), true) = (&self.settings.filter.node, self.wants_node)
            && longshore_model::otel::attribute(attributes, "k8s.pod.name").is_some()
        {
            put_missing(attributes, "k8s.node.name", node.as_str().into());
        }
    }

    fn take(&self, kind: Kind, change: Change) {
        let mut directory = self.directory();
        let is_end_of_list = change == Change::Listed;
        directory.take(kind, change, self.begin.elapsed());
        let (revision, is_listed, pods) = (directory.revision(), directory.is_listed(), directory.pods());
        drop(directory);
        if is_end_of_list {
            self.metrics
                .kubernetes_listed
                .get_or_create(&self.watch_labels(kind))
                .set(1);
            self.listed.send_replace(is_listed);
        }
        if self.revision.swap(revision, Ordering::AcqRel) != revision {
            self.metrics.set_pods(&self.id, pods);
            self.wake();
        }
    }

    fn fail(&self, kind: Kind, reason: Reason) {
        self.metrics
            .count_watch_failure(&self.id, kind.resource(), reason.as_str());
        if reason != Reason::Expired {
            self.metrics
                .kubernetes_listed
                .get_or_create(&self.watch_labels(kind))
                .set(0);
            self.directory().fail(kind, self.begin.elapsed());
        }
    }

    fn recover(&self, kind: Kind) {
        self.metrics
            .kubernetes_listed
            .get_or_create(&self.watch_labels(kind))
            .set(1);
        self.directory().recover(kind);
    }

    fn watch_labels(&self, kind: Kind) -> KubernetesWatch {
        KubernetesWatch {
            component: self.id.clone(),
            resource: kind.resource(),
        }
    }

    fn wake(&self) {
        let boards = self.boards.lock().unwrap_or_else(PoisonError::into_inner);
        boards.iter().for_each(|board| board.wake());
    }

    fn directory(&self) -> std::sync::MutexGuard<'_, Directory> {
        self.directory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Handle")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
impl Handle {
    /// Follows that instead of an API server.
    pub(crate) fn follow_instead(&self, source: Arc<dyn Source>, timing: Timing) {
        assert!(self.source.set((source, timing)).is_ok(), "only one source");
    }
}

/// What a receiver asks of the processors that its lines go through.
#[derive(Debug, Clone)]
pub(crate) struct Awaited(pub(crate) Vec<Arc<Handle>>);

impl Readiness for Awaited {
    fn patience(&self) -> Duration {
        let patience = self.0.iter().map(|handle| handle.settings.wait_for_metadata_timeout);
        patience.max().unwrap_or_default()
    }

    fn revision(&self) -> u64 {
        self.0.iter().map(|handle| handle.revision()).sum()
    }

    fn is_ready(&self, facts: &PodFacts) -> bool {
        self.0.iter().all(|handle| {
            let patience = handle.settings.wait_for_metadata_timeout;
            let namespace = handle.settings.filter.namespace.as_ref();
            // The cluster will never be asked for pods of other namespaces.
            namespace.is_some_and(|namespace| *namespace != facts.namespace)
                || handle.is_alone.load(Ordering::Acquire)
                || !handle.directory().is_awaited(facts, patience, handle.begin.elapsed())
        })
    }

    fn waited(&self, facts: &PodFacts) {
        for handle in &self.0 {
            let is_known = handle.directory().knows(facts);
            handle
                .metrics
                .count_wait(&handle.id, if is_known { "known" } else { "timeout" });
        }
    }

    fn in_use(&self, receiver: &str, uids: HashSet<String>) {
        for handle in &self.0 {
            handle
                .directory()
                .use_pods(receiver, uids.clone(), handle.begin.elapsed());
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
