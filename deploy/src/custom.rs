//! Custom resources of the VictoriaMetrics operator, as far as the stack needs them.
//!
//! Source: the operator's API reference, group `operator.victoriametrics.com/v1beta1`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use serde::Serialize;

/// Group and version of all of them.
pub(crate) const API_VERSION: &str = "operator.victoriametrics.com/v1beta1";

/// Pods behind services, to be scraped.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VmServiceScrape {
    api_version: &'static str,
    kind: &'static str,
    /// Name, namespace and labels.
    pub metadata: ObjectMeta,
    /// What is wanted.
    pub spec: VmServiceScrapeSpec,
}

/// Which services, which ports.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VmServiceScrapeSpec {
    /// Services by label, in the same namespace.
    pub selector: LabelSelector,
    /// Ports of theirs.
    pub endpoints: Vec<VmEndpoint>,
}

/// One port to be scraped.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VmEndpoint {
    /// The port's name in the service.
    pub port: String,
    /// Where metrics are.
    pub path: String,
    /// What is changed in the target's labels before it is read.
    pub relabel_configs: Vec<VmRelabel>,
}

/// Copies one label to another name.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VmRelabel {
    /// From.
    pub source_labels: Vec<String>,
    /// To.
    pub target_label: String,
}

/// Alert rules.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VmRule {
    api_version: &'static str,
    kind: &'static str,
    /// Name, namespace and labels.
    pub metadata: ObjectMeta,
    /// What is wanted.
    pub spec: VmRuleSpec,
}

/// Groups as in a rules file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VmRuleSpec {
    /// The value of `groups` in the rules file.
    pub groups: serde_json::Value,
}

impl VmServiceScrape {
    pub(crate) fn new(metadata: ObjectMeta, spec: VmServiceScrapeSpec) -> Self {
        Self {
            api_version: API_VERSION,
            kind: "VMServiceScrape",
            metadata,
            spec,
        }
    }
}

impl VmRule {
    pub(crate) fn new(metadata: ObjectMeta, groups: serde_json::Value) -> Self {
        Self {
            api_version: API_VERSION,
            kind: "VMRule",
            metadata,
            spec: VmRuleSpec { groups },
        }
    }
}
