//! Matching, against an oracle and by tables.

use proptest::prelude::*;

use super::*;

#[test]
fn anchored_is_the_whole_text_and_its_dot_any_character() {
    let regex = Regex::anchored("a.*|b").unwrap();
    for (text, expected) in [("a\nx", true), ("b", true), ("bb", false), ("xa", false), ("", false)] {
        assert_eq!(regex.is_match(text.as_bytes()), expected, "{text:?}");
    }
    assert_eq!(
        Regex::anchored("(").unwrap_err().to_string(),
        "error parsing regexp: missing closing ): `(`"
    );
}

#[test]
fn captures_keep_names_also_of_twins() {
    let regex = Regex::new("(?P<n>a)(b)?(?<n>c)").unwrap();
    let names: Vec<_> = regex.capture_names().collect();
    assert_eq!(names, [None, Some("n"), None, Some("n")]);
    let captures = regex.captures(b"xac", 0).unwrap();
    assert_eq!((captures.get(0), captures.get(1)), (Some(1..3), Some(1..2)));
    assert_eq!((captures.get(2), captures.get(3)), (None, Some(2..3)));
}

#[test]
fn literals() {
    let required = |expression: &str| -> Vec<String> {
        let regex = Regex::new(expression).unwrap();
        let text = |literal: &Vec<u8>| String::from_utf8(literal.clone()).unwrap();
        regex.required_literals().iter().map(text).collect()
    };
    assert_eq!(required("level=(error) \\d+ms"), ["level=error ", "ms"]);
    assert_eq!(required("^a(?:bc)+d?$"), ["a", "bc"]);
    assert_eq!(required("a|b"), [""; 0]);
    assert_eq!(required("(?i)error"), [""; 0]);
    assert_eq!(Regex::new("a\\.b").unwrap().as_literal(), Some(&b"a.b"[..]));
    assert_eq!(Regex::anchored("web").unwrap().as_literal(), Some(&b"web"[..]));
    assert_eq!(Regex::new("^web$").unwrap().as_literal(), None);
}

#[test]
fn page_searches_are_offered_where_they_stay_linear() {
    let hit = |expression: &str, buffer: &str| -> Option<usize> {
        Regex::new(expression)
            .unwrap()
            .page_search()
            .unwrap()
            .find(buffer.as_bytes(), 0)
    };
    assert_eq!(hit("^error \\d+$", "an error 5"), Some(3));
    assert_eq!(hit("(?i)error.*(?i)time ?out", "ERROR TimeOut"), Some(6));
    assert_eq!(hit("\\b(warn|error)\\b", "a warned b"), Some(2));
    assert_eq!(hit(".*[xy]+.*", "aby"), Some(2));
    for none in ["", ".*", "a*", "a|b*", "(a.*b|c)"] {
        assert!(Regex::new(none).unwrap().page_search().is_none(), "{none}");
    }
}

/// Expressions of a small alphabet together with what they mean.
#[derive(Debug, Clone)]
enum Sample {
    Literal(char),
    Any,
    Set(bool, Vec<char>),
    Start,
    End,
    Concat(Vec<Sample>),
    Either(Vec<Sample>),
    Repeat(Box<Sample>, usize, Option<usize>),
}

impl Sample {
    fn text(&self) -> String {
        let all = |items: &[Self], by: &str| items.iter().map(Self::text).collect::<Vec<_>>().join(by);
        match self {
            Self::Literal(c) => regex_syntax::escape(&c.to_string()),
            Self::Any => ".".to_owned(),
            Self::Set(negated, set) => {
                let body: String = set.iter().map(|c| format!("\\x{{{:x}}}", *c as u32)).collect();
                format!("[{}{body}]", if *negated { "^" } else { "" })
            }
            Self::Start => "^".to_owned(),
            Self::End => "$".to_owned(),
            Self::Concat(items) => all(items, ""),
            Self::Either(items) => format!("(?:{})", all(items, "|")),
            Self::Repeat(item, min, max) => {
                let max = max.map_or(String::new(), |max| max.to_string());
                format!("({}){{{min},{max}}}", item.text())
            }
        }
    }

    /// Every place at which a match that began at `at` may end: the oracle, as simple as can be.
    fn ends(&self, text: &[char], at: usize) -> Vec<usize> {
        let one = |matches: bool| if matches { vec![at + 1] } else { vec![] };
        let here = |matches: bool| if matches { vec![at] } else { vec![] };
        match self {
            Self::Literal(c) => one(text.get(at) == Some(c)),
            Self::Any => one(text.get(at).is_some_and(|c| *c != '\n')),
            Self::Set(negated, set) => one(text.get(at).is_some_and(|c| set.contains(c) != *negated)),
            Self::Start => here(at == 0),
            Self::End => here(at == text.len()),
            Self::Concat(items) => items.iter().fold(vec![at], |ends, item| {
                let mut next: Vec<usize> = ends.iter().flat_map(|&end| item.ends(text, end)).collect();
                next.sort_unstable();
                next.dedup();
                next
            }),
            Self::Either(items) => items.iter().flat_map(|item| item.ends(text, at)).collect(),
            Self::Repeat(item, min, max) => {
                let mut reached = vec![];
                let mut ends = vec![at];
                for round in 0..=max.unwrap_or(min + text.len() + 1) {
                    if round >= *min {
                        reached.extend(&ends);
                    }
                    ends = Self::Concat(vec![Self::Either(vec![(**item).clone()])]).ends_of_all(text, &ends);
                }
                reached
            }
        }
    }

