//! What an object says of itself is what it writes.

use crate::{Settings, objects};

#[test]
fn kinds_are_those_that_are_written() {
    for operator in ["true", "false"] {
        let settings = Settings::from_pairs([("metrics.operator", operator)]).unwrap();
        for object in objects(&settings) {
            let value = object.to_value();
            assert_eq!(value["kind"], object.kind());
            assert!(value["apiVersion"].is_string());
            assert!(value.get("status").is_none(), "{}", object.name());
        }
    }
}
