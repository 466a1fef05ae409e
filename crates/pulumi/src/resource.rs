//! A resource that was registered, and the options it was registered with.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::{BoxFuture, Shared};
use serde_json::Value;

use crate::error::Error;
use crate::lifecycle::{Alias, Lifecycle, Timeouts};
use crate::monitor::Registered;
use crate::output::{Output, Resolved};
use crate::property;
use crate::urn::Urn;

/// What becomes of a registration, for everybody who waits for it.
pub(crate) type Registering = Shared<BoxFuture<'static, Result<Registered, Error>>>;

/// A resource that was registered. Clones are the same resource.
#[derive(Clone)]
pub struct Resource(Arc<Inner>);

struct Inner {
    type_token: String,
    name: String,
    custom: bool,
    dry_run: bool,
    registering: Registering,
    children: Mutex<Vec<Resource>>,
}

impl Resource {
    pub(crate) fn new(type_token: &str, name: &str, custom: bool, dry_run: bool, registering: Registering) -> Self {
        Self(Arc::new(Inner {
            type_token: type_token.to_owned(),
            name: name.to_owned(),
            custom,
            dry_run,
            registering,
            children: Mutex::default(),
        }))
    }

    /// Its type.
    pub fn type_token(&self) -> &str {
        &self.0.type_token
    }

    /// Its name in the program.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Whether a provider makes it; false for components and the stack.
    pub fn is_custom(&self) -> bool {
        self.0.custom
    }

    /// The engine's name for it.
    pub fn urn(&self) -> Output<String> {
        self.derive(|registered| Ok(Some(registered.urn.to_string())))
    }

    /// The provider's name for it; unknown in a preview, before the resource exists.
    pub fn id(&self) -> Output<String> {
        self.derive(|registered| {
            Ok(registered
                .id
                .filter(|id| !property::is_unknown(&Value::from(id.as_str()))))
        })
    }

    /// One of its outputs, by the keys that lead to it. In a preview, what is not there is unknown; in an update it is
    /// null.
    pub fn output(&self, path: &[&str]) -> Output<Value> {
        let path: Vec<String> = path.iter().map(ToString::to_string).collect();
        let (this, dry_run) = (self.clone(), self.0.dry_run);
        Output::from_future(async move {
            let registered = this.registered().await?;
            let urn = registered.urn;
            let unknown = registered.unknown || dry_run;
            let object = property::plain_at(Value::Object(registered.object), &path)?;
            let value = match object.value {
                Some(Value::Null) if unknown => None,
                other => other,
            };
            Ok(Resolved {
                value,
                secret: object.secret,
                dependencies: BTreeSet::from([urn]),
            })
        })
    }

    fn derive<T, F>(&self, take: F) -> Output<T>
    where
        T: Clone + Send + Sync + 'static,
        F: FnOnce(Registered) -> Result<Option<T>, Error> + Send + 'static,
    {
        let this = self.clone();
        Output::from_future(async move {
            let registered = this.registered().await?;
            let dependencies = BTreeSet::from([registered.urn.clone()]);
            Ok(Resolved {
                value: take(registered)?,
                secret: false,
                dependencies,
            })
        })
    }

    /// How a resource names its provider: `<urn>::<id>`, with the mark for unknown as id where there is none yet.
    pub(crate) async fn provider_reference(&self) -> Result<String, Error> {
        let registered = self.registered().await?;
        let unknown = property::unknown();
        let id = registered
            .id
            .as_deref()
            .or(unknown.as_str())
            .unwrap_or_default()
            .to_owned();
        Ok(format!("{}::{id}", registered.urn))
    }

    pub(crate) async fn registered(&self) -> Result<Registered, Error> {
        self.0.registering.clone().await
    }

    pub(crate) fn adopt(&self, child: Self) {
        self.0
            .children
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(child);
    }

