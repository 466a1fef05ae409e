//! What the configuration wants to know of a pod, compiled; and a pod made into attributes.
//!
//! Invariant: pure; the same pod gives the same attributes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use longshore_config::otel::{AssociationSource, ExtractSettings, KubernetesAttributesSettings};
use longshore_goregex::Regex;
use longshore_model::otel::{Attributes, Value, attribute};

use super::fields::FieldRule;
use super::image;
use super::object::{Container, Kind, Object, Owner};
use super::workload::{TEMPLATE_HASH_LABEL, cron_job_of, deployment_of};

/// A pod with this annotation gets nothing added.
const IGNORE_ANNOTATION: &str = "opentelemetry.io/k8s-processor/ignore";

/// On the API server's copy of a static pod: the uid that the kubelet and the paths of its files know it by.
const STATIC_POD_ANNOTATION: &str = "kubernetes.io/config.hash";

/// Labels that say what a service is called, the better first.
const SERVICE_NAME_LABELS: [&str; 2] = ["app.kubernetes.io/instance", "app.kubernetes.io/name"];

const SERVICE_VERSION_LABEL: &str = "app.kubernetes.io/version";

/// The compiled configuration.
#[derive(Debug)]
pub(crate) struct Rules {
    metadata: BTreeSet<String>,
    labels: Vec<FieldRule>,
    annotations: Vec<FieldRule>,
    excluded: Vec<Regex>,
    /// Attributes that must all be the pod's own, rule by rule.
    associations: Vec<Vec<String>>,
}

/// A pod, cut down to what the rules want of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Pod {
    pub(super) uid: String,
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) node: String,
    static_uid: Option<String>,
    address: String,
    host_name: String,
    created: Option<i64>,
    is_ignored: bool,
    owners: Vec<Owner>,
    template_hash: String,
    /// By the rules on labels, then by those on annotations.
    from_labels: BTreeMap<String, String>,
    from_annotations: BTreeMap<String, String>,
    service_name: Option<String>,
    service_version: Option<String>,
    containers: Vec<Container>,
}

/// Another object, cut down to what the rules want of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Related {
    pub(super) uid: String,
    pub(super) controller: Option<Owner>,
    pub(super) attributes: BTreeMap<String, String>,
}

/// Other objects by kind, and by name for those of the whole cluster, else by uid.
pub(crate) trait Relations {
    fn related(&self, kind: Kind, key: &str) -> Option<&Related>;
}

impl Rules {
    /// Compiles the settings; the error is text for people.
    pub(crate) fn new(settings: &KubernetesAttributesSettings) -> Result<Self, String> {
        let ExtractSettings {
            metadata,
            labels,
            annotations,
            otel_annotations,
        } = &settings.extract;
        let compile = |rules: &[_], what| {
            let rules: Result<Vec<_>, _> = rules.iter().map(|rule| FieldRule::new(rule, what)).collect();
            rules
        };
        let mut annotations = compile(annotations, "annotations")?;
        annotations.extend(otel_annotations.then(FieldRule::of_opentelemetry));
        let excluded = settings.exclude_pods.iter().map(|name| {
            let regex = Regex::new(name);
            regex.map_err(|error| format!("exclude.pods '{name}': {error}"))
        });
        let associations = settings.pod_association.iter().filter_map(|sources| {
            let names = sources.iter().map(|source| match source {
                AssociationSource::ResourceAttribute(name) => Some(name.clone()),
                AssociationSource::Connection => None,
            });
            // A line of a file came by no connection, so the whole rule can never hold.
            names.collect::<Option<Vec<_>>>().filter(|names| !names.is_empty())
        });
        Ok(Self {
            metadata: metadata.iter().cloned().collect(),
            labels: compile(labels, "labels")?,
            annotations,
            excluded: excluded.collect::<Result<_, _>>()?,
            associations: associations.collect(),
        })
    }

    pub(crate) fn wants(&self, name: &str) -> bool {
        self.metadata.contains(name)
    }

