//! Names, labels and small pieces that every object has.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use xxhash_rust::xxh3::xxh3_128;

use crate::object::Object;
use crate::settings::Settings;

/// The DaemonSet and what belongs to it. The configuration leaves out the logs of pods with this name.
pub(crate) const COLLECTOR: &str = "longshore-collector";
/// The StatefulSet and what belongs to it.
pub(crate) const STORE: &str = "longshore-store";
/// The store's service: the name that clients of Loki expect.
pub(crate) const STORE_SERVICE: &str = "loki";
/// The store's service without an address of its own, for the StatefulSet.
pub(crate) const STORE_HEADLESS: &str = "loki-headless";

/// Says which files a pod was started with: another value and pods are replaced.
const CONFIG_ANNOTATION: &str = "longshore.dev/config-hash";

pub(crate) type Labels = BTreeMap<String, String>;

/// Which part an object belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Collector,
    Store,
}

impl Part {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Collector => "collector",
            Self::Store => "store",
        }
    }
}

/// Labels that never change in the life of a stack.
pub(crate) fn selector_labels(settings: &Settings, part: Part) -> Labels {
    let labels = [
        ("app.kubernetes.io/name", "longshore".to_owned()),
        (
            "app.kubernetes.io/instance",
            format!("longshore-{}", settings.environment),
        ),
        ("app.kubernetes.io/component", part.as_str().to_owned()),
    ];
    labels.map(|(key, value)| (key.to_owned(), value)).into()
}

/// The recommended labels, and the user's own.
pub(crate) fn labels(settings: &Settings, part: Part) -> Labels {
    let mut labels = settings.labels.clone();
    labels.extend(selector_labels(settings, part));
    let more = [
        ("app.kubernetes.io/part-of", "longshore"),
        ("app.kubernetes.io/version", env!("CARGO_PKG_VERSION")),
        ("app.kubernetes.io/managed-by", "longshore-deploy"),
    ];
    labels.extend(more.map(|(key, value)| (key.to_owned(), value.to_owned())));
    labels
}

/// Metadata of an object in the stack's namespace.
pub(crate) fn metadata(settings: &Settings, part: Part, name: &str) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.to_owned()),
        namespace: Some(settings.namespace.clone()),
        labels: Some(labels(settings, part)),
        ..ObjectMeta::default()
    }
}

/// The pods of a part.
pub(crate) fn selector(settings: &Settings, part: Part) -> LabelSelector {
    LabelSelector {
        match_labels: Some(selector_labels(settings, part)),
        ..LabelSelector::default()
    }
}

/// A ConfigMap with one file or more.
pub(crate) fn config_map(metadata: ObjectMeta, files: impl IntoIterator<Item = (String, String)>) -> Object {
    Object::ConfigMap(ConfigMap {
        metadata,
        data: Some(files.into_iter().collect()),
        ..ConfigMap::default()
    })
}

/// The annotation by which pods follow their files.
pub(crate) fn config_hash(file: &str) -> (String, String) {
    (
        CONFIG_ANNOTATION.to_owned(),
        format!("{:032x}", xxh3_128(file.as_bytes())),
    )
}
