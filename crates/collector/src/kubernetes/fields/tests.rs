//! Rules on labels and annotations.

use super::*;

fn rule(key: Option<&str>, key_regex: Option<&str>, tag_name: Option<&str>, from: KubernetesObject) -> FieldExtract {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    FieldExtract {
        tag_name: owned(tag_name),
        key: owned(key),
        key_regex: owned(key_regex),
        from,
    }
}

fn taken(rule: &FieldExtract, what: &str, found: &[(&str, &str)]) -> Vec<(String, String)> {
    let found = found
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    let mut into = BTreeMap::new();
    FieldRule::new(rule, what).expect("a rule").take(&found, &mut into);
    into.into_iter().collect()
}

const LABELS: [(&str, &str); 4] = [
    ("app.kubernetes.io/name", "checkout"),
    ("app.kubernetes.io/part-of", "shop"),
    ("empty", ""),
    ("team", "payments"),
];

#[test]
fn a_key_is_taken_by_its_own_name_or_a_given_one() {
    let check = |key: &str, tag: Option<&str>, from, expected: &[(&str, &str)]| {
        let found = taken(&rule(Some(key), None, tag, from), "labels", &LABELS);
        let expected: Vec<_> = expected
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        assert_eq!(found, expected, "{key} {tag:?}");
    };
    check(
        "team",
        None,
        KubernetesObject::Pod,
        &[("k8s.pod.labels.team", "payments")],
    );
    check(
        "team",
        None,
        KubernetesObject::Namespace,
        &[("k8s.namespace.labels.team", "payments")],
    );
    check(
        "team",
        None,
        KubernetesObject::Deployment,
        &[("k8s.deployment.label.team", "payments")],
    );
    check("team", Some("owner"), KubernetesObject::Pod, &[("owner", "payments")]);
    // A whole name is asked for, and an empty value is one.
    check("empty", Some("e"), KubernetesObject::Pod, &[("e", "")]);
    check("tea", Some("owner"), KubernetesObject::Pod, &[]);
}

#[test]
fn a_pattern_matches_whole_keys_and_lends_its_groups() {
    let check = |pattern: &str, tag: Option<&str>, expected: &[(&str, &str)]| {
        let rule = rule(None, Some(pattern), tag, KubernetesObject::Pod);
        let expected: Vec<_> = expected
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        assert_eq!(taken(&rule, "annotations", &LABELS), expected, "{pattern} {tag:?}");
    };
    check("tea", None, &[]);
    check("te.*", None, &[("k8s.pod.annotations.team", "payments")]);
    // A name without groups to fill it would be the same for every key, so it is not used.
    check("te.*", Some("owner"), &[("k8s.pod.annotations.team", "payments")]);
    check("(te)(.*)", Some("$2-$1"), &[("am-te", "payments")]);
    check("(?P<first>te).*", Some("${first}X"), &[("teX", "payments")]);
    // The longest name counts, and there is no group `firstX`.
    check("(?P<first>te).*", Some("a$firstX"), &[("a", "payments")]);
    check("(te.*)", Some("$$$0$"), &[("$team$", "payments")]);
    check(
        "app[.]kubernetes[.]io/(.*)",
        Some("app.$1"),
        &[("app.name", "checkout"), ("app.part-of", "shop")],
    );
    // Values that are empty say nothing.
    check("(em).*", Some("$1"), &[]);
}

#[test]
fn a_pattern_that_is_none_is_refused() {
    let error = FieldRule::new(&rule(None, Some("a("), None, KubernetesObject::Pod), "labels");
    let error = error.expect_err("no pattern");
    assert!(error.starts_with("key_regex 'a(':"), "{error}");
}

#[test]
fn opentelemetry_annotations_name_their_attribute() {
    let annotations = [
        ("resource.opentelemetry.io/service.name".to_owned(), "shop".to_owned()),
        ("other".to_owned(), "x".to_owned()),
    ];
    let mut into = BTreeMap::new();
    FieldRule::of_opentelemetry().take(&BTreeMap::from(annotations), &mut into);
    assert_eq!(into, BTreeMap::from([("service.name".to_owned(), "shop".to_owned())]));
}
