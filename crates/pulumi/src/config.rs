//! The stack's configuration: what `pulumi config set` wrote.
//!
//! Keys are `namespace:key`; the project's name is the namespace of its own keys. Values are text; structured ones
//! (`pulumi config set --path`) are JSON text.
//!
//! Invariant: no error shows the value of a secret.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::output::Output;

#[cfg(test)]
mod tests;

/// What is wrong with the stack's configuration. Every message names the key and the command that mends it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ConfigError {
    /// A key that has no default is not set.
    #[error("configuration lacks {key}: set it with `pulumi config set {flag}{key} <value>`")]
    Missing {
        /// `namespace:key`.
        key: String,
        /// `--secret ` where the value is a secret.
        flag: &'static str,
    },
    /// The value is not of the type that the program needs.
    #[error("configuration key {key} is {found}, not {expected}: set it with `pulumi config set {flag}{key} <value>`")]
    Invalid {
        /// `namespace:key`.
        key: String,
        /// What is there; `a secret` instead of a secret's value.
        found: String,
        /// What the program needs.
        expected: String,
        /// `--secret ` where the value is a secret.
        flag: &'static str,
    },
}

/// All configuration of a stack.
#[derive(Clone, Default)]
pub struct Configuration {
    values: BTreeMap<String, String>,
    secret_keys: BTreeSet<String>,
}

impl Configuration {
    /// Takes `namespace:key` to text, and which of the keys are secret.
    pub fn new(
        values: impl IntoIterator<Item = (String, String)>,
        secret_keys: impl IntoIterator<Item = String>,
    ) -> Self {
        Self {
            values: values.into_iter().collect(),
            secret_keys: secret_keys.into_iter().collect(),
        }
    }

    /// The same with one more value, for tests.
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Self {
        self.values.insert(key.to_owned(), value.to_owned());
        self
    }

    /// The same with one more secret, for tests.
    #[must_use]
    pub fn with_secret(mut self, key: &str, value: &str) -> Self {
        self.secret_keys.insert(key.to_owned());
        self.with(key, value)
    }
}

impl std::fmt::Debug for Configuration {
    /// Shows keys only: values may be secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

/// The keys of one namespace.
///
/// ```
/// # use longshore_pulumi::{Config, ConfigError, Configuration};
/// let all = Configuration::default().with("logs:replicas", "3");
/// let config = Config::new(all.into(), "logs");
/// assert_eq!(config.get_as::<u32>("replicas", "a number")?, Some(3));
/// assert!(config.require("image").is_err());
/// # Ok::<(), ConfigError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Config {
    all: Arc<Configuration>,
    namespace: String,
}

impl Config {
    /// The keys of a namespace.
    pub fn new(all: Arc<Configuration>, namespace: &str) -> Self {
        Self {
            all,
            namespace: namespace.to_owned(),
        }
    }

    /// Which keys are set, without the namespace, in order: for a program that refuses keys it does not know.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let keys = self.all.values.keys().filter_map(|key| key.split_once(':'));
        keys.filter(|(namespace, _)| *namespace == self.namespace)
            .map(|(_, key)| key)
    }

    /// `namespace:key`, as `pulumi config set` takes it.
    pub fn full_key(&self, key: &str) -> String {
        format!("{}:{key}", self.namespace)
    }

    /// Whether the value was set with `--secret`.
    pub fn is_secret(&self, key: &str) -> bool {
        self.all.secret_keys.contains(&self.full_key(key))
    }

    /// A value as text.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.all.values.get(&self.full_key(key)).map(String::as_str)
    }

    /// A value as text.
    ///
    /// # Errors
    /// When it is not set.
    pub fn require(&self, key: &str) -> Result<&str, ConfigError> {
        self.get(key).ok_or_else(|| ConfigError::Missing {
            key: self.full_key(key),
            flag: "",
        })
    }

    /// A value of a type that can be read from text; `expected` says in words what is meant, such as `a number`.
    ///
    /// # Errors
    /// When it is set to something else.
    pub fn get_as<T: FromStr>(&self, key: &str, expected: &str) -> Result<Option<T>, ConfigError> {
        let parse = |text: &str| text.parse().map_err(|_| self.invalid(key, text, expected));
        self.get(key).map(parse).transpose()
    }

    /// `true` or `false`.
    ///
    /// # Errors
    /// When it is set to something else.
    pub fn get_bool(&self, key: &str) -> Result<Option<bool>, ConfigError> {
        self.get_as(key, "true or false")
    }

    /// A structured value.
    ///
    /// # Errors
    /// When it is set to something else; the message says what was expected where.
    pub fn get_object<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, ConfigError> {
        let parse = |text: &str| {
            serde_json::from_str(text).map_err(|error| {
                let why = if self.is_secret(key) {
                    String::new()
                } else {
                    format!(" ({error})")
                };
                self.invalid(key, text, &format!("of the form the program needs{why}"))
            })
        };
        self.get(key).map(parse).transpose()
    }

    /// A value that stays secret wherever it goes, however it was set.
    ///
    /// # Errors
    /// When it is not set.
    pub fn require_secret(&self, key: &str) -> Result<Output<String>, ConfigError> {
        let missing = || ConfigError::Missing {
            key: self.full_key(key),
            flag: "--secret ",
        };
        self.get(key).map(Output::secret).ok_or_else(missing)
    }

    fn invalid(&self, key: &str, found: &str, expected: &str) -> ConfigError {
        let secret = self.is_secret(key);
        ConfigError::Invalid {
            key: self.full_key(key),
            found: if secret {
                "a secret".to_owned()
            } else {
                format!("{found:?}")
            },
            expected: expected.to_owned(),
            flag: if secret { "--secret " } else { "" },
        }
    }
}