    /// Objects that must be watched. Pods first: without them nothing else is found.
    pub(crate) fn kinds(&self) -> Vec<Kind> {
        let is_asked = |kind| {
            self.labels
                .iter()
                .chain(&self.annotations)
                .any(|rule| rule.from == kind)
        };
        let of_workloads = |kind| is_asked(kind).then_some(kind);
        let has_sets = is_asked(Kind::Deployment) || is_asked(Kind::ReplicaSet) || self.wants("k8s.deployment.uid");
        let has_jobs = is_asked(Kind::Job) || is_asked(Kind::CronJob) || self.wants("k8s.cronjob.uid");
        let kinds = [
            Some(Kind::Pod),
            (is_asked(Kind::Namespace) || self.wants("k8s.cluster.uid")).then_some(Kind::Namespace),
            (is_asked(Kind::Node) || self.wants("k8s.node.uid")).then_some(Kind::Node),
            has_sets.then_some(Kind::ReplicaSet),
            of_workloads(Kind::Deployment),
            of_workloads(Kind::StatefulSet),
            of_workloads(Kind::DaemonSet),
            has_jobs.then_some(Kind::Job),
            of_workloads(Kind::CronJob),
        ];
        kinds.into_iter().flatten().collect()
    }

    /// Takes from a pod what is wanted.
    pub(crate) fn pod(&self, object: Object) -> Pod {
        let Object {
            labels,
            annotations,
            pod,
            ..
        } = &object;
        let is_told = annotations
            .get(IGNORE_ANNOTATION)
            .is_some_and(|value| value.trim().eq_ignore_ascii_case("true"));
        let is_excluded = self.excluded.iter().any(|name| name.is_match(object.name.as_bytes()));
        let label = |key: &str| labels.get(key).filter(|value| !value.is_empty()).cloned();
        let wants_service = self.wants("service.name");
        Pod {
            static_uid: annotations.get(STATIC_POD_ANNOTATION).cloned(),
            is_ignored: is_told || is_excluded,
            template_hash: label(TEMPLATE_HASH_LABEL).unwrap_or_default(),
            from_labels: take(&self.labels, Kind::Pod, labels),
            from_annotations: take(&self.annotations, Kind::Pod, annotations),
            service_name: SERVICE_NAME_LABELS
                .iter()
                .find_map(|key| label(key).filter(|_| wants_service)),
            service_version: label(SERVICE_VERSION_LABEL).filter(|_| self.wants("service.version")),
            node: pod.node.clone(),
            address: pod.address.clone(),
            host_name: pod.host_name.clone(),
            containers: if self.wants_containers() {
                pod.containers.clone()
            } else {
                Vec::new()
            },
            uid: object.uid,
            name: object.name,
            namespace: object.namespace,
            created: object.created,
            owners: object.owners,
        }
    }

    /// Takes from another object what is wanted.
    pub(crate) fn related(&self, kind: Kind, object: Object) -> Related {
        let mut attributes = take(&self.labels, kind, &object.labels);
        attributes.extend(take(&self.annotations, kind, &object.annotations));
        Related {
            uid: object.uid,
            controller: object.owners.into_iter().find(|owner| owner.is_controller),
            attributes,
        }
    }

    fn wants_containers(&self) -> bool {
        const OF_CONTAINERS: [&str; 8] = [
            "container.id",
            "container.image.name",
            "container.image.repo_digests",
            "container.image.tag",
            "container.image.tags",
            "k8s.container.name",
            "service.instance.id",
            "service.version",
        ];
        OF_CONTAINERS.iter().any(|name| self.wants(name))
            || self.associations.iter().flatten().any(|name| name == "container.id")
    }

    /// Whether the attributes suffice to look for a pod.
    pub(crate) fn can_find(&self, attributes: &Attributes) -> bool {
        let has = |name: &String| text(attributes, name).is_some();
        self.associations.iter().any(|names| names.iter().all(has))
    }

