//! The name the engine gives a resource.
//!
//! Shape: `urn:pulumi:<stack>::<project>::<type of parent>$<type>::<name>`. The parents' types are joined outermost
//! first and leave out the stack, whose children have their own type only.
//!
//! Source: <https://www.pulumi.com/docs/iac/concepts/resources/names/#urns>, and the answers of Pulumi v3.259.0.

use std::fmt;

/// Type of the resource that is the parent of all others.
pub const STACK_TYPE: &str = "pulumi:pulumi:Stack";

/// The name the engine gives a resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Urn(String);

impl Urn {
    /// Takes a URN as the engine wrote it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Builds the URN that the engine will give to a resource, for monitors that stand in for it.
    pub fn build(stack: &str, project: &str, parent: Option<&Self>, type_token: &str, name: &str) -> Self {
        let types = match parent.map(Self::qualified_type) {
            Some(outer) if outer != STACK_TYPE => format!("{outer}${type_token}"),
            _ => type_token.to_owned(),
        };
        Self(format!("urn:pulumi:{stack}::{project}::{types}::{name}"))
    }

    /// The types from the outermost parent to the resource itself, joined by `$`; empty in a text that is no URN.
    pub fn qualified_type(&self) -> &str {
        self.0.split("::").nth(2).unwrap_or_default()
    }

    /// The name the program gave; empty in a text that is no URN.
    pub fn name(&self) -> &str {
        self.0.splitn(4, "::").nth(3).unwrap_or_default()
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Urn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
