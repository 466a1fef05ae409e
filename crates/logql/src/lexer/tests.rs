//! Tokens and their places.

use super::*;

fn kinds(text: &str) -> Vec<Kind> {
    tokens(text).into_iter().map(|token| token.kind).collect()
}

#[test]
fn numbers_durations_and_sizes() {
    let check = |text: &str, kind: Kind| assert_eq!(kinds(text), [kind, Kind::End], "{text}");
    check("12", Kind::Number("12".into()));
    check("1.5e3", Kind::Number("1.5e3".into()));
    check(".5", Kind::Number(".5".into()));
    check("0x1F", Kind::Number("0x1F".into()));
    check("250ms", Kind::Duration(250_000_000));
    check("1h30m", Kind::Duration(5_400_000_000_000));
    check("1d", Kind::Duration(86_400_000_000_000));
    check("2KiB", Kind::Bytes(2048));
    check("1.5MB", Kind::Bytes(1_500_000));
    check("[5m]", Kind::Range(300_000_000_000));
    check("[1w]", Kind::Range(604_800_000_000_000));
}

#[test]
fn no_character_is_looked_at_for_each_number_before_it() {
    let long = "1h".repeat(100);
    assert_eq!(kinds(&long)[0], Kind::Number("1".into()));
    assert_eq!(kinds(&"1h".repeat(30)).len(), 2);
    let mistakes = "'".repeat(100);
    assert_eq!(
        kinds(&mistakes),
        [Kind::Mistake("invalid char literal".into()), Kind::End]
    );
}

#[test]
fn functions_are_names_unless_called() {
    assert_eq!(kinds("rate("), [Kind::Function("rate"), Kind::Word("("), Kind::End]);
    assert_eq!(kinds("SUM by"), [Kind::Function("sum"), Kind::Word("by"), Kind::End]);
    assert_eq!(
        kinds("rate="),
        [Kind::Identifier("rate".into()), Kind::Word("="), Kind::End]
    );
}

#[test]
fn strings() {
    let check = |text: &str, value: &str| assert_eq!(kinds(text), [Kind::String(value.into()), Kind::End], "{text}");
    check(r#""a\"b\n\x41\u00e9\101""#, "a\"b\nAéA");
    check(r"`raw \d`", r"raw \d");
    let mistake = |text: &str, message: &str| assert_eq!(kinds(text)[0], Kind::Mistake(message.into()), "{text}");
    mistake("\"open", "literal not terminated");
    mistake("\"two\nlines\"", "literal not terminated");
    mistake("`open", "literal not terminated");
    mistake(r#""\q""#, "invalid char escape");
    mistake("'a'", "invalid char literal");
}

#[test]
fn places_count_characters_and_lines() {
    let places: Vec<_> = tokens("é # note\n  =~ [1m]")
        .iter()
        .map(|token| token.position)
        .collect();
    let at = |line, column| Some(Position { line, column });
    assert_eq!(places, [at(1, 1), at(2, 3), at(0, 6), at(2, 10)]);
    assert_eq!(tokens("")[0].position, None);
}
