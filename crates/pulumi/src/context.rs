//! A run of a program: what it is deploying, and what it has registered.
//!
//! Registering returns at once. Nothing goes to the engine before an output is waited for or the program has ended
//! well, and then everything goes that needs nothing more, at the same time.
//!
//! Invariants: every resource has a parent, the stack where none is given; a program that returns an error without
//! having waited for an output has registered nothing; the stack's outputs are registered last, and only when
//! everything else went well.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join_all};
use serde::Serialize;

use crate::config::Config;
use crate::error::{Error, MonitorError};
use crate::inputs::Inputs;
use crate::monitor::{Monitor, Registered, Registration, Severity};
use crate::output::Output;
use crate::resource::{Resource, ResourceOptions, urns_of};
use crate::settings::Settings;
use crate::urn::STACK_TYPE;

#[cfg(test)]
mod tests;

/// A run of a program. Clones are the same run.
///
/// ```
/// use longshore_pulumi::{Component, Context, Error, Inputs, ResourceOptions};
///
/// fn deploy(ctx: &Context) -> Result<(), Error> {
///     let logs = Component::register(ctx, "longshore:logging:Stack", "logs", ResourceOptions::new());
///     let map = ctx.register(
///         "kubernetes:core/v1:ConfigMap",
///         "logs-config",
///         Inputs::new(serde_json::json!({
///             "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "logs" }
///         }))?,
///         ResourceOptions::child_of(&logs).protect(true),
///     );
///     logs.finish(Inputs::none().with(&["configMap"], map.id()));
///     ctx.export("configMap", map.id());
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct Context(Arc<Inner>);

struct Inner {
    settings: Settings,
    monitor: Arc<dyn Monitor>,
    stack: Resource,
    work: Mutex<Work>,
}

/// What is still to be done.
#[derive(Default)]
struct Work {
    pending: Vec<BoxFuture<'static, Result<(), Error>>>,
    exports: Inputs,
}

impl Context {
    /// A run against some engine.
    pub fn new(settings: Settings, monitor: Arc<dyn Monitor>) -> Self {
        let name = format!("{}-{}", settings.project, settings.stack);
        let registration = Registration {
            type_token: STACK_TYPE.to_owned(),
            name: name.clone(),
            ..Registration::default()
        };
        let to = Arc::clone(&monitor);
        let registering = async move { send(&*to, registration).await }.boxed().shared();
        let stack = Resource::new(STACK_TYPE, &name, false, settings.dry_run, registering);
        Self(Arc::new(Inner {
            settings,
            monitor,
            stack,
            work: Mutex::default(),
        }))
    }

    /// The project's name.
    pub fn project(&self) -> &str {
        &self.0.settings.project
    }

    /// The stack's name.
    pub fn stack(&self) -> &str {
        &self.0.settings.stack
    }

    /// The organization's name; empty where there is none.
    pub fn organization(&self) -> &str {
        &self.0.settings.organization
    }

    /// Whether this is a preview.
    pub fn is_dry_run(&self) -> bool {
        self.0.settings.dry_run
    }

    /// The project's own configuration.
    pub fn config(&self) -> Config {
        self.config_of(self.project())
    }

    /// The configuration of another namespace, for example a provider's.
    pub fn config_of(&self, namespace: &str) -> Config {
        Config::new(Arc::clone(&self.0.settings.config), namespace)
    }

    /// Registers a resource that a provider makes.
    pub fn register(&self, type_token: &str, name: &str, inputs: Inputs, options: ResourceOptions) -> Resource {
        self.add(type_token, name, true, inputs, options)
    }

    /// Registers a provider with settings of its own, for `ResourceOptions::provider`. Inputs of other types than text
    /// must be JSON text, as Pulumi wants them for providers.
    pub fn register_provider(&self, package: &str, name: &str, inputs: Inputs, options: ResourceOptions) -> Resource {
        self.add(&format!("{PROVIDER_PREFIX}{package}"), name, true, inputs, options)
    }

    /// Gives a value out under a name: `pulumi stack output <name>` shows it.
    pub fn export<T>(&self, name: &str, value: Output<T>)
    where
        T: Serialize + Clone + Send + Sync + 'static,
    {
        let mut work = self.work();
        work.exports = std::mem::take(&mut work.exports).with(&[name], value);
    }

    /// Shows a message to the user.
    ///
    /// # Errors
    /// When the engine does not take it.
    pub async fn log(&self, severity: Severity, message: &str) -> Result<(), MonitorError> {
        self.0.monitor.log(severity, message.to_owned(), None).await
    }

