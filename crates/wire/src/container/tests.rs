//! Lines as container runtimes write them, and paths as the kubelet lays them out.

use proptest::prelude::*;

use super::*;

fn line(stream: OutputStream, is_partial: bool, content: &str) -> Option<(OutputStream, bool, Vec<u8>)> {
    Some((stream, is_partial, content.as_bytes().to_vec()))
}

fn scanned(text: &str) -> Option<(OutputStream, bool, Vec<u8>)> {
    scan(text.as_bytes(), ContainerDialect::Auto).map(|line| {
        assert_eq!(line.timestamp, TimestampNs(1_795_370_400_000_000_005), "{text}");
        (line.stream, line.is_partial, line.content.into_owned())
    })
}

#[test]
fn cri_lines() {
    use OutputStream::{Stderr, Stdout};
    let check = |rest: &str, expected| {
        assert_eq!(
            scanned(&format!("2026-11-22T18:00:00.000000005Z {rest}")),
            expected,
            "{rest}"
        );
        assert_eq!(
            scanned(&format!("2026-11-22T20:00:00.000000005+02:00 {rest}")),
            expected,
            "{rest}"
        );
    };
    check("stdout F hello there", line(Stdout, false, "hello there"));
    check("stderr P half ", line(Stderr, true, "half "));
    check("stdout F ", line(Stdout, false, ""));
    check("stdout F", line(Stdout, false, ""));
    check(
        "stdout P   two blanks first\r",
        line(Stdout, true, "  two blanks first\r"),
    );
    check("stdout P:a:b tags", line(Stdout, true, "tags"));
    check("stdout F:a", line(Stdout, false, ""));
    check("stdout  F x", None);
    check("stdout X x", None);
    check("stdout Fx", None);
    check("stdin F x", None);
    check("stdout", None);
}

#[test]
fn odd_lines_are_not_container_lines() {
    for text in [
        "",
        " ",
        "stdout F x",
        "2026-11-22T18:00:00 stdout F x",
        "panic: at the disco",
        "{",
        "{}",
        "\u{0}",
    ] {
        assert_eq!(scanned(text), None, "{text}");
    }
}

#[test]
fn docker_lines() {
    use OutputStream::{Stderr, Stdout};
    let time = r#""time":"2026-11-22T18:00:00.000000005Z""#;
    let check = |text: String, expected| assert_eq!(scanned(&text), expected, "{text}");
    check(
        format!(r#"{{"log":"hello\n","stream":"stdout",{time}}}"#),
        line(Stdout, false, "hello"),
    );
    check(
        format!(r#"{{"log":"part","stream":"stderr",{time}}}"#),
        line(Stderr, true, "part"),
    );
    check(
        format!(r#"{{"log":"\n","stream":"stderr",{time}}}"#),
        line(Stderr, false, ""),
    );
    check(
        format!(r#" {{ {time} , "stream" : "stdout" , "log" : "a\"\\\/\t\u00e9\ud83d\ude00\n" }} "#),
        None,
    );
    check(
        format!(r#"{{ {time} , "stream" : "stdout" , "log" : "a\"\\\/\t\u00e9\ud83d\ude00\n" }} "#),
        line(Stdout, false, "a\"\\/\té😀"),
    );
    check(
        format!(r#"{{"log":"x\n","attrs":{{"a":[1,{{}},"}}"],"b":null}},"stream":"stdout",{time}}}"#),
        line(Stdout, false, "x"),
    );
    check(
        format!("{{\"log\":\"a\tb\",\"stream\":\"stdout\",{time}}}"),
        line(Stdout, true, "a\tb"),
    );
    check(
        format!(r#"{{"log":"\ud83dx\n","stream":"stdout",{time}}}"#),
        line(Stdout, false, "\u{fffd}x"),
    );
    check(format!(r#"{{"log":"x","stream":"stdout",{time}"#), None);
    check(format!(r#"{{"log":"x","stream":"stdout",{time}}} x"#), None);
    check(format!(r#"{{"log":"x","stream":"stdin",{time}}}"#), None);
    check(format!(r#"{{"msg":"x",{time}}}"#), None);
}

/// Namespace, pod, uid, container, restarts.
type Facts = (
    &'static str,
    &'static str,
    Option<&'static str>,
    &'static str,
    Option<u32>,
);

#[test]
fn facts_of_paths() {
    let check = |path: &str, expected: Option<Facts>| {
        let facts = facts_from_path(path);
        let short = facts.as_ref().map(|facts| {
            (
                &*facts.namespace,
                &*facts.pod,
                facts.uid.as_deref(),
                &*facts.container,
                facts.restart_count,
            )
        });
        assert_eq!(short, expected, "{path}");
    };
    let web = Some(("shop", "web-7d9f", Some("1f2e-3d"), "nginx", Some(2)));
    check("/var/log/pods/shop_web-7d9f_1f2e-3d/nginx/2.log", web);
    check("/var/log/pods/shop_web-7d9f_1f2e-3d/nginx/2.log.20261122-180000", web);
    check("/elsewhere/shop_web-7d9f_1f2e-3d/nginx/2.log.20261122-180000.gz", web);
    check("/var/log/pods/shop_web-7d9f_1f2e-3d/nginx/app.log", None);
    check("/var/log/pods/shop_web-7d9f/nginx/2.log", None);
    check("/var/log/pods/a_b_c_d/nginx/2.log", None);
    check("/var/log/syslog", None);
    let id = "0123456789abcdef".repeat(4);
    check(
        &format!("/var/log/containers/web-0_shop_side-car-{id}.log"),
        Some(("shop", "web-0", None, "side-car", None)),
    );
    check(&format!("/var/log/containers/web-0_shop_-{id}.log"), None);
    check("/var/log/containers/web-0_shop_nginx-0123.log", None);
}

#[test]
fn rotated_names() {
    let check = |name: &str, expected: Option<(&str, i64, bool)>| {
        let found = rotation_of_name(name).map(|(live, rotation)| (live, rotation.order, rotation.is_compressed));
        assert_eq!(found, expected, "{name}");
    };
    check("0.log.20261122-180001", Some(("0.log", 20_261_122_180_001, false)));
    check("0.log.20261122-180001.gz", Some(("0.log", 20_261_122_180_001, true)));
    check("x-json.log.2", Some(("x-json.log", -2, false)));
    check("x-json.log.12.gz", Some(("x-json.log", -12, true)));
    check("0.log", None);
    check("0.log.gz", None);
    check("0.log.old", None);
    check("0.log.20261122-180001.tmp", None);
    check(".1", None);
    check("a.12345", None);
    check("a.-1", None);
}

proptest! {
    #[test]
    fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        for dialect in [ContainerDialect::Auto, ContainerDialect::Cri, ContainerDialect::Docker] {
            let _ = scan(&bytes, dialect);
        }
        let text = String::from_utf8_lossy(&bytes);
        let _ = (facts_from_path(&text), rotation_of_name(&text));
    }

    #[test]
    fn any_content_survives_docker(text in ".*", more in any::<bool>()) {
        let log = if more { text.clone() } else { format!("{text}\n") };
        prop_assume!(!more || !text.ends_with('\n'));
        let json = serde_json::json!({"log": log, "stream": "stderr", "time": "1970-01-01T00:00:01Z"}).to_string();
        let line = scan_docker(json.as_bytes()).expect("a docker line");
        prop_assert_eq!(&*line.content, text.as_bytes());
        prop_assert_eq!(line.is_partial, more);
    }
}
