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
    check("", "_");
    check("already_good1", "already_good1");
    check("a.b-c/d", "a_b_c_d");
    check("1st", "key_1st");
    check("ünï", "_n_");
    check("a..b", "a_b");
    check("a__b", "a_b");
    check("__x__", "__x__");
    check("_x_", "_x_");
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

/// The streams of a resource under rules, as `labels: line metadata`.
fn streams(rules: &Rules, logs: ResourceLogs) -> Vec<String> {
    let streams = rules.streams(logs, TimestampNs(1));
    let entries = streams
        .iter()
        .flat_map(|stream| stream.entries.iter().map(move |entry| (&stream.labels, entry)));
    entries
        .map(|(labels, entry)| {
            let line = String::from_utf8_lossy(&entry.line);
            format!("{labels}: {line} {}", entry.structured_metadata)
        })
        .collect()
}

fn rule(action: Action, names: &[&str]) -> Rule {
    Rule {
        action,
        names: Names::Listed(names.iter().map(|name| (*name).to_owned()).collect()),
    }
}

#[test]
fn rules_say_what_becomes_of_attributes() {
    let logs = || ResourceLogs {
        resource: resource(&[
            ("service.name", "web".into()),
            ("service.group", "g".into()),
            ("host.name", "n1".into()),
            ("k8s.pod.uid", "u".into()),
        ]),
        scope: Scope {
            attributes: vec![("s.keep".into(), "1".into()), ("s.drop".into(), "2".into())],
            ..Scope::default()
        },
        records: vec![LogRecord {
            body: "line".into(),
            attributes: vec![("x.keep".into(), "3".into()), ("x.drop".into(), "4".into())],
            ..LogRecord::default()
        }],
    };
    let usual = Rules::default();
    assert_eq!(
        streams(&usual, logs()),
        [
            r#"{service_name="web"}: line {host_name="n1", k8s_pod_uid="u", s_drop="2", s_keep="1", service_group="g", x_drop="4", x_keep="3"}"#
        ]
    );
    let mut own = Rules::default();
    own.resource.push(rule(Action::Label, &["service.group"]));
    // The first rule that fits holds, so the usual labels stay.
    own.resource.push(rule(Action::Drop, &["service.name", "host.name"]));
    own.scope.push(rule(Action::Drop, &["s.drop"]));
    own.record.push(rule(Action::Metadata, &["x.keep"]));
    own.record.push(Rule {
        action: Action::Drop,
        names: Names::Matching(longshore_goregex::Regex::anchored("x.*").unwrap()),
    });
    assert_eq!(
        streams(&own, logs()),
        [r#"{service_group="g", service_name="web"}: line {k8s_pod_uid="u", s_keep="1", x_keep="3"}"#]
    );
    own.resource = vec![Rule {
        action: Action::Label,
        names: Names::Matching(longshore_goregex::Regex::anchored("service.gr").unwrap()),
    }];
    assert!(
        streams(&own, logs())[0].starts_with("{}: line "),
        "a pattern fits the whole name"
    );
}

#[test]
fn the_severity_may_be_a_label() {
    let record = |severity: &str, body: &str| LogRecord {
        severity_text: severity.to_owned(),
        body: body.into(),
        ..LogRecord::default()
    };
    let rules = Rules {
        severity_text_as_label: true,
        ..Rules::default()
    };
    let logs = ResourceLogs {
        resource: resource(&[("service.name", "web".into())]),
        records: vec![
            record("INFO", "1"),
            record("ERROR", "2"),
            record("", "3"),
            record("INFO", "4"),
        ],
        ..ResourceLogs::default()
    };
    assert_eq!(
        streams(&rules, logs),
        [
            r#"{service_name="web"}: 3 {}"#,
            r#"{service_name="web", severity_text="ERROR"}: 2 {severity_text="ERROR"}"#,
            r#"{service_name="web", severity_text="INFO"}: 1 {severity_text="INFO"}"#,
            r#"{service_name="web", severity_text="INFO"}: 4 {severity_text="INFO"}"#,
        ]
    );
}
