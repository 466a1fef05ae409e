//! The logging stack as one Pulumi component.
//!
//! Invariants:
//! * What is registered are the objects that `longshore deploy render` prints, and nothing else.
//! * Off registers nothing, so Pulumi removes every object. The log volume is the StatefulSet's own claim and none of
//!   Pulumi's: it stays, and the same StatefulSet finds it again.
//! * Nothing is protected: the flag must be able to remove everything, and there is no data in what it removes.

use longshore_pulumi::kubernetes::{ClusterProvider, Namespace, register_object};
use longshore_pulumi::{Component, Config, Context, Inputs, Output, Resource, ResourceOptions};

use crate::object::Stage;
use crate::objects::objects;
use crate::settings::{SettingError, Settings, SettingsErrors, StoreEngine};

/// The variable that switches everything, and wins over the stack's configuration.
pub const SWITCH: &str = "ENABLE_LOGGING";

/// The component's type; part of the URN of everything below it, so it never changes.
const COMPONENT_TYPE: &str = "longshore:k8s:LoggingStack";

/// The component's name, and what the names of its children begin with.
const COMPONENT: &str = "logging";

/// Why nothing, or not everything, was registered.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// The stack's configuration cannot be taken.
    #[error("the settings of the stack are wrong; each is set by `pulumi config set`")]
    Settings(#[source] SettingsErrors),
    /// An object could not be registered.
    #[error("cannot register {object}")]
    Register {
        /// Kind and name.
        object: String,
        /// Why.
        #[source]
        cause: longshore_pulumi::Error,
    },
}

/// What was registered.
#[derive(Debug)]
pub struct LoggingStack {
    /// The settings it was made of.
    pub settings: Settings,
    /// The component; `None` when logging is off.
    pub component: Option<Resource>,
    /// Its objects, in the order they were registered; none when logging is off.
    pub objects: Vec<Resource>,
}

/// Deploys one collector on every node and one store, as the stack's configuration and `ENABLE_LOGGING` say.
///
/// `environment` and `monitoring_ns` win over the configuration's `environment` and `namespace`.
///
/// # Errors
/// All wrong settings at once; or the first object that could not be registered.
pub fn deploy_logging_stack(
    ctx: &Context,
    cluster: &ClusterProvider,
    environment: &str,
    monitoring_ns: &Namespace,
) -> Result<LoggingStack, DeployError> {
    let fixed = [("environment", environment), ("namespace", monitoring_ns.name())];
    let switch = std::env::var(SWITCH).ok();
    let settings = settings_from(&ctx.config(), switch.as_deref(), &fixed).map_err(DeployError::Settings)?;
    register(ctx, cluster, monitoring_ns, settings)
}

/// Settings from a stack's configuration: every key of the project's namespace. `switch` is the value of
/// `ENABLE_LOGGING`, and wins; so do the pairs of `fixed`.
///
/// # Errors
/// All wrong keys and values at once.
pub fn settings_from(
    config: &Config,
    switch: Option<&str>,
    fixed: &[(&str, &str)],
) -> Result<Settings, SettingsErrors> {
    let mut pairs: Vec<(&str, &str)> = fixed.to_vec();
    pairs.extend(
        switch
            .filter(|value| !value.is_empty())
            .map(|value| ("enableLogging", value)),
    );
    let mut errors = Vec::new();
    for key in config.keys() {
        if config.is_secret(key) {
            // Its value would be in an object that everybody may read, or in an error.
            let fix = match key {
                "kubeconfig" => "set it to the path of a file, without --secret",
                _ => "set it without --secret; a token belongs into a Kubernetes Secret, named by store.secret",
            };
            errors.push(SettingError {
                key: key.to_owned(),
                problem: "set as a secret, and no setting is one".to_owned(),
                fix: fix.to_owned(),
            });
        } else if !pairs.iter().any(|(other, _)| *other == key) {
            pairs.push((key, config.get(key).unwrap_or_default()));
        }
    }
    if errors.is_empty() {
        Settings::from_pairs(pairs)
    } else {
        Err(SettingsErrors { errors })
    }
}

/// Foundations wait for the namespace, pods for every foundation: without rights, files or the store's name they would
/// only fail and start again.
fn register(
    ctx: &Context,
    cluster: &ClusterProvider,
    namespace: &Namespace,
    settings: Settings,
) -> Result<LoggingStack, DeployError> {
    let objects = objects(&settings);
    if objects.is_empty() {
        return Ok(LoggingStack {
            settings,
            component: None,
            objects: Vec::new(),
        });
    }
    let component = Component::register(ctx, COMPONENT_TYPE, COMPONENT, cluster.options(ResourceOptions::new()));
    let mut foundations: Vec<Resource> = Vec::new();
    let mut registered = Vec::new();
    for object in &objects {
        let mut options = namespace.options(ResourceOptions::child_of(&component));
        if object.stage() == Stage::Workload {
            for foundation in &foundations {
                options = options.depends_on(foundation);
            }
        }
        let name = format!("{COMPONENT}-{}-{}", object.kind().to_ascii_lowercase(), object.name());
        let resource =
            register_object(ctx, &name, &object.to_value(), options).map_err(|cause| DeployError::Register {
                object: format!("{} {}", object.kind(), object.name()),
                cause,
            })?;
        if object.stage() == Stage::Foundation {
            foundations.push(resource.clone());
        }
        registered.push(resource);
    }
    let outputs = Inputs::none()
        .with(&["environment"], Output::<String>::known(settings.environment.as_str()))
        .with(&["storeUrl"], Output::<String>::known(store_url(&settings)));
    Ok(LoggingStack {
        component: Some(component.finish(outputs)),
        objects: registered,
        settings,
    })
}

impl LoggingStack {
    /// Where the store is asked, as seen from inside the cluster; where lines go, for a store outside. `None` when
    /// logging is off.
    pub fn store_url(&self) -> Option<String> {
        self.component.as_ref().map(|_| store_url(&self.settings))
    }

    /// What a user should be told besides: when the settings do not do what they seem to.
    pub fn notice(&self) -> Option<String> {
        let off = self.component.is_none();
        (off && self.settings.delete_data).then(|| {
            let namespace = &self.settings.namespace;
            format!(
                "logging is off. The log volume goes with the stack only where deleteData was true in an update before; \
                 if it is still there, remove it by: kubectl delete pvc {} -n {namespace}",
                crate::render::CLAIM
            )
        })
    }
}

fn store_url(settings: &Settings) -> String {
    match settings.store.engine {
        StoreEngine::Native | StoreEngine::Upstream => format!("http://loki.{}.svc:3100", settings.namespace),
        StoreEngine::External => settings.store.external.endpoint.clone(),
    }
}

#[cfg(test)]
mod tests;