    /// Does what is still to be done: waits until every resource is there and registers the stack's outputs.
    ///
    /// # Errors
    /// Everything that failed; what was left out because of it is not in the list.
    pub async fn finish(&self) -> Result<(), Vec<Error>> {
        let Work { mut pending, exports } = std::mem::take(&mut *self.work());
        let stack = self.0.stack.clone();
        pending.insert(0, async move { stack.registered().await.map(drop) }.boxed());
        let failed: Vec<Error> = join_all(pending).await.into_iter().filter_map(Result::err).collect();
        if !failed.is_empty() {
            let (repeats, causes): (Vec<_>, Vec<_>) = failed.into_iter().partition(Error::is_left_out);
            return Err(if causes.is_empty() { repeats } else { causes });
        }
        let end = async {
            self.send_outputs(&self.0.stack, exports).await?;
            self.0.monitor.wait_for_shutdown().await.map_err(Error::ShutDown)
        };
        end.await.map_err(|error| vec![error])
    }

    pub(crate) fn add(
        &self,
        type_token: &str,
        name: &str,
        custom: bool,
        inputs: Inputs,
        options: ResourceOptions,
    ) -> Resource {
        let parent = options.parent.clone().unwrap_or_else(|| self.0.stack.clone());
        let draft = Registration {
            type_token: type_token.to_owned(),
            name: name.to_owned(),
            custom,
            ..Registration::default()
        };
        let mut needed = Vec::new();
        for other in &options.depends_on {
            other.expand_into(&mut needed);
        }
        let (monitor, waits_for) = (Arc::clone(&self.0.monitor), parent.clone());
        let registering = async move {
            let (type_token, name) = (draft.type_token.clone(), draft.name.clone());
            let registration = prepare(draft, waits_for, needed, inputs, options)
                .await
                .map_err(|error| left_out(error, type_token, name))?;
            send(&*monitor, registration).await
        };
        let registering = registering.boxed().shared();
        let resource = Resource::new(type_token, name, custom, self.is_dry_run(), registering);
        parent.adopt(resource.clone());
        let waiting = resource.clone();
        self.later(async move { waiting.registered().await.map(drop) }.boxed());
        resource
    }

    pub(crate) fn add_outputs(&self, resource: &Resource, outputs: Inputs) {
        let (this, resource) = (self.clone(), resource.clone());
        self.later(async move { this.send_outputs(&resource, outputs).await }.boxed());
    }

    async fn send_outputs(&self, resource: &Resource, outputs: Inputs) -> Result<(), Error> {
        let (type_token, name) = (resource.type_token().to_owned(), resource.name().to_owned());
        let wait = async { Ok((resource.registered().await?.urn, outputs.resolve().await?)) };
        let (urn, outputs) = wait.await.map_err(|error| left_out(error, type_token, name.clone()))?;
        let sent = self.0.monitor.register_outputs(urn, outputs.object).await;
        sent.map_err(|source| Error::RegisterOutputs { name, source })
    }

    fn later(&self, work: BoxFuture<'static, Result<(), Error>>) {
        self.work().pending.push(work);
    }

    fn work(&self) -> std::sync::MutexGuard<'_, Work> {
        self.0.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a provider's type begins with; the package follows.
const PROVIDER_PREFIX: &str = "pulumi:providers:";

async fn send(monitor: &dyn Monitor, registration: Registration) -> Result<Registered, Error> {
    let (type_token, name) = (registration.type_token.clone(), registration.name.clone());
    monitor.register(registration).await.map_err(|source| Error::Register {
        type_token,
        name,
        source,
    })
}

/// Waits for everything a registration needs, and fills it in.
async fn prepare(
    mut draft: Registration,
    parent: Resource,
    needed: Vec<Resource>,
    inputs: Inputs,
    options: ResourceOptions,
) -> Result<Registration, Error> {
    draft.parent = Some(parent.registered().await?.urn);
    draft.dependencies = urns_of(&needed).await?;
    for provider in options.providers {
        let reference = provider.provider_reference().await?;
        match provider.type_token().strip_prefix(PROVIDER_PREFIX) {
            None => {
                let reason = format!("{provider:?} is given as provider and is none");
                return Err(Error::Inputs { reason });
            }
            Some(_) if draft.custom => draft.provider = Some(reference),
            Some(package) => {
                draft.providers.insert(package.to_owned(), reference);
            }
        }
    }
    let inputs = inputs.resolve().await?;
    draft
        .dependencies
        .extend(inputs.dependencies.values().flatten().cloned());
    draft.object = inputs.object;
    draft.property_dependencies = inputs.dependencies;
    draft.lifecycle = options.lifecycle;
    Ok(draft)
}

/// Tells a resource's own mistake from one it only suffers from.
fn left_out(error: Error, type_token: String, name: String) -> Error {
    match error {
        Error::Register { .. } | Error::RegisterOutputs { .. } | Error::Prepare { .. } => Error::LeftOut {
            name,
            because: Box::new(error),
        },
        Error::LeftOut { because, .. } => Error::LeftOut { name, because },
        own => Error::Prepare {
            type_token,
            name,
            source: Box::new(own),
        },
    }
}
