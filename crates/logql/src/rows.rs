//! Log queries as decisions about rows: what a delete request is about.
//!
//! Invariant: the answer depends on the row alone, so that what was hidden is what is removed.
//! Invariant: a line that a stage could not work on is in no query's deletion unless the query asks for errors: such a
//! line passes the filters behind, as in every log query, and would be deleted for being odd.

use std::sync::Arc;

use longshore_model::{Batch, Labels, LineSearch, RowFilter, RowFilterCompiler};

use crate::ast::{Expr, LogExpr};
use crate::parser;
use crate::pipeline::{ERROR_LABEL, LabelState, Moment, Pipeline, searches, without_clashes};

/// Makes row filters of LogQL texts.
#[derive(Debug, Clone, Copy, Default)]
pub struct RowQueries;

impl RowFilterCompiler for RowQueries {
    fn compile(&self, query: &str) -> Result<Arc<dyn RowFilter>, String> {
        match parser::parse_about_any(query).map_err(|error| error.to_string())? {
            Expr::Log(expr) => Ok(Arc::new(RowQuery::new(&expr)?)),
            Expr::Sample(_) => Err("a query for numbers names no lines".to_owned()),
        }
    }
}

/// One log query over rows.
struct RowQuery {
    pipeline: Pipeline,
    searches: Vec<Arc<dyn LineSearch>>,
    /// It names `__error__`, so lines with errors are meant.
    asks_for_errors: bool,
}

impl RowQuery {
    fn new(expr: &LogExpr) -> Result<Self, String> {
        let pipeline = Pipeline::new(expr).map_err(|error| error.to_string())?;
        let names = pipeline.names_read().unwrap_or_default();
        Ok(Self {
            asks_for_errors: names.iter().any(|name| name == ERROR_LABEL),
            searches: searches(expr),
            pipeline,
        })
    }
}

impl RowFilter for RowQuery {
    fn matches_stream(&self, labels: &Labels) -> bool {
        self.pipeline.matches_stream(labels)
    }

    fn matches_every_row(&self) -> bool {
        self.pipeline.has_no_stage()
    }

    fn searches(&self) -> &[Arc<dyn LineSearch>] {
        &self.searches
    }

    fn matching_rows(&self, batch: &Batch) -> Vec<bool> {
        let mut state = LabelState::default();
        let none = Labels::empty();
        let metadata_of = |row| batch.metadata.get(row).unwrap_or(&none);
        let matches = |row: usize| {
            state.begin(&batch.labels, &without_clashes(&batch.labels, metadata_of(row)));
            let timestamp_ns = batch.timestamps[row].0;
            // The template function `now` must not change what was hidden yesterday.
            state.set_moment(Moment {
                timestamp_ns,
                now_ns: timestamp_ns,
            });
            let passes = self.pipeline.run(&mut state, batch.lines.get(row)).is_some();
            passes && (self.asks_for_errors || state.error().is_none())
        };
        (0..batch.rows()).map(matches).collect()
    }
}

#[cfg(test)]
mod tests {
    use longshore_model::{Lines, Metadata, TimestampNs};

    use super::*;

    fn matching(query: &str, lines: &[&str]) -> Vec<bool> {
        let filter = RowQueries.compile(query).unwrap();
        let batch = Batch {
            labels: Labels::new([("app", "web")]),
            timestamps: (0..lines.len()).map(|row| TimestampNs(row as i64)).collect(),
            lines: Lines::from_lines(lines.iter().map(|line| line.as_bytes())),
            metadata: Metadata {
                dictionary: vec![Labels::new([("trace", "1")]), Labels::new([("trace", "2")])],
                rows: (0..lines.len() as u32).map(|row| row % 2).collect(),
            },
            ..Batch::default()
        };
        assert!(filter.matches_stream(&batch.labels));
        assert!(!filter.matches_stream(&Labels::new([("app", "api")])));
        filter.matching_rows(&batch)
    }

    #[test]
    fn filters_parsers_and_metadata_decide() {
        let lines = [r#"{"user":"ann","size":9}"#, r#"{"user":"bob","size":1}"#, "plain ann"];
        let check = |query: &str, expected: [bool; 3]| assert_eq!(matching(query, &lines), expected, "{query}");
        check(r#"{app="web"}"#, [true, true, true]);
        check(r#"{app="web"} |= "ann""#, [true, false, true]);
        check(r#"{app="web"} | trace="2""#, [false, true, false]);
        check(r#"{app="web"} | json | user="ann""#, [true, false, false]);
        check(r#"{app="web"} | json | size > 5"#, [true, false, false]);
        check(r#"{app="web"} | app="web" |= "bob""#, [false, true, false]);
    }

    #[test]
    fn lines_with_errors_are_left_alone_unless_asked_for() {
        let lines = [r#"{"size":9}"#, r#"{"size":"large"}"#, "no json"];
        let check = |query: &str, expected: [bool; 3]| assert_eq!(matching(query, &lines), expected, "{query}");
        check(r#"{app="web"} | json"#, [true, true, false]);
        check(r#"{app="web"} | json | size > 5"#, [true, false, false]);
        check(
            r#"{app="web"} | json | __error__="JSONParserErr""#,
            [false, false, true],
        );
        check(r#"{app="web"} | json | drop __error__"#, [true, true, true]);
    }

    #[test]
    fn runaway_templates_are_refused_or_delete_nothing() {
        let recursive = r#"{{define "a"}}{{if true}}{{template "a"}}{{end}}{{end}}{{template "a"}}"#;
        let growing = r#"{{$x := "aaaa"}}{{range 40}}{{$x = print $x $x}}{{end}}"#;
        for template in [recursive, growing] {
            let query = format!(r#"{{app="web"}} | line_format `{template}`"#);
            assert_eq!(matching(&query, &["a", "b"]), [false, false], "{template}");
        }
        let nested = "{{if true}}".repeat(198) + &"{{end}}".repeat(198);
        let refused = RowQueries
            .compile(&format!(r#"{{app="web"}} | line_format "{nested}""#))
            .err();
        assert!(refused.unwrap().contains("nests deeper than 100 levels"));
    }

    #[test]
    fn whole_streams_are_known() {
        let every = |query: &str| RowQueries.compile(query).unwrap().matches_every_row();
        assert!(every(r#"{app="web"}"#));
        assert!(!every(r#"{app="web"} |= """#));
        assert!(every("{}") && every(r#"{app!="x"}"#));
        assert!(RowQueries.compile(r#"rate({app="web"}[1m])"#).is_err());
        assert!(RowQueries.compile("{").is_err());
    }
}
