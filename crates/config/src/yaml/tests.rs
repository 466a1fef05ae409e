//! Reading, types and printing; what is no YAML is in the cases of the dialects.

use proptest::prelude::*;

use super::{Kind, Node, Pair, Resolved, Scalar, parse, print};

#[test]
fn types_of_plain_scalars() {
    let check = |text: &str, expected: Resolved| {
        let scalar = Scalar {
            text: text.to_owned(),
            plain: true,
        };
        assert_eq!(scalar.resolve(), expected, "{text}");
    };
    for null in ["", "~", "null", "NULL"] {
        check(null, Resolved::Null);
    }
    check("True", Resolved::Bool(true));
    check("false", Resolved::Bool(false));
    check("-12", Resolved::Int(-12));
    check("1_000", Resolved::Int(1000));
    check("0x1F", Resolved::Int(31));
    check("0o17", Resolved::Int(15));
    check("0640", Resolved::Int(416));
    check("0b101", Resolved::Int(5));
    check("0.5", Resolved::Float(0.5));
    check("1e3", Resolved::Float(1000.0));
    check("-.inf", Resolved::Float(f64::NEG_INFINITY));
    check("9223372036854775808", Resolved::Float(9_223_372_036_854_775_808.0));
    for text in ["yes", "1.2.3", "10s", "0x", "1e", "2026-01-01", "-", "+", "0xgg", "nan"] {
        check(text, Resolved::Text(text.to_owned()));
    }
}

#[test]
fn quoted_scalars_are_text() {
    let tree = parse("a: '1'\nb: \"true\"\nc: !!str 1\nd: |\n  null\n").unwrap();
    for key in ["a", "b", "c", "d"] {
        let Kind::Scalar(scalar) = &tree.get(key).unwrap().kind else {
            panic!("{key}")
        };
        assert!(matches!(scalar.resolve(), Resolved::Text(_)), "{key}");
    }
}

#[test]
fn lines_are_those_of_the_text() {
    let tree = parse("# first\na:\n  b: 1\n\n  c:\n    - x\n    - y: z\n").unwrap();
    let a = tree.get("a").unwrap();
    assert_eq!(a.get("b").unwrap().line, 3);
    let Kind::List(items) = &a.get("c").unwrap().kind else {
        panic!()
    };
    assert_eq!((items[0].line, items[1].line), (6, 7));
    assert_eq!(a.pairs().unwrap()[1].line, 5);
}

#[test]
fn merge_keys_give_way_to_own_keys() {
    let tree = parse("x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz: {<<: [*x, *y], a: 0}\n").unwrap();
    let z = tree.get("z").unwrap();
    let value = |key: &str| print(z.get(key).unwrap());
    assert_eq!(
        (value("a"), value("b"), value("c")),
        ("0\n".into(), "2\n".into(), "4\n".into())
    );
    assert_eq!(z.pairs().unwrap().len(), 3);
}

#[test]
fn aliases_cannot_become_gigabytes() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..9 {
        let before = level - 1;
        let items = vec![format!("*a{before}"); 10].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{items}]\n"));
    }
    let errors = parse(&text).unwrap_err();
    assert!(errors[0].message.contains("aliases repeat more than"), "{errors:?}");
}

#[test]
fn nesting_has_a_limit() {
    let text = format!("a: {}{}", "[".repeat(100), "]".repeat(100));
    assert!(parse(&text).is_err());
}

fn scalar() -> impl Strategy<Value = Node> {
    let words = prop_oneof![
        "[a-z/*_.-]{0,8}",
        any::<String>(),
        Just("yes".to_owned()),
        Just("- a: b # c".to_owned()),
        Just(" ${x}\n\t'\"\\".to_owned()),
    ];
    prop_oneof![
        words.prop_map(Node::text),
        any::<i32>().prop_map(|number| Node::plain(number.to_string())),
        Just(Node::plain(""))
    ]
}

fn tree() -> impl Strategy<Value = Node> {
    scalar().prop_recursive(4, 40, 5, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..5).prop_map(Node::list);
        let map = prop::collection::btree_map("[a-z. $:-]{1,6}", inner, 0..5)
            .prop_map(|pairs| Node::map(pairs.into_iter().collect()));
        prop_oneof![list, map]
    })
}

/// The tree as values only: lines and ways of quoting do not count.
fn meaning(node: &Node) -> Node {
    let kind = match &node.kind {
        Kind::Scalar(scalar) => match scalar.resolve() {
            Resolved::Text(text) => Kind::Scalar(Scalar { text, plain: false }),
            Resolved::Null => Kind::Scalar(Scalar {
                text: String::new(),
                plain: true,
            }),
            _ => Kind::Scalar(scalar.clone()),
        },
        Kind::List(items) => Kind::List(items.iter().map(meaning).collect()),
        Kind::Map(pairs) => {
            let pair = |pair: &Pair| Pair {
                key: pair.key.clone(),
                line: 0,
                value: meaning(&pair.value),
            };
            Kind::Map(pairs.iter().map(pair).collect())
        }
    };
    Node { line: 0, kind }
}

proptest! {
    #[test]
    fn what_is_printed_is_read_back(tree in tree()) {
        let root = Node::map(vec![("root".to_owned(), tree)]);
        let text = print(&root);
        let again = parse(&text).map_err(|errors| TestCaseError::fail(format!("{errors:?} in\n{text}")))?;
        prop_assert_eq!(meaning(&root), meaning(&again), "{}", text);
    }

    #[test]
    fn any_text_is_read_without_a_panic(text in "[a-z:#&*!|>'\"%@{}\\[\\], \n\t-]{0,60}") {
        let _ = parse(&text);
    }
}

#[test]
fn differences_are_what_is_not_in_the_base() {
    let base = "a: 1\nb: {c: 2, d: [x, y]}\n";
    let check = |text: &str, expected: &str| assert_eq!(super::yaml_difference(text, base), expected, "{text}");
    check(base, "{}\n");
    check("b: {d: [x, y], c: 2}\na: 1\n", "{}\n");
    check("a: 2\nb: {c: 2, d: [x]}\ne: f\n", "a: 2\nb:\n  d:\n    - x\ne: f\n");
    check("[", "");
}
