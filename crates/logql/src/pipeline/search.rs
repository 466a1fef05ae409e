//! Line filters that the store may apply to whole pages.

use std::sync::Arc;

use longshore_goregex::limits::PAGE_AUTOMATON_BYTES_MAX;
use longshore_goregex::{PageSearch, Regex, Size};
use longshore_model::LineSearch;

use crate::ast::{LineFilter, LineFilterOp, LineOperand, LogExpr, StageKind};
use crate::limits::PAGE_SEARCHES_MAX;

/// A necessary condition on lines; see [`PageSearch`].
#[derive(Debug)]
struct Search(PageSearch);

impl LineSearch for Search {
    fn find(&self, haystack: &[u8], from: usize) -> Option<usize> {
        self.0.find(haystack, from)
    }

    fn required_literals(&self) -> &[Vec<u8>] {
        self.0.required_literals()
    }
}

/// Conditions that every line passing the expression meets, as stored: filters that stand before any stage that
/// changes the text.
pub(crate) fn searches(expr: &LogExpr) -> Vec<Arc<dyn LineSearch>> {
    let mut searches: Vec<Arc<dyn LineSearch>> = Vec::new();
    let mut automata = 0;
    for stage in &expr.stages {
        match &stage.kind {
            StageKind::LineFilter(filter) => {
                let wants_automaton = wants_automaton(filter);
                if wants_automaton && automata == PAGE_SEARCHES_MAX {
                    continue;
                }
                automata += usize::from(wants_automaton);
                if let Some(search) = search(filter) {
                    searches.push(Arc::new(Search(search)));
                }
            }
            StageKind::LineFormat(_) | StageKind::Unpack | StageKind::Decolorize => break,
            _ => {}
        }
    }
    searches
}

/// Whether an expression may have to be compiled to search for what the filter wants.
fn wants_automaton(filter: &LineFilter) -> bool {
    match filter.operands.as_slice() {
        [LineOperand::Text { regex, .. }] => regex.as_ref().is_some_and(|regex| regex.required_literals().is_empty()),
        _ => true,
    }
}

fn search(filter: &LineFilter) -> Option<PageSearch> {
    if !matches!(filter.op, LineFilterOp::Contains | LineFilterOp::Matches) {
        return None;
    }
    if let [LineOperand::Text { value, regex }] = filter.operands.as_slice() {
        return match regex {
            Some(regex) => regex.page_search(),
            None if filter.op == LineFilterOp::Contains => PageSearch::literal(value.as_bytes()),
            None => None,
        };
    }
    // One of several: a single expression finds the first of any.
    let mut alternatives = Vec::new();
    for operand in &filter.operands {
        match operand {
            LineOperand::Text { value, regex: None } => alternatives.push(quoted(value)?),
            LineOperand::Text { value, .. } => alternatives.push(format!("(?:{value})")),
            LineOperand::Ip(_) => return None,
        }
    }
    let size = Size {
        automaton_bytes_max: PAGE_AUTOMATON_BYTES_MAX,
        ..Size::default()
    };
    Regex::sized(&alternatives.join("|"), size).ok()?.page_search()
}

/// A text as an expression that matches just it; none for an empty one, which every line contains.
fn quoted(text: &str) -> Option<String> {
    let escaped = |c: char| {
        if c.is_ascii_punctuation() {
            format!("\\{c}")
        } else {
            c.to_string()
        }
    };
    (!text.is_empty()).then(|| text.chars().map(escaped).collect())
}
