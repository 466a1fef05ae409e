//! Addresses, who may connect to them, and how many pods may be away.

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::api::networking::v1::{
    NetworkPolicy, NetworkPolicyIngressRule, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec,
};
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::collector::METRICS_PORT;
use super::meta::{self, COLLECTOR, Part, STORE, STORE_HEADLESS, STORE_SERVICE};
use super::store::HTTP_PORT;
use crate::object::Object;
use crate::settings::Settings;

/// Every namespace has it, set by Kubernetes.
const NAMESPACE_LABEL: &str = "kubernetes.io/metadata.name";

/// A service's `spec.clusterIP` that gives it no address: names lead to the pods themselves.
const HEADLESS: &str = "None";

/// The store's services, who may reach it, and its disruption budget.
pub(crate) fn store(settings: &Settings) -> Vec<Object> {
    let mut objects = vec![
        service(settings, Part::Store, STORE_SERVICE, None, "http", HTTP_PORT),
        service(settings, Part::Store, STORE_HEADLESS, Some(HEADLESS), "http", HTTP_PORT),
    ];
    if settings.network_policy.enabled {
        objects.push(policy(settings));
    }
    objects.push(Object::PodDisruptionBudget(PodDisruptionBudget {
        metadata: meta::metadata(settings, Part::Store, STORE),
        spec: Some(PodDisruptionBudgetSpec {
            // With one replica anything stricter would stop every drain of its node for ever. The collectors wait
            // while it moves, and nothing is lost.
            max_unavailable: Some(IntOrString::Int(1)),
            selector: Some(meta::selector(settings, Part::Store)),
            // A store that is not ready anyway must not stop a drain either.
            unhealthy_pod_eviction_policy: Some("AlwaysAllow".to_owned()),
            ..PodDisruptionBudgetSpec::default()
        }),
        ..PodDisruptionBudget::default()
    }));
    objects
}

/// Where the collectors' metrics are found by service.
pub(crate) fn collector_service(settings: &Settings) -> Object {
    service(
        settings,
        Part::Collector,
        COLLECTOR,
        Some(HEADLESS),
        "metrics",
        METRICS_PORT,
    )
}

fn service(settings: &Settings, part: Part, name: &str, address: Option<&str>, port: &str, number: u16) -> Object {
    let mut metadata = meta::metadata(settings, part, name);
    if name == STORE_HEADLESS {
        // Both services of the store lead to the same pod: scraped by one of them, its metrics are there once.
        metadata
            .labels
            .get_or_insert_default()
            .insert("longshore.dev/headless".to_owned(), "true".to_owned());
    }
    Object::Service(Service {
        metadata,
        spec: Some(ServiceSpec {
            cluster_ip: address.map(str::to_owned),
            ports: Some(vec![ServicePort {
                name: Some(port.to_owned()),
                port: i32::from(number),
                target_port: Some(IntOrString::String(port.to_owned())),
                ..ServicePort::default()
            }]),
            selector: Some(meta::selector_labels(settings, part)),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    })
}

/// The kubelet's probes come from the node, which network policies let through.
fn policy(settings: &Settings) -> Object {
    let collectors = NetworkPolicyPeer {
        pod_selector: Some(meta::selector(settings, Part::Collector)),
        ..NetworkPolicyPeer::default()
    };
    let more = &settings.network_policy.namespaces;
    let namespaces = (!more.is_empty()).then(|| LabelSelector {
        match_expressions: Some(vec![LabelSelectorRequirement {
            key: NAMESPACE_LABEL.to_owned(),
            operator: "In".to_owned(),
            values: Some([&settings.namespace].into_iter().chain(more).cloned().collect()),
        }]),
        ..LabelSelector::default()
    });
    let clients = settings.network_policy.clients.iter().map(|client| NetworkPolicyPeer {
        pod_selector: Some(LabelSelector {
            match_labels: Some([(client.key.clone(), client.value.clone())].into()),
            ..LabelSelector::default()
        }),
        namespace_selector: namespaces.clone(),
        ..NetworkPolicyPeer::default()
    });
    Object::NetworkPolicy(NetworkPolicy {
        metadata: meta::metadata(settings, Part::Store, STORE),
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(meta::selector(settings, Part::Store)),
            policy_types: Some(vec!["Ingress".to_owned()]),
            ingress: Some(vec![NetworkPolicyIngressRule {
                from: Some([collectors].into_iter().chain(clients).collect()),
                ports: Some(vec![NetworkPolicyPort {
                    port: Some(IntOrString::String("http".to_owned())),
                    protocol: Some("TCP".to_owned()),
                    ..NetworkPolicyPort::default()
                }]),
            }]),
            ..NetworkPolicySpec::default()
        }),
    })
}