    /// The pod that the first rule that holds leads to. Of several the first of `pods`.
    pub(crate) fn find<'a>(
        &self,
        attributes: &Attributes,
        pods: &(impl Iterator<Item = &'a Pod> + Clone),
    ) -> Option<&'a Pod> {
        self.associations.iter().find_map(|names| {
            let wanted: Option<Vec<_>> = names
                .iter()
                .map(|name| text(attributes, name).map(|value| (name.as_str(), value)))
                .collect();
            let wanted = wanted?;
            let is_it = |pod: &&Pod| wanted.iter().all(|(name, value)| pod.is_called(name, value));
            pods.clone().find(is_it)
        })
    }

    /// Adds to a resource what is known of its pod. What is there already stays, unless it is empty.
    pub(crate) fn add(&self, pod: &Pod, relations: &impl Relations, attributes: &mut Attributes) {
        if pod.is_ignored {
            return;
        }
        let mut found = BTreeMap::new();
        self.pod_attributes(pod, relations, &mut found);
        for (name, value) in found {
            put_missing(attributes, &name, Value::String(value));
        }
        self.add_container(pod, attributes);
        let mut add_of = |kind, key: &str| {
            if let Some(related) = relations.related(kind, key) {
                for (name, value) in &related.attributes {
                    put_missing(attributes, name, Value::String(value.clone()));
                }
            }
        };
        add_of(Kind::Namespace, &pod.namespace);
        add_of(Kind::Node, &pod.node);
        for owner in &pod.owners {
            let Some(kind) = kind_of_owner(owner) else { continue };
            add_of(kind, &owner.uid);
            if let Some(above) = relations.related(kind, &owner.uid).and_then(Related::maker) {
                add_of(
                    if kind == Kind::Job {
                        Kind::CronJob
                    } else {
                        Kind::Deployment
                    },
                    &above.uid,
                );
            }
        }
    }

    /// In the order of worth, the least first: what comes later replaces what came before.
    fn pod_attributes(&self, pod: &Pod, relations: &impl Relations, found: &mut BTreeMap<String, String>) {
        let mut put = |name: &str, value: &str| {
            if self.wants(name) && !value.is_empty() {
                found.insert(name.to_owned(), value.to_owned());
            }
        };
        put("k8s.pod.name", &pod.name);
        put("k8s.pod.uid", &pod.uid);
        put("k8s.pod.hostname", &pod.host_name);
        put("k8s.pod.ip", &pod.address);
        put("k8s.namespace.name", &pod.namespace);
        put("k8s.node.name", &pod.node);
        put("service.namespace", &pod.namespace);
        put("service.name", &pod.name);
        if let Some(created) = pod.created {
            put("k8s.pod.start_time", &rfc3339(created));
        }
        if let Some(system) = relations.related(Kind::Namespace, "kube-system") {
            put("k8s.cluster.uid", &system.uid);
        }
        if let Some(node) = relations.related(Kind::Node, &pod.node) {
            put("k8s.node.uid", &node.uid);
        }
        for owner in &pod.owners {
            put_owner(owner, pod, relations, &mut put);
        }
        found.extend(pod.from_labels.clone());
        let mut put = |name: &str, value: &Option<String>| {
            if let Some(value) = value {
                found.insert(name.to_owned(), value.clone());
            }
        };
        put("service.name", &pod.service_name);
        put("service.version", &pod.service_version);
        found.extend(pod.from_annotations.clone());
    }

    /// Adds what is known of the container that the attributes name, or of the only one.
    fn add_container(&self, pod: &Pod, attributes: &mut Attributes) {
        let named = text(attributes, "k8s.container.name");
        let with_id = text(attributes, "container.id");
        let container = match (named, with_id, pod.containers.as_slice()) {
            (Some(name), _, all) => all.iter().find(|container| container.name == name),
            (None, Some(id), all) => all.iter().find(|container| container.has_run(id)),
            (None, None, [only]) => Some(only),
            _ => None,
        };
        let Some(container) = container else { return };
        let mut put = |name: &str, value: Option<String>| {
            if let Some(value) = value.filter(|value| !value.is_empty() && self.wants(name)) {
                put_missing(attributes, name, Value::String(value));
            }
        };
        let image = image::parse(&container.image);
        let tag = image.map(|image| image.tag.unwrap_or("latest").to_owned());
        put("k8s.container.name", Some(container.name.clone()));
        put("container.image.name", image.map(|image| image.repository.to_owned()));
        put("container.image.tag", tag.clone());
        put("service.version", image::version(&container.image));
        let instance = format!("{}.{}.{}", pod.namespace, pod.name, container.name);
        put("service.instance.id", Some(instance));
        let restarts = attribute(attributes, "k8s.container.restart_count").and_then(number);
        let run = match restarts {
            Some(count) => container.runs.iter().find(|(run, _)| i64::from(*run) == count),
            None => container.runs.iter().max_by_key(|(run, _)| *run),
        };
        if let Some((_, id)) = run.filter(|_| self.wants("container.id")) {
            put_missing(attributes, "container.id", Value::String(id.clone()));
        }
        let mut put_list = |name: &str, value: Option<String>| {
            if let Some(value) = value.filter(|_| self.wants(name)) {
                put_missing(attributes, name, Value::Array(vec![Value::String(value)]));
            }
        };
        put_list("container.image.tags", tag);
        put_list("container.image.repo_digests", image::canonical(&container.image_id));
    }
}

