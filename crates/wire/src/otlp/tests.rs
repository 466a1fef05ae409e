//! OTLP against the types that OpenTelemetry's own project generates, and JSON by a table.

use std::sync::Arc;

use longshore_model::TimestampNs;
use longshore_model::otel::{LogRecord, Resource, ResourceLogs, Scope, Value};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as ProtoValue;
use proptest::prelude::*;
use prost::Message as _;

use super::*;

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Empty),
        "\\PC{0,12}".prop_map(Value::String),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        any::<i32>().prop_map(|number| Value::Double(f64::from(number) / 8.0)),
        proptest::collection::vec(any::<u8>(), 0..6).prop_map(Value::Bytes),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            attributes_of(inner).prop_map(Value::Map),
        ]
    })
}

fn attributes_of(
    value: impl Strategy<Value = Value> + 'static,
) -> impl Strategy<Value = longshore_model::otel::Attributes> {
    let pairs = proptest::collection::btree_map("[a-z.]{1,8}", value, 0..4);
    pairs.prop_map(|pairs| pairs.into_iter().map(|(name, value)| (name.into(), value)).collect())
}

fn record() -> impl Strategy<Value = LogRecord> {
    let numbers = (0..i64::MAX, 0..i64::MAX, 0..25_i32, any::<u32>(), any::<u32>());
    let texts = (
        "[A-Z]{0,5}",
        value(),
        attributes_of(value()),
        "[a-z]{0,5}",
        any::<bool>(),
    );
    (numbers, texts).prop_map(|(numbers, texts)| LogRecord {
        timestamp: TimestampNs(numbers.0),
        observed_timestamp: TimestampNs(numbers.1),
        severity_number: numbers.2,
        severity_text: texts.0,
        body: texts.1,
        attributes: texts.2,
        dropped_attributes_count: numbers.3,
        flags: numbers.4,
        trace_id: if texts.4 { vec![7; 16] } else { Vec::new() },
        span_id: if texts.4 { vec![8; 8] } else { Vec::new() },
        event_name: texts.3,
    })
}

fn logs() -> impl Strategy<Value = ResourceLogs> {
    (
        attributes_of(value()),
        "[a-z]{0,5}",
        "[0-9.]{0,5}",
        attributes_of(value()),
        proptest::collection::vec(record(), 0..4),
    )
        .prop_map(|(resource, name, version, attributes, records)| ResourceLogs {
            resource: Arc::new(Resource { attributes: resource }),
            scope: Scope {
                name,
                version,
                attributes,
            },
            records,
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn decoding_gives_what_was_encoded(logs in proptest::collection::vec(logs(), 0..4)) {
        let mut message = Vec::new();
        encode_protobuf(&logs, &mut message);
        prop_assert_eq!(decode_protobuf(&message).unwrap(), logs);
    }

    #[test]
    fn others_read_what_we_write_and_we_read_what_others_write(logs in proptest::collection::vec(logs(), 0..3)) {
        let mut message = Vec::new();
        encode_protobuf(&logs, &mut message);
        let theirs = ExportLogsServiceRequest::decode(message.as_slice()).unwrap();
        prop_assert_eq!(decode_protobuf(&theirs.encode_to_vec()).unwrap(), logs.clone());
        let text = serde_json::to_string(&theirs).unwrap();
        prop_assert_eq!(decode_json(text.as_bytes()).unwrap(), logs);
    }

    #[test]
    fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        drop(decode_protobuf(&bytes));
        drop(decode_json(&bytes));
        drop(decode_partial_success(&bytes));
    }
}

#[test]
fn neighbours_of_one_resource_are_written_under_it() {
    let resource = Arc::new(Resource {
        attributes: vec![("a".into(), "b".into())],
    });
    let scope = |name: &str| ResourceLogs {
        resource: Arc::clone(&resource),
        scope: Scope {
            name: name.to_owned(),
            ..Scope::default()
        },
        records: vec![LogRecord::default()],
    };
    let mut message = Vec::new();
    encode_protobuf(&[scope("one"), scope("two")], &mut message);
    let theirs = ExportLogsServiceRequest::decode(message.as_slice()).unwrap();
    assert_eq!(theirs.resource_logs.len(), 1);
    assert_eq!(theirs.resource_logs[0].scope_logs.len(), 2);
    let name = &theirs.resource_logs[0].resource.as_ref().unwrap().attributes[0];
    assert_eq!(
        name.value.as_ref().unwrap().value,
        Some(ProtoValue::StringValue("b".to_owned()))
    );
}

#[test]
fn values_nested_too_deeply_are_refused() {
    let mut value = Value::Bool(true);
    for _ in 0..200 {
        value = Value::Array(vec![value]);
    }
    let logs = ResourceLogs {
        records: vec![LogRecord {
            body: value,
            ..LogRecord::default()
        }],
        ..ResourceLogs::default()
    };
    let mut message = Vec::new();
    encode_protobuf(&[logs], &mut message);
    assert!(
        decode_protobuf(&message)
            .unwrap_err()
            .to_string()
            .contains("levels deep")
    );
    let deep = "{\"arrayValue\":{\"values\":[".repeat(100);
    let text = format!("{{\"resourceLogs\":[{{\"scopeLogs\":[{{\"logRecords\":[{{\"body\":{deep}");
    assert!(decode_json(text.as_bytes()).is_err());
}

#[test]
fn json_records() {
    let check = |text: &str, expected: LogRecord| {
        let text = format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{text}]}}]}}]}}"#);
        let logs = decode_json(text.as_bytes()).unwrap();
        assert_eq!(logs[0].records, [expected], "{text}");
    };
    let body = |body: Value| LogRecord {
        body,
        ..LogRecord::default()
    };
    check("{}", LogRecord::default());
    check(r#"{"body":{"stringValue":"x"},"unknown":{"a":[1]}}"#, body("x".into()));
    check(r#"{"body":{"intValue":"-5"}}"#, body(Value::Int(-5)));
    check(r#"{"body":{"intValue":5}}"#, body(Value::Int(5)));
    check(r#"{"body":{"doubleValue":1.5}}"#, body(Value::Double(1.5)));
    check(r#"{"body":{"doubleValue":2}}"#, body(Value::Double(2.0)));
    check(r#"{"body":{"boolValue":true}}"#, body(Value::Bool(true)));
    check(r#"{"body":{"bytesValue":"AQI="}}"#, body(Value::Bytes(vec![1, 2])));
    check(r#"{"body":{}}"#, body(Value::Empty));
    check(
        r#"{"body":{"arrayValue":{"values":[{"intValue":"1"},{}]}}}"#,
        body(Value::Array(vec![Value::Int(1), Value::Empty])),
    );
    check(
        r#"{"body":{"kvlistValue":{"values":[{"key":"a","value":{"stringValue":"b"}},{"key":"c"}]}}}"#,
        body(Value::Map(vec![("a".into(), "b".into()), ("c".into(), Value::Empty)])),
    );
    check(
        r#"{"timeUnixNano":"5","observedTimeUnixNano":6,"severityNumber":9,"flags":1,"traceId":"0A0b","eventName":"e"}"#,
        LogRecord {
            timestamp: TimestampNs(5),
            observed_timestamp: TimestampNs(6),
            severity_number: 9,
            flags: 1,
            trace_id: vec![10, 11],
            event_name: "e".to_owned(),
            ..LogRecord::default()
        },
    );
    for bad in [
        r#"{"timeUnixNano":"x"}"#,
        r#"{"timeUnixNano":-1}"#,
        r#"{"traceId":"xyz"}"#,
        r#"{"body":5}"#,
    ] {
        let text = format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{bad}]}}]}}]}}"#);
        assert!(decode_json(text.as_bytes()).is_err(), "{bad}");
    }
}

