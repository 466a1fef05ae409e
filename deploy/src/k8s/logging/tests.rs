//! What Pulumi is told, by a monitor that writes it down.

use std::sync::Arc;

use longshore_pulumi::kubernetes::{Cluster, ClusterProvider, Namespace};
use longshore_pulumi::{Config, Configuration, Context, MemoryMonitor, Recorded, run_with};

use super::*;
use crate::objects;

fn config(pairs: &[(&str, &str)]) -> Config {
    let mut all = Configuration::default();
    for (key, value) in pairs {
        all = all.with(&format!("longshore-logging:{key}"), value);
    }
    Config::new(all.into(), "longshore-logging")
}

/// Registers a stack and gives back what the engine saw.
fn registered(
    monitor: MemoryMonitor,
    pairs: &[(&str, &str)],
    cluster: &Cluster,
    made_namespace: bool,
) -> Vec<Recorded> {
    let monitor = Arc::new(monitor);
    let settings = settings_from(&config(pairs), None, &[]).unwrap();
    let context = Context::new(
        longshore_pulumi::Settings::default(),
        Arc::<MemoryMonitor>::clone(&monitor),
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let program = async |context: Context| {
        let cluster = ClusterProvider::new(&context, "cluster", cluster)?;
        let namespace = if made_namespace {
            Namespace::register(&context, &cluster, "monitoring")?
        } else {
            Namespace::existing("monitoring")
        };
        register(&context, &cluster, &namespace, settings)?;
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
    };
    runtime.block_on(run_with(context, program)).unwrap();
    monitor.resources()
}

fn named<'a>(resources: &'a [Recorded], name: &str) -> &'a Recorded {
    let found = resources.iter().find(|one| one.registration.name == name);
    found.unwrap_or_else(|| panic!("no {name}"))
}

fn up() -> MemoryMonitor {
    MemoryMonitor::new("longshore-logging", "staging")
}

#[test]
fn every_object_is_registered_as_it_is_rendered_below_one_component() {
    let pairs = [("metrics.operator", "true")];
    let resources = registered(up(), &pairs, &Cluster::Default, false);
    let component = named(&resources, COMPONENT);
    assert_eq!(component.registration.type_token, COMPONENT_TYPE);
    assert!(!component.registration.custom);
    assert!(
        component
            .outputs
            .as_ref()
            .is_some_and(|outputs| outputs["storeUrl"] == "http://loki.monitoring.svc:3100")
    );
    let children: Vec<&Recorded> = resources
        .iter()
        .filter(|one| one.registration.parent.as_ref() == Some(&component.urn))
        .collect();
    let objects = objects(&Settings::from_pairs(pairs).unwrap());
    assert_eq!(children.len(), objects.len());
    for object in objects {
        let name = format!("logging-{}-{}", object.kind().to_ascii_lowercase(), object.name());
        let child = children
            .iter()
            .find(|one| one.registration.name == name)
            .unwrap_or_else(|| panic!("no {name}"));
        assert_eq!(
            serde_json::Value::Object(child.registration.object.clone()),
            object.to_value()
        );
        // The flag must be able to remove everything; what is worth keeping is not among these.
        assert_eq!(child.registration.lifecycle.protect, None, "{name}");
        assert_eq!(child.registration.lifecycle.retain_on_delete, None, "{name}");
    }
}

#[test]
fn pods_wait_for_what_they_need_and_everything_for_the_namespace() {
    let resources = registered(up(), &[], &Cluster::Default, true);
    let namespace = &named(&resources, "monitoring").urn;
    let map = named(&resources, "logging-configmap-longshore-store");
    assert_eq!(map.registration.dependencies.iter().collect::<Vec<_>>(), [namespace]);
    for pods in [
        "logging-statefulset-longshore-store",
        "logging-daemonset-longshore-collector",
    ] {
        let needed = &named(&resources, pods).registration.dependencies;
        let expected = [
            "logging-serviceaccount-longshore-collector",
            "logging-clusterrolebinding-longshore-collector-monitoring",
            "logging-configmap-longshore-store",
            "logging-service-loki",
        ];
        for name in expected {
            assert!(
                needed.contains(&named(&resources, name).urn),
                "{pods} does not wait for {name}"
            );
        }
        assert!(needed.contains(namespace));
    }
}

#[test]
fn a_chosen_cluster_is_the_components_and_so_its_childrens() {
    let resources = registered(up(), &[], &Cluster::Context("kind".to_owned()), false);
    let provider = named(&resources, "cluster");
    assert_eq!(provider.registration.object["context"], "kind");
    let component = named(&resources, COMPONENT);
    let reference = component.registration.providers.get("kubernetes");
    assert!(
        reference.is_some_and(|reference| reference.starts_with(&provider.urn.to_string())),
        "{reference:?}"
    );
}

#[test]
fn a_preview_of_a_stack_that_is_not_there_asks_for_the_same() {
    let all = |monitor| -> Vec<_> {
        let resources = registered(monitor, &[], &Cluster::Context("kind".to_owned()), true);
        resources
            .into_iter()
            .map(|one| (one.urn, one.registration.object, one.registration.dependencies))
            .collect()
    };
    assert_eq!(all(up().in_preview()), all(up()));
}

#[test]
fn off_registers_nothing() {
    let resources = registered(up(), &[("enableLogging", "false")], &Cluster::Default, false);
    let custom = resources
        .iter()
        .filter(|one| one.registration.type_token.starts_with("kubernetes:"));
    assert_eq!(custom.count(), 0);
    assert!(resources.iter().all(|one| one.registration.name != COMPONENT));
}

#[test]
fn the_variable_and_the_arguments_win_over_the_configuration() {
    let config = config(&[
        ("enableLogging", "true"),
        ("environment", "staging"),
        ("namespace", "elsewhere"),
    ]);
    let fixed = [("environment", "production"), ("namespace", "monitoring")];
    let settings = settings_from(&config, Some("false"), &fixed).unwrap();
    assert!(!settings.enabled);
    assert_eq!(
        (settings.environment.as_str(), settings.namespace.as_str()),
        ("production", "monitoring")
    );
    assert!(settings_from(&config, Some(""), &fixed).unwrap().enabled);
    let errors = settings_from(&config, Some("0"), &fixed).unwrap_err().to_string();
    assert_eq!(
        errors,
        "enableLogging: '0' is neither true nor false; write enableLogging=false"
    );
}

#[test]
fn errors_never_show_a_secret() {
    let all = Configuration::default().with_secret("longshore-logging:store.secret", "geheim");
    let errors = settings_from(&Config::new(all.into(), "longshore-logging"), None, &[])
        .unwrap_err()
        .to_string();
    assert!(
        errors.starts_with("store.secret: set as a secret") && !errors.contains("geheim"),
        "{errors}"
    );
}
