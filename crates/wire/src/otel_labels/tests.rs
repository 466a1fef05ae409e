//! Where each part of a record goes, as tables.

use std::sync::Arc;

use super::*;

fn resource(attributes: &[(&str, Value)]) -> Arc<Resource> {
    Arc::new(Resource {
        attributes: attributes
            .iter()
            .map(|(name, value)| ((*name).into(), value.clone()))
            .collect(),
    })
}

#[test]
fn resources_split_into_labels_and_metadata() {
    let check = |attributes: &[(&str, Value)], index: &str, metadata: &str| {
        let labels = resource_labels(&resource(attributes));
        assert_eq!(
            (labels.index.to_string().as_str(), labels.metadata.to_string().as_str()),
            (index, metadata)
        );
    };
    check(&[], r#"{service_name="unknown_service"}"#, "{}");
    check(
        &[
            ("service.name", "checkout".into()),
            ("k8s.pod.name", "checkout-1".into()),
            ("host.name", "n1".into()),
        ],
        r#"{k8s_pod_name="checkout-1", service_name="checkout"}"#,
        r#"{host_name="n1"}"#,
    );
    check(
        &[("k8s.container.name", "web".into()), ("k8s.namespace.name", "".into())],
        r#"{k8s_container_name="web", service_name="web"}"#,
        "{}",
    );
    check(
        &[("app", "web".into())],
        r#"{service_name="unknown_service"}"#,
        r#"{app="web"}"#,
    );
    check(
        &[
            ("process.pid", Value::Int(5)),
            ("up", Value::Bool(true)),
            ("none", Value::Empty),
        ],
        r#"{service_name="unknown_service"}"#,
        r#"{process_pid="5", up="true"}"#,
    );
    check(
        &[(
            "labels",
            Value::Map(vec![
                ("a.b".into(), "c".into()),
                ("d".into(), Value::Map(vec![("e".into(), 1.into_value())])),
            ]),
        )],
        r#"{service_name="unknown_service"}"#,
        r#"{labels_a_b="c", labels_d_e="1"}"#,
    );
}

trait IntoValue {
    fn into_value(self) -> Value;
}

impl IntoValue for i64 {
    fn into_value(self) -> Value {
        Value::Int(self)
    }
}

#[test]
fn every_index_attribute_becomes_a_label_of_its_own() {
    let attributes: Vec<(&str, Value)> = INDEX_ATTRIBUTES.iter().map(|name| (*name, "x".into())).collect();
    let labels = resource_labels(&resource(&attributes));
    assert_eq!((labels.index.len(), labels.metadata.len()), (INDEX_ATTRIBUTES.len(), 0));
}

#[test]
fn names() {
    let check = |name: &str, sanitized: &str| assert_eq!(sanitize_name(name), sanitized);
    check("already_good1", "already_good1");
    check("a.b-c/d", "a_b_c_d");
    check("1st", "key_1st");
    check("ünï", "_n_");
    check("a..b", "a_b");
    check("a__b", "a_b");
    check("__x__", "__x__");
    check("_x_", "_x_");
    check("", "");
}

#[test]
fn records_become_entries() {
    let record = LogRecord {
        timestamp: TimestampNs(5),
        observed_timestamp: TimestampNs(7),
        severity_number: 9,
        severity_text: "INFO".to_owned(),
        body: "line".into(),
        attributes: vec![("log.iostream".into(), "stdout".into())],
        dropped_attributes_count: 2,
        flags: 1,
        trace_id: vec![0xab; 2],
        span_id: vec![0xcd],
        event_name: "started".to_owned(),
    };
    let logs = ResourceLogs {
        resource: resource(&[("service.name", "web".into()), ("host.name", "n1".into())]),
        scope: Scope {
            name: "lib".to_owned(),
            version: "1.0".to_owned(),
            attributes: vec![("x".into(), "y".into())],
        },
        records: vec![record],
    };
    let stream = stream_entries(logs, TimestampNs(99));
    assert_eq!(stream.labels.to_string(), r#"{service_name="web"}"#);
    let entry = &stream.entries[0];
    assert_eq!((entry.timestamp, &entry.line[..]), (TimestampNs(5), &b"line"[..]));
    assert_eq!(
        entry.structured_metadata.to_string(),
        r#"{dropped_attributes_count="2", event_name="started", flags="1", host_name="n1", log_iostream="stdout", observed_timestamp="7", scope_name="lib", scope_version="1.0", severity_number="9", severity_text="INFO", span_id="cd", trace_id="abab", x="y"}"#
    );
}

#[test]
fn times_fall_back() {
    let check = |timestamp: i64, observed: i64, expected: i64| {
        let logs = ResourceLogs {
            records: vec![LogRecord {
                timestamp: TimestampNs(timestamp),
                observed_timestamp: TimestampNs(observed),
                ..LogRecord::default()
            }],
            ..ResourceLogs::default()
        };
        assert_eq!(
            stream_entries(logs, TimestampNs(99)).entries[0].timestamp,
            TimestampNs(expected)
        );
    };
    check(5, 7, 5);
    check(0, 7, 7);
    check(0, 0, 99);
}

#[test]
fn records_that_share_their_metadata_share_it_in_memory() {
    let record = |attribute: &str| LogRecord {
        attributes: vec![("a".into(), attribute.into())],
        ..LogRecord::default()
    };
    let logs = ResourceLogs {
        records: vec![
            record("1"),
            record("1"),
            record("2"),
            LogRecord::default(),
            LogRecord::default(),
        ],
        ..ResourceLogs::default()
    };
    let entries = stream_entries(logs, TimestampNs(1)).entries;
    let same = |a: usize, b: usize| entries[a].structured_metadata.is_same(&entries[b].structured_metadata);
    assert_eq!((same(0, 1), same(1, 2), same(3, 4)), (true, false, true));
}

#[test]
fn bodies_as_lines() {
    let check = |body: Value, line: &str| assert_eq!(body_text(&body), line);
    check(Value::Empty, "");
    check("as it is <b>\n".into(), "as it is <b>\n");
    check(Value::Bool(false), "false");
    check(Value::Int(-5), "-5");
    check(Value::Double(1.5), "1.5");
    check(Value::Double(3.0), "3");
    check(Value::Double(1e21), "1e+21");
    check(Value::Double(1.5e-7), "1.5e-7");
    check(Value::Double(f64::INFINITY), "+Inf");
    check(Value::Double(f64::NAN), "NaN");
    check(Value::Bytes(vec![1, 2]), "AQI=");
    check(
        Value::Array(vec![Value::Int(1), "a\"b".into(), Value::Empty]),
        r#"[1,"a\"b",null]"#,
    );
    check(
        Value::Map(vec![
            ("b".into(), Value::Double(2.0)),
            ("a".into(), Value::Array(Vec::new())),
        ]),
        r#"{"a":[],"b":2}"#,
    );
}
