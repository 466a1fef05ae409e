//! Templates over a few labels; what Go's documentation says of them.

use super::*;
use crate::automata::Automata;
use crate::limits::TEMPLATE_DEPTH_MAX;
use crate::parser::on_small_stack;

struct Labels(Vec<(&'static str, &'static str)>);

impl Fields for Labels {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| *key == name).map(|(_, value)| *value)
    }

    fn all(&self) -> Vec<(&str, &str)> {
        self.0.clone()
    }

    fn size_bytes(&self) -> usize {
        self.0.iter().map(|(name, value)| name.len() + value.len()).sum()
    }
}

fn template(source: &str) -> Result<Template, String> {
    Template::new("line", source, &mut Automata::default())
}

fn run(source: &str) -> Result<String, String> {
    let labels = Labels(vec![
        ("app", "web"),
        ("count", "12"),
        ("took", "1.5s"),
        ("list", r#"["a","b",{"c":[1,2.5]}]"#),
    ]);
    let environment = Environment {
        fields: &labels,
        line: b"GET /cart",
        timestamp_ns: 1_700_000_000_123_456_789,
        now_ns: 1_800_000_000_000_000_000,
        worked_bytes: &Cell::new(0),
    };
    let mut out = String::new();
    template(source)?.run(&environment, &mut out).map(|()| out)
}

#[track_caller]
fn gives(source: &str, text: &str) {
    assert_eq!(run(source).as_deref(), Ok(text), "{source}");
}

#[track_caller]
fn fails(source: &str, message: &str) {
    assert_eq!(run(source), Err(message.to_owned()), "{source}");
}

#[test]
fn texts_actions_and_blanks() {
    gives("plain", "plain");
    gives("", "");
    gives("<{{.app}}|{{ .nothing }}>", "<web|>");
    gives("a {{- .app -}} b {{/* not me */ -}} c", "awebb c");
    gives("{{`raw \\n`}}{{\"\\t\\u00e9\\x41\"}}{{'x'}}", "raw \\n\té\u{41}120");
    gives("{{.app | printf \"%s-%03d\" | upper}}", "WEB-%!D(MISSING)");
}

#[test]
fn branches_loops_and_variables() {
    gives(
        "{{if eq .app \"api\"}}a{{else if eq .app \"web\"}}w{{else}}o{{end}}",
        "w",
    );
    gives("{{with .nothing}}x{{else with .app}}{{.}}{{end}}", "web");
    gives(
        "{{range $i, $e := fromJson .list}}{{if eq $i 2}}{{break}}{{end}}{{$i}}{{$e}},{{end}}",
        "0a,1b,",
    );
    gives(
        "{{range 5}}{{if eq . 3}}{{continue}}{{end}}{{.}}{{else}}none{{end}}",
        "0124",
    );
    gives("{{$x := 1}}{{range 3}}{{$x = add $x .}}{{end}}{{$x}}", "4");
    gives(
        "{{(index (fromJson .list) 2).c}} {{index (fromJson .list) 2 \"c\" 1}}",
        "[1 2.5] 2.5",
    );
    gives(
        "{{define \"t\"}}<{{.}}>{{end}}{{template \"t\" .app}}{{block \"b\" 3}}{{.}}{{end}}",
        "<web>3",
    );
    gives(
        "{{range $k, $v := .}}{{$k}}={{$v}} {{end}}",
        "app=web count=12 list=[\"a\",\"b\",{\"c\":[1,2.5]}] took=1.5s ",
    );
}

#[test]
fn functions_take_what_pipes_give() {
    gives(
        "{{ .count | int | add 1 | mul 2 }} {{ addf 0.1 0.2 }} {{ divf 1 3 }}",
        "26 0.3 0.3333333333333333",
    );
    gives(
        "{{ round 2.345 2 }} {{ max 1 .count 3 }} {{ \"0x10\" | int }} {{ 1e6 }}",
        "2.35 12 16 1e+06",
    );
    gives("{{ .took | duration }} {{ \"1KiB\" | bytes }}", "1.5 1024");
    gives(
        "{{ regexReplaceAll \"(w)(e)\" .app \"$2${1}_\" }} {{ count \"[a-z]\" __line__ }}",
        "ew_b 4",
    );
    gives(
        "{{ printf \"%5.1f|%-4s|%q|%x|%t|%v\" 2.25 \"a\" \"b\" 255 true .count }}",
        "  2.2|a   |\"b\"|ff|true|12",
    );
    gives("{{ print 1 2 \"x\" 3 }}{{ len .app }}{{ slice .app 1 }}", "1 2x33eb");
    gives(
        "{{ and .app .nothing }}|{{ or .nothing .app }}|{{ not .app }}",
        "|web|false",
    );
}

#[test]
fn times_have_layouts_zones_and_methods() {
    gives("{{ __timestamp__ }}", "2023-11-14 22:13:20.123456789 +0000 UTC");
    gives(
        "{{ __timestamp__ | date \"Mon, 02 Jan 2006 03:04:05.000 PM\" }}",
        "Tue, 14 Nov 2023 10:13:20.123 PM",
    );
    gives(
        "{{ __timestamp__.Year }} {{ (__timestamp__).Format \"Jan _2\" }}",
        "2023 Nov 14",
    );
    gives("{{ toDate \"2006-01-02\" \"2024-02-29\" | unixEpoch }}", "1709164800");
    gives("{{ toDate \"2006-01-02\" \"2023-02-29\" | unixEpoch }}", "-62135596800");
    gives(
        "{{ toDateInZone \"2006-01-02 15:04\" \"Europe/Berlin\" \"2024-07-01 12:00\" }}",
        "2024-07-01 12:00:00 +0200 CEST",
    );
    gives(
        "{{ now | unixEpochMillis }} {{ \"19500\" | unixToTime | unixEpoch }}",
        "1800000000000 1684800000",
    );
}

#[test]
fn mistakes_are_told_as_go_tells_them() {
    fails("{{.app", "template: line:1: unclosed action");
    fails("a\n{{nope .app}}", "template: line:2: function \"nope\" not defined");
    fails("{{if .app}}x", "template: line:1: unexpected EOF");
    fails("{{end}}", "template: line:1: unexpected {{end}}");
    fails("{{$x}}", "template: line:1: undefined variable \"$x\"");
    fails(
        "{{.app | 3}}",
        "template: line:1: non executable command in pipeline stage 2",
    );
    fails("{{}}", "template: line:1: missing value for command");
    fails(
        "{{.app.x}}",
        "template: line:1:6: executing \"line\" at <.app.x>: can't evaluate field x in type string",
    );
    fails(
        "{{upper 3}}",
        "template: line:1:8: executing \"line\" at <3>: expected string; found 3",
    );
    fails(
        "{{trunc 1}}",
        "template: line:1:2: executing \"line\" at <trunc>: wrong number of args for trunc: want 2 got 1",
    );
    fails(
        "{{lt 1 \"a\"}}",
        "template: line:1:2: executing \"line\" at <lt 1 \"a\">: error calling lt: incompatible types for comparison",
    );
}

#[test]
fn no_template_runs_away() {
    for source in [
        "{{range 1000000000}}x{{end}}",
        // Nested loops whose items would all be held at once.
        &nested("{{range 90000}}", "", 90),
        // Values that grow, written or not.
        "{{$x := \"aaaaaaaaaaaaaaaa\"}}{{range 40}}{{$x = print $x $x}}{{end}}",
        "{{$x := \"a\"}}{{range 40}}{{$x = printf \"%s%s\" $x $x}}{{end}}",
        "{{$x := \"a\"}}{{range 40}}{{$x = $x | replace \"a\" \"aaaaaaaa\"}}{{end}}",
        "{{$x := \"a\"}}{{range 40}}{{$x = Replace $x \"a\" \"aaaaaaaa\" -1}}{{end}}",
        "{{$x := \"aaaa\"}}{{range 40}}{{$x = regexReplaceAll \"(a+)\" $x \"$1$1$1$1\"}}{{end}}",
        "{{$x := \"a\"}}{{range 40}}{{$x = regexReplaceAllLiteral \"a\" $x \"aaaa\"}}{{end}}",
        "{{$x := \"\\n\"}}{{range 40}}{{$x = nindent 1000 (print $x \"\\n\" $x)}}{{end}}",
        "{{$x := repeat 1000000 \"\\n\"}}{{indent 1000000 $x}}",
        "{{$x := \"<\"}}{{range 40}}{{$x = html $x $x}}{{end}}",
        "{{$x := \"'\"}}{{range 40}}{{$x = js $x $x}}{{end}}",
        "{{$x := \"%\"}}{{range 40}}{{$x = urlquery $x $x}}{{end}}",
        "{{$x := \"%\"}}{{range 40}}{{$x = urlencode $x}}{{end}}{{range 40}}{{$x = b64enc $x}}{{end}}",
        "{{$x := \"a\"}}{{range 40}}{{$x = println $x $x}}{{end}}",
        // Long texts that are read or copied over and over.
        "{{$x := repeat 1000000 \"a\"}}{{range 1000}}{{$y := $x}}{{end}}",
        "{{$x := repeat 1000000 \"a\"}}{{range 1000}}{{if contains \"b\" $x}}{{end}}{{end}}",
        "{{$x := repeat 1000000 \"a\"}}{{range 1000}}{{if count \"b\" $x}}{{end}}{{end}}",
        "{{$l := fromJson .list}}{{range 90000}}{{printf \"\" $l $l $l $l $l $l}}{{end}}",
        // Expressions that are large, or small and many.
        r"{{range 100}}{{count (print `\pL{50}` .) `x`}}{{end}}",
        "{{range 90000}}{{count (print `(?i)error` .) `x`}}{{end}}",
        // Calls and choices without a word written.
        "{{define \"a\"}}{{template \"b\"}}{{template \"b\"}}{{end}}{{define \"b\"}}{{template \"c\"}}{{template \"c\"}}{{end}}\
         {{define \"c\"}}{{range 300}}{{range 300}}{{if true}}{{end}}{{end}}{{end}}{{end}}{{template \"a\"}}",
        "{{define \"t\"}}{{if true}}{{template \"t\"}}{{template \"t\"}}{{end}}{{end}}{{template \"t\"}}",
        "{{define \"t\"}}{{template \"t\"}}{{end}}{{template \"t\"}}",
        "{{$x := \"xxxxxxxxxxxxxxxx\"}}{{range 100000}}{{$x = print $x $x}}{{$x}}{{end}}",
        "{{repeat 1000000000 .app}}",
        "{{printf \"%999999999d\" 1}}{{range 1000}}{{printf \"%999999d\" 1}}{{end}}",
    ] {
        assert!(run(source).is_err(), "{source}");
    }
}

/// A text within blocks, so many of them.
fn nested(block: &str, within: &str, times: usize) -> String {
    format!("{}{within}{}", block.repeat(times), "{{end}}".repeat(times))
}

#[test]
fn the_templates_of_a_line_have_one_account() {
    let worked_bytes = Cell::new(0);
    let labels = Labels(vec![("app", "web")]);
    let environment = Environment {
        fields: &labels,
        line: b"",
        timestamp_ns: 0,
        now_ns: 0,
        worked_bytes: &worked_bytes,
    };
    let repeating = template("{{repeat 300000 .app | trunc 1}}").unwrap();
    let run = || repeating.run(&environment, &mut String::new());
    assert_eq!((run(), run()), (Ok(()), Ok(())));
    assert!((0..20).any(|_| run().is_err_and(|message| message.contains("the template does too much"))));
}

#[test]
fn blocks_and_calls_are_one_depth() {
    on_small_stack(|| {
        let deepest = nested("{{if true}}", "{{.app}}", TEMPLATE_DEPTH_MAX);
        gives(&deepest, "web");
        let parentheses = |times: usize| format!("{{{{{}.app{}}}}}", "(".repeat(times), ")".repeat(times));
        gives(&parentheses(TEMPLATE_DEPTH_MAX - 1), "web");
        let calls = format!(
            "{{{{define \"a\"}}}}{}{{{{end}}}}{{{{template \"a\"}}}}",
            nested("{{with true}}", "{{template \"a\"}}", TEMPLATE_DEPTH_MAX - 2)
        );
        let message = run(&calls).unwrap_err();
        assert!(message.contains("exceeded maximum template depth (100)"), "{message}");
        let defined = format!("{{{{define \"p\"}}}}{}{{{{end}}}}", parentheses(TEMPLATE_DEPTH_MAX - 2));
        let call = |loops: usize| format!("{defined}{}", nested("{{range 1}}", "{{template \"p\" .}}", loops));
        assert!(run(&call(2)).unwrap_err().contains("exceeded maximum template depth"));
    });
}

#[test]
fn the_labels_read_are_known() {
    let names = |source: &str| {
        let mut names = Vec::new();
        let every = template(source).unwrap().names_read(&mut names);
        every.then_some(names)
    };
    let read = names("{{.a}} {{if .b}}{{printf \"%s\" (.c | upper)}}{{end}}");
    assert_eq!(read, Some(["a", "b", "c"].map(str::to_owned).to_vec()));
    assert_eq!(names("{{range $k, $v := .}}{{$k}}{{end}}"), None);
    assert_eq!(names("{{index $ \"x\"}}"), None);
}

proptest::proptest! {
    #[test]
    fn no_text_panics(source in "[-{}.|$:=\"'`()a-f0-3 ,\n/*é]{0,40}") {
        let _ = run(&source);
        let _ = run(&format!("{{{{{source}}}}}"));
    }

    #[test]
    fn no_cut_template_panics(cut in 0_usize..200) {
        let whole = "{{- range $i, $e := fromJson .list -}}{{if and (eq $i 1) .app}}{{printf \"%-5.2f %q\" 1.5 .app | upper}}\
            {{else}}{{with $x := .app}}{{$x | replace \"w\" `v`}}{{end}}{{end}}{{/* c */}}{{end}}{{template \"t\" .}}";
        let end = (0..=cut.min(whole.len())).rev().find(|&at| whole.is_char_boundary(at)).unwrap_or(0);
        let _ = run(&whole[..end]);
    }

    #[test]
    fn no_layout_panics(layout in "[-0-9JanMonPMZ_:. TST]{0,20}", text in "[-0-9JanMonPMZ+:. UTC]{0,20}") {
        let _ = layout::parse(&layout, &text);
        let _ = layout::format(&layout, &go_time::GoTime::utc(1_700_000_000, 5));
    }
}
