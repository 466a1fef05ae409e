//! The files that go to the cluster as they are in the repository, and the few lines of them that settings change.
//!
//! Invariants:
//! * A line that is changed is in the file exactly once; a test holds each of them.
//! * Secrets never get into a file: it names a variable, the pod takes its value from a Secret.

use crate::settings::{ExternalStore, Protocol, Settings, StoreEngine};

const COLLECTOR: &str = include_str!("../configs/otel-collector-config.yaml");
const STORE: &str = include_str!("../configs/loki-config.yaml");
const DATA_SOURCE: &str = include_str!("../grafana/provisioning/datasources/longshore.yaml");
const ALERTS: &str = include_str!("../alerts/longshore.yaml");

/// Dashboards by file name.
pub(crate) const DASHBOARDS: [(&str, &str); 2] = [
    (
        "longshore-logs.json",
        include_str!("../grafana/dashboards/longshore-logs.json"),
    ),
    (
        "longshore-health.json",
        include_str!("../grafana/dashboards/longshore-health.json"),
    ),
];

/// Name of the collector's file in its ConfigMap.
pub(crate) const COLLECTOR_FILE: &str = "otel-collector-config.yaml";

/// Name of the store's file in its ConfigMap.
pub(crate) const STORE_FILE: &str = "loki-config.yaml";

/// Where a pod finds the certificate authority of a store outside.
pub(crate) const CA_FOLDER: &str = "/etc/longshore/ca";

/// The variable that holds the token of a store outside.
pub(crate) const TOKEN_VARIABLE: &str = "LONGSHORE_STORE_TOKEN";

/// The collector's configuration. Unchanged, unless lines go outside.
pub(crate) fn collector_config(settings: &Settings) -> String {
    match settings.store.engine {
        StoreEngine::Native | StoreEngine::Upstream => COLLECTOR.to_owned(),
        StoreEngine::External => external(settings.tenant.is_some(), &settings.store.external),
    }
}

fn external(with_tenant: bool, store: &ExternalStore) -> String {
    let mut text = COLLECTOR.to_owned();
    if !with_tenant {
        // A cluster with tenants would file the lines under "default", which nobody asked for.
        replace(
            &mut text,
            "    headers:\n      X-Scope-OrgID: ${env:LONGSHORE_TENANT:-default}\n",
            "",
        );
    }
    let mut client = "    compression: gzip\n".to_owned();
    if let Some(ca) = &store.ca {
        client.push_str(&format!("    tls:\n      ca_file: {CA_FOLDER}/{}\n", ca.key));
    } else if store.insecure_skip_verify {
        client.push_str("    tls:\n      insecure_skip_verify: true\n");
    }
    if store.secret.is_some() {
        let (extension, lines) = match &store.username {
            Some(name) => (
                "basicauth",
                format!("    client_auth:\n      username: \"{name}\"\n      password: ${{env:{TOKEN_VARIABLE}}}\n"),
            ),
            None => ("bearertokenauth", format!("    token: ${{env:{TOKEN_VARIABLE}}}\n")),
        };
        client.push_str(&format!("    auth:\n      authenticator: {extension}\n"));
        replace(
            &mut text,
            "\nextensions:\n",
            &format!("\nextensions:\n  {extension}:\n{lines}"),
        );
        replace(
            &mut text,
            "  extensions: [file_storage, health_check]\n",
            &format!("  extensions: [file_storage, health_check, {extension}]\n"),
        );
    }
    replace(&mut text, "    compression: gzip\n", &client);
    if store.protocol == Protocol::Loki {
        replace(&mut text, "  otlp_http:\n", "  loki:\n");
        replace(&mut text, "      exporters: [otlp_http]\n", "      exporters: [loki]\n");
        // Loki's push has a compression of its own.
        replace(&mut text, "    compression: gzip\n", "");
    }
    text
}

/// The whole address for `LONGSHORE_STORE_URL`: OTLP's without `/v1/logs`, of Loki's push with its path.
pub(crate) fn store_url(settings: &Settings) -> String {
    const PUSH_PATH: &str = "/loki/api/v1/push";
    let external = &settings.store.external;
    match (settings.store.engine, external.protocol) {
        (StoreEngine::Native | StoreEngine::Upstream, _) => "http://loki:3100/otlp".to_owned(),
        (StoreEngine::External, Protocol::Otlp) => external.endpoint.trim_end_matches("/v1/logs").to_owned(),
        (StoreEngine::External, Protocol::Loki) => {
            format!("{}{PUSH_PATH}", external.endpoint.trim_end_matches(PUSH_PATH))
        }
    }
}

/// The store's configuration.
pub(crate) fn store_config(settings: &Settings) -> String {
    let mut text = STORE.to_owned();
    let retention = &settings.store.retention;
    replace(
        &mut text,
        "  retention_period: 168h\n",
        &format!("  retention_period: {retention}\n"),
    );
    replace(
        &mut text,
        "  reject_old_samples_max_age: 168h\n",
        &format!("  reject_old_samples_max_age: {retention}\n"),
    );
    if settings.tenant.is_some() {
        replace(&mut text, "auth_enabled: false\n", "auth_enabled: true\n");
    }
    text
}

/// Grafana's data source. The name of the store is written whole, because Grafana may be in another namespace.
pub(crate) fn data_source(settings: &Settings) -> String {
    let mut text = DATA_SOURCE.to_owned();
    let url = format!("    url: http://loki.{}.svc:3100\n", settings.namespace);
    replace(&mut text, "    url: http://loki:3100\n", &url);
    if let Some(tenant) = &settings.tenant {
        replace(
            &mut text,
            "    jsonData:\n",
            &format!(
                "    secureJsonData:\n      httpHeaderValue1: \"{tenant}\"\n    jsonData:\n      httpHeaderName1: X-Scope-OrgID\n"
            ),
        );
    }
    text
}

/// Where the store's group of rules begins.
const STORE_RULES: &str = "\n  - name: longshore-store\n";

/// The alert rules, for vmalert or Prometheus. A store outside is not ours to watch: its rules would say for ever that
/// it is missing.
pub(crate) fn alerts(settings: &Settings) -> &'static str {
    match settings.store.engine {
        StoreEngine::Native | StoreEngine::Upstream => ALERTS,
        StoreEngine::External => ALERTS
            .split_once(STORE_RULES)
            .map_or(ALERTS, |(collectors, _)| collectors),
    }
}

/// The same rules as the value of `groups`.
pub(crate) fn alert_groups(settings: &Settings) -> serde_json::Value {
    let rules = serde_saphyr::from_str::<serde_json::Value>(alerts(settings));
    rules.expect("the rules are YAML; a test reads them")["groups"].take()
}

/// Puts a text in the place of one that is there exactly once, whole lines both.
fn replace(text: &mut String, from: &str, to: &str) {
    assert_eq!(text.matches(from).count(), 1, "exactly once in the file: {from}");
    *text = text.replacen(from, to, 1);
}

#[cfg(test)]
mod tests;