impl Pod {
    /// By which the paths of its files may know it.
    pub(super) fn uids(&self) -> impl Iterator<Item = &str> {
        [Some(self.uid.as_str()), self.static_uid.as_deref()]
            .into_iter()
            .flatten()
    }

    fn is_called(&self, name: &str, value: &str) -> bool {
        match name {
            "k8s.pod.uid" => self.uid == value || self.static_uid.as_deref() == Some(value),
            "k8s.pod.name" => self.name == value,
            "k8s.namespace.name" => self.namespace == value,
            "k8s.node.name" => self.node == value,
            "k8s.pod.hostname" => self.host_name == value,
            "k8s.pod.ip" | "host.name" => self.address == value,
            "container.id" => self.containers.iter().any(|container| container.has_run(value)),
            other => {
                let taken = self.from_annotations.get(other).or_else(|| self.from_labels.get(other));
                taken.is_some_and(|taken| taken == value)
            }
        }
    }
}

impl Container {
    fn has_run(&self, id: &str) -> bool {
        self.runs.iter().any(|(_, run)| run == id)
    }
}

fn put_owner(owner: &Owner, pod: &Pod, relations: &impl Relations, put: &mut impl FnMut(&str, &str)) {
    let Some(kind) = kind_of_owner(owner) else { return };
    let of = kind.attribute_name();
    put(&format!("k8s.{of}.name"), &owner.name);
    put(&format!("k8s.{of}.uid"), &owner.uid);
    put("service.name", &owner.name);
    let related = relations.related(kind, &owner.uid);
    let (of, guessed) = match kind {
        Kind::ReplicaSet => ("deployment", deployment_of(&owner.name, &pod.template_hash)),
        Kind::Job => ("cronjob", cron_job_of(&owner.name, pod.created)),
        _ => return,
    };
    // What the owner itself says counts more than its name; also that nobody made it.
    let above = related.and_then(Related::maker);
    let name = match related {
        Some(_) => above.map(|above| above.name.clone()),
        None => guessed,
    };
    if let Some(name) = name {
        put(&format!("k8s.{of}.name"), &name);
        put("service.name", &name);
    }
    if let Some(above) = above {
        put(&format!("k8s.{of}.uid"), &above.uid);
    }
}

/// The kinds of workloads that make pods.
fn kind_of_owner(owner: &Owner) -> Option<Kind> {
    let kinds = [Kind::ReplicaSet, Kind::StatefulSet, Kind::DaemonSet, Kind::Job];
    kinds.into_iter().find(|kind| kind.name() == owner.kind)
}

impl Related {
    /// The deployment that made this replica set, or the cron job that made this job.
    fn maker(&self) -> Option<&Owner> {
        self.controller
            .as_ref()
            .filter(|owner| matches!(owner.kind.as_str(), "Deployment" | "CronJob"))
    }
}

fn take(rules: &[FieldRule], kind: Kind, found: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut into = BTreeMap::new();
    rules
        .iter()
        .filter(|rule| rule.from == kind)
        .for_each(|rule| rule.take(found, &mut into));
    into
}

fn text<'a>(attributes: &'a Attributes, name: &str) -> Option<&'a str> {
    attribute(attributes, name)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
}

fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        other => other.as_str()?.parse().ok(),
    }
}

/// Sets an attribute that is missing or empty.
pub(crate) fn put_missing(attributes: &mut Attributes, name: &str, value: Value) {
    let is_empty = |value: &Value| matches!(value, Value::Empty) || value.as_str() == Some("");
    match attributes.iter_mut().find(|(key, _)| &**key == name) {
        Some((_, old)) if is_empty(old) => *old = value,
        Some(_) => {}
        None => attributes.push((Arc::from(name), value)),
    }
}

/// Seconds since 1970 as `2026-11-22T21:00:00Z`.
fn rfc3339(seconds: i64) -> String {
    k8s_openapi::jiff::Timestamp::from_second(seconds).map_or(String::new(), |time| time.to_string())
}

#[cfg(test)]
mod tests;
