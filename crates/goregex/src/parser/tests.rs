//! Patterns that Go accepts and refuses, with its texts.

use crate::{Error, Regex};

fn refused(expression: &str, text: &str) {
    let error: Error = Regex::new(expression).expect_err(expression);
    assert_eq!(
        error.to_string(),
        format!("error parsing regexp: {text}"),
        "{expression}"
    );
}

fn matches(expression: &str, text: &str, expected: &str) {
    let regex = Regex::new(expression).unwrap_or_else(|error| panic!("{expression}: {error}"));
    let found = regex.find(text.as_bytes(), 0).map(|range| &text[range]);
    assert_eq!(found, Some(expected), "{expression} on {text:?}");
}

fn misses(expression: &str, text: &str) {
    let regex = Regex::new(expression).unwrap_or_else(|error| panic!("{expression}: {error}"));
    assert!(!regex.is_match(text.as_bytes()), "{expression} on {text:?}");
}

#[test]
fn mistakes_have_gos_words_and_quote_gos_piece() {
    refused("(", "missing closing ): `(`");
    refused("a(b", "missing closing ): `a(b`");
    refused("a)", "unexpected ): `a)`");
    refused("a|)b", "unexpected ): `a|)b`");
    refused("x[a", "missing closing ]: `[a`");
    refused("[]", "missing closing ]: `[]`");
    refused("[b-a]", "invalid character class range: `b-a`");
    refused("[[:nothing:]]", "invalid character class range: `[:nothing:]`");
    refused("\\p{Nothing}x", "invalid character class range: `\\p{Nothing}`");
    refused("\\p{Alphabetic}", "invalid character class range: `\\p{Alphabetic}`");
    refused("\\p{Greek", "invalid character class range: `\\p{Greek`");
    refused("\\p", "invalid character class range: `\\p`");
    refused("\\pZx\\pX", "invalid character class range: `\\pX`");
    refused("a\\q", "invalid escape sequence: `\\q`");
    refused("\\C", "invalid escape sequence: `\\C`");
    refused("\\1", "invalid escape sequence: `\\1`");
    refused("\\8", "invalid escape sequence: `\\8`");
    refused("\\xg0", "invalid escape sequence: `\\xg0`");
    refused("\\x{110000}", "invalid escape sequence: `\\x{110000`");
    refused("\\x{}", "invalid escape sequence: `\\x{}`");
    refused("\\é", "invalid escape sequence: `\\é`");
}

#[test]
fn repetitions_are_bounded_and_never_stacked() {
    refused("a**", "invalid nested repetition operator: `**`");
    refused("a*??", "invalid nested repetition operator: `*??`");
    refused("a{2}{3}", "invalid nested repetition operator: `{2}{3}`");
    refused("*a", "missing argument to repetition operator: `*`");
    refused("(+)", "missing argument to repetition operator: `+`");
    refused("a|?", "missing argument to repetition operator: `?`");
    refused("a{1001}", "invalid repeat count: `{1001}`");
    refused("a{2,1}", "invalid repeat count: `{2,1}`");
    refused("(a{100}){11}", "invalid repeat count: `{11}`");
    refused("a{99999999999}", "invalid repeat count: `{99999999999}`");
    matches("(?:a{2}){2}", "aaaaa", "aaaa");
    matches("a{0,2}?b", "aab", "aab");
}

#[test]
fn a_brace_that_counts_nothing_is_itself() {
    matches("a{b", "a{b", "a{b");
    matches("{{", "{{", "{{");
    matches("/{gid}/", "/{gid}/", "/{gid}/");
    matches("x{,3}", "x{,3}", "x{,3}");
    matches("x{01}", "x{01}", "x{01}");
    matches("]}", "]}", "]}");
}

#[test]
fn groups_and_switches() {
    refused("(?=a)", "invalid or unsupported Perl syntax: `(?=`");
    refused("(?<=a)", "invalid named capture: `(?<=a)`");
    refused("(?P<a-b>x)", "invalid named capture: `(?P<a-b>`");
    refused("(?P<>x)", "invalid named capture: `(?P<>`");
    refused("(?P=n)", "invalid or unsupported Perl syntax: `(?P`");
    refused("(?x)a", "invalid or unsupported Perl syntax: `(?x`");
    refused("(?i", "invalid or unsupported Perl syntax: `(?i`");
    refused("(?i-:a)", "invalid or unsupported Perl syntax: `(?i-:`");
    refused("(?R)", "invalid or unsupported Perl syntax: `(?R`");
    matches("(?i)ERROR", "an Error", "Error");
    matches("a(?i)b|C", "xc", "c");
    matches("(?:(?i)a)B", "AB", "AB");
    misses("(?:(?i)a)B", "Ab");
    matches("(?i-i:a)(?i:b)", "aB", "aB");
    matches("(?s)a.b", "a\nb", "a\nb");
    misses("a.b", "a\nb");
    matches("(?m)^b$", "a\nb\nc", "b");
    misses("^b$", "a\nb\nc");
    misses("a$", "a\n");
    matches("(?U)a+", "aaa", "a");
    matches("(?U)a+?", "aaa", "aaa");
}

#[test]
fn classes_are_ascii_and_have_no_set_operations() {
    misses("\\d", "٣");
    misses("\\w", "é");
    misses("\\s", "\u{b}\u{a0}");
    matches("[[:space:]]", "\u{b}", "\u{b}");
    matches("é\\b", "éa é", "é");
    matches("[a&&b]+", "x&b&a", "&b&a");
    matches("[+--]+", "a,-", ",-");
    refused("[a--]", "invalid character class range: `a--`");
    matches("[[a]+", "[a[", "[a[");
    matches("[]a]+", "a]", "a]");
    matches("[^]a]", "]ab", "b");
    matches("[\\d_-]+", "a1-_", "1-_");
    matches("[[:^alpha:]]+", "ab12", "12");
    matches("\\pL+", "12ab3", "ab");
    matches("\\p{Greek}+", "abγδ", "γδ");
    matches("\\p{^Greek}", "γa", "a");
    matches("\\P{greek}", "γa", "a");
    matches("\\p{Letter}\\p{lu}", "aB", "aB");
    matches("(?i)\\p{Lu}", "a", "a");
    matches("(?i)[k]", "\u{212a}", "\u{212a}");
    matches("[^a]", "\n", "\n");
}

#[test]
fn escapes() {
    matches("\\Qa.b*\\E+", "a.b**", "a.b**");
    matches("\\Q(", "(", "(");
    matches("\\101\\x41\\x{41}", "AAA", "AAA");
    matches("\\0", "\0", "\0");
    matches("\\_\\<\\-", "_<-", "_<-");
    matches("\\Aa\\z", "a", "a");
    matches("\\a\\f\\t\\n\\r\\v", "\u{7}\u{c}\t\n\r\u{b}", "\u{7}\u{c}\t\n\r\u{b}");
    refused("a\\", "trailing backslash at end of expression: ``");
}

#[test]
fn depth_and_size_are_bounded() {
    let deep = |depth: usize| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Regex::new(&deep(crate::limits::NESTING_MAX)).is_ok());
    assert!(Regex::new(&deep(100_000)).is_err());
    assert!(Regex::new("((\\pL{30}){30}[^a]{900})").is_err_and(|e| e.kind == crate::ErrorKind::Large));
}
