//! Defaults, good values, and the exact words for bad ones.

use super::*;

fn settings(pairs: &[(&str, &str)]) -> Settings {
    Settings::from_pairs(pairs.iter().copied()).unwrap()
}

fn errors(pairs: &[(&str, &str)]) -> String {
    Settings::from_pairs(pairs.iter().copied()).unwrap_err().to_string()
}

#[test]
fn the_designs_values_are_the_defaults() {
    let settings = settings(&[]);
    assert!(settings.enabled && !settings.delete_data);
    assert_eq!(settings.environment, Environment::Staging);
    assert_eq!(settings.namespace, "monitoring");
    assert_eq!(settings.collector.resources, Resources::both("100m", "128Mi"));
    assert_eq!(settings.store.resources, Resources::both("500m", "512Mi"));
    assert_eq!(
        (settings.store.size.as_str(), settings.store.retention.as_str()),
        ("30Gi", "168h")
    );
    assert_eq!(settings.collector.tolerations, [Toleration::every()]);
}

#[test]
fn environments_differ_in_nothing_but_their_name() {
    let production = settings(&[("environment", "production")]);
    let staging = Settings {
        environment: Environment::Staging,
        ..production
    };
    assert_eq!(staging, settings(&[]));
}

#[test]
fn parts_have_engines_of_their_own_in_any_order() {
    let mixed = settings(&[("store.engine", "upstream"), ("engine", "native")]);
    assert_eq!(
        (mixed.collector.engine, mixed.store.engine),
        (Engine::Native, StoreEngine::Upstream)
    );
    let upstream = settings(&[("engine", "upstream")]);
    assert_eq!(
        (upstream.collector.engine, upstream.store.engine),
        (Engine::Upstream, StoreEngine::Upstream)
    );
}

#[test]
fn lists_are_read() {
    let settings = settings(&[
        ("collector.tolerations", "dedicated=logs:NoSchedule, spot:NoExecute,gpu"),
        ("labels", "team=platform,example.com/tier=infra"),
        ("networkPolicy.clients", "app=grafana"),
        ("imagePullSecrets", "a,b.c"),
    ]);
    let toleration = |key: &str, value: Option<&str>, effect: Option<&str>| Toleration {
        key: Some(key.to_owned()),
        value: value.map(str::to_owned),
        effect: effect.map(str::to_owned),
    };
    assert_eq!(
        settings.collector.tolerations,
        [
            toleration("dedicated", Some("logs"), Some("NoSchedule")),
            toleration("spot", None, Some("NoExecute")),
            toleration("gpu", None, None),
        ]
    );
    assert_eq!(settings.labels["example.com/tier"], "infra");
    assert_eq!(settings.network_policy.clients[0].value, "grafana");
    assert_eq!(settings.image_pull_secrets, ["a", "b.c"]);
}

#[test]
fn every_default_in_the_documentation_is_the_default() {
    for key in keys::KEYS {
        let Some(default) = key.about.rsplit_once('[').and_then(|(_, rest)| rest.strip_suffix(']')) else {
            continue;
        };
        let mut changed = Settings::defaults();
        if (key.set)(&mut changed, default).is_ok() {
            // A word such as "none" is a fine name for a class: only what a value says is compared.
            let is_word = ["none", "engine"].contains(&default) || default.contains(' ');
            assert!(is_word || changed == Settings::defaults(), "{}: {default}", key.name);
        }
    }
}

