//! Lines through stages.

use longshore_model::TimestampNs;

use super::*;
use crate::{Expr, parse};

fn pipeline(stages: &str) -> Pipeline {
    let Ok(Expr::Log(log)) = parse(&format!(r#"{{job="t"}} {stages}"#)) else {
        panic!("{stages} is no pipeline");
    };
    Pipeline::new(&log).unwrap_or_else(|error| panic!("{stages}: {error}"))
}

/// Runs a line of `{job="t", env="p"}` with the metadata `{pod="x"}`; gives what stages added.
fn run(stages: &str, line: &str) -> Option<String> {
    let stream = Labels::new([("job", "t"), ("env", "p")]);
    let entry = Entry {
        timestamp: TimestampNs(0),
        line: Bytes::from(line.to_owned()),
        structured_metadata: Labels::new([("pod", "x")]),
    };
    let processed = pipeline(stages).process(&stream, &entry)?;
    assert_eq!(processed.line, line.as_bytes(), "no stage here changes lines");
    Some(processed.labels.parsed.to_string())
}

fn adds(stages: &str, line: &str, labels: &str) {
    assert_eq!(run(stages, line).as_deref(), Some(labels), "{stages} on {line}");
}

fn drops(stages: &str, line: &str) {
    assert_eq!(run(stages, line), None, "{stages} on {line}");
}

#[test]
fn line_filters() {
    let line = "GET /api 200 from 10.1.2.3.";
    for passing in [
        r#"|= "GET""#,
        r#"|= "POST" or "api""#,
        r#"!= "POST""#,
        r#"|~ "[0-9]{3}""#,
        r#"|~ "^GET" !~ "^/api""#,
        r#"|> "GET <_> 200 <_>""#,
        r#"!> "GET <_> 200""#,
        r#"|= ip("10.0.0.0/8")"#,
        r#"|= """#,
    ] {
        adds(passing, line, "{}");
    }
    for refusing in [
        r#"|= "get""#,
        r#"!= "POST" or "api""#,
        r#"|~ "^200""#,
        r#"|> "GET <_> 500 <_>""#,
        r#"!= ip("10.1.2.0-10.1.2.9")"#,
        r#"|= ip("2001:db8::/32")"#,
    ] {
        drops(refusing, line);
    }
}

#[test]
fn json_fields_become_labels() {
    adds(
        "| json",
        r#"{"a":1.50,"b":{"c d":true,"e":null},"f":[1]}"#,
        r#"{a="1.50", b_c_d="true"}"#,
    );
    adds(
        "| json",
        r#"{"a":"x\n\u00e9\ud83d\ude00","2x":"y"} rest"#,
        "{_2x=\"y\", a=\"x\\né😀\"}",
    );
    adds(
        "| json",
        r#"{"job":"a","pod":"b","n":1,"n":2}"#,
        r#"{job_extracted="a", n="1", pod_extracted="b"}"#,
    );
    let broken =
        r#"{__error__="JSONParserErr", __error_details__="Value is array, but can't find closing ']' symbol", a="1"}"#;
    adds("| json", r#"{"a":1"#, broken);
    adds(r#"| json | __error__="""#, r#"{"a":1}"#, r#"{a="1"}"#);
    drops(r#"| json | __error__="""#, "no json");
    adds(
        r#"| json x="b[1].c", y="nothing""#,
        r#"{"a":1,"b":[0,{"c":{"d":2}}]}"#,
        r#"{x="{\"d\":2}", y=""}"#,
    );
}

/// Recorded from Loki 3.7.8.
#[test]
fn json_that_ends_early_says_where_it_broke() {
    let malformed = "Malformed JSON error";
    let object = "Value looks like object, but can't find closing '}' symbol";
    let array = "Value is array, but can't find closing ']' symbol";
    let string = "Value is string, but can't find closing '\\\"' symbol";
    for (line, details, found) in [
        ("{", malformed, ""),
        ("{\"", malformed, ""),
        (r#"{"a""#, malformed, ""),
        (r#"{"a" 1}"#, malformed, ""),
        (r#"{"a":{"b"}}"#, malformed, ""),
        (r#"{"a":1,"#, array, ", a=\"1\""),
        (r#"{"a":1 "b":2}"#, object, ", a=\"1\""),
        (r#"{"x":1,"a":{"b":{"d":1},"c":1"#, object, ", x=\"1\""),
        (r#"{"a":{"b":""#, object, ""),
        (r#"{"a":"b"#, string, ""),
    ] {
        let expected = format!(r#"{{__error__="JSONParserErr", __error_details__="{details}"{found}}}"#);
        adds("| json", line, &expected);
    }
    for line in [r#"{"a":1,}"#, r#"{"a":1, }"#] {
        adds("| json", line, r#"{a="1"}"#);
    }
    let expected = format!(r#"{{__error__="JSONParserErr", __error_details__="{string}", b=""}}"#);
    adds(r#"| json b="a""#, r#"{"a":"x"#, &expected);
}

#[test]
fn many_labels_of_a_line_are_told_apart_by_their_names() {
    let fields = |count: usize| {
        (0..count)
            .map(|number| format!("k{number}={number}"))
            .collect::<Vec<_>>()
            .join(" ")
    };
    // Names twice, names of the stream and of the metadata, behind so many others.
    for count in [1, 31, 32, 33, 34, 1_000] {
        let line = format!("{} k0=again job=a pod=b job_extracted=c", fields(count));
        let stages = r#"| logfmt | label_format k0=job_extracted, x="{{.k0}}" | keep k0, x, pod_extracted, job, env"#;
        adds(stages, &line, r#"{k0="a", pod_extracted="b", x="a"}"#);
        adds(
            &format!(
                "| logfmt | drop {} | keep k0",
                (1..count.min(5000) + 1)
                    .map(|number| format!("k{number}"))
                    .collect::<Vec<_>>()
                    .join(",")
            ),
            &line,
            r#"{k0="0"}"#,
        );
    }
}

#[test]
fn labels_of_a_line_are_bounded() {
    let deep = "x".repeat(20_000);
    let nested = format!(
        r#"{{"{deep}":{{{}}}}}"#,
        (0..5000)
            .map(|number| format!(r#""k{number}":1"#))
            .collect::<Vec<_>>()
            .join(",")
    );
    assert!(run(r#"| json | __error__="LabelsErr" | keep __error__"#, &nested).is_some());
    let copies = (0..200)
        .map(|number| format!("k{number}=`v`"))
        .collect::<Vec<_>>()
        .join(",");
    let long = format!("v={}", "x".repeat(1_000_000));
    assert!(
        run(
            &format!(r#"| logfmt {copies} | __error__="LabelsErr" | drop __error__"#),
            &long
        )
        .is_some()
    );
}

#[test]
fn logfmt_pairs_become_labels() {
    adds(
        "| logfmt",
        r#"a=1 b="x \"y\"" c d= e-f=2"#,
        r#"{a="1", b="x \"y\"", e_f="2"}"#,
    );
    adds("| logfmt --keep-empty", "a= b", r#"{a="", b=""}"#);
    adds("| logfmt", "=x a=b=c d=1", r#"{d="1"}"#);
    let broken =
        r#"{__error__="LogfmtParserErr", __error_details__="logfmt syntax error at pos 8 : unexpected '='", d="1"}"#;
    adds("| logfmt --strict", "d=1 a=b=c", broken);
    adds(
        r#"| logfmt x="a", env="b""#,
        "a=1 b=2 a=3",
        r#"{env_extracted="2", x="3"}"#,
    );
    adds("| regexp `(?P<m>\\w+) (?P<n>\\d+)?`", "GET x", r#"{m="GET", n=""}"#);
}

#[test]
fn label_filters_compare_texts_numbers_durations_and_sizes() {
    let line = "status=503 took=1.5s size=2KiB addr=10.0.0.7 word=abc";
    for passing in [
        r#"status="503""#,
        "status >= 500",
        "took > 1s and took < 2s",
        "size == 2048B",
        r#"addr = ip("10.0.0.0/24")"#,
        r#"word=~"a.c" or nothing="x""#,
        r#"nothing="" and pod="x" and env!="q""#,
    ] {
        assert!(run(&format!("| logfmt | {passing}"), line).is_some(), "{passing}");
    }
    for refusing in [
        "status < 500",
        "took >= 2s",
        "size > 1MB",
        "nothing > 1",
        r#"word=~"b""#,
        r#"env!="p""#,
    ] {
        drops(&format!("| logfmt | {refusing}"), line);
    }
    let failed = run("| logfmt | word > 1", line).unwrap();
    assert!(failed.starts_with(r#"{__error__="LabelFilterErr""#), "{failed}");
}

#[test]
fn drop_and_keep_touch_labels_of_every_kind() {
    let stream = Labels::new([("job", "t"), ("env", "p")]);
    let entry = Entry {
        timestamp: TimestampNs(0),
        line: Bytes::from_static(b"a=1 b=2"),
        structured_metadata: Labels::new([("pod", "x"), ("job", "y")]),
    };
    let left = |stages: &str| {
        pipeline(stages)
            .process(&stream, &entry)
            .unwrap()
            .labels
            .merged()
            .to_string()
    };
    assert_eq!(left(""), r#"{env="p", job="t", job_extracted="y", pod="x"}"#);
    assert_eq!(
        left("| logfmt | drop env, pod, b"),
        r#"{a="1", job="t", job_extracted="y"}"#
    );
    assert_eq!(
        left(r#"| logfmt | drop a="2", b="2" | keep a, b, job"#),
        r#"{a="1", job="t"}"#
    );
}

#[test]
fn what_cannot_be_run_is_said() {
    let Ok(Expr::Log(log)) = parse(r#"{a="b"} | line_format "{{.x""#) else {
        panic!("a log query");
    };
    let error = Pipeline::new(&log).unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"parse error : stage '| line_format "{{.x"' : invalid line template: template: line:1: unclosed action"#
    );
    let Ok(Expr::Log(log)) = parse(r#"{a="b"} |~ "**""#) else {
        panic!("a log query");
    };
    assert_eq!(
        Pipeline::new(&log).unwrap_err().to_string(),
        r#"parse error : stage '|~ "**"' : error parsing regexp: missing argument to repetition operator: `*`"#
    );
    let Ok(Expr::Log(log)) = parse(r#"{a="b"} | json x="..""#) else {
        panic!("a log query");
    };
    let error = Pipeline::new(&log).unwrap_err().to_string();
    assert!(
        error.starts_with(r#"parse error : stage '| json x=".."' : cannot parse expression [..]"#),
        "{error}"
    );
}

#[test]
fn page_searches_are_taken_from_filters_before_lines_change() {
    let literals = |stages: &str| -> Vec<Vec<String>> {
        let Ok(Expr::Log(log)) = parse(&format!(r#"{{job="t"}} {stages}"#)) else {
            panic!("{stages} is no pipeline");
        };
        let text = |literal: &Vec<u8>| String::from_utf8(literal.clone()).unwrap();
        searches(&log)
            .iter()
            .map(|search| search.required_literals().iter().map(text).collect())
            .collect()
    };
    assert_eq!(
        literals(r#"|= "error" | json |~ "a.*b""#),
        [vec!["error"], vec!["a", "b"]]
    );
    assert_eq!(literals(r#"| line_format "x" |= "error""#), Vec::<Vec<String>>::new());
    assert_eq!(literals(r#"!= "x" |= "" |> "a""#), Vec::<Vec<String>>::new());
    assert_eq!(literals(r#"|= "a.b" or "c""#), [Vec::<String>::new()]);
    let Ok(Expr::Log(log)) = parse(r#"{job="t"} |= "a.b" or "c""#) else {
        panic!("a log query");
    };
    assert_eq!(searches(&log)[0].find(b"axb a.b c", 0), Some(4));
}
