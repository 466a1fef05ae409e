//! What is stored of a request and what is refused with which text.

use std::time::Duration;

use longshore_model::SECOND_NS;

use super::*;

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
        &Limits::default(),
        NOW,
    );
    let stream = &accepted.streams[0];
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
    assert_eq!(prepare(pushed.clone(), &limits, NOW).streams, pushed);
}

/// Pushes a bad entry beside a good one of another stream.
fn check_refusal(labels: &[(&str, &str)], bad: Entry, text: &str, reason: Reason) {
    let good = stream(&[("a", "b")], vec![entry(0, "good", &[])]);
    let accepted = prepare(vec![stream(labels, vec![bad]), good], &strict(), NOW);
    assert_eq!(accepted.refusals.text(), text);
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
        let accepted = prepare(vec![stream(&[("a", "x")], vec![entry(0, line, &[])])], &limits, NOW);
        assert_eq!(accepted.streams[0].entries[0].line, kept);
    };
    check("1234567890", "1234567890");
    check("12345678901", "1234567890");
    check("123456789é", "123456789");
}

#[test]
fn many_refusals_are_counted_and_few_listed() {
    let mut refusals = Refusals::default();
    for index in 0..15 {
        refusals.add(Reason::TooOld, format!("text {index}"), 2, 10);
    }
    refusals.add(Reason::TooOld, "text 0".to_owned(), 1, 1);
    let text = refusals.text();
    assert!(
        text.starts_with("3 errors like: text 0; 2 errors like: text 1; "),
        "{text}"
    );
    assert!(text.ends_with("2 errors like: text 9; 10 other errors"), "{text}");
    assert_eq!(refusals.counts[&Reason::TooOld], (31, 151));
}
