//! The collectors: one pod a node, and what it may see.

use k8s_openapi::api::apps::v1::{DaemonSet, DaemonSetSpec, DaemonSetUpdateStrategy, RollingUpdateDaemonSet};
use k8s_openapi::api::core::v1::{
    Container, ContainerPort, EnvVar, EnvVarSource, HostPathVolumeSource, ObjectFieldSelector, PodSecurityContext,
    PodSpec, PodTemplateSpec, SecretKeySelector, SecretVolumeSource, ServiceAccount, Volume, VolumeMount,
};
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, PolicyRule, RoleRef, Subject};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::meta::{self, COLLECTOR, Part};
use super::pod;
use crate::files;
use crate::object::Object;
use crate::settings::{Engine, SecretKey, Settings, StoreEngine};

/// Of the configuration's `health_check`.
const HEALTH_PORT: u16 = 13133;
/// Of the configuration's `service.telemetry.metrics`.
pub(crate) const METRICS_PORT: u16 = 8888;
/// Where offsets are inside the pod; the configuration takes it from a variable.
const STATE_FOLDER: &str = "/var/lib/longshore";
/// Long enough for the last batch in a throttled container. What is not sent is read again at the next start.
const GRACE_SECONDS: i64 = 60;

/// The account with its rights. Names of rights are of the whole cluster, so they carry the namespace.
pub(crate) fn rights(settings: &Settings) -> [Object; 3] {
    let name = format!("{COLLECTOR}-{}", settings.namespace);
    let cluster_wide = || ObjectMeta {
        namespace: None,
        ..meta::metadata(settings, Part::Collector, &name)
    };
    let rule = |group: &str, resources: &[&str]| PolicyRule {
        api_groups: Some(vec![group.to_owned()]),
        resources: Some(resources.iter().map(|&name| name.to_owned()).collect()),
        verbs: ["get", "list", "watch"].map(str::to_owned).into(),
        ..PolicyRule::default()
    };
    let account = ServiceAccount {
        metadata: meta::metadata(settings, Part::Collector, COLLECTOR),
        ..ServiceAccount::default()
    };
    let role = ClusterRole {
        metadata: cluster_wide(),
        // Deployments are known by their ReplicaSets.
        rules: Some(vec![
            rule("", &["pods", "namespaces", "nodes"]),
            rule("apps", &["replicasets"]),
        ]),
        ..ClusterRole::default()
    };
    let binding = ClusterRoleBinding {
        metadata: cluster_wide(),
        role_ref: RoleRef {
            api_group: "rbac.authorization.k8s.io".to_owned(),
            kind: "ClusterRole".to_owned(),
            name: name.clone(),
        },
        subjects: Some(vec![Subject {
            kind: "ServiceAccount".to_owned(),
            name: COLLECTOR.to_owned(),
            namespace: Some(settings.namespace.clone()),
            ..Subject::default()
        }]),
    };
    [
        Object::ServiceAccount(account),
        Object::ClusterRole(role),
        Object::ClusterRoleBinding(binding),
    ]
}

pub(crate) fn config_map(settings: &Settings) -> Object {
    let file = (files::COLLECTOR_FILE.to_owned(), files::collector_config(settings));
    meta::config_map(meta::metadata(settings, Part::Collector, COLLECTOR), [file])
}

pub(crate) fn daemon_set(settings: &Settings) -> Object {
    let mut annotations = pod::scrape_annotations(settings, METRICS_PORT);
    annotations.extend([meta::config_hash(&files::collector_config(settings))]);
    let unavailable = &settings.collector.max_unavailable;
    let unavailable = match unavailable.parse() {
        Ok(count) => IntOrString::Int(count),
        Err(_) => IntOrString::String(unavailable.clone()),
    };
    Object::DaemonSet(DaemonSet {
        metadata: meta::metadata(settings, Part::Collector, COLLECTOR),
        spec: Some(DaemonSetSpec {
            selector: meta::selector(settings, Part::Collector),
            update_strategy: Some(DaemonSetUpdateStrategy {
                type_: Some("RollingUpdate".to_owned()),
                rolling_update: Some(RollingUpdateDaemonSet {
                    // Two collectors on a node would read the same files with the same offsets.
                    max_surge: Some(IntOrString::Int(0)),
                    max_unavailable: Some(unavailable),
                }),
            }),
            template: PodTemplateSpec {
                metadata: Some(ObjectMeta {
                    annotations: Some(annotations),
                    labels: Some(meta::labels(settings, Part::Collector)),
                    ..ObjectMeta::default()
                }),
                spec: Some(pod_spec(settings)),
            },
            ..DaemonSetSpec::default()
        }),
        ..DaemonSet::default()
    })
}

fn pod_spec(settings: &Settings) -> PodSpec {
    PodSpec {
        service_account_name: Some(COLLECTOR.to_owned()),
        priority_class_name: settings.collector.priority_class.clone(),
        image_pull_secrets: pod::pull_secrets(settings),
        tolerations: pod::tolerations(&settings.collector.tolerations),
        termination_grace_period_seconds: Some(GRACE_SECONDS),
        enable_service_links: Some(false),
        security_context: Some(PodSecurityContext {
            // The kubelet and the runtime make log files that only root may read (0640 and 0600, root:root), and the
            // folder on the node for offsets is root's too. As their owner no capability is needed for either, so all
            // of them are dropped: root in this container can do no more than read and write files that are root's.
            run_as_user: Some(0),
            run_as_group: Some(0),
            seccomp_profile: Some(pod::seccomp()),
            ..PodSecurityContext::default()
        }),
        containers: vec![container(settings)],
        volumes: Some(volumes(settings)),
        ..PodSpec::default()
    }
}

