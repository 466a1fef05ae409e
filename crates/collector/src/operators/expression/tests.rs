//! Expressions and what they come to.

use super::*;

fn context() -> (LogRecord, Arc<Resource>) {
    let record = LogRecord {
        body: "\"GET /healthz HTTP/1.1\" 200 12".into(),
        attributes: vec![("log.iostream".into(), "stdout".into()), ("n".into(), Value::Int(3))],
        ..LogRecord::default()
    };
    let resource = Resource {
        attributes: vec![("k8s.pod.name".into(), "web-0".into())],
    };
    (record, Arc::new(resource))
}

fn value(text: &str) -> Result<Value, String> {
    let (record, resource) = context();
    Expression::parse(text)?.value(&Context {
        record: &record,
        resource: &resource,
    })
}

#[test]
fn conditions() {
    let check = |text: &str, expected: bool| assert_eq!(value(text), Ok(Value::Bool(expected)), "{text}");
    check(
        r#"body matches "GET /(healthz?|livez) HTTP/[0-9.]+\" [23]\\d\\d( |$)""#,
        true,
    );
    check(r#"body matches '" 5\\d\\d'"#, false);
    check(r#"type(body) == "string" and body contains "healthz""#, true);
    check(r#"body startsWith "x" or body endsWith "12""#, true);
    check(r#"not (body startsWith "x") && !false"#, true);
    check(r#"attributes["log.iostream"] == "stdout""#, true);
    check(
        r#"attributes.n > 2 and attributes.n <= 3.0 and attributes.n != 4"#,
        true,
    );
    check(r#"resource["k8s.pod.name"] in ["web-0", "web-1"]"#, true);
    check(r#"resource["k8s.pod.name"] not in ["web-0"]"#, false);
    check(r#"resource["missing"] == nil"#, true);
    check(r#""n" in attributes"#, true);
    check(r#"true or false and false"#, true);
    check(r#"(attributes.missing ?? "none") == 'none'"#, true);
    check("`a\\d` == 'a\\\\d'", true);
    check("1 + 2 * 3 == 7 and -1 < 0 and 7 / 2 == 3.5", true);
    check("len(lower('ABC')) == 3 ? true : false", true);
}

#[test]
fn what_is_wrong_is_said() {
    let check = |text: &str, expected: &str| assert_eq!(value(text).expect_err(text), expected, "{text}");
    check("body ==", "the expression ends too early");
    check(
        "bdy == 1",
        "unknown name 'bdy'; there are body, attributes and resource",
    );
    check(
        "hash(body)",
        "unknown function 'hash'; there are type, len, lower, upper, trim, string, int",
    );
    check("(body", "expected ')' at the end");
    check("body body", "unexpected 'body' after the expression");
    check(
        "body matches attributes.x",
        "matches needs a regular expression in quotes",
    );
    check(r#"body == "\d""#, "unknown escape \\d; write \\\\d for a backslash");
    check("'x", "text that begins with ' has no end");
    check("body > 1", "cannot compare string with int");
    check("body and true", "expected true or false, found string");
    check("#", "unexpected '#'");
    check(&"(".repeat(1000), "nested more than 64 levels deep");
    check(&"!".repeat(1000), "nested more than 64 levels deep");
}
