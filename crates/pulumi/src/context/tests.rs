//! Programs against a monitor in memory: what is sent, in which order, and what happens when something fails.

use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::monitor::{MemoryMonitor, Recorded};
use crate::{Component, Configuration, property, run_with};

const MAP: &str = "kubernetes:core/v1:ConfigMap";

fn context(monitor: &Arc<MemoryMonitor>, dry_run: bool) -> Context {
    let settings = Settings {
        project: "logs".to_owned(),
        stack: "dev".to_owned(),
        dry_run,
        config: Configuration::default().with("logs:a", "1").into(),
        ..Settings::default()
    };
    Context::new(settings, monitor.clone())
}

fn inputs() -> Inputs {
    Inputs::new(json!({ "apiVersion": "v1", "kind": "ConfigMap" })).unwrap()
}

fn urns<'a>(of: impl IntoIterator<Item = &'a Recorded>) -> Vec<String> {
    of.into_iter().map(|one| one.urn.to_string()).collect()
}

#[tokio::test]
async fn the_stack_comes_first_and_its_outputs_last() {
    let monitor = Arc::new(MemoryMonitor::new("logs", "dev"));
    let ctx = context(&monitor, false);
    let map = ctx.register(MAP, "cfg", inputs(), ResourceOptions::new());
    ctx.export("map", map.id());
    ctx.export("token", Output::<String>::secret("t"));
    assert!(
        monitor.resources().is_empty(),
        "nothing goes out before the program has ended"
    );
    ctx.finish().await.unwrap();

    let resources = monitor.resources();
    assert_eq!(
        urns(&resources),
        [
            "urn:pulumi:dev::logs::pulumi:pulumi:Stack::logs-dev",
            "urn:pulumi:dev::logs::kubernetes:core/v1:ConfigMap::cfg"
        ]
    );
    let [stack, map] = resources.as_slice() else {
        panic!("{resources:?}")
    };
    assert_eq!(stack.registration.parent, None);
    assert_eq!(map.registration.parent.as_ref(), Some(&stack.urn));
    let expected = json!({ "map": "id-of-cfg", "token": property::secret(json!("t")) });
    assert_eq!(stack.outputs.clone().map(Value::Object), Some(expected));
    assert!(monitor.is_shut_down());
}

#[tokio::test]
async fn a_component_stands_for_its_children() {
    let monitor = Arc::new(MemoryMonitor::new("logs", "dev"));
    let ctx = context(&monitor, false);
    let outer = Component::register(&ctx, "a:b:Outer", "outer", ResourceOptions::new());
    let inner = Component::register(&ctx, "a:b:Inner", "inner", ResourceOptions::child_of(&outer));
    let one = ctx.register(MAP, "one", inputs(), ResourceOptions::child_of(&inner));
    ctx.register(MAP, "two", inputs(), ResourceOptions::child_of(&outer));
    drop(inner);
    let outer = outer.finish(Inputs::none().with(&["one"], one.id()));
    ctx.register(MAP, "late", inputs(), ResourceOptions::child_of(&outer));
    ctx.register(MAP, "after", inputs(), ResourceOptions::new().depends_on(&outer));
    ctx.finish().await.unwrap();

    let resource = |name: &str| monitor.resource(name).unwrap();
    let needed = resource("after").registration.dependencies;
    let expected = [resource("one"), resource("two"), resource("late")].map(|one| one.urn);
    assert_eq!(needed, expected.into_iter().collect());
    assert_eq!(
        resource("outer").outputs.map(Value::Object),
        Some(json!({ "one": "id-of-one" }))
    );
    assert_eq!(resource("inner").outputs.map(Value::Object), Some(json!({})));
}

#[tokio::test]
async fn a_value_brings_its_dependency() {
    let monitor = Arc::new(MemoryMonitor::new("logs", "dev"));
    let ctx = context(&monitor, false);
    let first = ctx.register(MAP, "first", inputs(), ResourceOptions::new());
    let name = first.id().map(|id| format!("of {id}"));
    ctx.register(
        MAP,
        "second",
        inputs().with(&["data", "name"], name),
        ResourceOptions::new(),
    );
    ctx.finish().await.unwrap();

    let (first, second) = (monitor.resource("first").unwrap(), monitor.resource("second").unwrap());
    assert_eq!(
        second.registration.object.get("data"),
        Some(&json!({ "name": "of id-of-first" }))
    );
    let needed = std::collections::BTreeSet::from([first.urn]);
    assert_eq!(second.registration.dependencies, needed);
    assert_eq!(second.registration.property_dependencies.get("data"), Some(&needed));
    assert_eq!(
        second.registration.property_dependencies.get("kind"),
        Some(&std::collections::BTreeSet::new())
    );
}

