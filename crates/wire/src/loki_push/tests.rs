//! Loki push both ways: tables for JSON and labels, properties for protobuf.

use proptest::prelude::*;

use super::*;
use crate::protobuf::{put_bytes, put_varint_field};

const LIMIT: usize = 1 << 20;

fn entry(at: i64, line: &str, metadata: &[(&str, &str)]) -> Entry {
    Entry {
        timestamp: TimestampNs(at),
        line: Bytes::copy_from_slice(line.as_bytes()),
        structured_metadata: Labels::new(metadata.iter().copied()),
    }
}

fn block(message: &[u8]) -> Vec<u8> {
    snap::raw::Encoder::new().compress_vec(message).unwrap()
}

#[test]
fn entries_with_the_same_metadata_share_it() {
    let metadata = &[("level", "info"), ("pod", "a")];
    let streams = vec![StreamEntries {
        labels: Labels::new([("app", "web")]),
        entries: vec![
            entry(1, "one", metadata),
            entry(2, "two", &[]),
            entry(3, "three", &[("level", "warn")]),
            entry(4, "four", metadata),
        ],
    }];
    let decoded = decode_protobuf(Encoder::new().encode(&streams), LIMIT).unwrap();
    assert_eq!(decoded, streams);
    let entries = &decoded[0].entries;
    assert!(entries[0].structured_metadata.is_same(&entries[3].structured_metadata));
}

#[test]
fn an_encoder_is_used_again() {
    let stream = |line: &str| {
        vec![StreamEntries {
            labels: Labels::new([("app", "web")]),
            entries: vec![entry(1, line, &[])],
        }]
    };
    let mut encoder = Encoder::new();
    for line in ["a long first line to fill the buffers", "", "short"] {
        assert_eq!(
            decode_protobuf(encoder.encode(&stream(line)), LIMIT).unwrap(),
            stream(line)
        );
    }
    assert!(encoder.message_bytes() > 0);
}

#[test]
fn lines_share_the_buffer_of_their_request() {
    let streams = vec![StreamEntries {
        labels: Labels::empty(),
        entries: vec![entry(1, "first", &[]), entry(2, "second", &[])],
    }];
    let decoded = decode_protobuf(Encoder::new().encode(&streams), LIMIT).unwrap();
    let [first, second] = decoded[0].entries.as_slice() else {
        panic!("two entries")
    };
    let distance = second.line.as_ptr() as usize - first.line.as_ptr() as usize;
    assert!(distance < 64, "the lines lie {distance} bytes apart");
}

#[test]
fn bytes_that_are_no_text_are_replaced() {
    let mut entry = Vec::new();
    put_bytes(&mut entry, 2, b"bad \xff byte");
    let mut stream = Vec::new();
    put_bytes(&mut stream, 1, b"{a=\"b\"}");
    put_bytes(&mut stream, 2, &entry);
    let mut message = Vec::new();
    put_bytes(&mut message, 1, &stream);
    let decoded = decode_protobuf(&block(&message), LIMIT).unwrap();
    assert_eq!(decoded[0].entries[0].line, "bad \u{fffd} byte");
}

#[test]
fn what_is_no_push_request_is_refused() {
    let check = |block: &[u8], text: &str| assert_eq!(decode_protobuf(block, 200).unwrap_err().to_string(), text);
    check(b"", "snappy: corrupt input");
    check(b"{\"streams\":[]}", "snappy: corrupt input");
    check(
        &block(&[0; 201]),
        "request of 201 bytes decompressed is larger than the limit of 200",
    );
    check(&block(&[0x0a, 9]), "unexpected EOF");
    let mut wrong_type = Vec::new();
    put_varint_field(&mut wrong_type, 1, 5);
    check(&block(&wrong_type), "proto: wrong wireType for field 1");
    let mut stream = Vec::new();
    put_bytes(&mut stream, 1, b"{a=b}");
    let mut message = Vec::new();
    put_bytes(&mut message, 1, &stream);
    check(
        &block(&message),
        "couldn't parse labels: 1:4: parse error: unexpected 'b', expected a quoted value",
    );
}

