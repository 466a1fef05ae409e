//! The table of keys. `engine` stands before the parts' engines, which may say otherwise.

use super::values::{self, Problem};
use super::{Engine, Environment, Protocol, PullPolicy, SecretKey, Settings, StoreEngine};

/// One key.
pub(crate) struct Key {
    /// As it is written in `--set` and in a stack's configuration.
    pub(crate) name: &'static str,
    /// One line for the documentation, with the default in brackets.
    pub(crate) about: &'static str,
    /// Puts a value in.
    pub(crate) set: fn(&mut Settings, &str) -> Result<(), Problem>,
}

const ENGINES: [(&str, Engine); 2] = [("native", Engine::Native), ("upstream", Engine::Upstream)];

const STORES: [(&str, StoreEngine); 3] = [
    ("native", StoreEngine::Native),
    ("upstream", StoreEngine::Upstream),
    ("external", StoreEngine::External),
];

const PULL_POLICIES: [(&str, PullPolicy); 3] = [
    ("IfNotPresent", PullPolicy::IfNotPresent),
    ("Always", PullPolicy::Always),
    ("Never", PullPolicy::Never),
];

const ENVIRONMENTS: [(&str, Environment); 2] = [
    ("staging", Environment::Staging),
    ("production", Environment::Production),
];

const PROTOCOLS: [(&str, Protocol); 2] = [("otlp", Protocol::Otlp), ("loki", Protocol::Loki)];

fn put<T>(place: &mut T, value: Result<T, Problem>) -> Result<(), Problem> {
    *place = value?;
    Ok(())
}

#[expect(clippy::unnecessary_wraps, reason = "has the shape of every other reader of a value")]
fn any(text: &str) -> Result<String, Problem> {
    Ok(text.to_owned())
}

fn engine(settings: &mut Settings, text: &str) -> Result<(), Problem> {
    settings.collector.engine = values::choice(text, &ENGINES)?;
    settings.store.engine = match settings.collector.engine {
        Engine::Native => StoreEngine::Native,
        Engine::Upstream => StoreEngine::Upstream,
    };
    Ok(())
}

fn labels(settings: &mut Settings, text: &str) -> Result<(), Problem> {
    for (key, value) in values::list(text, values::label)? {
        // Selectors are made of these; they cannot change, and must not be somebody else's.
        if key.starts_with("app.kubernetes.io/") {
            return Err(Problem {
                what: format!("sets {key}, which the stack sets itself"),
                example: "team=platform".to_owned(),
            });
        }
        settings.labels.insert(key, value);
    }
    Ok(())
}

fn replicas(text: &str) -> Result<(), Problem> {
    if text == "1" {
        return Ok(());
    }
    Err(Problem {
        what:
            "is more than a store can be: one process with its own volume. Past one machine, send lines to a cluster \
               that is there, by store.engine=external"
                .to_owned(),
        example: "1".to_owned(),
    })
}

fn secret(text: &str, key: &str) -> Result<SecretKey, Problem> {
    let (name, key) = values::secret(text, key)?;
    Ok(SecretKey { name, key })
}