#[test]
fn json_as_protobuf_libraries_write_it() {
    let record = r#"{"time_unix_nano":"5","severity_number":"SEVERITY_NUMBER_WARN2","severityText":null,"attributes":null,
        "body":null,"trace_id":"0a","flags":null}"#;
    let text = format!(r#"{{"resource_logs":[{{"scope_logs":[{{"log_records":[{record}]}}]}}]}}"#);
    let expected = LogRecord {
        timestamp: TimestampNs(5),
        severity_number: 14,
        trace_id: vec![10],
        ..LogRecord::default()
    };
    assert_eq!(decode_json(text.as_bytes()).unwrap()[0].records, [expected]);
    let severity = |name: &str| {
        let text =
            format!(r#"{{"resource_logs":[{{"scope_logs":[{{"log_records":[{{"severityNumber":"{name}"}}]}}]}}]}}"#);
        decode_json(text.as_bytes())
            .map(|logs| logs[0].records[0].severity_number)
            .ok()
    };
    let severities = [
        "7",
        "SEVERITY_NUMBER_UNSPECIFIED",
        "SEVERITY_NUMBER_TRACE",
        "SEVERITY_NUMBER_FATAL4",
    ];
    assert_eq!(severities.map(severity), [Some(7), Some(0), Some(1), Some(24)]);
    assert_eq!(
        ["WARN", "SEVERITY_NUMBER_WARN1", "SEVERITY_NUMBER_LOUD"].map(severity),
        [None; 3]
    );
    for nothing in [
        "null",
        r#"{"resourceLogs":null}"#,
        r#"{"resourceLogs":[{"scopeLogs":null}]}"#,
    ] {
        assert_eq!(decode_json(nothing.as_bytes()).unwrap(), []);
    }
}

#[test]
fn null_in_a_list_of_json_is_an_element_without_anything() {
    let record = r#"{"body":{"arrayValue":{"values":[null,{"stringValue":"x"}]}},
        "attributes":[null,{"key":"a","value":{"kvlistValue":{"values":[null,{"key":null,"value":null}]}}}]}"#;
    let text = format!(r#"{{"resourceLogs":[null,{{"scopeLogs":[null,{{"logRecords":[null,{record}]}}]}}]}}"#);
    let empty_map = Value::Map(vec![("".into(), Value::Empty)]);
    let expected = LogRecord {
        body: Value::Array(vec![Value::Empty, Value::String("x".to_owned())]),
        attributes: vec![("".into(), Value::Empty), ("a".into(), empty_map)],
        ..LogRecord::default()
    };
    let decoded = decode_json(text.as_bytes()).unwrap();
    let records: Vec<_> = decoded.into_iter().flat_map(|logs| logs.records).collect();
    assert_eq!(records, [LogRecord::default(), expected]);
}

#[test]
fn answers() {
    let none = PartialSuccess::default();
    assert_eq!(encode_partial_success(&none), b"");
    assert_eq!(decode_partial_success(b""), Ok(none));
    let some = PartialSuccess {
        rejected_log_records: 300,
        error_message: "too old".to_owned(),
    };
    assert_eq!(decode_partial_success(&encode_partial_success(&some)), Ok(some));
    assert_eq!(encode_status("no"), [0x12, 2, b'n', b'o']);
}