/// Key, bad value, and what is said of it.
const BAD: &[(&str, &str, &str)] = &[
    (
        "environment",
        "prod",
        "environment: 'prod' is none of staging, production; write environment=staging",
    ),
    (
        "environment",
        "Production",
        "environment: 'Production' is none of staging, production; write environment=production",
    ),
    (
        "namespace",
        "My_Namespace",
        "namespace: 'My_Namespace' is no name for Kubernetes: small letters, digits and '-', up to 63, a letter or digit at both ends; write namespace=my-namespace",
    ),
    (
        "enableLogging",
        "yes",
        "enableLogging: 'yes' is neither true nor false; write enableLogging=true",
    ),
    (
        "engine",
        "loki",
        "engine: 'loki' is none of native, upstream; write engine=native",
    ),
    (
        "image",
        "longshore",
        concat!(
            "image: 'longshore' has no tag, so nobody could say which version runs; write image=longshore:",
            env!("CARGO_PKG_VERSION")
        ),
    ),
    (
        "image",
        "a/b:latest",
        concat!(
            "image: 'a/b:latest' names no version: what runs would depend on the day; write image=a/b:",
            env!("CARGO_PKG_VERSION")
        ),
    ),
    (
        "pullPolicy",
        "never",
        "pullPolicy: 'never' is none of IfNotPresent, Always, Never; write pullPolicy=Never",
    ),
    (
        "store.size",
        "30",
        "store.size: '30' has no unit, which would be bytes; write store.size=30Gi",
    ),
    (
        "store.size",
        "30GB",
        "store.size: '30GB' has a unit that Kubernetes does not know: Ki, Mi, Gi, Ti, or k, M, G, T; write store.size=30Gi",
    ),
    (
        "store.size",
        "much",
        "store.size: 'much' is no size: a number with Ki, Mi, Gi or Ti; write store.size=30Gi",
    ),
    (
        "store.retention",
        "6h",
        "store.retention: '6h' is less than a day; lines are removed by whole days; write store.retention=24h",
    ),
    (
        "store.retention",
        "week",
        "store.retention: 'week' is no duration: a number with h, d or w; write store.retention=168h",
    ),
    (
        "collector.limits.cpu",
        "0.0001",
        "collector.limits.cpu: '0.0001' is no amount of CPU: thousandths of a core as in 100m, or cores as in 2; write collector.limits.cpu=100m",
    ),
    (
        "collector.tolerations",
        "a=b:Never",
        "collector.tolerations: 'a=b:Never' ends with none of NoSchedule, PreferNoSchedule, NoExecute; write collector.tolerations=dedicated=logs:NoSchedule",
    ),
    (
        "collector.maxUnavailable",
        "0",
        "collector.maxUnavailable: '0' is neither a number of nodes nor a percentage of 1% to 100%; write collector.maxUnavailable=10%",
    ),
    (
        "collector.stateDir",
        "var/lib",
        "collector.stateDir: 'var/lib' is no absolute path of a folder; write collector.stateDir=/var/lib/longshore",
    ),
    (
        "labels",
        "app.kubernetes.io/name=x",
        "labels: 'app.kubernetes.io/name=x' sets app.kubernetes.io/name, which the stack sets itself; write labels=team=platform",
    ),
    (
        "grafana.dashboardLabel",
        "grafana",
        "grafana.dashboardLabel: 'grafana' is no label with its value; write grafana.dashboardLabel=grafana=true",
    ),
    (
        "store.endpoint",
        "logs.example.com",
        "store.endpoint: 'logs.example.com' does not begin with http:// or https://; write store.endpoint=https://logs.example.com",
    ),
];

#[test]
fn a_bad_value_names_the_key_the_value_and_a_good_one() {
    for (key, value, expected) in BAD {
        assert_eq!(errors(&[(*key, *value)]), *expected);
    }
    assert!(errors(&[("store.replicas", "3")]).contains("store.engine=external"));
    assert!(errors(&[("tenant", "a/b")]).starts_with("tenant: 'a/b' is no tenant: "));
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest() {
    let cases = [
        ("store.sise", "store.size"),
        ("storageClass", "store.storageClass"),
        ("enable_logging", "enableLogging"),
        ("retention", "store.retention"),
        ("collector-engine", "collector.engine"),
        ("namspace", "namespace"),
    ];
    for (key, nearest) in cases {
        assert_eq!(
            errors(&[(key, "x")]),
            format!("{key}: there is no such setting; did you mean {nearest}?")
        );
    }
    assert!(errors(&[("zzz", "x")]).contains("known keys: enableLogging, environment"));
    assert_eq!(
        errors(&[("tenant", "a"), ("tenant", "b")]),
        "tenant: given twice, the second time as 'b'; give it once"
    );
}

#[test]
fn all_errors_come_at_once() {
    assert_eq!(
        errors(&[("engine", "x"), ("store.size", "1"), ("nope", "")])
            .lines()
            .count(),
        3
    );
}

#[test]
fn what_does_not_go_together_is_refused() {
    let external = ("store.engine", "external");
    let endpoint = ("store.endpoint", "https://logs.example.com/otlp");
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[external], "store.endpoint: missing"),
        (&[endpoint], "add store.engine=external"),
        (
            &[external, endpoint, ("store.size", "5Gi")],
            "store.size: '5Gi' is about a store in the cluster",
        ),
        (
            &[
                external,
                endpoint,
                ("store.protocol", "loki"),
                ("collector.engine", "upstream"),
            ],
            "store.protocol=otlp",
        ),
        (
            &[external, endpoint, ("store.username", "me")],
            "store.username: 'me' has no password",
        ),
        (
            &[external, ("store.endpoint", "http://a"), ("store.secret", "token")],
            "would show the token",
        ),
        (
            &[external, ("store.endpoint", "http://a"), ("store.caSecret", "ca")],
            "no certificate to check",
        ),
        (
            &[("collector.requests.memory", "1Gi")],
            "collector.requests.memory: '1Gi' is more than collector.limits.memory, 128Mi; raise collector.limits.memory to 1Gi",
        ),
        (
            &[("store.requests.cpu", "2")],
            "store.requests.cpu: '2' is more than store.limits.cpu, 500m",
        ),
    ];
    for (pairs, expected) in cases {
        let found = errors(pairs);
        assert!(found.contains(expected), "{found}");
    }
    settings(&[
        external,
        endpoint,
        ("store.secret", "logs/password"),
        ("store.username", "42"),
    ]);
    settings(&[("collector.requests.cpu", "2"), ("collector.limits.cpu", "")]);
}

#[test]
fn the_documentation_has_every_key() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operations.md");
    let text = std::fs::read_to_string(path).unwrap();
    for (name, about) in Settings::keys() {
        let row = format!("| `{name}` | {about} |");
        assert!(text.contains(&row), "docs/operations.md lacks the row: {row}");
    }
}
