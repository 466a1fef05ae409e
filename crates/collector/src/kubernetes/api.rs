//! The API server as a [`Source`].
//!
//! Pods are parsed into a trimmed type, so that a page of them takes little memory; of other objects only the metadata
//! is asked for.

use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use kube::api::{ApiResource, DynamicObject};
use kube::core::{GroupVersionKind, ObjectMeta, PartialObjectMeta};
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Client, Config, Resource};
use longshore_config::otel::{
    FieldFilter, FilterOperation, KubernetesAttributesSettings, KubernetesAuth, KubernetesFilter,
};
use thiserror::Error;

use super::directory::Change;
use super::object::{Kind, Object, WirePod};
use super::watch::{Reason, Source, WatchFailure};
use crate::limits::{KUBERNETES_CONNECT_MAX, KUBERNETES_PAGE_OBJECTS_MAX, KUBERNETES_SILENCE_MAX};

/// Why there is no API server to ask.
#[derive(Debug, Error)]
pub(crate) enum ConnectError {
    /// No variables or files of a service account.
    #[error("this is no pod of a cluster, or it has no service account token")]
    NotInCluster(#[source] kube::config::InClusterError),
    /// No variables of a cluster.
    #[error("this is no pod of a cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set")]
    NoAddress,
    /// A kubeconfig that cannot be used.
    #[error("cannot use the kubeconfig")]
    KubeConfig(#[source] kube::config::KubeconfigError),
    /// A certificate or token that cannot be used.
    #[error("cannot make a client for the API server")]
    Client(#[source] kube::Error),
}

/// Objects of an API server.
#[derive(Clone)]
pub(crate) struct ApiServer {
    client: Client,
    filter: KubernetesFilter,
}

impl ApiServer {
    /// Reads what is needed to reach the server; does not reach for it yet. Must be called within a tokio runtime.
    pub(crate) async fn new(settings: &KubernetesAttributesSettings) -> Result<Self, ConnectError> {
        let config = match settings.auth_type {
            KubernetesAuth::ServiceAccount => Config::incluster().map_err(ConnectError::NotInCluster)?,
            KubernetesAuth::KubeConfig => {
                let options = kube::config::KubeConfigOptions {
                    context: Some(settings.context.clone()).filter(|context| !context.is_empty()),
                    ..Default::default()
                };
                let config = Config::from_kubeconfig(&options).await;
                config.map_err(ConnectError::KubeConfig)?
            }
            KubernetesAuth::None => unauthenticated()?,
        };
        Self::with_config(config, settings.filter.clone())
    }

    /// The server of a configuration.
    pub(crate) fn with_config(mut config: Config, filter: KubernetesFilter) -> Result<Self, ConnectError> {
        config.connect_timeout = Some(KUBERNETES_CONNECT_MAX);
        // A connection that died without a word is noticed at last.
        config.read_timeout = Some(KUBERNETES_SILENCE_MAX);
        config.reset_reader_on_write = true;
        // Failures are to be seen, and tried again, in one place.
        config.default_retry = false;
        let client = Client::try_from(config).map_err(ConnectError::Client)?;
        Ok(Self { client, filter })
    }

    fn api<K: Resource<DynamicType = ApiResource, Scope = kube::core::DynamicResourceScope>>(
        &self,
        kind: Kind,
    ) -> Api<K> {
        let gvk = GroupVersionKind::gvk(kind.group(), "v1", kind.name());
        let resource = ApiResource::from_gvk_with_plural(&gvk, kind.resource());
        match &self.filter.namespace {
            Some(namespace) if kind.has_namespace() => Api::namespaced_with(self.client.clone(), namespace, &resource),
            _ => Api::all_with(self.client.clone(), &resource),
        }
    }
}

/// The cluster around this pod, without saying who asks and without looking at certificates, as upstream does.
fn unauthenticated() -> Result<Config, ConnectError> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let (Some(host), Some(port)) = (variable("KUBERNETES_SERVICE_HOST"), variable("KUBERNETES_SERVICE_PORT")) else {
        return Err(ConnectError::NoAddress);
    };
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    let address = format!("https://{host}:{port}").parse();
    let mut config = Config::new(address.map_err(|_| ConnectError::NoAddress)?);
    config.accept_invalid_certs = true;
    Ok(config)
}

impl Source for ApiServer {
    fn follow(&self, kind: Kind) -> BoxStream<'static, Result<Change, WatchFailure>> {
        let config = watcher::Config::default().page_size(KUBERNETES_PAGE_OBJECTS_MAX);
        if kind == Kind::Pod {
            let (fields, labels) = (fields_of(&self.filter), labels_of(&self.filter));
            let config = watcher::Config {
                field_selector: (!fields.is_empty()).then_some(fields),
                label_selector: (!labels.is_empty()).then_some(labels),
                ..config
            };
            let events = watcher(self.api::<WirePod>(kind), config);
            return events
                .map_ok(|event| change(event, Object::from))
                .map_err(|error| failure(&error))
                .boxed();
        }
        let config = match (&self.filter.node, kind) {
            (Some(node), Kind::Node) => config.fields(&format!("metadata.name={node}")),
            _ => config,
        };
        let events = watcher(self.api::<PartialObjectMeta<DynamicObject>>(kind), config);
        let object = |object: PartialObjectMeta<DynamicObject>| Object::of_metadata(object.metadata);
        events
            .map_ok(move |event| change(event, object))
            .map_err(|error| failure(&error))
            .boxed()
    }
}

fn change<K>(event: Event<K>, object: impl Fn(K) -> Object) -> Change {
    match event {
        Event::Init => Change::Listing,
        Event::InitApply(found) | Event::Apply(found) => Change::Put(object(found)),
        Event::InitDone => Change::Listed,
        Event::Delete(found) => Change::Gone(object(found)),
    }
}

fn failure(error: &watcher::Error) -> WatchFailure {
    use watcher::Error;
    let status = match error {
        Error::InitialListFailed(kube::Error::Api(status))
        | Error::WatchStartFailed(kube::Error::Api(status))
        | Error::WatchFailed(kube::Error::Api(status))
        | Error::WatchError(status) => Some(status),
        _ => None,
    };
    let reason = match status.map(|status| status.code) {
        Some(403) => Reason::Forbidden,
        Some(401) => Reason::Unauthorized,
        Some(410) => Reason::Expired,
        _ => Reason::Failed,
    };
    let text = match status {
        Some(status) => format!("{}: {}", status.code, status.message),
        None => innermost(error),
    };
    WatchFailure { reason, text }
}

/// The cause of all causes: kube's own texts repeat each other.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

fn fields_of(filter: &KubernetesFilter) -> String {
    let own = filter.fields.iter().map(condition);
    let node = filter.node.iter().map(|node| format!("spec.nodeName={node}"));
    own.chain(node).collect::<Vec<_>>().join(",")
}

fn labels_of(filter: &KubernetesFilter) -> String {
    filter.labels.iter().map(condition).collect::<Vec<_>>().join(",")
}

fn condition(filter: &FieldFilter) -> String {
    let FieldFilter { key, value, operation } = filter;
    match operation {
        FilterOperation::Equals => format!("{key}={value}"),
        FilterOperation::NotEquals => format!("{key}!={value}"),
        FilterOperation::Exists => key.clone(),
        FilterOperation::DoesNotExist => format!("!{key}"),
    }
}

impl Resource for WirePod {
    type DynamicType = ApiResource;
    type Scope = kube::core::DynamicResourceScope;

    fn kind(resource: &ApiResource) -> std::borrow::Cow<'_, str> {
        resource.kind.as_str().into()
    }

    fn group(resource: &ApiResource) -> std::borrow::Cow<'_, str> {
        resource.group.as_str().into()
    }

    fn version(resource: &ApiResource) -> std::borrow::Cow<'_, str> {
        resource.version.as_str().into()
    }

    fn plural(resource: &ApiResource) -> std::borrow::Cow<'_, str> {
        resource.plural.as_str().into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

#[cfg(test)]
mod tests;
