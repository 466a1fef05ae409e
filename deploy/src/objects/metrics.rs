//! What VictoriaMetrics reads and warns of.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};

use super::meta::{self, COLLECTOR, Part, STORE};
use crate::custom::{VmEndpoint, VmRelabel, VmRule, VmServiceScrape, VmServiceScrapeSpec};
use crate::files;
use crate::object::Object;
use crate::settings::{Settings, StoreEngine};

const RULES: &str = "longshore-alerts";

/// The rules in a ConfigMap, to be mounted by a vmalert or Prometheus that no operator looks after.
pub(crate) fn rules_file(settings: &Settings) -> Option<Object> {
    if settings.metrics.operator {
        return None;
    }
    let file = ("longshore.yaml".to_owned(), files::alerts(settings).to_owned());
    Some(meta::config_map(meta::metadata(settings, Part::Store, RULES), [file]))
}

/// The operator's objects, where it is there.
pub(crate) fn operator(settings: &Settings) -> Vec<Object> {
    if !settings.metrics.operator {
        return Vec::new();
    }
    let mut objects = vec![scrape(settings, Part::Collector, COLLECTOR, "metrics")];
    if settings.store.engine != StoreEngine::External {
        objects.push(scrape(settings, Part::Store, STORE, "http"));
    }
    let metadata = meta::metadata(settings, Part::Store, RULES);
    objects.push(Object::VmRule(VmRule::new(metadata, files::alert_groups(settings))));
    objects
}

fn scrape(settings: &Settings, part: Part, name: &str, port: &str) -> Object {
    let selector = LabelSelector {
        match_labels: Some(meta::selector_labels(settings, part)),
        // The store has two services with one pod behind them.
        match_expressions: (part == Part::Store).then(|| {
            vec![LabelSelectorRequirement {
                key: "longshore.dev/headless".to_owned(),
                operator: "DoesNotExist".to_owned(),
                values: None,
            }]
        }),
    };
    let relabel = |from: &str, to: &str| VmRelabel {
        source_labels: vec![from.to_owned()],
        target_label: to.to_owned(),
    };
    let spec = VmServiceScrapeSpec {
        selector,
        endpoints: vec![VmEndpoint {
            port: port.to_owned(),
            path: "/metrics".to_owned(),
            relabel_configs: vec![
                relabel("__meta_kubernetes_pod_node_name", "node"),
                relabel("__meta_kubernetes_pod_label_app_kubernetes_io_component", "component"),
            ],
        }],
    };
    Object::VmServiceScrape(VmServiceScrape::new(meta::metadata(settings, part, name), spec))
}
