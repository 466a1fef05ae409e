//! Operators on records.

use longshore_config::otel::{AddOperator, FilterOperator, MoveOperator};

use super::*;

fn operator(kind: OperatorKind, condition: Option<&str>, on_error: OnError) -> Result<Operator, String> {
    let settings = OperatorSettings {
        id: "it".to_owned(),
        condition: condition.map(str::to_owned),
        on_error,
        line: 7,
        kind,
    };
    Operator::compile_all(&[settings]).map(|mut operators| operators.remove(0))
}

fn filter(expr: &str, drop_ratio: f64) -> OperatorKind {
    OperatorKind::Filter(FilterOperator {
        expr: expr.to_owned(),
        expr_line: 9,
        drop_ratio,
    })
}

fn field(root: FieldRoot, keys: &[&str]) -> Field {
    Field {
        root,
        keys: keys.iter().map(|key| (*key).to_owned()).collect(),
    }
}

fn record(body: &str) -> LogRecord {
    LogRecord {
        body: body.into(),
        attributes: vec![("a".into(), "1".into())],
        ..LogRecord::default()
    }
}

#[test]
fn probes_that_were_answered_well_are_dropped() {
    let expr =
        r#"body matches "\"(GET|HEAD) /(healthz?|livez|readyz|ping)/?(\\?[^ ]*)? HTTP/[0-9.]+\" [23][0-9][0-9]( |$)""#;
    let operator = operator(filter(expr, 1.0), None, OnError::Send).expect("a filter");
    let check = |body: &str, expected: Verdict| {
        assert_eq!(
            operator.apply(&mut record(body), &mut Arc::default(), 0.5),
            expected,
            "{body}"
        );
    };
    check(r#"10.0.0.1 - - "GET /healthz HTTP/1.1" 200 2"#, Verdict::Filtered);
    check(r#"10.0.0.1 - - "HEAD /ping?x=1 HTTP/2.0" 301"#, Verdict::Filtered);
    check(r#"10.0.0.1 - - "GET /healthz HTTP/1.1" 503 2"#, Verdict::Keep);
    check(r#"10.0.0.1 - - "GET /shipping HTTP/1.1" 200 2"#, Verdict::Keep);
    check("the health of the ping service is fine", Verdict::Keep);
}

#[test]
fn a_share_can_be_dropped() {
    let operator = operator(filter("true", 0.25), None, OnError::Send).expect("a filter");
    assert!(operator.drops_share());
    assert_eq!(
        operator.apply(&mut record(""), &mut Arc::default(), 0.2),
        Verdict::Filtered
    );
    assert_eq!(operator.apply(&mut record(""), &mut Arc::default(), 0.3), Verdict::Keep);
}

#[test]
fn conditions_and_failures() {
    let check = |kind: OperatorKind, condition, on_error, expected: Verdict| {
        let operator = operator(kind, condition, on_error).expect("an operator");
        assert_eq!(operator.apply(&mut record("x"), &mut Arc::default(), 0.0), expected);
    };
    check(
        filter("true", 1.0),
        Some(r#"body == "y""#),
        OnError::Send,
        Verdict::Keep,
    );
    check(
        filter("true", 1.0),
        Some(r#"body == "x""#),
        OnError::Send,
        Verdict::Filtered,
    );
    check(filter("body > 1", 1.0), None, OnError::Send, Verdict::Keep);
    check(filter("body > 1", 1.0), None, OnError::DropQuiet, Verdict::Failed);
    let error = operator(filter("body matches '('", 1.0), None, OnError::Send).expect_err("no expression");
    assert!(error.starts_with("operator 'it' (line 9): "), "{error}");
}

#[test]
fn fields_move() {
    use FieldRoot::{Attributes, Body, Resource as OfResource};
    let moved = |from: Field, to: Field| MoveOperator { from, to };
    let mut resource = Arc::default();
    let mut record = record("x");
    let mut act = |kind: OperatorKind| {
        let operator = operator(kind, None, OnError::DropQuiet).expect("an operator");
        operator.apply(&mut record, &mut resource, 0.0)
    };
    assert_eq!(
        act(OperatorKind::Copy(moved(
            field(Attributes, &["a"]),
            field(OfResource, &["r", "s"])
        ))),
        Verdict::Keep
    );
    assert_eq!(
        act(OperatorKind::Move(moved(
            field(Attributes, &["a"]),
            field(Attributes, &["b"])
        ))),
        Verdict::Keep
    );
    assert_eq!(
        act(OperatorKind::Move(moved(
            field(Attributes, &["a"]),
            field(Attributes, &["c"])
        ))),
        Verdict::Failed
    );
    let value = OperatorValue::Expression(r#"body + "!""#.to_owned());
    assert_eq!(
        act(OperatorKind::Add(AddOperator {
            field: field(Body, &[]),
            value
        })),
        Verdict::Keep
    );
    let value = OperatorValue::Literal(Value::Int(1));
    assert_eq!(
        act(OperatorKind::Add(AddOperator {
            field: field(Body, &["k"]),
            value
        })),
        Verdict::Failed
    );
    assert_eq!(
        act(OperatorKind::Remove(field(OfResource, &["r", "t"]))),
        Verdict::Failed
    );
    assert_eq!(record.body, "x!".into());
    assert_eq!(record.attributes, [("b".into(), "1".into())]);
    assert_eq!(
        resource.attributes,
        [("r".into(), Value::Map(vec![("s".into(), "1".into())]))]
    );
    let operator = operator(
        OperatorKind::Remove(field(OfResource, &["r", "s"])),
        None,
        OnError::Drop,
    )
    .expect("one");
    assert_eq!(operator.apply(&mut record, &mut resource, 0.0), Verdict::Keep);
    assert_eq!(resource.attributes, [("r".into(), Value::Map(vec![]))]);
}
