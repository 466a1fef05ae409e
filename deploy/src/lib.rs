//! What runs in a cluster: settings, the Kubernetes objects made of them, and the layer that registers them with Pulumi.
//!
//! Invariants:
//! * Objects are a pure function of settings: no I/O, no clock, no environment.
//! * Objects are typed: a misspelt field does not compile, because nothing would refuse it later.
//! * `longshore deploy render` and Pulumi get the same objects.

mod custom;
mod files;
pub mod k8s;
mod object;
mod objects;
mod render;
mod settings;
mod yaml;

pub use custom::{VmEndpoint, VmRelabel, VmRule, VmRuleSpec, VmServiceScrape, VmServiceScrapeSpec};
pub use object::{Object, Stage};
pub use objects::objects;
pub use render::render;
pub use settings::*;
