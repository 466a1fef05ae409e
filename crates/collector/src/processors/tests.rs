//! Processors on records.

use longshore_config::otel::{ActionKind, ActionSettings, ActionSource};

use super::*;

fn resource(pairs: &[(&str, &str)]) -> Arc<Resource> {
    let attributes = pairs
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()))
        .collect();
    Arc::new(Resource { attributes })
}

fn after(processor: &mut Processor, resource: &Arc<Resource>) -> Vec<(String, Value)> {
    let mut logs = [ResourceLogs {
        resource: resource.clone(),
        ..ResourceLogs::default()
    }];
    processor.apply(&mut logs);
    logs[0]
        .resource
        .attributes
        .iter()
        .map(|(name, value)| (name.to_string(), value.clone()))
        .collect()
}

fn text(pairs: &[(&str, &str)]) -> Vec<(String, Value)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).into()))
        .collect()
}

#[test]
fn a_service_is_named_after_its_container_when_nothing_better_is_known() {
    let mut processor = Processor::of_resource(ResourceChange::ServiceName);
    let container = ("k8s.container.name", "checkout");
    assert_eq!(
        after(&mut processor, &resource(&[container])),
        text(&[container, ("service.name", "checkout")])
    );
    let named = [container, ("service.name", "shop")];
    assert_eq!(after(&mut processor, &resource(&named)), text(&named));
    assert_eq!(after(&mut processor, &resource(&[])), []);
}

#[test]
fn records_of_a_container_go_on_sharing_their_resource() {
    let mut processor = Processor::of_resource(ResourceChange::ServiceName);
    let resource = resource(&[("k8s.container.name", "checkout")]);
    let mut logs = [0, 1].map(|_| ResourceLogs {
        resource: resource.clone(),
        ..ResourceLogs::default()
    });
    processor.apply(&mut logs);
    assert!(Arc::ptr_eq(&logs[0].resource, &logs[1].resource));
}

#[test]
fn actions_do_what_upstream_says() {
    let check = |action, key: &str, source: Option<ActionSource>, pattern: Option<&str>, expected: &[(&str, &str)]| {
        let settings = ActionSettings {
            key: key.to_owned(),
            action,
            source,
            pattern: pattern.map(str::to_owned),
            converted_type: None,
        };
        let actions = vec![Action::new(&settings).expect("an action")];
        let mut processor = Processor::of_resource(ResourceChange::Actions(actions));
        let found = after(&mut processor, &resource(&[("a", "x-1"), ("b", "y")]));
        assert_eq!(found, text(expected), "{action:?} {key}");
    };
    let value = |text: &str| Some(ActionSource::Value(text.into()));
    let from = |name: &str| Some(ActionSource::FromAttribute(name.to_owned()));
    check(ActionKind::Insert, "a", value("n"), None, &[("a", "x-1"), ("b", "y")]);
    check(
        ActionKind::Insert,
        "c",
        value("n"),
        None,
        &[("a", "x-1"), ("b", "y"), ("c", "n")],
    );
    check(ActionKind::Update, "a", value("n"), None, &[("a", "n"), ("b", "y")]);
    check(ActionKind::Update, "c", value("n"), None, &[("a", "x-1"), ("b", "y")]);
    check(ActionKind::Upsert, "a", from("b"), None, &[("a", "y"), ("b", "y")]);
    check(
        ActionKind::Upsert,
        "c",
        from("missing"),
        None,
        &[("a", "x-1"), ("b", "y")],
    );
    check(ActionKind::Delete, "a", None, None, &[("b", "y")]);
    check(ActionKind::Delete, "", None, Some("^[ab]$"), &[]);
    check(
        ActionKind::Extract,
        "a",
        None,
        Some("-(?P<n>\\d)"),
        &[("a", "x-1"), ("b", "y"), ("n", "1")],
    );
}
