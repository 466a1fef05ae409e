//! Values to the wire and back; marks put on and taken off.

use serde_json::json;

use super::*;

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

#[test]
fn what_was_sent_comes_back() {
    let value = object(&json!({
        "text": "ü\n", "whole": 3100, "negative": -1, "large": 9_007_199_254_740_992_i64, "part": 0.5, "yes": true,
        "nothing": null, "list": [1, "two", [], {}], "object": { "a": { "b": {} } },
    }));
    assert_eq!(from_wire(to_wire(&value).unwrap()), value);
}

#[test]
fn a_secret_is_an_object_with_the_signature() {
    let marked = secret(json!("hunter2"));
    assert_eq!(
        marked,
        json!({ "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": "hunter2" })
    );
    assert_eq!(secret(marked.clone()), marked, "marking twice is marking once");
}

#[test]
fn marks_come_off() {
    let value = json!({ "a": [secret(json!({ "b": 1 }))], "c": 2 });
    let expected = Plain {
        value: Some(json!({ "a": [{ "b": 1 }], "c": 2 })),
        secret: true,
    };
    assert_eq!(plain(value).unwrap(), expected);
    assert_eq!(
        plain(json!([secret(unknown())])).unwrap(),
        Plain {
            value: None,
            secret: true
        }
    );
    for mark in UNKNOWN_OF_OTHER_TYPES {
        assert_eq!(plain(json!({ "deep": mark })).unwrap().value, None);
    }
}

#[test]
fn a_path_leads_through_secrets() {
    let at = |value: &Value, path: &[&str]| {
        let path: Vec<String> = path.iter().map(ToString::to_string).collect();
        plain_at(value.clone(), &path).unwrap()
    };
    let value = json!({ "data": secret(json!({ "user": "loki" })), "status": unknown(), "kind": "Secret" });
    assert_eq!(
        at(&value, &["data", "user"]),
        Plain {
            value: Some(json!("loki")),
            secret: true
        }
    );
    assert_eq!(
        at(&value, &["status", "ip"]),
        Plain {
            value: None,
            secret: false
        }
    );
    assert_eq!(
        at(&value, &["kind"]),
        Plain {
            value: Some(json!("Secret")),
            secret: false
        }
    );
    assert_eq!(at(&value, &["kind", "x"]).value, Some(Value::Null));
}

#[test]
fn nesting_has_an_end() {
    let mut value = json!(1);
    for _ in 0..VALUE_DEPTH_MAX + 1 {
        value = json!([value]);
    }
    assert!(matches!(plain(value.clone()), Err(Error::TooDeep)));
    assert!(matches!(
        to_wire(&object(&json!({ "deep": value }))),
        Err(Error::TooDeep)
    ));
}
