//! Every file that can get to the cluster is one that the programs take.

use longshore_config::{loki, otel};

use super::*;

fn settings(pairs: &[(&str, &str)]) -> Settings {
    Settings::from_pairs(pairs.iter().copied()).unwrap()
}

const EXTERNAL: [(&str, &str); 2] = [
    ("store.engine", "external"),
    ("store.endpoint", "https://logs.example.com/otlp"),
];

fn load_collector(text: &str, settings: &Settings) -> otel::CollectorSettings {
    let url = store_url(settings);
    let env = |name: &str| match name {
        "LONGSHORE_STORE_URL" => Some(url.clone()),
        "LONGSHORE_STORE_TOKEN" => Some("a-token".to_owned()),
        "LONGSHORE_TENANT" => settings.tenant.clone(),
        "K8S_NODE_NAME" => Some("node-1".to_owned()),
        _ => None,
    };
    otel::load(text, COLLECTOR_FILE, &env)
        .unwrap_or_else(|errors| panic!("{errors}\n{text}"))
        .settings
}

#[test]
fn inside_the_cluster_the_collectors_file_is_the_repositorys() {
    for engine in ["native", "upstream"] {
        let settings = settings(&[("engine", engine)]);
        assert_eq!(collector_config(&settings), COLLECTOR);
        load_collector(COLLECTOR, &settings);
    }
}

#[test]
fn outside_every_combination_is_a_good_file() {
    for protocol in ["otlp", "loki"] {
        for (username, secret) in [("", ""), ("", "logs-token"), ("42", "logs/password")] {
            for (ca, skip) in [("", "false"), ("authority", "false"), ("", "true")] {
                for tenant in ["", "team-a"] {
                    let pairs = [
                        ("store.protocol", protocol),
                        ("store.username", username),
                        ("store.secret", secret),
                        ("store.caSecret", ca),
                        ("store.insecureSkipVerify", skip),
                        ("tenant", tenant),
                    ];
                    let settings = settings(&[&EXTERNAL[..], &pairs].concat());
                    let text = collector_config(&settings);
                    let loaded = load_collector(&text, &settings);
                    let exporter = loaded.exporters.values().next().expect("one exporter");
                    let client = match exporter {
                        otel::ExporterSettings::Loki(loki) => &loki.client,
                        otel::ExporterSettings::OtlpHttp(otlp) => &otlp.client,
                        otel::ExporterSettings::Debug(_) => panic!("{text}"),
                    };
                    assert_eq!(client.auth.is_some(), !secret.is_empty(), "{text}");
                    assert_eq!(client.headers.is_empty(), tenant.is_empty(), "{text}");
                    assert_eq!(client.tls.ca_file.is_some(), !ca.is_empty(), "{text}");
                    assert_eq!(client.tls.insecure_skip_verify, skip == "true", "{text}");
                    assert!(!text.contains("a-token"));
                }
            }
        }
    }
}

#[test]
fn addresses_outside_may_have_their_path_or_not() {
    let url = |endpoint: &str, protocol: &str| {
        store_url(&settings(&[
            ("store.engine", "external"),
            ("store.endpoint", endpoint),
            ("store.protocol", protocol),
        ]))
    };
    assert_eq!(url("https://a/otlp", "otlp"), "https://a/otlp");
    assert_eq!(url("https://a/otlp/v1/logs", "otlp"), "https://a/otlp");
    assert_eq!(url("https://a", "loki"), "https://a/loki/api/v1/push");
    assert_eq!(url("https://a/loki/api/v1/push/", "loki"), "https://a/loki/api/v1/push");
}

#[test]
fn the_stores_file_follows_settings() {
    assert_eq!(store_config(&settings(&[])), STORE);
    let changed = store_config(&settings(&[("store.retention", "30d"), ("tenant", "team-a")]));
    let store = loki::load(&changed, STORE_FILE, &|_| None).unwrap().settings;
    assert_eq!(store.limits.retention_period.unwrap().as_secs(), 30 * 86_400);
    assert!(store.auth_enabled);
}

#[test]
fn the_data_source_names_the_store_whole() {
    let text = data_source(&settings(&[("namespace", "logs"), ("tenant", "team-a")]));
    let value: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
    let source = &value["datasources"][0];
    assert_eq!(source["url"], "http://loki.logs.svc:3100");
    assert_eq!(source["jsonData"]["httpHeaderName1"], "X-Scope-OrgID");
    assert_eq!(source["jsonData"]["maxLines"], 1000);
    assert_eq!(source["secureJsonData"]["httpHeaderValue1"], "team-a");
}

#[test]
fn rules_and_dashboards_can_be_read() {
    let names = |pairs: &[(&str, &str)]| -> Vec<String> {
        let groups = alert_groups(&settings(pairs));
        groups
            .as_array()
            .unwrap()
            .iter()
            .map(|group| group["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(&[]), ["longshore-collector", "longshore-store"]);
    assert_eq!(names(&EXTERNAL), ["longshore-collector"]);
    for (name, text) in DASHBOARDS {
        let dashboard: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!(format!("{}.json", dashboard["uid"].as_str().unwrap()), name);
    }
}