fn container(settings: &Settings) -> Container {
    let chosen = &settings.collector;
    let config = format!("{}/{}", pod::CONFIG_FOLDER, files::COLLECTOR_FILE);
    // Images start their one program by themselves; only its arguments differ.
    let (image, args) = match chosen.engine {
        Engine::Native => (
            settings.image.as_str(),
            vec!["collector".to_owned(), format!("--config={config}")],
        ),
        Engine::Upstream => (pod::UPSTREAM_COLLECTOR, vec![format!("--config={config}")]),
    };
    let port = |name: &str, port: u16| ContainerPort {
        name: Some(name.to_owned()),
        container_port: i32::from(port),
        ..ContainerPort::default()
    };
    Container {
        name: "collector".to_owned(),
        image: Some(chosen.image.clone().unwrap_or_else(|| image.to_owned())),
        image_pull_policy: Some(settings.pull_policy.as_str().to_owned()),
        args: Some(args),
        env: Some(environment(settings)),
        ports: Some(vec![port("metrics", METRICS_PORT), port("health", HEALTH_PORT)]),
        resources: Some(pod::resources(&chosen.resources)),
        security_context: Some(pod::locked_down()),
        // A minute and a half without an answer: in its limits a collector may be throttled, which is no reason to
        // kill it and have it begin again.
        liveness_probe: Some(pod::probe("/", "health", 15, 6)),
        readiness_probe: Some(pod::probe("/", "health", 5, 3)),
        volume_mounts: Some(mounts(settings)),
        ..Container::default()
    }
}

fn environment(settings: &Settings) -> Vec<EnvVar> {
    let node = |name: &str| EnvVar {
        name: name.to_owned(),
        value_from: Some(EnvVarSource {
            field_ref: Some(ObjectFieldSelector {
                field_path: "spec.nodeName".to_owned(),
                ..ObjectFieldSelector::default()
            }),
            ..EnvVarSource::default()
        }),
        ..EnvVar::default()
    };
    // The configuration reads K8S_NODE_NAME; NODE_NAME is what many other configurations read.
    let mut environment = vec![
        node("K8S_NODE_NAME"),
        node("NODE_NAME"),
        pod::env("LONGSHORE_STATE_DIR", STATE_FOLDER),
        pod::env("LONGSHORE_STORE_URL", files::store_url(settings)),
    ];
    if let Some(tenant) = &settings.tenant {
        environment.push(pod::env("LONGSHORE_TENANT", tenant));
    }
    if let Some(secret) = outside_secret(settings) {
        environment.push(EnvVar {
            name: files::TOKEN_VARIABLE.to_owned(),
            value_from: Some(EnvVarSource {
                secret_key_ref: Some(SecretKeySelector {
                    name: secret.name.clone(),
                    key: secret.key.clone(),
                    ..SecretKeySelector::default()
                }),
                ..EnvVarSource::default()
            }),
            ..EnvVar::default()
        });
    }
    if settings.collector.engine == Engine::Upstream {
        environment.push(pod::go_memory_limit(&settings.collector.resources));
    }
    environment
}

fn outside_secret(settings: &Settings) -> Option<&SecretKey> {
    let outside = settings.store.engine == StoreEngine::External;
    settings.store.external.secret.as_ref().filter(|_| outside)
}

fn outside_authority(settings: &Settings) -> Option<&SecretKey> {
    let outside = settings.store.engine == StoreEngine::External;
    settings.store.external.ca.as_ref().filter(|_| outside)
}

fn mounts(settings: &Settings) -> Vec<VolumeMount> {
    let mut mounts = vec![
        pod::mount("config", pod::CONFIG_FOLDER, true),
        pod::mount("logs", "/var/log", true),
        pod::mount("state", STATE_FOLDER, false),
    ];
    if settings.collector.docker {
        mounts.push(pod::mount("docker", "/var/lib/docker/containers", true));
    }
    if outside_authority(settings).is_some() {
        mounts.push(pod::mount("ca", files::CA_FOLDER, true));
    }
    mounts
}

fn volumes(settings: &Settings) -> Vec<Volume> {
    let on_node = |name: &str, path: String, kind: &str| Volume {
        name: name.to_owned(),
        host_path: Some(HostPathVolumeSource {
            path,
            type_: Some(kind.to_owned()),
        }),
        ..Volume::default()
    };
    // Offsets of one engine mean nothing to the other, and two stacks must not share them.
    let engine = match settings.collector.engine {
        Engine::Native => "native",
        Engine::Upstream => "upstream",
    };
    let state = format!(
        "{}/{}/collector-{engine}",
        settings.collector.state_dir, settings.namespace
    );
    let mut volumes = vec![
        pod::config_volume(COLLECTOR),
        // The whole of /var/log, read-only. What is in /var/log/containers are links into /var/log/pods, so mounting
        // only /var/log/containers would give names that lead nowhere, and not one line.
        on_node("logs", "/var/log".to_owned(), "Directory"),
        on_node("state", state, "DirectoryOrCreate"),
    ];
    if settings.collector.docker {
        // With Docker the files in /var/log/pods are links in turn.
        volumes.push(on_node("docker", "/var/lib/docker/containers".to_owned(), "Directory"));
    }
    if let Some(authority) = outside_authority(settings) {
        volumes.push(Volume {
            name: "ca".to_owned(),
            secret: Some(SecretVolumeSource {
                secret_name: Some(authority.name.clone()),
                ..SecretVolumeSource::default()
            }),
            ..Volume::default()
        });
    }
    volumes
}
