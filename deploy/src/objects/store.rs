//! The store: one pod with a volume.
//!
//! Invariants:
//! * The volume is the StatefulSet's own claim: neither kubectl nor Pulumi has it among its objects, so neither removes
//!   it. It goes with the StatefulSet only where `deleteData` was applied before.
//! * Each engine has a folder of its own in the volume: none ever reads the other's files.

use k8s_openapi::api::apps::v1::{StatefulSet, StatefulSetPersistentVolumeClaimRetentionPolicy, StatefulSetSpec};
use k8s_openapi::api::core::v1::{
    Container, ContainerPort, EmptyDirVolumeSource, PersistentVolumeClaim, PersistentVolumeClaimSpec,
    PodSecurityContext, PodSpec, PodTemplateSpec, ServiceAccount, Volume, VolumeMount, VolumeResourceRequirements,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::meta::{self, Part, STORE, STORE_HEADLESS};
use super::pod;
use crate::files;
use crate::object::Object;
use crate::settings::{Settings, StoreEngine};

/// Of the configuration's `server`.
pub(crate) const HTTP_PORT: u16 = 3100;
/// The configuration's `path_prefix`.
const DATA_FOLDER: &str = "/loki";
/// Name of the claim; the pod's name is added to it.
const CLAIM: &str = "data";
/// Nobody in particular, and the user of Grafana's own images of Loki.
const USER: i64 = 10001;
/// What is in memory goes to the volume at a stop. At 500m that takes seconds for us, and up to minutes for Loki.
const GRACE_SECONDS: i64 = 300;

pub(crate) fn account(settings: &Settings) -> Object {
    Object::ServiceAccount(ServiceAccount {
        metadata: meta::metadata(settings, Part::Store, STORE),
        // It never talks to the API server.
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    })
}

pub(crate) fn config_map(settings: &Settings) -> Object {
    let file = (files::STORE_FILE.to_owned(), files::store_config(settings));
    meta::config_map(meta::metadata(settings, Part::Store, STORE), [file])
}

pub(crate) fn stateful_set(settings: &Settings) -> Object {
    let mut annotations = pod::scrape_annotations(settings, HTTP_PORT);
    annotations.extend([meta::config_hash(&files::store_config(settings))]);
    let when_deleted = if settings.delete_data { "Delete" } else { "Retain" };
    Object::StatefulSet(StatefulSet {
        metadata: meta::metadata(settings, Part::Store, STORE),
        spec: Some(StatefulSetSpec {
            replicas: Some(1),
            service_name: Some(STORE_HEADLESS.to_owned()),
            selector: meta::selector(settings, Part::Store),
            persistent_volume_claim_retention_policy: Some(StatefulSetPersistentVolumeClaimRetentionPolicy {
                when_deleted: Some(when_deleted.to_owned()),
                when_scaled: Some("Retain".to_owned()),
            }),
            template: PodTemplateSpec {
                metadata: Some(ObjectMeta {
                    annotations: Some(annotations),
                    labels: Some(meta::labels(settings, Part::Store)),
                    ..ObjectMeta::default()
                }),
                spec: Some(pod_spec(settings)),
            },
            volume_claim_templates: Some(vec![claim(settings)]),
            ..StatefulSetSpec::default()
        }),
        ..StatefulSet::default()
    })
}

/// The claim cannot be changed later, so it has nothing of what changes with a version.
fn claim(settings: &Settings) -> PersistentVolumeClaim {
    let size = ("storage".to_owned(), Quantity(settings.store.size.clone()));
    PersistentVolumeClaim {
        metadata: ObjectMeta {
            name: Some(CLAIM.to_owned()),
            labels: Some(meta::selector_labels(settings, Part::Store)),
            ..ObjectMeta::default()
        },
        spec: Some(PersistentVolumeClaimSpec {
            access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
            storage_class_name: settings.store.storage_class.clone(),
            resources: Some(VolumeResourceRequirements {
                requests: Some([size].into()),
                ..VolumeResourceRequirements::default()
            }),
            ..PersistentVolumeClaimSpec::default()
        }),
        ..PersistentVolumeClaim::default()
    }
}

fn pod_spec(settings: &Settings) -> PodSpec {
    let mut volumes = vec![pod::config_volume(STORE)];
    if settings.store.engine == StoreEngine::Upstream {
        // Loki writes to the folder for temporary files now and then; ours never does.
        volumes.push(Volume {
            name: "tmp".to_owned(),
            empty_dir: Some(EmptyDirVolumeSource::default()),
            ..Volume::default()
        });
    }
    PodSpec {
        service_account_name: Some(STORE.to_owned()),
        automount_service_account_token: Some(false),
        image_pull_secrets: pod::pull_secrets(settings),
        tolerations: pod::tolerations(&settings.store.tolerations),
        termination_grace_period_seconds: Some(GRACE_SECONDS),
        enable_service_links: Some(false),
        security_context: Some(PodSecurityContext {
            run_as_non_root: Some(true),
            run_as_user: Some(USER),
            run_as_group: Some(USER),
            fs_group: Some(USER),
            // A volume with a week of logs has many files; walking through all of them at each start takes minutes.
            fs_group_change_policy: Some("OnRootMismatch".to_owned()),
            seccomp_profile: Some(pod::seccomp()),
            ..PodSecurityContext::default()
        }),
        containers: vec![container(settings)],
        volumes: Some(volumes),
        ..PodSpec::default()
    }
}

fn container(settings: &Settings) -> Container {
    let chosen = &settings.store;
    let upstream = chosen.engine == StoreEngine::Upstream;
    let config = format!("{}/{}", pod::CONFIG_FOLDER, files::STORE_FILE);
    let (image, args, folder) = if upstream {
        (pod::UPSTREAM_STORE, vec![format!("-config.file={config}")], "upstream")
    } else {
        (
            settings.image.as_str(),
            vec!["store".to_owned(), format!("--config={config}")],
            "native",
        )
    };
    let data = VolumeMount {
        sub_path: Some(folder.to_owned()),
        ..pod::mount(CLAIM, DATA_FOLDER, false)
    };
    let mut mounts = vec![pod::mount("config", pod::CONFIG_FOLDER, true), data];
    if upstream {
        mounts.push(pod::mount("tmp", "/tmp", false));
    }
    Container {
        name: "store".to_owned(),
        image: Some(chosen.image.clone().unwrap_or_else(|| image.to_owned())),
        image_pull_policy: Some(settings.pull_policy.as_str().to_owned()),
        args: Some(args),
        env: upstream.then(|| vec![pod::go_memory_limit(&chosen.resources)]),
        ports: Some(vec![ContainerPort {
            name: Some("http".to_owned()),
            container_port: i32::from(HTTP_PORT),
            ..ContainerPort::default()
        }]),
        resources: Some(pod::resources(&chosen.resources)),
        security_context: Some(pod::locked_down()),
        // The write-ahead log is read before the first answer: half an hour, in the worst case.
        startup_probe: Some(pod::probe("/ready", "http", 5, 360)),
        readiness_probe: Some(pod::probe("/ready", "http", 5, 3)),
        // A store whose disk has failed a write stays unready until it starts again and reads what is really there.
        liveness_probe: Some(pod::probe("/ready", "http", 15, 20)),
        volume_mounts: Some(mounts),
        ..Container::default()
    }
}
