//! What is known of the cluster's objects, and since when. A state machine: moments are arguments, and changes come from
//! whoever watches.
//!
//! Invariants:
//! * A deleted pod stays for its period of grace and for as long as a receiver says that it has files of it, but never
//!   are more than [`DELETED_PODS_MAX`] deleted pods kept.
//! * The revision changes whenever an answer may have.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use longshore_model::otel::Attributes;
use longshore_wire::container::PodFacts;

use super::object::{Kind, Object};
use super::rules::{Pod, Related, Relations, Rules};
use crate::limits::DELETED_PODS_MAX;

/// A change of what is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// All objects follow.
    Listing,
    /// An object is there, or is different now.
    Put(Object),
    /// All objects were told; others are gone.
    Listed,
    /// An object is gone.
    Gone(Object),
}

/// Everything known.
#[derive(Debug)]
pub(crate) struct Directory {
    pub(super) rules: Rules,
    pods: HashMap<String, Entry>,
    relations: Known,
    watches: HashMap<Kind, WatchState>,
    grace: Duration,
    /// Pods whose files a receiver has, by receiver.
    in_use: HashMap<String, HashSet<String>>,
    revision: u64,
}

#[derive(Debug)]
struct Entry {
    pod: Pod,
    deleted_at: Option<Duration>,
}

#[derive(Debug, Default)]
struct Known(HashMap<(Kind, String), Related>);

#[derive(Debug)]
struct WatchState {
    is_listed: bool,
    /// Keys told since a listing began.
    told: Option<HashSet<String>>,
    /// Since when there is no answer.
    silent_since: Option<Duration>,
}

impl Relations for Known {
    fn related(&self, kind: Kind, key: &str) -> Option<&Related> {
        // Two words are not worth a second map for each kind: this is asked once for each container.
        self.0.get(&(kind, key.to_owned()))
    }
}

impl Directory {
    /// An empty one, whose watches begin at the moment `now`.
    pub(crate) fn new(rules: Rules, grace: Duration, now: Duration) -> Self {
        let watches = rules.kinds().into_iter().map(|kind| {
            let state = WatchState {
                is_listed: false,
                told: None,
                silent_since: Some(now),
            };
            (kind, state)
        });
        Self {
            watches: watches.collect(),
            rules,
            pods: HashMap::new(),
            relations: Known::default(),
            grace,
            in_use: HashMap::new(),
            revision: 0,
        }
    }

    /// Takes a change of the objects of a kind.
    pub(crate) fn take(&mut self, kind: Kind, change: Change, now: Duration) {
        let Some(watch) = self.watches.get_mut(&kind) else {
            return;
        };
        match change {
            Change::Listing => watch.told = Some(HashSet::new()),
            Change::Listed => {
                watch.is_listed = true;
                watch.silent_since = None;
                if let Some(told) = watch.told.take() {
                    self.forget_others(kind, &told, now);
                }
                // Whoever waits for objects that are not there must learn that they are not.
                self.revision += 1;
            }
            Change::Put(object) => {
                watch.silent_since = watch.silent_since.filter(|_| !watch.is_listed);
                let key = key_of(kind, &object);
                if let Some(told) = &mut watch.told {
                    told.insert(key.clone());
                }
                self.put(kind, key, object);
            }
            Change::Gone(object) => {
                watch.silent_since = None;
                self.delete(kind, &key_of(kind, &object), now);
            }
        }
    }

    fn put(&mut self, kind: Kind, key: String, object: Object) {
        let is_same = if kind == Kind::Pod {
            let pod = self.rules.pod(object);
            let before = self.pods.insert(
                key,
                Entry {
                    pod: pod.clone(),
                    deleted_at: None,
                },
            );
            before.is_some_and(|before| before.pod == pod)
        } else {
            let related = self.rules.related(kind, object);
            self.relations.0.insert((kind, key), related.clone()).as_ref() == Some(&related)
        };
        self.revision += u64::from(!is_same);
    }

    fn delete(&mut self, kind: Kind, key: &str, now: Duration) {
        if kind == Kind::Pod {
            if let Some(entry) = self.pods.get_mut(key) {
                entry.deleted_at.get_or_insert(now);
            }
            self.sweep(now);
        } else if self.relations.0.remove(&(kind, key.to_owned())).is_some() {
            self.revision += 1;
        }
    }

    fn forget_others(&mut self, kind: Kind, told: &HashSet<String>, now: Duration) {
        if kind == Kind::Pod {
            for (_, entry) in self.pods.iter_mut().filter(|(uid, _)| !told.contains(*uid)) {
                entry.deleted_at.get_or_insert(now);
            }
            self.sweep(now);
        } else {
            self.relations
                .0
                .retain(|(other, key), _| *other != kind || told.contains(key));
        }
    }