    /// What to wait for when something depends on this: a component stands for whatever providers make of it.
    pub(crate) fn expand_into(&self, found: &mut Vec<Self>) {
        if self.0.custom {
            found.push(self.clone());
            return;
        }
        let children = self.0.children.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for child in children {
            child.expand_into(found);
        }
    }
}

impl AsRef<Self> for Resource {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.0.type_token, self.0.name)
    }
}

/// How a resource is registered, besides its inputs.
///
/// ```
/// # use longshore_pulumi::{Context, ResourceOptions};
/// # fn f(component: &longshore_pulumi::Component, claim: &longshore_pulumi::Resource) {
/// let options = ResourceOptions::child_of(component).depends_on(claim).protect(true);
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct ResourceOptions {
    pub(crate) parent: Option<Resource>,
    pub(crate) depends_on: Vec<Resource>,
    pub(crate) providers: Vec<Resource>,
    /// What the engine is told as it is.
    pub lifecycle: Lifecycle,
}

impl ResourceOptions {
    /// Child of the stack, with the engine's defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Child of a component or another resource.
    pub fn child_of(parent: impl AsRef<Resource>) -> Self {
        Self {
            parent: Some(parent.as_ref().clone()),
            ..Self::default()
        }
    }

    /// Must be done after another resource; after a component means after all that the component has by now.
    #[must_use]
    pub fn depends_on(mut self, other: impl AsRef<Resource>) -> Self {
        self.depends_on.push(other.as_ref().clone());
        self
    }

    /// Is made by this provider instead of the default one; for a component: so are its children. May be given once for
    /// each package.
    #[must_use]
    pub fn provider(mut self, provider: impl AsRef<Resource>) -> Self {
        self.providers.push(provider.as_ref().clone());
        self
    }

    /// Whether the engine refuses to delete it.
    #[must_use]
    pub fn protect(mut self, protect: bool) -> Self {
        self.lifecycle.protect = Some(protect);
        self
    }

    /// Whether it is forgotten instead of deleted.
    #[must_use]
    pub fn retain_on_delete(mut self, retain: bool) -> Self {
        self.lifecycle.retain_on_delete = Some(retain);
        self
    }

    /// Whether the old one goes before the new one comes.
    #[must_use]
    pub fn delete_before_replace(mut self, before: bool) -> Self {
        self.lifecycle.delete_before_replace = Some(before);
        self
    }

    /// Changes at this property path are not looked at.
    #[must_use]
    pub fn ignore_changes(mut self, path: &str) -> Self {
        self.lifecycle.ignore_changes.push(path.to_owned());
        self
    }

    /// Changes at this property path make a new resource.
    #[must_use]
    pub fn replace_on_changes(mut self, path: &str) -> Self {
        self.lifecycle.replace_on_changes.push(path.to_owned());
        self
    }

    /// This output is kept secret, also where the provider does not say so.
    #[must_use]
    pub fn secret_output(mut self, name: &str) -> Self {
        self.lifecycle.additional_secret_outputs.push(name.to_owned());
        self
    }

    /// It had another name before.
    #[must_use]
    pub fn alias(mut self, alias: Alias) -> Self {
        self.lifecycle.aliases.push(alias);
        self
    }

    /// Longest time for making, changing and deleting it; whole seconds.
    #[must_use]
    pub fn timeout(mut self, longest: Duration) -> Self {
        let longest = Some(longest);
        self.lifecycle.timeouts = Timeouts {
            create: longest,
            update: longest,
            delete: longest,
        };
        self
    }

    /// Version of the provider's plugin.
    #[must_use]
    pub fn version(mut self, version: &str) -> Self {
        self.lifecycle.version = Some(version.to_owned());
        self
    }
}

/// The URNs of resources, once they are there.
pub(crate) async fn urns_of(resources: &[Resource]) -> Result<BTreeSet<Urn>, Error> {
    let mut urns = BTreeSet::new();
    for resource in resources {
        urns.insert(resource.registered().await?.urn);
    }
    Ok(urns)
}
