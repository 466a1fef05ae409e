//! What the language host tells the program, in environment variables: the only place that reads them.
//!
//! Source: the variables are those that Pulumi's own hosts set, so that the program runs under any host for Rust;
//! `sdk/go/pulumi/run.go` of github.com/pulumi/pulumi, v3.259.0.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::Configuration;

#[cfg(test)]
mod tests;

/// host:port of the resource monitor.
pub const MONITOR: &str = "PULUMI_MONITOR";
/// host:port of the engine.
pub const ENGINE: &str = "PULUMI_ENGINE";
/// The project's name.
pub const PROJECT: &str = "PULUMI_PROJECT";
/// The stack's name.
pub const STACK: &str = "PULUMI_STACK";
/// The organization's name; `organization` where there is none.
pub const ORGANIZATION: &str = "PULUMI_ORGANIZATION";
/// Folder of Pulumi.yaml.
pub const ROOT_DIRECTORY: &str = "PULUMI_ROOT_DIRECTORY";
/// Working directory of the program.
pub const PWD: &str = "PULUMI_PWD";
/// `true` in a preview.
pub const DRY_RUN: &str = "PULUMI_DRY_RUN";
/// How many resources the engine works on at once.
pub const PARALLEL: &str = "PULUMI_PARALLEL";
/// JSON object of `namespace:key` to text, secrets in clear.
pub const CONFIG: &str = "PULUMI_CONFIG";
/// JSON list of the keys that are secret.
pub const CONFIG_SECRET_KEYS: &str = "PULUMI_CONFIG_SECRET_KEYS";

/// Why the program does not know what to deploy.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// It was started by hand.
    #[error("this program only runs inside Pulumi ({variable} is not set): run `pulumi up`, or `pulumi preview`")]
    NotUnderPulumi {
        /// The first variable that is missing.
        variable: &'static str,
    },
    /// The host wrote something else than JSON.
    #[error("environment variable {variable} is not the JSON that Pulumi writes")]
    NotJson {
        /// The variable.
        variable: &'static str,
        /// Where it went wrong.
        #[source]
        source: serde_json::Error,
    },
}

/// What is deployed, and under which circumstances.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The project's name.
    pub project: String,
    /// The stack's name.
    pub stack: String,
    /// The organization's name; empty where the host does not say.
    pub organization: String,
    /// Whether this is a preview.
    pub dry_run: bool,
    /// How many resources the engine works on at once; the engine itself sees to that. `None` where it is not said.
    pub parallel: Option<u32>,
    /// The stack's configuration.
    pub config: Arc<Configuration>,
}

/// The settings and where the engine is.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// What is deployed.
    pub settings: Settings,
    /// host:port of the resource monitor.
    pub monitor: String,
    /// host:port of the engine.
    pub engine: String,
}

impl Surroundings {
    /// Reads the variables of this process.
    ///
    /// # Errors
    /// When the process was not started by a language host.
    pub fn from_env() -> Result<Self, SettingsError> {
        Self::read(|name| std::env::var(name).ok())
    }

    /// Reads variables from anywhere.
    ///
    /// # Errors
    /// When one that must be there is not.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let need = |name: &'static str| variable(name).ok_or(SettingsError::NotUnderPulumi { variable: name });
        let values: BTreeMap<String, String> = json(CONFIG, variable(CONFIG), "{}")?;
        let secrets: Vec<String> = json(CONFIG_SECRET_KEYS, variable(CONFIG_SECRET_KEYS), "[]")?;
        Ok(Self {
            monitor: need(MONITOR)?,
            engine: need(ENGINE)?,
            settings: Settings {
                project: need(PROJECT)?,
                stack: need(STACK)?,
                organization: variable(ORGANIZATION).unwrap_or_default(),
                dry_run: variable(DRY_RUN).is_some_and(|text| text == "true"),
                parallel: variable(PARALLEL).and_then(|text| text.parse().ok()),
                config: Configuration::new(values, secrets).into(),
            },
        })
    }
}

fn json<T: serde::de::DeserializeOwned>(
    variable: &'static str,
    text: Option<String>,
    default: &str,
) -> Result<T, SettingsError> {
    let text = text.filter(|text| !text.is_empty());
    serde_json::from_str(text.as_deref().unwrap_or(default))
        .map_err(|source| SettingsError::NotJson { variable, source })
}
