//! Kubernetes objects as Pulumi's resources.
//!
//! Source of the types and of the provider's settings: <https://www.pulumi.com/registry/packages/kubernetes/>, tried
//! with the provider's version 4.27.0.

use serde::Serialize;
use serde_json::{Value, json};

use crate::context::Context;
use crate::error::Error;
use crate::inputs::Inputs;
use crate::resource::{Resource, ResourceOptions};

#[cfg(test)]
mod tests;

/// Name of Pulumi's package for Kubernetes.
pub const PACKAGE: &str = "kubernetes";

/// Which cluster is meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Cluster {
    /// The one of Pulumi's default provider: its own configuration (`kubernetes:context` and so on) and the
    /// surroundings decide.
    #[default]
    Default,
    /// A context of the kubeconfig that kubectl would use.
    Context(String),
    /// A kubeconfig: the text itself or the path of a file; and the context in it, where it is not its current one.
    Kubeconfig {
        /// Text or path.
        kubeconfig: String,
        /// The context.
        context: Option<String>,
    },
}

/// The cluster that objects go to.
#[derive(Debug, Clone, Default)]
pub struct ClusterProvider {
    provider: Option<Resource>,
}

impl ClusterProvider {
    /// Pulumi's default provider.
    pub fn ambient() -> Self {
        Self::default()
    }

    /// A provider for a cluster; `name` is only used where it is not the default one.
    ///
    /// # Errors
    /// Never for a cluster whose parts are text.
    pub fn new(context: &Context, name: &str, cluster: &Cluster) -> Result<Self, Error> {
        let inputs = match cluster {
            Cluster::Default => return Ok(Self::ambient()),
            Cluster::Context(name) => json!({ "context": name }),
            Cluster::Kubeconfig {
                kubeconfig,
                context: None,
            } => json!({ "kubeconfig": kubeconfig }),
            Cluster::Kubeconfig {
                kubeconfig,
                context: Some(name),
            } => {
                json!({ "kubeconfig": kubeconfig, "context": name })
            }
        };
        let inputs = Inputs::new(inputs)?;
        let provider = context.register_provider(PACKAGE, name, inputs, ResourceOptions::new());
        Ok(Self {
            provider: Some(provider),
        })
    }

    /// The same options, for this cluster. Give them to a component and all its children follow.
    pub fn options(&self, options: ResourceOptions) -> ResourceOptions {
        match &self.provider {
            Some(provider) => options.provider(provider),
            None => options,
        }
    }
}

/// A namespace that objects go to.
#[derive(Debug, Clone)]
pub struct Namespace {
    name: String,
    resource: Option<Resource>,
}

impl Namespace {
    /// One that is there already and stays.
    pub fn existing(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            resource: None,
        }
    }

    /// One that the stack makes, and takes away with all that is in it.
    ///
    /// # Errors
    /// Never for a name that is text.
    pub fn register(context: &Context, cluster: &ClusterProvider, name: &str) -> Result<Self, Error> {
        let object = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
        let resource = register_object(context, name, &object, cluster.options(ResourceOptions::new()))?;
        Ok(Self {
            name: name.to_owned(),
            resource: Some(resource),
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same options, but after the namespace where the stack makes it.
    pub fn options(&self, options: ResourceOptions) -> ResourceOptions {
        match &self.resource {
            Some(resource) => options.depends_on(resource),
            None => options,
        }
    }
}

/// Registers a Kubernetes object, typed or not, under a name that is its own in the program.
///
/// ```
/// # use longshore_pulumi::{Context, Error, ResourceOptions, kubernetes};
/// # fn f(ctx: &Context, component: &longshore_pulumi::Component) -> Result<(), Error> {
/// let object = serde_json::json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": "logs" } });
/// kubernetes::register_object(ctx, "logs", &object, ResourceOptions::child_of(component))?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// When it is no object or lacks `apiVersion` or `kind`.
pub fn register_object(
    context: &Context,
    name: &str,
    object: &impl Serialize,
    options: ResourceOptions,
) -> Result<Resource, Error> {
    let object = serde_json::to_value(object)?;
    let token = type_token(&object)?;
    Ok(context.register(&token, name, Inputs::new(object)?, options))
}

/// Pulumi's type for a Kubernetes object: `kubernetes:<group>/<version>:<Kind>`, with `core` for the group without a
/// name.
///
/// # Errors
/// When `apiVersion` or `kind` is missing.
pub fn type_token(object: &Value) -> Result<String, Error> {
    let text = |key: &str| {
        let missing = || Error::Inputs {
            reason: format!("a Kubernetes object needs {key}"),
        };
        object
            .get(key)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
            .ok_or_else(missing)
    };
    let (version, kind) = (text("apiVersion")?, text("kind")?);
    let core = if version.contains('/') { "" } else { "core/" };
    Ok(format!("{PACKAGE}:{core}{version}:{kind}"))
}
