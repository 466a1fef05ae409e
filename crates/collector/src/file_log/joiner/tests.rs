//! Pieces become the lines that the program wrote.

use proptest::prelude::*;

use super::*;

fn joined(settings: JoinSettings, lines: &[&str]) -> (Vec<(Option<OutputStream>, String)>, JoinCounts) {
    let mut joiner = Joiner::new(settings);
    let mut clock = LineClock::default();
    let mut records = Vec::new();
    for bytes in lines {
        let line = Line {
            file: FileKey::default(),
            offset: 0,
            bytes: bytes.as_bytes(),
            skip: &[0; 3],
            now: TimestampNs(5),
        };
        joiner.accept(line, &mut clock, &mut records);
    }
    (
        records.into_iter().map(|record| (record.stream, record.body)).collect(),
        joiner.counts,
    )
}

fn container(record_bytes_max: usize) -> JoinSettings {
    JoinSettings {
        dialect: Some(ContainerDialect::Auto),
        record_bytes_max,
        truncates: false,
    }
}

#[test]
fn outputs_are_joined_apart_and_to_the_byte() {
    use OutputStream::{Stderr, Stdout};
    let time = "2026-11-22T18:00:00Z";
    let lines = [
        format!("{time} stdout P a "),
        format!("{time} stderr P:x  1"),
        "torn".to_owned(),
        format!("{time} stdout F  b "),
        format!(r#"{{"log":"2\n","stream":"stderr","time":"{time}"}}"#),
        format!("{time} stdout F"),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let (records, counts) = joined(container(100), &lines);
    let expected = [
        (None, "torn"),
        (Some(Stdout), "a  b "),
        (Some(Stderr), " 12"),
        (Some(Stdout), ""),
    ];
    assert_eq!(records, expected.map(|(stream, body)| (stream, body.to_owned())));
    assert_eq!(
        counts,
        JoinCounts {
            unscanned: 1,
            ..JoinCounts::default()
        }
    );
}

#[test]
fn too_long_records_are_split_or_cut_and_counted() {
    let line = ["2026-11-22T18:00:00Z stdout F 0123456789"];
    let (records, counts) = joined(container(4), &line);
    assert_eq!(
        records.into_iter().map(|(_, body)| body).collect::<Vec<_>>(),
        ["0123", "4567", "89"]
    );
    assert_eq!(counts.split, 1);
    let (records, counts) = joined(
        JoinSettings {
            truncates: true,
            ..container(4)
        },
        &line,
    );
    assert_eq!(records.into_iter().map(|(_, body)| body).collect::<Vec<_>>(), ["0123"]);
    assert_eq!(counts.truncated_bytes, 6);
}

proptest! {
    /// However a text was cut into pieces, inside characters too, it comes back as it was.
    #[test]
    fn pieces_make_the_text_again(text in ".{0,80}", cuts in proptest::collection::vec(0..80_usize, 0..6)) {
        let bytes = text.as_bytes();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
        cuts.sort_unstable();
        cuts.push(bytes.len());
        let mut joiner = Joiner::new(container(1000));
        let (mut clock, mut records, mut from) = (LineClock::default(), Vec::new(), 0);
        for (index, to) in cuts.iter().enumerate() {
            let tag = if index + 1 == cuts.len() { "F" } else { "P" };
            let mut line = format!("2026-11-22T18:00:00Z stderr {tag} ").into_bytes();
            line.extend_from_slice(&bytes[from..*to]);
            from = *to;
            let line = Line { file: FileKey::default(), offset: 0, bytes: &line, skip: &[0; 3], now: TimestampNs(0) };
            joiner.accept(line, &mut clock, &mut records);
        }
        prop_assert_eq!(records.len(), 1);
        prop_assert_eq!(&records[0].body, &text);
    }

    #[test]
    fn a_cut_never_goes_through_a_character(text in ".{20,40}", limit in 4..20_usize) {
        let at = cut(text.as_bytes(), limit);
        prop_assert!(text.is_char_boundary(at) && at <= limit && at > 0);
    }
}
