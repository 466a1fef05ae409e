//! The level of lines, labels and metadata, as tables.

use longshore_model::Labels;

use super::{Level, LevelFields};

fn of_line(line: &[u8]) -> Level {
    LevelFields::default().of_line(line)
}

fn of_labels(labels: &Labels) -> Option<&str> {
    LevelFields::default().of_labels(labels)
}

fn detect<'a>(of_stream: Option<&'a str>, metadata: &'a Labels, line: &[u8]) -> &'a str {
    LevelFields::default().detect(of_stream, metadata, line)
}

#[test]
fn other_fields_may_say_the_level() {
    let fields = LevelFields::new(["prio", "my.sev"]);
    let check = |line: &str, level: Level| assert_eq!(fields.of_line(line.as_bytes()), level, "{line}");
    check(r#"{"prio":"trc"}"#, Level::Trace);
    check("prio=trc", Level::Trace);
    check("PRIO=trc", Level::Trace);
    check("my.sev=trc", Level::Trace);
    check(r#"{"my.sev":"trc"}"#, Level::Trace);
    check("my_sev=trc", Level::Unknown);
    check("level=trc", Level::Unknown);
    check(r#"{"a":{"prio":"trc"}}"#, Level::Trace);
    check(r#"x=1 my.sev="trc" prio=dbg"#, Level::Debug);
    check("error happened", Level::Error);
    let labels = Labels::new([("prio", "error"), ("level", "warn")]);
    assert_eq!(fields.of_labels(&labels), Some("error"));
    assert_eq!(fields.of_labels(&Labels::new([("level", "warn")])), None);
    assert_eq!(fields.of_labels(&Labels::new([("log_level", "warn")])), None);
}

#[test]
fn plain_lines() {
    let check = |line: &str, level: Level| assert_eq!(of_line(line.as_bytes()), level, "{line}");
    check("", Level::Unknown);
    check("nothing to see", Level::Unknown);
    check("ERROR cannot reach db", Level::Error);
    check("2026-01-01 10:00:00 WARN  pool nearly empty", Level::Warn);
    check("[Info] started", Level::Info);
    check("a|DEBUG|b", Level::Debug);
    check("(trace) x", Level::Trace);
    check("it was fatal", Level::Fatal);
    check("info(3)", Level::Info);
    check("critical!", Level::Critical);
    check("err", Level::Error);
    check("warning: info follows", Level::Warn);
    check("info: warning follows", Level::Info);
}

#[test]
fn words_inside_words_are_none() {
    for line in [
        "mirrored",
        "errors=3",
        "error_rate high",
        "my_error",
        "GET /error-page 404",
        "loglevel misc:error",
        "INFORMATION",
        "debugger",
        "wérror",
        "an error.",
        "a,error",
        "<error>",
    ] {
        assert_eq!(of_line(line.as_bytes()), Level::Unknown, "{line}");
    }
}

#[test]
fn json_fields() {
    let check = |line: &str, level: Level| assert_eq!(of_line(line.as_bytes()), level, "{line}");
    check(r#"{"level":"warn","msg":"error"}"#, Level::Warn);
    check(r#"  {"msg":"an \"error\" here","Severity" : "DEBUG"}"#, Level::Debug);
    check(r#"{"log":{"level":"info"},"msg":"error"}"#, Level::Info);
    check(r#"{"log":{"level":"info"},"lvl":"fatal"}"#, Level::Info);
    check(r#"{"level":"zzz","a":{"level":"inf"}}"#, Level::Unknown);
    check(r#"{"level":5,"a":{"lvl":"inf"}}"#, Level::Info);
    check(r#"{"level":["inf"],"severity":"wrn"}"#, Level::Warn);
    check(r#"{"a":[{"level":"dbg"}]}"#, Level::Unknown);
    check(r#"{"a":[{"x":1},"level"],"lvl":"inf"}"#, Level::Info);
    check(r#"{"a":{"b":{"lvl":"dbg"}},"lvl":"inf"}"#, Level::Info);
    check(r#"{"a":{"b":{"level":"info"}}}"#, Level::Info);
    check(r#"{"a":["level"],"msg":"x"}"#, Level::Unknown);
    check(r#"{"level":30,"msg":"error in a word"}"#, Level::Error);
    check(r#"{"level":"NA","msg":"a warning"}"#, Level::Warn);
    check(r#"{"level":"inf"#, Level::Unknown);
    check(r#"{"level":"error","cut off her"#, Level::Error);
    check(r#"{"log.level":"err"}"#, Level::Error);
}

#[test]
fn fields_count_down_to_a_depth() {
    let check = |depth: Option<u32>, line: &str, level: Level| {
        let fields = LevelFields::default().down_to(depth);
        assert_eq!(fields.of_line(line.as_bytes()), level, "{depth:?} {line}");
    };
    let line = r#"{"a":{"b":{"lvl":"dbg"},"lvl":"wrn"},"lvl":"inf"}"#;
    check(Some(1), line, Level::Info);
    check(Some(2), line, Level::Warn);
    check(Some(3), line, Level::Debug);
    check(None, line, Level::Debug);
}

#[test]
fn logfmt_fields() {
    let check = |line: &str, level: Level| assert_eq!(of_line(line.as_bytes()), level, "{line}");
    check("ts=1 level=warn msg=error", Level::Warn);
    check(r#"msg="an error \"level=debug\"" level="info""#, Level::Info);
    check("lvl=INF x", Level::Info);
    check("log_level=debug x=error", Level::Debug);
    check("level=", Level::Unknown);
    check("a=b=c severity=critical", Level::Critical);
    check("severity=debug level=warn", Level::Warn);
    check("url=/x?level code=200", Level::Unknown);
}

#[test]
fn labels_and_metadata_come_first() {
    let check = |stream: &[(&str, &str)], metadata: &[(&str, &str)], line: &str, level: &str| {
        let stream = Labels::new(stream.iter().copied());
        let metadata = Labels::new(metadata.iter().copied());
        assert_eq!(
            detect(of_labels(&stream), &metadata, line.as_bytes()),
            level,
            "{stream} {metadata}"
        );
    };
    check(
        &[],
        &[("detected_level", "WARNING"), ("level", "info")],
        "error",
        "warn",
    );
    check(&[("level", "Error")], &[("level", "info")], "x", "error");
    check(&[("level", "notice")], &[], "error", "notice");
    check(&[("app", "x")], &[("severity_text", "DBG")], "error", "debug");
    check(&[("app", "x")], &[("log_level", "trace")], "error", "trace");
    check(&[], &[("severity_number", "17")], "info", "error");
    check(&[], &[("severity_number", "25")], "info", "unknown");
    check(&[], &[("severity_number", "many")], "error", "info");
    check(&[], &[("trace_id", "1")], "error", "error");
}