#[test]
fn labels_as_text() {
    let check = |text: &str, pairs: &[(&str, &str)]| {
        assert_eq!(parse_labels(text), Ok(Labels::new(pairs.iter().copied())), "{text}");
    };
    check("{}", &[]);
    check("{ a = 'b\"\\'' }", &[("a", "b\"'")]);
    check(" { } ", &[]);
    check(r#"{a="b"}"#, &[("a", "b")]);
    check(r#"{ a = "b" , _c1="d", }"#, &[("a", "b"), ("_c1", "d")]);
    check(r#"{b="2",a="1"}"#, &[("a", "1"), ("b", "2")]);
    check(r#"{a="",b="2"}"#, &[("b", "2")]);
    check(
        r#"{a="x\"y\\z\n\t\x41\u00e9\U0001f600\101"}"#,
        &[("a", "x\"y\\z\n\tAé😀A")],
    );
    check(r#"{a=`raw \n "x"`}"#, &[("a", r#"raw \n "x""#)]);
    check(r#"{a="\xff"}"#, &[("a", "\u{fffd}")]);
    check(
        r#"{"a"="1", "foo.bar" = "2", 'ünï'="3", `2x`="4", "b__c"="5", "x-y"="6", "x.y"="7"}"#,
        &[
            ("a", "1"),
            ("foo_bar", "2"),
            ("_n_", "3"),
            ("key_2x", "4"),
            ("b__c", "5"),
            ("x_y", "7"),
        ],
    );
    for bad in [
        "",
        "a",
        "{",
        "{a",
        "{a=",
        "{a=\"",
        "{a=\"b",
        "{a=\"b\"",
        "{a=\"b\"}x",
        "{a!=\"b\"}",
        "{1a=\"b\"}",
        "{a=b}",
        "{a=\"b\" c=\"d\"}",
        "{,}",
        r#"{a="\q"}"#,
        r#"{a="\x4"}"#,
        r#"{a="\ud800"}"#,
        "{ä=\"b\"}",
        "{a='b\"}",
        r#"{"a"}"#,
        r#"{"a}"#,
        r#"{"a"="1","a"="2"}"#,
    ] {
        assert!(parse_labels(bad).is_err(), "{bad}");
    }
    assert_eq!(
        parse_labels(r#"{a="1",a="2"}"#),
        Err(LabelsError::Duplicate("a".to_owned()))
    );
}

#[test]
fn json_requests() {
    let check = |text: &str, streams: &[StreamEntries]| {
        assert_eq!(
            decode_json(&Bytes::copy_from_slice(text.as_bytes())).unwrap(),
            streams,
            "{text}"
        );
    };
    let stream = |labels: &[(&str, &str)], entries: Vec<Entry>| StreamEntries {
        labels: Labels::new(labels.iter().copied()),
        entries,
    };
    check("{}", &[]);
    check("null", &[]);
    check(r#"{"streams":null}"#, &[]);
    check(
        r#"{"Streams":[{"stream":{"a":null},"values":null}]}"#,
        &[stream(&[("a", "null")], Vec::new())],
    );
    check(r#"{"streams":[],"more":{"x":[1]}}"#, &[]);
    check(
        r#"{"streams":[{"stream":{"a":"b","n":1.50,"o":{"x":true},"e":""},"values":[["1","x"],["-2","a\nb",{}]]}]}"#,
        &[stream(
            &[("a", "b"), ("n", "1.5"), ("o", r#"{"x":true}"#)],
            vec![entry(1, "x", &[]), entry(-2, "a\nb", &[])],
        )],
    );
    check(
        r#"{"streams":[{"values":[["1","x",{"a.b":"c","1d":"2","e":""}],["2","y",null]]}]}"#,
        &[stream(
            &[],
            vec![entry(1, "x", &[("a_b", "c"), ("key_1d", "2")]), entry(2, "y", &[])],
        )],
    );
    for bad in [
        "",
        "{",
        r#"{"streams":{}}"#,
        r#"{"streams":[{"values":[[]]}]}"#,
        r#"{"streams":[{"values":[["1",null]]}]}"#,
        r#"{"streams":[{"values":[[1,"x"]]}]}"#,
        r#"{"streams":[{"values":[["1.5","x"]]}]}"#,
        r#"{"streams":[{"values":[["1",2]]}]}"#,
        r#"{"streams":[{"values":[["1","x",{"a":1}]]}]}"#,
        r#"{"streams":[{"values":[["1","x",{"a":{}}]]}]}"#,
        r#"{"streams":[]} x"#,
    ] {
        assert!(decode_json(&Bytes::from_static(bad.as_bytes())).is_err(), "{bad}");
    }
}

#[test]
fn json_entries_without_a_line_or_in_other_case() {
    let text = r#"{"STREAMS":[{"stream":{"a":"b"},"values":[["1"],null,["2","x"]]}]}"#;
    let decoded = decode_json(&Bytes::from_static(text.as_bytes())).unwrap();
    assert_eq!(decoded[0].entries, [entry(1, "", &[]), entry(2, "x", &[])]);
    for (text, entries) in [
        (
            r#"{"streams":[{"labels":"{a=\"b\"}","entries":[{"ts":"1970-01-01T00:00:01Z"}]}]}"#,
            [("", &[][..])],
        ),
        (
            r#"{"Streams":[null,{"labels":"{a=\"b\"}","entries":[{"ts":"1970-01-01T00:00:01Z","line":null}]}]}"#,
            [("", &[])],
        ),
        (
            r#"{"STREAMS":[{"Labels":"{a=\"b\"}","ENTRIES":[{"Ts":"1970-01-01T00:00:01Z","LINE":"x","other":1}]}]}"#,
            [("x", &[])],
        ),
        (
            r#"{"streams":[],"streams":[{"labels":"{a=\"b\"}","entries":[{"ts":"1970-01-01T00:00:01Z","line":"x","line":"y","structuredMetadata":{"k":"v"}}]}]}"#,
            [("y", &[("k", "v")])],
        ),
    ] {
        let decoded = decode_legacy_json(&Bytes::from_static(text.as_bytes())).unwrap();
        let expected = entries.map(|(line, metadata)| entry(1_000_000_000, line, metadata));
        assert_eq!(decoded[0].labels, Labels::new([("a", "b")]), "{text}");
        assert_eq!(decoded[0].entries, expected, "{text}");
    }
}

#[test]
fn older_json_requests() {
    let text = r#"{"streams":[
        {"labels":"{a=\"b\"}","entries":[{"ts":"1970-01-01T00:00:01.5Z","line":"x"},{"line":"y","ts":"1970-01-01T02:00:00+02:00"}]},
        {"stream":{"a":"c"},"values":[["1","z",{"k":"v"}]]}
    ]}"#;
    let stream = |value: &str, entries: Vec<Entry>| StreamEntries {
        labels: Labels::new([("a", value)]),
        entries,
    };
    assert_eq!(
        decode_legacy_json(&Bytes::from_static(text.as_bytes())).unwrap(),
        [
            stream("b", vec![entry(1_500_000_000, "x", &[]), entry(0, "y", &[])]),
            stream("c", vec![entry(1, "z", &[("k", "v")])]),
        ]
    );
    for bad in [
        r#"{"streams":[{"labels":"a=b","entries":[]}]}"#,
        r#"{"streams":[{"labels":"{a=\"b\"}","entries":[{"line":"x"}]}]}"#,
        r#"{"streams":[{"labels":"{a=\"b\"}","entries":[{"ts":"today","line":"x"}]}]}"#,
    ] {
        assert!(
            decode_legacy_json(&Bytes::from_static(bad.as_bytes())).is_err(),
            "{bad}"
        );
    }
}

#[test]
fn json_lines_without_escapes_share_the_body() {
    let body = Bytes::from_static(br#"{"streams":[{"stream":{"a":"b"},"values":[["1","plain"],["2","\u0041"]]}]}"#);
    let decoded = decode_json(&body).unwrap();
    let inside = |line: &Bytes| body.as_ptr_range().contains(&line.as_ptr());
    let [plain, escaped] = decoded[0].entries.as_slice() else {
        panic!("two entries")
    };
    assert!(inside(&plain.line) && !inside(&escaped.line));
    assert_eq!(escaped.line, "A");
}

fn labels() -> impl Strategy<Value = Labels> {
    // Runs of underscores in names of structured metadata become one, as in Loki.
    proptest::collection::btree_map("_?[a-z0-9]{1,4}(_[a-z0-9]{1,4}){0,2}", "\\PC{1,12}", 0..4)
        .prop_map(|pairs| Labels::new(pairs.into_iter().map(|(name, value)| (format!("l{name}"), value))))
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let one = (any::<i64>(), ".{0,40}", labels()).prop_map(|(at, line, structured_metadata)| Entry {
        timestamp: TimestampNs(at),
        line: line.into(),
        structured_metadata,
    });
    proptest::collection::vec(one, 0..6)
}

proptest! {
    #[test]
    fn decoding_gives_what_was_encoded(
        streams in proptest::collection::vec(
            (labels(), entries()).prop_map(|(labels, entries)| StreamEntries { labels, entries }),
            0..4,
        )
    ) {
        let mut encoder = Encoder::new();
        prop_assert_eq!(decode_protobuf(encoder.encode(&streams), LIMIT).unwrap(), streams);
    }

    #[test]
    fn labels_are_read_as_they_are_printed(labels in labels()) {
        prop_assert_eq!(parse_labels(&labels.to_string()), Ok(labels));
    }

    #[test]
    fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "\\PC{0,40}") {
        drop(decode_protobuf(&bytes, LIMIT));
        drop(decode_protobuf(&block(&bytes), LIMIT));
        drop(decode_json(&bytes.into()));
        drop(parse_labels(&text));
        drop(parse_labels(&format!("{{{text}}}")));
    }
}