    /// A watch does not work since that moment.
    pub(crate) fn fail(&mut self, kind: Kind, now: Duration) {
        if let Some(watch) = self.watches.get_mut(&kind) {
            watch.silent_since.get_or_insert(now);
        }
    }

    /// A watch works again, though nothing changed.
    pub(crate) fn recover(&mut self, kind: Kind) {
        if let Some(watch) = self.watches.get_mut(&kind).filter(|watch| watch.is_listed) {
            watch.silent_since = None;
        }
    }

    /// A receiver's pods, by the uids in their files' paths. Replaces what it said before.
    pub(crate) fn use_pods(&mut self, receiver: &str, uids: HashSet<String>, now: Duration) {
        self.in_use.insert(receiver.to_owned(), uids);
        self.sweep(now);
    }

    /// Forgets deleted pods that nobody needs any more.
    fn sweep(&mut self, now: Duration) {
        let (in_use, grace) = (&self.in_use, self.grace);
        let is_used = |entry: &Entry| {
            let mut uids = entry.pod.uids();
            uids.any(|uid| in_use.values().any(|used| used.contains(uid)))
        };
        self.pods.retain(|_, entry| {
            let is_over = entry.deleted_at.is_some_and(|at| now >= at + grace);
            !is_over || is_used(entry)
        });
        let mut deleted: Vec<_> = self
            .pods
            .iter()
            .filter_map(|(uid, entry)| Some((entry.deleted_at?, uid.clone())))
            .collect();
        if deleted.len() > DELETED_PODS_MAX {
            deleted.sort();
            for (_, uid) in deleted.drain(..deleted.len() - DELETED_PODS_MAX) {
                self.pods.remove(&uid);
            }
        }
    }

    /// A number that changes with what is known.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// Pods that are known, deleted ones among them.
    pub(crate) fn pods(&self) -> usize {
        self.pods.len()
    }

    /// Whether every watch has told all its objects.
    pub(crate) fn is_listed(&self) -> bool {
        self.watches.values().all(|watch| watch.is_listed)
    }

    /// Adds what is known of the pod that the attributes speak of. `None` when they speak of none, else whether it is
    /// known.
    pub(crate) fn add(&self, attributes: &mut Attributes) -> Option<bool> {
        if !self.rules.can_find(attributes) {
            return None;
        }
        let pod = self.find(attributes);
        if let Some(pod) = pod {
            self.rules.add(pod, &self.relations, attributes);
        }
        Some(pod.is_some())
    }

    /// A pod that is there counts before a deleted one of the same name.
    fn find(&self, attributes: &Attributes) -> Option<&Pod> {
        let alive = self.pods.values().filter(|entry| entry.deleted_at.is_none());
        let alive = self.rules.find(attributes, &alive.map(|entry| &entry.pod));
        alive.or_else(|| self.rules.find(attributes, &self.pods.values().map(|entry| &entry.pod)))
    }

    /// Whether the pod of a file is known.
    pub(crate) fn knows(&self, facts: &PodFacts) -> bool {
        self.find(&attributes_of(facts)).is_some()
    }

    /// Whether a file's lines should wait a little: their pod is not known, or not all of it, and may soon be.
    pub(crate) fn is_awaited(&self, facts: &PodFacts, patience: Duration, now: Duration) -> bool {
        let attributes = attributes_of(facts);
        let is_silent = |watch: &WatchState| watch.silent_since.is_some_and(|since| now >= since + patience);
        let (mut is_missing, mut is_hopeless) = (false, false);
        for (kind, watch) in &self.watches {
            is_missing |= !watch.is_listed;
            is_hopeless |= *kind == Kind::Pod && is_silent(watch);
        }
        if is_hopeless || !self.rules.can_find(&attributes) {
            return false;
        }
        match self.find(&attributes) {
            // Names of owners may be missing for as long as one of the other kinds was never listed.
            Some(_) => is_missing && !self.watches.values().any(is_silent),
            None => true,
        }
    }
}

/// What the receiver will say of a file's lines.
fn attributes_of(facts: &PodFacts) -> Attributes {
    let mut attributes: Attributes = vec![
        ("k8s.namespace.name".into(), facts.namespace.as_str().into()),
        ("k8s.pod.name".into(), facts.pod.as_str().into()),
        ("k8s.container.name".into(), facts.container.as_str().into()),
    ];
    let uid = facts.uid.as_deref().map(|uid| ("k8s.pod.uid".into(), uid.into()));
    attributes.extend(uid);
    attributes
}

fn key_of(kind: Kind, object: &Object) -> String {
    let key = if kind.has_namespace() {
        &object.uid
    } else {
        &object.name
    };
    key.clone()
}

#[cfg(test)]
mod tests;
