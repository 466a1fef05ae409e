//! What is written reads the same, whatever a text looks like.

use serde_json::{Value, json};

use super::document;

fn read(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap()
}

#[test]
fn texts_that_look_like_something_else_stay_texts() {
    let texts = [
        "yes",
        "no",
        "on",
        "off",
        "y",
        "n",
        "true",
        "False",
        "null",
        "~",
        "",
        " ",
        "0",
        "1e3",
        "0x1f",
        "0o17",
        "017",
        "1_000",
        "1:30",
        "12:30:45",
        ".5",
        ".inf",
        ".nan",
        "-",
        "- a",
        "a: b",
        "a #b",
        "#a",
        "*a",
        "&a",
        "!a",
        "%a",
        "@a",
        "`a",
        "{a}",
        "[a]",
        "a, b",
        "'a'",
        "\"a\"",
        "2024-01-01",
        "=",
        "<<",
        "|",
        ">",
        "\\",
        "a\tb",
        "\u{7f}",
        "é",
        "\u{feff}a",
    ];
    for text in texts {
        let value = json!({ "key": text, "list": [text], text: "value" });
        let written = document(&value);
        assert_eq!(read(&written), value, "{written}");
    }
}

#[test]
fn what_yaml_1_1_takes_for_something_else_is_quoted() {
    // kubectl's reader speaks YAML 1.1, where these are not texts.
    for text in ["yes", "no", "on", "off", "0x1f", "1e3", "017", "1:30", "null", "true"] {
        let written = document(&json!({ "key": text }));
        assert!(
            written.starts_with("key: \"") || written.starts_with("key: '"),
            "{written}"
        );
    }
}

#[test]
fn several_lines_are_a_block() {
    let files = [
        "a: 1\nb: 2\n",
        "a\n\nb",
        "a\n\n\n",
        "  indented\nless\n",
        "trailing \nblank\n",
        "tab\there\n",
        "# comment\n",
    ];
    for file in files {
        let value = json!({ "data": { "file.yaml": file }, "after": 1 });
        let written = document(&value);
        assert_eq!(read(&written), value, "{written}");
    }
    let written = document(&json!({ "data": { "file.yaml": "a: 1\nb:\n  - c\n" } }));
    assert_eq!(written, "data:\n  file.yaml: |\n    a: 1\n    b:\n      - c\n");
}

#[test]
fn long_lines_are_not_folded() {
    let long = "word ".repeat(200);
    let written = document(&json!({ "key": long.trim_end(), "file": format!("{long}x\n{long}y\n") }));
    assert_eq!(written.lines().count(), 4, "{written}");
}

#[test]
fn empty_things_keep_their_kind() {
    let value = json!({ "map": {}, "list": [], "in": [{}, [], ""], "number": 5, "flag": false });
    assert_eq!(read(&document(&value)), value);
}
