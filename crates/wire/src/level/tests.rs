//! The level of lines, labels and metadata, as tables.

use longshore_model::Labels;

use super::{Level, detect, of_labels, of_line};

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
    check("it was fatal.", Level::Fatal);
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
    check(r#"{"log":{"level":"info"},"lvl":"fatal"}"#, Level::Fatal);
    check(r#"{"a":{"b":{"level":"info"}}}"#, Level::Info);
    check(r#"{"a":["level"],"msg":"x"}"#, Level::Unknown);
    check(r#"{"level":30,"msg":"error in a word"}"#, Level::Error);
    check(r#"{"level":"NA","msg":"a warning"}"#, Level::Warn);
    check(r#"{"level":"inf"#, Level::Unknown);
    check(r#"{"level":"error","cut off her"#, Level::Error);
    check(r#"{"log.level":"err"}"#, Level::Error);
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

/// Checks a file of cases from elsewhere, when the variable names one: `[{line, stream, structured_metadata,
/// expect_level}]` under `cases`.
#[test]
fn cases_from_a_file() {
    let Some(path) = std::env::var_os("LEVELS") else { return };
    let text = std::fs::read_to_string(path).unwrap();
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let (mut good, mut all) = (0, 0);
    for case in document["cases"].as_array().unwrap() {
        if case.get("log_level_fields").is_some() {
            continue;
        }
        let stream: Labels = case["stream"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(n, v)| (n.as_str(), v.as_str().unwrap()))
            .collect();
        let metadata: Labels = case["structured_metadata"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|p| (p[0].as_str().unwrap(), p[1].as_str().unwrap()))
            .collect();
        let line = case["line"].as_str().unwrap();
        let level = detect(of_labels(&stream), &metadata, line.as_bytes());
        all += 1;
        if level == case["expect_level"].as_str().unwrap() {
            good += 1
        } else {
            println!("{case} gave {level}")
        }
    }
    println!("{good} of {all}");
    let lines = [
        r#"192.168.1.1 - - [01/Jan/2024:10:00:00 +0000] "GET /api/error-handler?x=1 HTTP/1.1" 500 1234 "-" "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36" "#,
        r#"{"ts":"2026-01-01T10:00:00Z","level":"info","logger":"checkout","msg":"order placed","order":"12345","amount":12.5}"#,
        r#"ts=2026-01-01T10:00:00Z caller=main.go:12 level=info msg="order placed and a longer text" order=12345"#,
        "2026-01-01 10:00:00.000  INFO 1234 --- [main] com.example.App : Starting application on host",
    ];
    for line in lines {
        let start = std::time::Instant::now();
        let mut sum = 0;
        for _ in 0..1_000_000 {
            sum += std::hint::black_box(of_line(std::hint::black_box(line.as_bytes()))) as usize;
        }
        println!(
            "{} ns, {} bytes, {sum}",
            start.elapsed().as_nanos() / 1_000_000,
            line.len()
        );
    }
}