/// Every key, in the order of the documentation.
pub(crate) const KEYS: &[Key] = &[
    Key {
        name: "enableLogging",
        about: "Whether anything is deployed; the variable ENABLE_LOGGING wins over it [true]",
        set: |settings, text| put(&mut settings.enabled, values::boolean(text)),
    },
    Key {
        name: "environment",
        about: "staging or production; part of names and labels [staging]",
        set: |settings, text| put(&mut settings.environment, values::choice(text, &ENVIRONMENTS)),
    },
    Key {
        name: "namespace",
        about: "Where everything lies; it must be there [monitoring]",
        set: |settings, text| put(&mut settings.namespace, values::name(text)),
    },
    Key {
        name: "context",
        about: "Pulumi only: context of the kubeconfig [Pulumi's own kubernetes:context]",
        set: |settings, text| put(&mut settings.cluster.context, values::optional(text, any)),
    },
    Key {
        name: "kubeconfig",
        about: "Pulumi only: path of a kubeconfig, or its text [Pulumi's own kubernetes:kubeconfig]",
        set: |settings, text| put(&mut settings.cluster.kubeconfig, values::optional(text, any)),
    },
    Key {
        name: "engine",
        about: "Both parts' program: native (Longshore) or upstream (OpenTelemetry Collector, Loki) [native]",
        set: |settings, text| engine(settings, text),
    },
    Key {
        name: "image",
        about: "Image of Longshore, for the parts that run it [longshore: and this version]",
        set: |settings, text| put(&mut settings.image, values::image(text)),
    },
    Key {
        name: "pullPolicy",
        about: "IfNotPresent, Always or Never [IfNotPresent]",
        set: |settings, text| put(&mut settings.pull_policy, values::choice(text, &PULL_POLICIES)),
    },
    Key {
        name: "imagePullSecrets",
        about: "Secrets for the registry, with commas between [none]",
        set: |settings, text| put(&mut settings.image_pull_secrets, values::list(text, values::domain)),
    },
    Key {
        name: "tenant",
        about: "Tenant of all lines; the store then asks every request for one [none: one tenant]",
        set: |settings, text| put(&mut settings.tenant, values::optional(text, values::tenant)),
    },
    Key {
        name: "labels",
        about: "Labels for every object, as in team=platform,tier=infra [none]",
        set: |settings, text| labels(settings, text),
    },
    Key {
        name: "deleteData",
        about: "The log volume goes with the stack; apply it once before logging goes off [false]",
        set: |settings, text| put(&mut settings.delete_data, values::boolean(text)),
    },
    Key {
        name: "collector.engine",
        about: "The collectors' program: native or upstream [engine]",
        set: |settings, text| put(&mut settings.collector.engine, values::choice(text, &ENGINES)),
    },
    Key {
        name: "collector.image",
        about: "Image of the collectors, in place of the engine's own",
        set: |settings, text| put(&mut settings.collector.image, values::optional(text, values::image)),
    },
    Key {
        name: "collector.requests.cpu",
        about: "CPU kept free [100m]",
        set: |settings, text| put(&mut settings.collector.resources.requests_cpu, values::cpu(text)),
    },
    Key {
        name: "collector.requests.memory",
        about: "Memory kept free [128Mi]",
        set: |settings, text| {
            put(
                &mut settings.collector.resources.requests_memory,
                values::size(text, "128Mi"),
            )
        },
    },
    Key {
        name: "collector.limits.cpu",
        about: "CPU at most; empty for no limit [100m]",
        set: |settings, text| {
            put(
                &mut settings.collector.resources.limits_cpu,
                values::optional(text, values::cpu),
            )
        },
    },
    Key {
        name: "collector.limits.memory",
        about: "Memory at most [128Mi]",
        set: |settings, text| {
            put(
                &mut settings.collector.resources.limits_memory,
                values::size(text, "128Mi"),
            )
        },
    },
    Key {
        name: "collector.tolerations",
        about: "Taints that collectors bear, as key=value:Effect with commas between; all for every taint [all]",
        set: |settings, text| {
            put(
                &mut settings.collector.tolerations,
                values::list(text, values::toleration),
            )
        },
    },
    Key {
        name: "collector.priorityClass",
        about: "Priority class of the collectors [the cluster's default]",
        set: |settings, text| {
            put(
                &mut settings.collector.priority_class,
                values::optional(text, values::domain),
            )
        },
    },
    Key {
        name: "collector.stateDir",
        about: "Folder on each node for read offsets [/var/lib/longshore]",
        set: |settings, text| put(&mut settings.collector.state_dir, values::folder(text)),
    },
    Key {
        name: "collector.docker",
        about: "Nodes run containers by Docker (cri-dockerd): mount its folder too [false]",
        set: |settings, text| put(&mut settings.collector.docker, values::boolean(text)),
    },
    Key {
        name: "collector.maxUnavailable",
        about: "How many nodes are updated at a time, a number or a percentage [10%]",
        set: |settings, text| put(&mut settings.collector.max_unavailable, values::unavailable(text)),
    },
    Key {
        name: "store.engine",
        about: "The store: native, upstream, or external for one that is already there [engine]",
        set: |settings, text| put(&mut settings.store.engine, values::choice(text, &STORES)),
    },
    Key {
        name: "store.image",
        about: "Image of the store, in place of the engine's own",
        set: |settings, text| put(&mut settings.store.image, values::optional(text, values::image)),
    },
    Key {
        name: "store.requests.cpu",
        about: "CPU kept free [500m]",
        set: |settings, text| put(&mut settings.store.resources.requests_cpu, values::cpu(text)),
    },
    Key {
        name: "store.requests.memory",
        about: "Memory kept free [512Mi]",
        set: |settings, text| {
            put(
                &mut settings.store.resources.requests_memory,
                values::size(text, "512Mi"),
            )
        },
    },
    Key {
        name: "store.limits.cpu",
        about: "CPU at most; empty for no limit [500m]",
        set: |settings, text| {
            put(
                &mut settings.store.resources.limits_cpu,
                values::optional(text, values::cpu),
            )
        },
    },
    Key {
        name: "store.limits.memory",
        about: "Memory at most [512Mi]",
        set: |settings, text| put(&mut settings.store.resources.limits_memory, values::size(text, "512Mi")),
    },
    Key {
        name: "store.replicas",
        about: "1: a store is one process with its own volume [1]",
        set: |_, text| replicas(text),
    },
    Key {
        name: "store.tolerations",
        about: "Taints that the store bears [none]",
        set: |settings, text| put(&mut settings.store.tolerations, values::list(text, values::toleration)),
    },
    Key {
        name: "store.storageClass",
        about: "Class of the log volume [the cluster's default]",
        set: |settings, text| {
            put(
                &mut settings.store.storage_class,
                values::optional(text, values::domain),
            )
        },
    },
    Key {
        name: "store.size",
        about: "Size of the log volume [30Gi]",
        set: |settings, text| put(&mut settings.store.size, values::size(text, "30Gi")),
    },
    Key {
        name: "store.retention",
        about: "How long lines are kept, at least a day [168h]",
        set: |settings, text| put(&mut settings.store.retention, values::retention(text)),
    },
    Key {
        name: "store.endpoint",
        about: "external: where lines go, without /v1/logs or /loki/api/v1/push at its end",
        set: |settings, text| put(&mut settings.store.external.endpoint, values::url(text)),
    },
    Key {
        name: "store.protocol",
        about: "external: otlp, or loki for Loki's push (native collectors only) [otlp]",
        set: |settings, text| put(&mut settings.store.external.protocol, values::choice(text, &PROTOCOLS)),
    },
    Key {
        name: "store.username",
        about: "external: name for basic authentication; the token is the password [none: bearer token]",
        set: |settings, text| {
            put(
                &mut settings.store.external.username,
                values::optional(text, values::word),
            )
        },
    },
    Key {
        name: "store.secret",
        about: "external: Secret in the same namespace with the token, as name or name/key [none; key token]",
        set: |settings, text| {
            put(
                &mut settings.store.external.secret,
                values::optional(text, |text| secret(text, "token")),
            )
        },
    },
    Key {
        name: "store.caSecret",
        about: "external: Secret with the certificate authority, as name or name/key [none; key ca.crt]",
        set: |settings, text| {
            put(
                &mut settings.store.external.ca,
                values::optional(text, |text| secret(text, "ca.crt")),
            )
        },
    },
    Key {
        name: "store.insecureSkipVerify",
        about: "external: take any certificate [false]",
        set: |settings, text| put(&mut settings.store.external.insecure_skip_verify, values::boolean(text)),
    },
    Key {
        name: "grafana.enabled",
        about: "Data source and dashboards as ConfigMaps for Grafana's sidecars [true]",
        set: |settings, text| put(&mut settings.grafana.enabled, values::boolean(text)),
    },
    Key {
        name: "grafana.dataSourceLabel",
        about: "Label that the data source sidecar looks for [grafana_datasource=1]",
        set: |settings, text| put(&mut settings.grafana.data_source_label, values::label(text)),
    },
    Key {
        name: "grafana.dashboardLabel",
        about: "Label that the dashboard sidecar looks for [grafana_dashboard=1]",
        set: |settings, text| put(&mut settings.grafana.dashboard_label, values::label(text)),
    },
    Key {
        name: "metrics.operator",
        about: "The VictoriaMetrics operator is there: VMServiceScrape and VMRule in place of annotations and a ConfigMap [false]",
        set: |settings, text| put(&mut settings.metrics.operator, values::boolean(text)),
    },
    Key {
        name: "metrics.annotations",
        about: "prometheus.io annotations on pods, where there is no operator [true]",
        set: |settings, text| put(&mut settings.metrics.annotations, values::boolean(text)),
    },
    Key {
        name: "networkPolicy.enabled",
        about: "Only collectors and the clients below reach the store [true]",
        set: |settings, text| put(&mut settings.network_policy.enabled, values::boolean(text)),
    },
    Key {
        name: "networkPolicy.clients",
        about: "Pods that may query and scrape, by label with commas between [Grafana, VictoriaMetrics, Prometheus]",
        set: |settings, text| {
            put(
                &mut settings.network_policy.clients,
                values::list(text, values::selector),
            )
        },
    },
    Key {
        name: "networkPolicy.namespaces",
        about: "Namespaces besides the own one where these pods may be, with commas between [none]",
        set: |settings, text| {
            put(
                &mut settings.network_policy.namespaces,
                values::list(text, values::name),
            )
        },
    },
];
