//! Outputs put into JSON.

use futures_util::FutureExt as _;
use serde_json::json;

use super::*;

fn resolve(inputs: Inputs) -> Result<ResolvedInputs, Error> {
    inputs.resolve().now_or_never().expect("nothing to wait for")
}

#[test]
fn outputs_get_to_their_places() {
    let inputs = Inputs::new(json!({ "kind": "Secret", "data": { "user": "loki", "old": 1 } })).unwrap();
    let inputs = inputs
        .with(&["data", "old"], Output::<u32>::known(2_u32))
        .with(&["data", "password"], Output::<String>::secret("p"))
        .with(&["metadata", "labels", "app"], Output::<String>::unknown());
    let resolved = resolve(inputs).unwrap();
    let expected = json!({
        "kind": "Secret",
        "data": { "user": "loki", "old": 2, "password": property::secret(json!("p")) },
        "metadata": { "labels": { "app": property::unknown() } },
    });
    assert_eq!(Value::Object(resolved.object), expected);
    let keys: Vec<&str> = resolved.dependencies.keys().map(String::as_str).collect();
    assert_eq!(keys, ["data", "kind", "metadata"]);
}

#[test]
fn what_is_no_object_is_refused() {
    for value in [json!(null), json!([1]), json!("text")] {
        assert!(matches!(Inputs::new(value), Err(Error::Inputs { .. })));
    }
}

#[test]
fn a_way_through_a_text_is_refused() {
    let inputs = Inputs::new(json!({ "kind": "Secret" })).unwrap();
    let error = resolve(inputs.with(&["kind", "x"], Output::<u32>::known(1_u32))).unwrap_err();
    assert_eq!(error.to_string(), "inputs are not usable: kind.x: kind is no object");
}
