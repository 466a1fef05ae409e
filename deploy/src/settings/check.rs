//! What settings must be together: each may be good alone, and still make no sense beside another.

use super::error::SettingError;
use super::keys::Key;
use super::values;
use super::{Engine, Protocol, Resources, Settings, StoreEngine};

/// Finds what does not go together. `given` are the keys somebody wrote, with their values.
pub(crate) fn together(settings: &Settings, given: &[(&'static Key, String)], errors: &mut Vec<SettingError>) {
    resources("collector", &settings.collector.resources, errors);
    resources("store", &settings.store.resources, errors);
    let written = |name: &str| {
        given
            .iter()
            .find(|(key, _)| key.name == name)
            .map(|(_, value)| value.as_str())
    };
    if settings.store.engine == StoreEngine::External {
        external(settings, errors);
        for name in [
            "store.image",
            "store.size",
            "store.storageClass",
            "store.retention",
            "deleteData",
        ] {
            if let Some(value) = written(name).filter(|value| *value != "false") {
                errors.push(wrong(
                    name,
                    format!("'{value}' is about a store in the cluster, and store.engine is external"),
                    "leave it out".to_owned(),
                ));
            }
        }
    } else {
        let outside = [
            "endpoint",
            "protocol",
            "username",
            "secret",
            "caSecret",
            "insecureSkipVerify",
        ];
        for name in outside.map(|name| format!("store.{name}")) {
            if let Some(value) = written(&name) {
                errors.push(wrong(
                    &name,
                    format!("'{value}' is about a store outside the cluster"),
                    "add store.engine=external, or leave it out".to_owned(),
                ));
            }
        }
    }
}

fn external(settings: &Settings, errors: &mut Vec<SettingError>) {
    let store = &settings.store.external;
    if store.endpoint.is_empty() {
        errors.push(wrong(
            "store.endpoint",
            "missing, and store.engine is external".to_owned(),
            "write store.endpoint=https://logs.example.com/otlp".to_owned(),
        ));
    }
    if store.protocol == Protocol::Loki && settings.collector.engine == Engine::Upstream {
        errors.push(wrong(
            "store.protocol",
            "'loki' is not spoken by the OpenTelemetry Collector, which has lost its loki exporter".to_owned(),
            "write store.protocol=otlp (Loki takes it below /otlp), or collector.engine=native".to_owned(),
        ));
    }
    if let (Some(name), None) = (&store.username, &store.secret) {
        errors.push(wrong(
            "store.username",
            format!("'{name}' has no password"),
            "add store.secret=NAME, a Secret with the key token".to_owned(),
        ));
    }
    let plain = store.endpoint.starts_with("http://");
    if plain && (store.ca.is_some() || store.insecure_skip_verify) {
        errors.push(wrong(
            "store.endpoint",
            format!(
                "'{}' is not encrypted, so there is no certificate to check",
                store.endpoint
            ),
            "write https://, or leave out store.caSecret and store.insecureSkipVerify".to_owned(),
        ));
    }
    if plain && store.secret.is_some() {
        errors.push(wrong(
            "store.endpoint",
            format!(
                "'{}' is not encrypted, and would show the token to the network",
                store.endpoint
            ),
            "write https://".to_owned(),
        ));
    }
}

fn resources(part: &str, resources: &Resources, errors: &mut Vec<SettingError>) {
    let mut compare = |name: &str, request: &str, limit: &str, amount: fn(&str) -> Option<u64>| {
        if amount(request) > amount(limit) {
            errors.push(wrong(
                &format!("{part}.requests.{name}"),
                format!("'{request}' is more than {part}.limits.{name}, {limit}"),
                format!("raise {part}.limits.{name} to {request}"),
            ));
        }
    };
    if let Some(limit) = &resources.limits_cpu {
        compare("cpu", &resources.requests_cpu, limit, values::cpu_millis);
    }
    compare(
        "memory",
        &resources.requests_memory,
        &resources.limits_memory,
        values::bytes,
    );
}

fn wrong(key: &str, problem: String, fix: String) -> SettingError {
    SettingError {
        key: key.to_owned(),
        problem,
        fix,
    }
}