#[tokio::test]
async fn a_preview_does_not_know_ids() {
    let monitor = Arc::new(MemoryMonitor::new("logs", "dev").in_preview());
    let ctx = context(&monitor, true);
    let provider = ctx.register_provider("kubernetes", "lab", Inputs::none(), ResourceOptions::new());
    let options = ResourceOptions::new().provider(&provider);
    let map = ctx.register(MAP, "cfg", inputs(), options);
    ctx.export("id", map.id().map(|id| id.to_uppercase()));
    ctx.export("provider", provider.id());
    ctx.export("kind", map.output(&["kind"]));
    ctx.export("address", map.output(&["status", "address"]));
    ctx.finish().await.unwrap();

    let outputs = monitor.resource("logs-dev").unwrap().outputs.map(Value::Object);
    let unknown = property::unknown();
    let expected = json!({ "id": unknown, "provider": unknown, "kind": "ConfigMap", "address": unknown });
    assert_eq!(outputs, Some(expected));
    let reference = monitor.resource("cfg").unwrap().registration.provider.unwrap();
    let urn = monitor.resource("lab").unwrap().urn;
    assert_eq!(reference, format!("{urn}::04da6b54-80e4-46f7-96ec-b56ff0331ba9"));
}

#[tokio::test]
async fn options_reach_the_engine() {
    let monitor = Arc::new(MemoryMonitor::new("logs", "dev"));
    let ctx = context(&monitor, false);
    let provider = ctx.register_provider("kubernetes", "lab", Inputs::none(), ResourceOptions::new());
    let component = Component::register(&ctx, "a:b:C", "c", ResourceOptions::new().provider(&provider));
    let options = ResourceOptions::child_of(&component)
        .protect(true)
        .retain_on_delete(false)
        .delete_before_replace(true)
        .ignore_changes("data")
        .replace_on_changes("spec")
        .secret_output("data")
        .alias(crate::Alias::named("old"))
        .timeout(Duration::from_secs(90))
        .version("4.27.0");
    ctx.register(MAP, "cfg", inputs(), options.clone());
    drop(component);
    ctx.finish().await.unwrap();
    assert_eq!(
        monitor.resource("cfg").unwrap().registration.lifecycle,
        options.lifecycle
    );
    let providers = monitor.resource("c").unwrap().registration.providers;
    assert_eq!(providers.keys().collect::<Vec<_>>(), ["kubernetes"]);
}

#[tokio::test]
async fn one_failure_is_told_once() {
    let monitor = Arc::new(MemoryMonitor::new("logs", "dev").failing("first"));
    let messages = run_with(context(&monitor, false), async |ctx| {
        let first = ctx.register(MAP, "first", inputs(), ResourceOptions::new());
        let options = ResourceOptions::new().depends_on(&first);
        let second = ctx.register(MAP, "second", inputs(), options);
        ctx.register(MAP, "third", inputs(), ResourceOptions::child_of(&second));
        ctx.register(MAP, "fourth", inputs(), ResourceOptions::new());
        ctx.export("first", first.id());
        Ok::<(), Error>(())
    })
    .await
    .unwrap_err();
    assert_eq!(
        messages,
        ["cannot register kubernetes:core/v1:ConfigMap \"first\": the engine says: first was told to fail (Unknown)"]
    );
    assert!(monitor.resource("second").is_none());
    assert!(monitor.resource("third").is_none());
    assert!(monitor.resource("fourth").is_some(), "what needs nothing of it is made");
    assert_eq!(
        monitor.resource("logs-dev").unwrap().outputs,
        None,
        "the old outputs stay"
    );
    assert!(!monitor.is_shut_down());
}

#[tokio::test]
async fn a_program_that_fails_registers_nothing() {
    let monitor = Arc::new(MemoryMonitor::new("logs", "dev"));
    let messages = run_with(context(&monitor, false), async |ctx| {
        ctx.register(MAP, "first", inputs(), ResourceOptions::new());
        ctx.config().require("image").map(drop).map_err(Error::from)
    })
    .await
    .unwrap_err();
    assert_eq!(
        messages,
        ["configuration lacks logs:image: set it with `pulumi config set logs:image <value>`"]
    );
    assert!(monitor.resources().is_empty());
}

#[tokio::test]
async fn mistakes_name_their_resource() {
    let monitor = Arc::new(MemoryMonitor::new("logs", "dev"));
    let messages = run_with(context(&monitor, false), async |ctx| {
        let bad = inputs().with(&["kind", "x"], Output::<u32>::known(1_u32));
        let first = ctx.register(MAP, "first", bad, ResourceOptions::new());
        ctx.register(MAP, "second", inputs(), ResourceOptions::child_of(&first));
        let no_provider = ctx.register(MAP, "third", inputs(), ResourceOptions::new());
        ctx.register(MAP, "fourth", inputs(), ResourceOptions::new().provider(&no_provider));
        Ok::<(), Error>(())
    })
    .await
    .unwrap_err();
    assert_eq!(
        messages,
        [
            "cannot prepare kubernetes:core/v1:ConfigMap \"first\": inputs are not usable: kind.x: kind is no object",
            "cannot prepare kubernetes:core/v1:ConfigMap \"fourth\": inputs are not usable: kubernetes:core/v1:ConfigMap \"third\" is given as provider and is none",
        ]
    );
}
