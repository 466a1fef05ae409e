//! What is stored of a request and what is refused with which text.

use std::time::Duration;

use axum::http::StatusCode;
use longshore_model::SECOND_NS;

use super::*;
use crate::error::ApiError;

fn tenant() -> TenantId {
    TenantId::new("t").unwrap()
}

const NOW: TimestampNs = TimestampNs(1_767_225_600 * SECOND_NS);

fn stream(labels: &[(&str, &str)], entries: Vec<Entry>) -> StreamEntries {
    StreamEntries {
        labels: Labels::new(labels.iter().copied()),
        entries,
    }
}

fn entry(seconds_ago: i64, line: &str, metadata: &[(&str, &str)]) -> Entry {
    Entry {
        timestamp: TimestampNs(NOW.0 - seconds_ago * SECOND_NS),
        line: Bytes::copy_from_slice(line.as_bytes()),
        structured_metadata: Labels::new(metadata.iter().copied()),
    }
}

/// Refuses everything that the defaults of Loki refuse.
fn strict() -> Limits {
    Limits {
        max_line_size: Some(10),
        max_label_names_per_series: 2,
        max_label_name_length: 8,
        max_label_value_length: 8,
        reject_old_samples_max_age: Some(Duration::from_secs(3600)),
        max_structured_metadata_size: Some(16),
        max_structured_metadata_entries_count: Some(2),
        ..Limits::default()
    }
}

