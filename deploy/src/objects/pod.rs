//! Pieces of pods that both parts share: probes, resources, security, environment.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Capabilities, ConfigMapVolumeSource, EnvVar, HTTPGetAction, LocalObjectReference, Probe, ResourceRequirements,
    SeccompProfile, SecurityContext, Toleration, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::meta::Labels;
use crate::settings::{self, Resources, Settings};

/// Image of the OpenTelemetry Collector with the components that the configuration names.
pub(crate) const UPSTREAM_COLLECTOR: &str = "otel/opentelemetry-collector-contrib:0.160.0";
/// Image of Loki.
pub(crate) const UPSTREAM_STORE: &str = "grafana/loki:3.7.8";

/// Where files of ConfigMaps are in a pod.
pub(crate) const CONFIG_FOLDER: &str = "/etc/longshore/config";

pub(crate) fn env(name: &str, value: impl Into<String>) -> EnvVar {
    EnvVar {
        name: name.to_owned(),
        value: Some(value.into()),
        ..EnvVar::default()
    }
}

/// Go frees memory late: it is told to try harder from four fifths of the limit on. Ours needs no such advice.
pub(crate) fn go_memory_limit(resources: &Resources) -> EnvVar {
    let bytes = settings::memory_bytes(&resources.limits_memory);
    env("GOMEMLIMIT", format!("{}MiB", bytes / 5 * 4 / (1 << 20)))
}

pub(crate) fn mount(name: &str, path: &str, read_only: bool) -> VolumeMount {
    VolumeMount {
        name: name.to_owned(),
        mount_path: path.to_owned(),
        read_only: read_only.then_some(true),
        ..VolumeMount::default()
    }
}

pub(crate) fn config_volume(config_map: &str) -> Volume {
    Volume {
        name: "config".to_owned(),
        config_map: Some(ConfigMapVolumeSource {
            name: config_map.to_owned(),
            ..ConfigMapVolumeSource::default()
        }),
        ..Volume::default()
    }
}

/// Asked every `period_seconds`; given up after `failures` in a row.
pub(crate) fn probe(path: &str, port: &str, period_seconds: i32, failures: i32) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            path: Some(path.to_owned()),
            port: IntOrString::String(port.to_owned()),
            ..HTTPGetAction::default()
        }),
        period_seconds: Some(period_seconds),
        failure_threshold: Some(failures),
        // In a throttled container a second, the default, is soon over.
        timeout_seconds: Some(5),
        ..Probe::default()
    }
}

pub(crate) fn resources(from: &Resources) -> ResourceRequirements {
    let amounts = |cpu: Option<&String>, memory: &str| -> BTreeMap<String, Quantity> {
        let cpu = cpu.map(|cpu| ("cpu".to_owned(), Quantity(cpu.clone())));
        let memory = ("memory".to_owned(), Quantity(memory.to_owned()));
        cpu.into_iter().chain([memory]).collect()
    };
    ResourceRequirements {
        requests: Some(amounts(Some(&from.requests_cpu), &from.requests_memory)),
        limits: Some(amounts(from.limits_cpu.as_ref(), &from.limits_memory)),
        ..ResourceRequirements::default()
    }
}

/// What no container of the stack needs.
pub(crate) fn locked_down() -> SecurityContext {
    SecurityContext {
        allow_privilege_escalation: Some(false),
        read_only_root_filesystem: Some(true),
        capabilities: Some(Capabilities {
            drop: Some(vec!["ALL".to_owned()]),
            ..Capabilities::default()
        }),
        ..SecurityContext::default()
    }
}

pub(crate) fn seccomp() -> SeccompProfile {
    SeccompProfile {
        type_: "RuntimeDefault".to_owned(),
        ..SeccompProfile::default()
    }
}

pub(crate) fn tolerations(from: &[settings::Toleration]) -> Option<Vec<Toleration>> {
    let one = |toleration: &settings::Toleration| Toleration {
        key: toleration.key.clone(),
        operator: Some(if toleration.value.is_some() { "Equal" } else { "Exists" }.to_owned()),
        value: toleration.value.clone(),
        effect: toleration.effect.clone(),
        ..Toleration::default()
    };
    (!from.is_empty()).then(|| from.iter().map(one).collect())
}

pub(crate) fn pull_secrets(settings: &Settings) -> Option<Vec<LocalObjectReference>> {
    let secrets = settings.image_pull_secrets.iter();
    let secrets: Vec<_> = secrets
        .map(|name| LocalObjectReference { name: name.clone() })
        .collect();
    (!secrets.is_empty()).then_some(secrets)
}

/// Annotations by which agents without custom resources find a port with metrics.
pub(crate) fn scrape_annotations(settings: &Settings, port: u16) -> Labels {
    if settings.metrics.operator || !settings.metrics.annotations {
        return Labels::new();
    }
    let annotations = [
        ("prometheus.io/scrape", "true".to_owned()),
        ("prometheus.io/port", port.to_string()),
        ("prometheus.io/path", "/metrics".to_owned()),
    ];
    annotations.map(|(key, value)| (key.to_owned(), value)).into()
}
