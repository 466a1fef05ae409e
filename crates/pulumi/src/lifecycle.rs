//! How the engine treats a resource over its life: the options that are plain values.
//!
//! Source: <https://www.pulumi.com/docs/iac/concepts/resources/options/>, where each has a page of its own.

use std::time::Duration;

use crate::urn::Urn;

/// How the engine treats a resource. What is not set is as the parent's or the engine's default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lifecycle {
    /// Whether the engine refuses to delete it.
    pub protect: Option<bool>,
    /// Whether it is forgotten instead of deleted.
    pub retain_on_delete: Option<bool>,
    /// Whether the old one goes before the new one comes.
    pub delete_before_replace: Option<bool>,
    /// Property paths whose changes are not looked at.
    pub ignore_changes: Vec<String>,
    /// Property paths whose changes make a new resource.
    pub replace_on_changes: Vec<String>,
    /// Outputs to keep secret besides those the provider marks.
    pub additional_secret_outputs: Vec<String>,
    /// Names it had before.
    pub aliases: Vec<Alias>,
    /// Longest time for each kind of step.
    pub timeouts: Timeouts,
    /// Version of the provider's plugin.
    pub version: Option<String>,
}

/// Longest time for each kind of step, whole seconds; `None` is the provider's default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// To make it.
    pub create: Option<Duration>,
    /// To change it.
    pub update: Option<Duration>,
    /// To delete it.
    pub delete: Option<Duration>,
}

/// A name a resource had before, so that a renamed or moved one is not made anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Alias {
    /// The whole former URN.
    Urn(Urn),
    /// What was different.
    Former {
        /// Its name, where that was different.
        name: Option<String>,
        /// Its type, where that was different.
        type_token: Option<String>,
        /// Its parent, where that was different.
        parent: FormerParent,
    },
}

/// The parent a resource had before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum FormerParent {
    /// The same as now.
    #[default]
    Same,
    /// The stack.
    Stack,
    /// Some other resource.
    Other(Urn),
}

impl Alias {
    /// It had another name.
    pub fn named(name: impl Into<String>) -> Self {
        Self::Former {
            name: Some(name.into()),
            type_token: None,
            parent: FormerParent::Same,
        }
    }
}
