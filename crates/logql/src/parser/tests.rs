//! Queries that are accepted and refused, with the error texts.

use crate::limits::{NESTING_MAX, OPERATORS_MAX};
use crate::{Expr, Pipeline, parse, parse_matchers};

/// Runs a test on the stack that a thread of a query has.
pub(crate) fn on_small_stack(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(2 << 20);
    thread.spawn(test).unwrap().join().unwrap();
}

/// A query and how it is printed.
fn reads(query: &str, canonical: &str) {
    match parse(query) {
        Ok(expr) => assert_eq!(expr.to_string(), canonical, "{query}"),
        Err(error) => panic!("{query}: {error}"),
    }
}

fn refuses(query: &str, message: &str) {
    match parse(query) {
        Ok(expr) => panic!("{query} was read as {expr}"),
        Err(error) => assert_eq!(error.to_string(), format!("parse error{message}"), "{query}"),
    }
}

#[test]
fn selectors_and_line_filters() {
    reads("{ app = \"web\" , env!=`dev` }", r#"{app="web", env!="dev"}"#);
    reads(
        r#"{a=~"x|y",b!~"z.*"}|="e"!="f""#,
        r#"{a=~"x|y", b!~"z.*"} |= "e" != "f""#,
    );
    reads(r#"{a="b"} |= "x" or "y" |~ "e+""#, r#"{a="b"} |= "x" or "y" |~ "e+""#);
    reads(r#"{a="b"} != "x" or "y""#, r#"{a="b"} != "x" != "y""#);
    reads(r#"{a="b"} |= ip("10.0.0.0/8")"#, r#"{a="b"} |= ip("10.0.0.0/8")"#);
    reads(r#"{a="b"} |> "<_> took <_>" # end"#, r#"{a="b"} |> "<_> took <_>""#);
    reads(r#"({a="b"})"#, r#"{a="b"}"#);
}

#[test]
fn stages() {
    reads(
        r#"{a="b"} | json | logfmt --keep-empty --strict"#,
        r#"{a="b"} | json | logfmt --strict --keep-empty"#,
    );
    reads(r#"{a="b"} | json x="y.z[0]", w"#, r#"{a="b"} | json x="y.z[0]",w="w""#);
    reads(r#"{a="b"} | regexp `(?P<m>\w+)`"#, r#"{a="b"} | regexp "(?P<m>\\w+)""#);
    reads(
        r#"{a="b"} | pattern "<ip> <_>" | unpack"#,
        r#"{a="b"} | pattern "<ip> <_>" | unpack"#,
    );
    reads(
        r#"{a="b"} | line_format "{{.m}}" | decolorize"#,
        r#"{a="b"} | line_format "{{.m}}" | decolorize"#,
    );
    reads(
        r#"{a="b"} | label_format x=y, z="{{.q}}""#,
        r#"{a="b"} | label_format x=y,z="{{.q}}""#,
    );
    reads(
        r#"{a="b"} | drop x, y="1" | keep z"#,
        r#"{a="b"} | drop x,y="1" | keep z"#,
    );
}

#[test]
fn label_filters_bind_as_in_loki() {
    let filter = |written: &str, printed: &str| {
        reads(
            &format!(r#"{{a="b"}} | {written}"#),
            &format!(r#"{{a="b"}} | {printed}"#),
        );
    };
    filter("x > 5", "x>5");
    filter("x = 5", "x==5");
    filter("took >= 1h30m", "took>=1h30m0s");
    filter("took > -1s", "took>-1s");
    filter("size < 1MB", "size<1.0MB");
    filter(r#"ip = ip("::1")"#, r#"ip=ip("::1")"#);
    filter("x>1 or y>2 and z>3", "( x>1 or ( y>2 , z>3 ) )");
    filter("x>1 and y>2 or z>3", "( ( x>1 , y>2 ) or z>3 )");
    filter("x>1, y>2 or z>3", "( x>1 , ( y>2 or z>3 ) )");
    filter("x>1 or y>2, z>3", "( x>1 or ( y>2 , z>3 ) )");
    filter("(x>1 or y>2) z>3", "( ( x>1 or y>2 ) , z>3 )");
}

#[test]
fn ranges_in_every_order() {
    let canonical = r#"rate({a="b"} |= "x" | unwrap y[5m] offset 1h0m0s)"#;
    for written in [
        r#"rate({a="b"} |= "x" | unwrap y [5m] offset 1h)"#,
        r#"rate(({a="b"} |= "x" | unwrap y) [5m] offset 1h)"#,
        r#"rate({a="b"}[5m] offset 1h |= "x" | unwrap y)"#,
        r#"rate(({a="b"} |= "x" | unwrap y [5m] offset 1h))"#,
    ] {
        reads(written, canonical);
    }
    reads(
        r#"quantile_over_time(0.99, {a="b"} | unwrap duration(t) | x>1 [90s] offset -5m) by (c)"#,
        r#"quantile_over_time(0.99,{a="b"} | unwrap duration(t) | x>1[1m30s] offset -5m0s) by (c)"#,
    );
}

#[test]
fn operators_and_aggregations() {
    let rate = r#"rate({a="b"}[1m])"#;
    let reads = |written: &str, printed: &str| reads(&written.replace('R', rate), &printed.replace('R', rate));
    reads("sum(R) by (x, y)", "sum by (x,y)(R)");
    reads("sum by (x) (R)", "sum by (x)(R)");
    reads("sum(R) by ()", "sum(R)");
    reads("count without () (R)", "count without ()(R)");
    reads("topk(3, R)", "topk(3,R)");
    reads("R + R * R ^ R ^ R", "(R + (R * (R ^ (R ^ R))))");
    reads("R - R - R > bool 1", "(((R - R) - R) > bool 1)");
    reads("R or R and R unless R", "(R or ((R and R) unless R))");
    reads("R / on(x) group_left(y) R", "(R / on (x) group_left (y) R)");
    reads("R > ignoring (x) R", "(R > ignoring (x)  R)");
    reads("1 + 2 * 3", "7");
    reads("10 % 0", "NaN");
    reads("vector(1) + vector(1)", "(vector(1.000000) + vector(1.000000))");
    reads(
        r#"label_replace(R, "d", "$1", "s", "(.*)")"#,
        r#"label_replace(R,"d","$1","s","(.*)")"#,
    );
}

#[test]
fn mistakes_of_form_name_their_place() {
    refuses("", " : syntax error: unexpected $end");
    refuses(
        "{",
        " at line 1, col 2: syntax error: unexpected $end, expecting IDENTIFIER or }",
    );
    refuses(
        r#"{a="b""#,
        " at line 1, col 7: syntax error: unexpected $end, expecting } or ,",
    );
    refuses(
        r#"{a "b"}"#,
        " at line 1, col 4: syntax error: unexpected STRING, expecting = or =~ or !~ or !=",
    );
    refuses(
        r#"{a="b"} |="#,
        " at line 1, col 11: syntax error: unexpected $end, expecting STRING or ip",
    );
    refuses(
        r#"{a="b"} | json | unwrap x"#,
        " at line 1, col 18: syntax error: unexpected unwrap",
    );
    refuses(
        "\n  {a=b}",
        " at line 2, col 6: syntax error: unexpected IDENTIFIER, expecting STRING",
    );
    refuses(r#"rate({a="b"})"#, " at line 1, col 13: syntax error: unexpected )");
    refuses(
        r#"rate({a="b"}[5m]"#,
        " at line 1, col 17: syntax error: unexpected $end, expecting )",
    );
    refuses(
        r#"rate({a="b"}[5q])"#,
        " at line 0, col 13: unknown unit \"q\" in duration \"5q\"",
    );
    refuses(r#"rate({a="b"}[])"#, " at line 0, col 13: empty duration string");
    refuses(r#"sum({a="b"})"#, " at line 1, col 12: syntax error: unexpected )");
    refuses(
        "vector(-1)",
        " at line 1, col 8: syntax error: unexpected -, expecting NUMBER",
    );
    refuses(r#"{a="b}"#, " at line 1, col 4: literal not terminated");
}

#[test]
fn mistakes_of_meaning() {
    let nothing = " : queries require at least one regexp or equality matcher that does not have an empty-compatible \
        value. For instance, app=~\".*\" does not meet this requirement, but app=~\".+\" will";
    refuses("{}", nothing);
    refuses(r#"sum(rate({a!="b"}[1m])) + 1"#, nothing);
    refuses(r#"{a=~"("}"#, " : error parsing regexp: missing closing ): `(`");
    refuses(
        r#"sum_over_time({a="b"}[1m])"#,
        " : invalid aggregation sum_over_time without unwrap",
    );
    refuses(
        r#"count_over_time({a="b"}|unwrap x[1m])"#,
        " : invalid aggregation count_over_time with unwrap",
    );
    refuses(
        r#"rate({a="b"}[1m]) by (x)"#,
        " : grouping not allowed for rate aggregation",
    );
    refuses(r#"topk(rate({a="b"}[1m]))"#, " : parameter required for operation topk");
    refuses(
        r#"{a="b"} + 1"#,
        " : unexpected type for left leg of binary operation (+): *syntax.MatchersExpr",
    );
    refuses(
        "1 and 2",
        " : unexpected literal for left leg of logical/set binary operation (and): 1.000000",
    );
    refuses(
        r#"{a="b"} | regexp "x""#,
        " : invalid regexp parser: at least one named capture must be supplied",
    );
}

#[test]
fn depth_and_length_are_bounded() {
    for query in [
        "(".repeat(100_000),
        format!("{{a=\"b\"}} | {}", "(".repeat(10_000)),
        "1^".repeat(60_000),
        "vector(1)^".repeat(10_000),
        "vector(1)+".repeat(10_000),
    ] {
        assert!(parse(&query).is_err());
    }
    let chain = vec!["vector(1)"; OPERATORS_MAX + 2].join("\n+");
    refuses(
        &chain,
        &format!(" at line 1002, col 11: expression has more than {OPERATORS_MAX} binary operators"),
    );
    assert!(parse(&" ".repeat(crate::limits::QUERY_BYTES_MAX + 1)).is_err());
}

#[test]
fn regular_expressions_are_bounded_together_wherever_they_stand() {
    let together = "the regular expressions of a query may take 64MiB together: use fewer or simpler ones";
    let stages: [fn(usize) -> String; 4] = [
        |number| format!(r" |~ `[a-z]+{number}`"),
        |number| format!(r" | x=~`[a-z]+{number}`"),
        |number| format!(r" | regexp `(?P<x>[a-z]+{number})`"),
        |number| format!(r" | drop x=~`[a-z]+{number}`"),
    ];
    for stage in stages {
        let query = |stages: String| format!(r#"{{a="b"}}{stages}"#);
        let error = parse(&query((0..1000).map(stage).collect())).unwrap_err();
        assert!(error.message.ends_with(together), "{error}");
        // The same is compiled once.
        assert!(parse(&query(stage(1).repeat(1000))).is_ok());
    }
    let matchers = (0..1000)
        .map(|number| format!(r"a=~`[a-z]+{number}`"))
        .collect::<Vec<_>>();
    assert_eq!(
        parse_matchers(&format!("{{{}}}", matchers.join(",")))
            .unwrap_err()
            .message,
        together
    );
    refuses(
        r"{a=`b`} |~ `\pL{1000}` |~ `(`",
        r#" : stage '|~ "\\pL{1000}"' : error parsing regexp: expression too large: `\pL{1000}`"#,
    );
    let template = |number: usize| format!(r"{{{{count `[a-z]+{number}` .x}}}}");
    let templates = format!(
        "{{a=`b`}} | line_format {:?}",
        (0..1000).map(template).collect::<String>()
    );
    let Ok(Expr::Log(log)) = parse(&templates) else {
        panic!("{templates}")
    };
    assert!(Pipeline::new(&log).unwrap_err().to_string().ends_with(together));
}

#[test]
fn long_chains_of_conditions_are_as_deep_as_one() {
    on_small_stack(|| {
        let conditions = (0..10_000).map(|number| format!("a={number}")).collect::<Vec<_>>();
        for operator in [" or ", " and "] {
            let query = format!(r#"{{a="b"}} | {}"#, conditions.join(operator));
            let Ok(Expr::Log(log)) = parse(&query) else {
                panic!("{operator}")
            };
            let printed = log.to_string();
            assert_eq!(
                parse(&printed.replace("( ", "").replace(" )", "").replace(" ,", " and"))
                    .unwrap()
                    .to_string(),
                printed
            );
            assert!(Pipeline::new(&log.clone()).is_ok());
            assert!(format!("{log:?}").len() > printed.len());
        }
    });
}

#[test]
fn chains_of_conditions_are_printed_as_pairs() {
    reads(
        r#"{a="b"} | (a=1 or b=1) or c=1 or (d=1 or e=1)"#,
        r#"{a="b"} | ( ( ( a==1 or b==1 ) or c==1 ) or ( d==1 or e==1 ) )"#,
    );
    reads(
        r#"{a="b"} | a=1 and b=1 and c=1, d=1, e=1"#,
        r#"{a="b"} | ( ( a==1 , b==1 ) , ( c==1 , ( d==1 , e==1 ) ) )"#,
    );
}

#[test]
fn the_deepest_tree_fits_a_small_stack() {
    on_small_stack(|| {
        let chain = vec!["vector(1)"; OPERATORS_MAX - NESTING_MAX].join(" + ");
        let nested = format!("{}{chain}", "vector(1)^".repeat(NESTING_MAX - 2));
        for query in [chain, nested] {
            let expr = parse(&query).unwrap();
            let printed = expr.to_string();
            assert_eq!(
                parse(&printed).unwrap_err().message,
                "expression nests deeper than 200 levels"
            );
            assert_eq!(
                expr.pretty().matches("vector").count(),
                printed.matches("vector").count()
            );
            assert_eq!(expr.clone(), expr);
            assert!(format!("{expr:?}").len() > printed.len());
        }
    });
}

#[test]
fn matchers_alone_may_match_everything() {
    assert_eq!(parse_matchers("{}").unwrap().len(), 0);
    assert_eq!(parse_matchers("").unwrap().len(), 0);
    assert_eq!(parse_matchers(r#"{a="b", c=~".*"}"#).unwrap().len(), 2);
    assert!(parse_matchers(r#"{a="b"} |= "x""#).is_err());
}

#[test]
fn the_tree_knows_places() {
    let expr = parse("sum by (app) (rate({app=~\"web|api\"} | json | took > 1s [5m]))").unwrap();
    insta::assert_debug_snapshot!(expr);
}