#[test]
fn streams_get_a_service_and_lines_a_level() {
    let accepted = prepare(
        vec![stream(
            &[("app", "web")],
            vec![
                entry(1, "level=warn x", &[]),
                entry(0, "error", &[("level", "DEBUG")]),
                entry(0, "", &[]),
            ],
        )],
        &tenant(),
        &Limits::default(),
        NOW,
    );
    let stream = &accepted.streams[0].stream;
    assert_eq!(stream.labels.to_string(), r#"{app="web", service_name="web"}"#);
    let metadata: Vec<String> = stream
        .entries
        .iter()
        .map(|entry| entry.structured_metadata.to_string())
        .collect();
    let expected = [
        r#"{detected_level="warn"}"#,
        r#"{detected_level="debug", level="DEBUG"}"#,
        r#"{detected_level="unknown"}"#,
    ];
    assert_eq!(metadata, expected);
    assert_eq!((accepted.lines, accepted.bytes), (3, 17));
    assert!(accepted.refusals.is_empty());
}

#[test]
fn both_can_be_switched_off() {
    let limits = Limits {
        discover_service_name: Vec::new(),
        discover_log_levels: false,
        ..Limits::default()
    };
    let pushed = vec![stream(&[("app", "web")], vec![entry(1, "error", &[])])];
    assert_eq!(
        prepare(pushed.clone(), &tenant(), &limits, NOW).streams[0].stream,
        pushed[0]
    );
}

/// Pushes a bad entry beside a good one of another stream.
fn check_refusal(labels: &[(&str, &str)], bad: Entry, text: &str, reason: Reason) {
    let good = stream(&[("a", "b")], vec![entry(0, "good", &[])]);
    let accepted = prepare(vec![stream(labels, vec![bad]), good], &tenant(), &strict(), NOW);
    assert_eq!(accepted.refusals.error(StatusCode::OK), ApiError::bad_request(text));
    assert_eq!(accepted.refusals.counts.keys().collect::<Vec<_>>(), [&reason]);
    assert_eq!(accepted.lines, 1, "{text}");
}

#[test]
fn refusals_have_lokis_texts_and_leave_the_rest() {
    let plain = &[("a", "x")];
    check_refusal(
        plain,
        entry(0, "12345678901", &[]),
        "max entry size '10' bytes exceeded for stream '{a=\"x\", service_name=\"unknown_service\"}' while adding an \
         entry with length '11' bytes",
        Reason::LineTooLong,
    );
    check_refusal(
        plain,
        entry(3601, "old", &[]),
        "entry for stream '{a=\"x\", service_name=\"unknown_service\"}' has timestamp too old: 2025-12-31T22:59:59Z, \
         oldest acceptable timestamp is: 2025-12-31T23:00:00Z",
        Reason::TooOld,
    );
    check_refusal(
        plain,
        entry(-601, "new", &[]),
        "entry for stream '{a=\"x\", service_name=\"unknown_service\"}' has timestamp too new: 2026-01-01T00:10:01Z",
        Reason::TooNew,
    );
    check_refusal(
        &[("a", "x"), ("b", "x"), ("c", "x")],
        entry(0, "x", &[]),
        "entry for stream '{a=\"x\", b=\"x\", c=\"x\", service_name=\"unknown_service\"}' has 3 label names; limit 2",
        Reason::MaxLabelNames,
    );
    check_refusal(
        &[("a23456789", "x")],
        entry(0, "x", &[]),
        "stream '{a23456789=\"x\", service_name=\"unknown_service\"}' has label name too long: 'a23456789'",
        Reason::LabelNameTooLong,
    );
    check_refusal(
        &[("a", "123456789")],
        entry(0, "x", &[]),
        "stream '{a=\"123456789\", service_name=\"unknown_service\"}' has label value too long: '123456789'",
        Reason::LabelValueTooLong,
    );
}

#[test]
fn refused_metadata_has_lokis_texts() {
    let plain = &[("a", "x")];
    let metadata_text = |rest: &str| format!("stream '{{a=\"x\", service_name=\"unknown_service\"}}' has {rest}");
    check_refusal(
        plain,
        entry(0, "x", &[("name", "1234567890123")]),
        &metadata_text(
            "structured metadata too large: '17' bytes, limit: '16' bytes. Please see \
             `limits_config.max_structured_metadata_size` or contact your Loki administrator to increase it",
        ),
        Reason::MetadataTooLarge,
    );
    check_refusal(
        plain,
        entry(0, "x", &[("a", "1"), ("b", "1"), ("c", "1")]),
        &metadata_text(
            "too many structured metadata labels: '3', limit: '2'. Please see \
             `limits_config.max_structured_metadata_entries_count` or contact your Loki administrator to increase it",
        ),
        Reason::MetadataTooMany,
    );
}

#[test]
fn long_lines_are_cut_between_characters_where_that_is_wanted() {
    let limits = Limits {
        max_line_size_truncate: true,
        ..strict()
    };
    let check = |line: &str, kept: &str| {
        let accepted = prepare(
            vec![stream(&[("a", "x")], vec![entry(0, line, &[])])],
            &tenant(),
            &limits,
            NOW,
        );
        assert_eq!(accepted.streams[0].stream.entries[0].line, kept);
    };
    check("1234567890", "1234567890");
    check("12345678901", "1234567890");
    check("123456789é", "123456789");
}

#[test]
fn cut_lines_may_tell_that_they_were_cut() {
    let limits = Limits {
        max_line_size_truncate: true,
        truncated_identifier: "[..]".to_owned(),
        ..strict()
    };
    let check = |limit: usize, line: &str, kept: Option<&str>| {
        let limits = Limits {
            max_line_size: Some(limit),
            ..limits.clone()
        };
        let accepted = prepare(
            vec![stream(&[("a", "x")], vec![entry(0, line, &[])])],
            &tenant(),
            &limits,
            NOW,
        );
        let lines = accepted
            .streams
            .first()
            .map(|checked| checked.stream.entries[0].line.clone());
        assert_eq!(lines.as_deref(), kept.map(str::as_bytes));
        assert_eq!(accepted.refusals.is_empty(), kept.is_some());
    };
    check(10, "1234567890", Some("1234567890"));
    check(10, "12345678901", Some("123456[..]"));
    check(10, "12345é678901", Some("12345[..]"));
    check(4, "12345", Some("[..]"));
    check(3, "12345", None);
}

#[test]
fn streams_without_enforced_labels_are_refused() {
    let limits = Limits {
        enforced_labels: vec!["team".to_owned(), "env".to_owned()],
        ..Limits::default()
    };
    let refusal = |labels: &[(&str, &str)]| {
        let accepted = prepare(vec![stream(labels, vec![entry(0, "x", &[])])], &tenant(), &limits, NOW);
        accepted.refusals.error(StatusCode::OK).text
    };
    assert_eq!(refusal(&[("team", "a"), ("env", "b")]), "");
    assert_eq!(
        refusal(&[("app", "a")]),
        "missing required labels 'team,env' for user 't' for stream '{app=\"a\", service_name=\"a\"}' (policy: '')"
    );
    assert!(refusal(&[("app", "a"), ("team", "b")]).starts_with("missing required labels 'env' for user"));
}

#[test]
fn lines_of_one_moment_are_moved_apart_where_that_is_wanted() {
    let limits = Limits {
        increment_duplicate_timestamp: true,
        ..Limits::default()
    };
    let given = [
        (0, "a"),
        (0, "b"),
        (0, "b"),
        (0, "c"),
        // Not a repetition of the one before, which came at another moment.
        (2, "c"),
        (1, "b"),
        (0, "a"),
        (9, "e"),
        (9, "e"),
        (8, "f"),
    ];
    let stored = [
        (0, "a"),
        (1, "b"),
        (1, "b"),
        (2, "c"),
        (3, "c"),
        (4, "b"),
        (5, "a"),
        (9, "e"),
        (9, "e"),
        (8, "f"),
    ];
    let entries = given.map(|(ns, line)| Entry {
        timestamp: TimestampNs(NOW.0 + ns),
        ..entry(0, line, &[])
    });
    let accepted = prepare(vec![stream(&[("a", "x")], entries.to_vec())], &tenant(), &limits, NOW);
    let entries = accepted.streams[0].stream.entries.iter();
    let moved: Vec<(i64, Bytes)> = entries
        .map(|entry| (entry.timestamp.0 - NOW.0, entry.line.clone()))
        .collect();
    assert_eq!(moved, stored.map(|(ns, line)| (ns, Bytes::from(line))));
}

#[test]
fn rates_count_lines_and_metadata_as_they_came() {
    let accepted = prepare(
        vec![stream(
            &[("a", "x")],
            vec![entry(0, "12345", &[("key", "value")]), entry(0, "1", &[])],
        )],
        &tenant(),
        &Limits::default(),
        NOW,
    );
    assert_eq!(accepted.streams[0].entry_bytes, [13, 1]);
}

#[test]
fn what_may_be_taken_later_is_told_first() {
    let mut refusals = Refusals::default();
    refusals.add(Reason::TooOld, "too old".to_owned(), 1, 1);
    assert_eq!(refusals.error(StatusCode::OK), ApiError::bad_request("too old"));
    refusals.add(Reason::Blocked, "blocked".to_owned(), 1, 1);
    let status = StatusCode::from_u16(260).unwrap();
    assert_eq!(refusals.error(status), ApiError::new(status, "blocked"));
    refusals.add(Reason::StreamLimit, "streams".to_owned(), 1, 1);
    let later = refusals.error(status);
    assert_eq!(later.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(later.text, "1 errors like: blocked; 1 errors like: streams");
}

#[test]
fn many_refusals_are_counted_and_few_listed() {
    let mut refusals = Refusals::default();
    for index in 0..15 {
        refusals.add(Reason::TooOld, format!("text {index}"), 2, 10);
    }
    refusals.add(Reason::TooOld, "text 0".to_owned(), 1, 1);
    let text = refusals.error(StatusCode::OK).text;
    assert!(
        text.starts_with("3 errors like: text 0; 2 errors like: text 1; "),
        "{text}"
    );
    assert!(text.ends_with("2 errors like: text 9; 10 other errors"), "{text}");
    assert_eq!(refusals.counts[&Reason::TooOld], (31, 151));
}