    fn ends_of_all(&self, text: &[char], starts: &[usize]) -> Vec<usize> {
        let mut all: Vec<usize> = starts.iter().flat_map(|&start| self.ends(text, start)).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

fn letters() -> impl Strategy<Value = char> {
    prop::sample::select(vec!['a', 'b', 'é', '\n', '{', '-'])
}

fn samples() -> impl Strategy<Value = Sample> {
    let leaf = prop_oneof![
        4 => letters().prop_map(Sample::Literal),
        1 => Just(Sample::Any),
        1 => (any::<bool>(), prop::collection::vec(letters(), 1..3)).prop_map(|(n, set)| Sample::Set(n, set)),
        1 => Just(Sample::Start),
        1 => Just(Sample::End),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Sample::Concat),
            prop::collection::vec(inner.clone(), 1..3).prop_map(Sample::Either),
            (inner, 0..3_usize, prop::option::of(0..2_usize)).prop_map(|(item, min, more)| Sample::Repeat(
                Box::new(item),
                min,
                more.map(|more| min + more)
            )),
        ]
    })
}

proptest! {
    #[test]
    fn matches_what_the_oracle_matches(sample in samples(), text in prop::collection::vec(letters(), 0..7)) {
        let expression = sample.text();
        let regex = Regex::new(&expression).unwrap();
        let haystack: String = text.iter().collect();
        let expected = (0..=text.len()).any(|at| !sample.ends(&text, at).is_empty());
        prop_assert_eq!(regex.is_match(haystack.as_bytes()), expected, "{} on {:?}", expression, haystack);
        let whole = sample.ends_of_all(&text, &[0]).contains(&text.len());
        if !expression.contains('.') {
            let anchored = Regex::anchored(&expression).unwrap();
            prop_assert_eq!(anchored.is_match(haystack.as_bytes()), whole, "anchored {} on {:?}", expression, haystack);
        }
    }

    #[test]
    fn a_page_search_never_passes_over_a_match(
        sample in samples(),
        before in prop::collection::vec(letters(), 0..7),
        line in prop::collection::vec(letters(), 0..7),
    ) {
        let regex = Regex::new(&sample.text()).unwrap();
        let line: String = line.iter().collect();
        let before: String = before.iter().collect();
        prop_assume!(regex.is_match(line.as_bytes()));
        for literal in regex.required_literals() {
            prop_assert!(memchr::memmem::find(line.as_bytes(), literal).is_some());
        }
        if let Some(search) = regex.page_search() {
            let buffer = format!("{before}{line}");
            let hit = search.find(buffer.as_bytes(), before.len());
            prop_assert!(hit.is_some_and(|at| at < buffer.len()), "{} in {:?}", sample.text(), line);
        }
    }

    #[test]
    fn no_text_panics(text in "[-\\\\a-c(){}\\[\\]*+?|^$.:?<>P0-9pQEx,é]{0,24}") {
        if let Ok(regex) = Regex::new(&text) {
            let _ = regex.is_match("abc é 12".as_bytes());
        }
    }
}
#[test]
fn an_expression_takes_no_more_than_it_may() {
    let size = |automaton_bytes_max: usize, cache_bytes_max: usize| Size {
        automaton_bytes_max,
        cache_bytes_max,
    };
    let refused = |expression: &str, bytes_max: usize| {
        let error = Regex::sized(expression, size(bytes_max, 1 << 20)).unwrap_err();
        assert_eq!((error.kind, &*error.expression), (ErrorKind::Large, expression));
    };
    refused(r"\pL{100}", 1 << 20);
    refused(r"\pL{1000}", crate::limits::AUTOMATON_BYTES_MAX);
    // Found out before there is a tree of 200 MB.
    refused(&r"\pL".repeat(40_000), crate::limits::AUTOMATON_BYTES_MAX);
    let regex = Regex::sized(r"\pL{10}x", size(1 << 20, 1 << 10)).unwrap();
    assert!(
        (100_000..1 << 20).contains(&regex.memory_bytes()),
        "{}",
        regex.memory_bytes()
    );
    // Slower without a cache to speak of, not otherwise.
    assert!(regex.is_match("abcdefghijx".as_bytes()) && !regex.is_match("abcdefghi x".as_bytes()));
}

#[test]
fn page_searches_are_small_and_name_few_literals() {
    let regex = Regex::new(r"\pL{200}").unwrap();
    assert!(regex.page_search().is_none());
    let many: String = (0..1000).map(|number| format!("{number:04}.")).collect();
    let regex = Regex::new(&many).unwrap();
    assert_eq!(regex.required_literals().len(), crate::limits::REQUIRED_LITERALS_MAX);
}
